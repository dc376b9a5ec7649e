#!/usr/bin/python3
"""cnn-convert: each form that it was built with, there and back; what it refuses; and that a failure leaves OUT as it was."""
import json
import os
import pathlib

from data_sets import data_set
from support import Checks, run, scratch

TRAIN, PREDICT = os.environ["MNIST_TRAIN"], os.environ["MNIST_PREDICT"]
CONVERT, INSPECT = os.environ["CNN_CONVERT"], os.environ["CNN_INSPECT"]
READABLE, WRITTEN = (".h5", ".keras"), (".onnx", ".tflite", ".c", ".npz")


def inspected(path):
    return json.loads(run(INSPECT, "--json", path)[0])


def check_own(checks, model, checkpoint, folder):
    """libcnn's own form into itself keeps every byte; what is left out is what saving leaves out."""
    out, err, code = run(CONVERT, model, folder / "same")
    checks.that(code == 0 and not out and not err, "a model: exit 0, silent", (code, out, err))
    checks.that((folder / "same").read_bytes() == model.read_bytes(), "a model: the same bytes")
    run(CONVERT, checkpoint, folder / "of-checkpoint")
    found = inspected(folder / "of-checkpoint")
    checks.that(found["form"] == "libcnn model" and "checkpoint" not in found, "a checkpoint becomes its model", found["form"])
    checks.that(found["compilation"]["iterations"] == 4, "with the optimizer's state", found["compilation"])
    run(CONVERT, "--no-optimizer", model, folder / "stateless")
    found = inspected(folder / "stateless")
    checks.that("iterations" not in found["compilation"] and not [row for row in found["tensors"] if row["name"].startswith("optimizer/")],
                "--no-optimizer", found["compilation"])
    run(CONVERT, "--weights-only", model, folder / "weights")
    found = inspected(folder / "weights")
    checks.that(found["form"] == "libcnn weights" and "model" not in found and len(found["tensors"]) == 16, "--weights-only", found["form"])
    out, err, code = run(CONVERT, "--like", folder / "stateless", folder / "weights", folder / "back")
    checks.that(code == 0 and not err, "--like: exit 0", (code, err))
    checks.equal(inspected(folder / "back")["tensors"], inspected(folder / "weights")["tensors"], "--like: the weights are back")
    (folder / "link").symlink_to("same")
    run(CONVERT, folder / "stateless", folder / "link")
    checks.that((folder / "link").is_symlink() and (folder / "same").read_bytes() == (folder / "stateless").read_bytes(), "OUT may be a link")


def check_others(checks, model, data, folder):
    """There and back for what is read as well; there for the rest; else one line with the library's name."""
    for ending in (*READABLE, *WRITTEN):
        there, back = folder / f"m{ending}", folder / f"back-of{ending}.safetensors"
        out, err, code = run(CONVERT, model, there)
        if code == 2:
            library = "libcnn-keras" if ending in READABLE else "libcnn-export"
            checks.that(library in err and err.count("\n") == 1 and not there.exists(), f"{ending}: exit 2 names the library", err)
            continue
        checks.that(code == 0 and there.stat().st_size > 1000 and not err, f"{ending} is written", (code, err))
        out, err, code = run(CONVERT, there, back)
        if ending in WRITTEN:
            checks.that(code == 3 and not back.exists(), f"{ending} is not read: exit 3", (code, err))
            continue
        checks.that(code == 0 and not err, f"{ending} comes back", (code, err))
        before, after = inspected(model), inspected(back)
        for part in ("tensors", "compilation"):
            checks.equal(after[part], before[part], f"{ending}: {part} are as before")
        checks.equal([row["name"] for row in after["model"]["layers"]], [row["name"] for row in before["model"]["layers"]], f"{ending}: layers")
        checks.equal(run(PREDICT, back, "--data", data), run(PREDICT, model, "--data", data), f"{ending}: the same predictions")


