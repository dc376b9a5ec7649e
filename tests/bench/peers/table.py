"""From the rounds of a results file to text or Markdown."""
import statistics

from contenders import CONTENDERS, TASKS


def spread(values, form="{:,.0f}"):
    return tuple(form.format(value) for value in (statistics.median(values), min(values), max(values)))


def shown(values, form="{:,.0f}"):
    return "{} ({} to {})".format(*spread(values, form))


def paired(rounds, task, name):
    """How many times faster libcnn was, round by round."""
    return [(r["values"][f"{name}/{task}"] / r["values"][f"libcnn/{task}"]) ** (1 if task == "single" else -1)
            for r in rounds if f"{name}/{task}" in r["values"] and f"libcnn/{task}" in r["values"]]


def title_of(contender, entry):
    """With the versions that its worker named."""
    known = entry.get("description") and "label" in contender
    return f"{entry['description']}, {contender['label']}" if known else contender["title"]


def rows(results, task):
    """(title, figures, ratio, combination), libcnn first, then the fastest first; those without figures last."""
    found, lost = [], []
    rounds = results["rounds"]
    for contender in CONTENDERS:
        name, key = contender["name"], f"{contender['name']}/{task}"
        if task not in contender["tasks"] or name not in results["contenders"]:
            continue
        entry = results["contenders"][name]
        values = [r["values"][key] for r in rounds if key in r["values"]]
        title = title_of(contender, entry)
        if not values:
            lost.append((title, "not measured", "", entry.get("errors", {}).get(task) or entry.get("error", "no round")))
            continue
        ratios = paired(rounds, task, name)
        ratio = "" if name == "libcnn" or not ratios else shown(ratios, "{:.2f}")
        median = statistics.median(values)
        order = 0 if name == "libcnn" else 1
        found.append(((order, median if task == "single" else -median),
                      (title, shown(values, "{:,.1f}" if task == "single" else "{:,.0f}"), ratio,
                       entry.get("combinations", {}).get(task, ""))))
    return [row for _, row in sorted(found)] + lost


def utilisation(results, task):
    """libcnn's share of the FMA peak of the same turn."""
    flop = {"train": "train_flop", "augment": "train_flop", "infer": "infer_flop"}.get(task)
    values = [r["values"][f"libcnn/{task}"] * results[flop] / r["peak"][task] / 1e9 for r in results["rounds"]
              if flop and r["peak"].get(task) and f"libcnn/{task}" in r["values"]]
    return shown(values, "{:.2f}") if values else None


def heading(results, task):
    peaks = [r["peak"][task] for r in results["rounds"] if task in r["peak"]]
    canaries = [r["canary"][task] for r in results["rounds"] if task in r["canary"]]
    lines = [f"{TASKS[task]}, {results['threads']} thread{'s' if results['threads'] > 1 else ''}"]
    if peaks:
        lines.append(f"{len(peaks)} rounds; FMA peak {shown(peaks)} GFLOP/s, canary {shown(canaries)}")
    share = utilisation(results, task)
    return lines + ([f"libcnn's share of the peak: {share}"] if share else [])


def footer(results):
    lines = []
    entries = [(title_of(c, results["contenders"][c["name"]]), results["contenders"][c["name"]]) for c in CONTENDERS
               if c["name"] in results["contenders"]]
    memory = [f"{title} {entry['peak_mib']:,.0f}" for title, entry in entries if entry.get("peak_mib")]
    if memory:
        lines.append("Largest resident size of a process, MiB: " + "; ".join(memory) + ".")
    checked = [entry["difference"] for entry in results["contenders"].values() if "difference" in entry]
    if checked:
        lines.append(f"Largest difference of anyone's outputs from libcnn's, same weights, 256 images: {max(checked):.1e}.")
    idle = [r["idle"] for r in results["rounds"] if "idle" in r]
    if idle:
        lines.append(f"CPU time of all waiting workers, share of one CPU: {max(idle):.3f} at most.")
    return lines


def text(results):
    parts = []
    for task in TASKS:
        body = rows(results, task)
        if not body:
            continue
        unit = "us" if task == "single" else "images/s"
        table = [("", unit, "libcnn is faster by", "combination")] + body
        widths = [max(len(row[i]) for row in table) for i in range(3)]
        parts.append("\n".join(heading(results, task) + [
            "  ".join([row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), row[3]]).rstrip()
            for row in table]))
    return "\n\n".join(parts + ["\n".join(footer(results))]) + "\n"


def markdown(results):
    parts = []
    for task in TASKS:
        body = rows(results, task)
        if body:
            title, *notes = heading(results, task)
            unit = "us" if task == "single" else "images a second"
            parts.append("\n".join([f"**{title}.** {'; '.join(notes)}.".replace(" .", "."), "",
                                    f"| | {unit} | libcnn is faster by | combination |", "|---|---|---|---|"] +
                                   ["| " + " | ".join(row) + " |" for row in body]))
    return "\n\n".join(parts + [" ".join(footer(results))]) + "\n"