def check_exports(checks, model, folder):
    """--nchw and --int8 change what is written, where the form takes them, and are refused elsewhere."""
    for option, ending, takers, other in (("--nchw", ".onnx", ".onnx", "n.c"), ("--nchw", ".onnx", ".onnx", "n.tflite"),
                                          ("--int8", ".c", ".c and .tflite", "n.onnx"), ("--int8", ".tflite", ".c and .tflite", "n.onnx")):
        plain, special = folder / f"m{ending}", folder / f"special{ending}"
        out, err, code = run(CONVERT, option, model, folder / "n.safetensors")
        checks.that(code == 2 and f"{option} is for {takers} alone" in err and not (folder / "n.safetensors").exists(), f"{option} elsewhere", err)
        if not plain.exists():
            continue
        out, err, code = run(CONVERT, option, model, special)
        checks.that(code == 0 and not err and special.read_bytes() != plain.read_bytes(), f"{option} changes {ending}", (code, err))
        out, err, code = run(CONVERT, option, model, folder / other)
        checks.that(code == 2 and not (folder / other).exists(), f"{option} is refused for {other}", (code, err))
        out, err, code = run(CONVERT, option, folder / "w", special)
        checks.that(code == 1 and "holds weights alone" in err, f"{option}: weights alone are no model", (code, err))
    for ending, share in ((".c", 0.7), (".tflite", 0.3)):
        if (folder / f"special{ending}").exists():
            checks.that((folder / f"special{ending}").stat().st_size < (folder / f"m{ending}").stat().st_size * share, f"--int8 makes {ending} smaller")
    out, err, code = run(CONVERT, "--nchw", "--int8", model, folder / "n.onnx")
    checks.that(code == 2 and "no form takes both" in err and not (folder / "n.onnx").exists(), "--nchw and --int8 together", (code, err))


def check_failures(checks, model, folder):
    kept = folder / "kept.safetensors"
    kept.write_bytes(b"the file before")
    cut = folder / "cut"
    cut.write_bytes(model.read_bytes()[:4000])
    (folder / "text").write_text("no model at all", encoding="utf-8")
    run(CONVERT, "--weights-only", model, folder / "w")
    for given, wanted in (([cut], "is cut off"), ([folder / "text"], "text': "), ([folder / "absent"], "No such file"),
                          ([folder / "w", "--like", folder / "w"], "holds weights alone"), ([folder / "w", "--like", cut], "is cut off")):
        out, err, code = run(CONVERT, *given, kept)
        checks.that(code == 3 and wanted in err and err.count("\n") == 1 and not out, f"{wanted}: exit 3", (code, err))
    for out_path, wanted in ((folder / "none" / "m", "cannot open its folder"), (folder, "is not a regular file")):
        out, err, code = run(CONVERT, model, out_path)
        checks.that(code == 1 and wanted in err and err.count("\n") == 1, f"{wanted}: exit 1", (code, err))
    checks.equal(kept.read_bytes(), b"the file before", "OUT is as it was")
    checks.equal([path.name for path in folder.iterdir() if path.name.startswith(".")], [], "no temporary is left")
    for arguments in ([], [model], [model, kept, kept], ["--nonsense", model, kept], [model, kept, "--like"]):
        out, err, code = run(CONVERT, *arguments)
        checks.that(code == 2 and err and not out, f"usage error {arguments}", (code, err))


def main():
    checks = Checks()
    with scratch() as folder:
        folder = pathlib.Path(folder)
        data, output = data_set(folder / "data", (8, 8)), folder / "run"
        run(TRAIN, "--data", data, "--output", output, "--epochs", 2, "--checkpoint", output / "c", "--quiet")
        model = output / "final.safetensors"
        check_own(checks, model, output / "c", folder)
        check_others(checks, model, data, folder)
        check_failures(checks, model, folder)
        check_exports(checks, model, folder)
    checks.close()


main()
