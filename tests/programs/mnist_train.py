#!/usr/bin/python3
"""mnist_train and mnist_predict end to end on the real MNIST, a few steps of two epochs: what is printed, what is written, that threads change
no bit, that an interrupted run keeps its best weights, and that predictions come out of the saved file."""
import array
import csv
import json
import os
import pathlib
import signal
import subprocess
import time

from support import Checks, ROOT, run, scratch

TRAIN, PREDICT = os.environ["MNIST_TRAIN"], os.environ["MNIST_PREDICT"]
DATA = ROOT / "examples" / "data" / "mnist"
SHORT = ["--data", DATA, "--epochs", 2, "--steps-per-epoch", 30, "--seed", 7]
KEYS = """version build seed threads parameters data max_epochs steps_per_epoch learning_rate augmentation augmenter epochs stopped_epoch best_epoch time_to test_loss test_accuracy errors confusion_matrix
classification_report most_confused images_per_second seconds peak_rss_bytes model_hash""".split()
ROW = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"]
PRINTED = ["Training images: (60000, 28, 28)", "Number of classes: 10", "Pixel value range: [0, 255]", "     0   5923",
           "Training data shape: (60000, 28, 28, 1)", "Example - Original: 5, One-hot: [0. 0. 0. 0. 0. 1. 0. 0. 0. 0.]",
           "Training set: 54000 samples", "Validation set: 6000 samples", "Test set: 10000 samples",
           "conv1 (Conv2D)", "422,026 (1.61 MB)", "421,834 (1.61 MB)", "192 (768.00 B)", "Total Parameters: 422,026",
           "Augmented 9", "EarlyStopping", "Batch Size: 128", "Epoch 1/2", "Epoch 2/2", "30/30", "Training completed!",
           "Model Accuracy Over Epochs", "Final Training Metrics:", "Test Set Performance:", "precision    recall  f1-score",
           "Per-Class Accuracy:", "Most confused pair:", "Detailed Predictions", "Total Misclassifications:", "Error Rate:",
           "Model saved to:"]


def check_report(checks, report, folder):
    for key in KEYS:
        checks.that(key in report, f"report.json has {key}")
    checks.equal(report["parameters"], {"total": 422026, "trainable": 421834, "non_trainable": 192}, "parameters")
    checks.equal(report["data"], {"place": str(DATA.resolve()), "training": 54000, "validation": 6000, "test": 10000, "classes": 10,
                                  "shape": [28, 28, 1]}, "data")
    checks.equal((report["max_epochs"], report["steps_per_epoch"], report["learning_rate"]), (2, 30, 0.001), "what was asked for")
    checks.equal(report["augmenter"], "rotation_range=10 zoom_range=0.1 width_shift_range=0.1 height_shift_range=0.1", "augmenter")
    checks.equal([row["epoch"] for row in report["epochs"]], [1, 2], "epochs count from 1")
    for key in ROW:
        checks.that(all(key in row for row in report["epochs"]), f"each epoch has {key}")
    checks.equal(sum(map(sum, report["confusion_matrix"])), 10000, "the matrix holds every test image")
    checks.equal(report["stopped_epoch"], None, "not stopped early")
    checks.that(report["peak_rss_bytes"] < 200 * 2**20 or bool(os.environ.get("SANITIZED")), "at most 200 MB resident",
                report["peak_rss_bytes"])
    rows = (folder / "history.csv").read_bytes().decode().split("\r\n")
    checks.equal(rows[0], "epoch,accuracy,learning_rate,loss,val_accuracy,val_loss", "history.csv's header")
    checks.equal([row.split(",")[0] for row in rows[1:3]], ["0", "1"], "history.csv counts from 0")
    for name in ("report.txt", "model.dot", "best.safetensors", "final.safetensors"):
        checks.that((folder / name).stat().st_size > 100, f"{name} is written")
    checks.that("Test Set Performance:" in (folder / "report.txt").read_text(encoding="utf-8"), "report.txt tells the result")
    checks.that("\x1b" not in (folder / "report.txt").read_text(encoding="utf-8"), "report.txt has no escape sequences")


def check_recipe(checks, folder):
    out, err, code = run(TRAIN, "--data", DATA, "--seed", 7, "--output", folder, "--recipe", "fast", "--epochs", 3, "--steps-per-epoch", 5,
                         "--learning-rate", 0.002)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    checks.equal((code, report["recipe"], report["batch_size"], len(report["epochs"])), (0, "fast", 64, 3), "--recipe fast")
    with open(folder / "history.csv", encoding="utf-8", newline="") as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    # 15 steps: up from 0.0005 over the first 2.8, then down to 0.00002 at step 14; an epoch ends with the next step's rate set
    wanted = [0.002 + (0.00002 - 0.002) * (min(step, 14) / 14 - 0.2) / 0.8 for step in (5, 10, 14)]
    checks.that(all(abs(a - b) < 1e-8 for a, b in zip(rates, wanted)), "--recipe fast: the rate rises and falls once", (rates, wanted))
    checks.that("EarlyStopping" not in out and "one cycle, 0.0005 to 0.002 to 2e-05" in out, "--recipe fast is printed", out)
    checks.equal(report["stopped_epoch"], None, "--recipe fast does not stop early")
    checks.equal([report[k] for k in ("augmentation", "augmenter", "weight_decay", "label_smoothing")], [False, "", 0, 0.1], "--recipe fast is plain")
    out, err, code = run(TRAIN, "--data", DATA, "--seed", 7, "--output", folder, "--recipe", "precise", "--epochs", 1, "--steps-per-epoch", 2,
                         "--label-smoothing", 0)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    checks.equal([report[k] for k in ("recipe", "batch_size", "weight_decay", "label_smoothing")], ["precise", 64, 0.05, 0],
                 "--recipe precise, less what is given")
    checks.that("Rotation: \u00b110 degrees" in out and "Shear: \u00b15 degrees" in out and "Zoom: \u00b110%" in out and "Shift: \u00b15%" in out, "its augmentation is printed", out)


def kernels_of(path):
    """The first layers' kernels of a safetensors file."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    places = {name: entry["data_offsets"] for name, entry in json.loads(content[8:start]).items() if name in ("conv1/kernel", "dense1/kernel")}
    return {name: array.array("f", content[start + low:start + high]) for name, (low, high) in sorted(places.items())}


def check_smoothing_average_and_decay(checks, folder):
    """Of two steps: smoothing changes loss and weights; the average, of the weights after either step, is what is validated and saved;
    decay takes from them in proportion."""
    reports, kernels = [], []
    for number, options in enumerate(([1], [2], [2, "--label-smoothing", 0.1], [2, "--average", 0.75],
                                       [1, "--weight-decay", 5], [1, "--weight-decay", 10])):
        place = folder / str(number)
        out, err, code = run(TRAIN, "--data", DATA, "--seed", 7, "--output", place, "--epochs", 1, "--steps-per-epoch", *options)
        checks.equal(code, 0, f"{options}: trains")
        reports.append(json.loads((place / "report.json").read_text(encoding="utf-8")))
        kernels.append(kernels_of(place / "best.safetensors"))
    checks.equal([r["weight_decay"] for r in reports], [0, 0, 0, 0, 5, 10], "so is the decay")
    one, two, smooth, average = reports[:4]
    checks.equal([(r["label_smoothing"], r["average"]) for r in reports], [(0, 0), (0, 0), (0.1, 0), (0, 0.75), (0, 0), (0, 0)], "both are in report.json")
    checks.that(smooth["epochs"][0]["loss"] != two["epochs"][0]["loss"] and smooth["model_hash"] != two["model_hash"], "--label-smoothing", smooth["epochs"])
    checks.equal(average["epochs"][0]["loss"], two["epochs"][0]["loss"], "--average leaves the steps alone")
    for name in ("conv1/kernel", "dense1/kernel"):
        wrong = max(abs(0.75 * a + 0.25 * b - c) for a, b, c in zip(*(kernels[i][name] for i in (0, 1, 3))))
        apart = max(abs(a - b) for a, b in zip(kernels[0][name], kernels[1][name]))
        checks.that(wrong < 1e-6 < 1e-4 < apart, f"--average: {name} is the average", (wrong, apart))
        wrong = max(abs((a - c) - 2 * (a - b)) for a, b, c in zip(*(kernels[i][name] for i in (0, 4, 5))))
        apart = max(abs(a - c) for a, c in zip(kernels[0][name], kernels[5][name]))
        checks.that(wrong < 1e-6 < 1e-4 < apart, f"--weight-decay: {name} shrinks by it", (wrong, apart))


def check_exact_values(checks, folder):
    """What float32 can tell apart is not rounded away, and what it cannot tell from 0 is 0; steps end with the batches that there are."""
    reports = []
    for options in ([], ["--average", 1e-46], ["--label-smoothing", 0.1234567], ["--label-smoothing", 0.123457]):
        run(TRAIN, "--data", DATA, "--seed", 7, "--output", folder, "--epochs", 1, "--steps-per-epoch", 2, *options)
        reports.append(json.loads((folder / "report.json").read_text(encoding="utf-8")))
    none, small, longer, shorter = (report["model_hash"] for report in reports)
    checks.equal(small, none, "--average of next to nothing is none")
    checks.that(longer != shorter, "--label-smoothing is taken to the last digit", reports[2]["epochs"])
    out, err, code = run(TRAIN, "--data", DATA, "--seed", 7, "--output", folder, "--epochs", 1, "--validation-split", 0.9, "--batch-size", 4096,
                         "--steps-per-epoch", 3, "--average", 0.5)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    checks.equal((code, report["steps_per_epoch"]), (0, 2), "no more steps than batches")
    checks.equal(err, "mnist_train: --steps-per-epoch 3: the 5999 training images make 2 batches, which are taken\n", "and it is told")


def check_interrupt(checks, folder):
    process = subprocess.Popen([TRAIN, "--data", str(DATA), "--output", str(folder), "--json"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    best = folder / "best.safetensors"
    deadline = time.monotonic() + 400
    while not best.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=400)
    checks.equal(process.returncode, 130, "SIGINT: exit 130")
    checks.that(best.exists() and (folder / "final.safetensors").exists(), "SIGINT: models are saved")
    report = json.loads(out)
    checks.equal(report["interrupted"], True, "SIGINT: the report says so")
    checks.that(report["test_accuracy"] > 0.3, "SIGINT: the best weights so far are reported", report["test_accuracy"])


def check_second_signal(checks, folder):
    """Also where the second is not of the first one's kind."""
    process = subprocess.Popen(list(map(str, [TRAIN, *SHORT, "--output", folder])), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    while process.poll() is None and "Training Configuration" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=400)
    checks.equal(process.returncode, -signal.SIGTERM, "a second signal ends it at once")


def check_resume(checks, whole, folder):
    """Stopped by SIGTERM, by SIGKILL and by a second signal, which ends it at once, it goes on to the same weights, history and report; a different run is refused."""
    command = [TRAIN, *SHORT, "--output", folder, "--checkpoint", folder / "run", "--resume", "--json"]
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 400
        line = ""
        while "Epoch 1/2" not in line and "Resuming" not in line and time.monotonic() < deadline and process.poll() is None:
            line = process.stderr.readline()
        process.send_signal(number)
        if number == signal.SIGINT:
            time.sleep(0.01)
            process.send_signal(number)
        _, err = process.communicate(timeout=400)
        if process.returncode != 0:  # it may have been at its end already
            wanted = {signal.SIGTERM: (143,), signal.SIGKILL: (-9,), signal.SIGINT: (-signal.SIGINT, 130)}[number]
            checks.that(process.returncode in wanted, f"stopped by signal {number}", process.returncode)
    out, err, code = run(*command, "--threads", 1)
    report = json.loads(out)
    checks.equal(code, 0, "--resume: to the end")
    checks.equal(report["model_hash"], whole["model_hash"], "--resume: same weights")
    figures = [[{k: v for k, v in row.items() if k != "seconds"} for row in r["epochs"]] for r in (report, whole)]
    checks.equal(figures[0], figures[1], "--resume: same history")
    checks.equal(report["test_loss"], whole["test_loss"], "--resume: same result")
    checks.equal(len((folder / "history.csv").read_text(encoding="utf-8").splitlines()), 3, "--resume: no row of history.csv is there twice")
    out, err, code = run(*command, "--batch-size", 64)
    checks.that(code == 1 and "batch_size is 128 there, 64 here" in err, "--resume: another run is refused", err)


def check_time_to(checks, folder):
    out, err, code = run(TRAIN, *SHORT, "--output", folder, "--quiet", "--time-to", "0.01")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    checks.equal(code, 0, "--time-to: reached, exit 0")
    checks.equal(len(report["epochs"]), 1, "--time-to: training ends when it is reached")
    goal = report["time_to"][0]
    checks.equal((len(report["time_to"]), goal["val_accuracy"], goal["epoch"]), (1, 0.01, 1), "--time-to in report.json")
    checks.that(0 < goal["seconds"] < report["seconds"], "--time-to: seconds since the start", (goal, report["seconds"]))
    out, err, code = run(TRAIN, *SHORT, "--output", folder, "--time-to", "0.02,1", "--time-to", "0.01")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    checks.that(code == 5 and "1 of 3" in err, "--time-to: not reached, exit 5", (code, err))
    checks.equal(len(report["epochs"]), 2, "--time-to: training goes on for what is missing")
    checks.equal([goal["epoch"] for goal in report["time_to"]], [1, None, 1], "--time-to: several, in the order given")
    checks.that("Time to validation accuracy 1: not reached in 2 epochs" in out and
                "Time to validation accuracy 0.02: " in (folder / "report.txt").read_text(encoding="utf-8"), "--time-to is printed", out)


def check_predict(checks, model):
    out, err, code = run(PREDICT, model, "--data", DATA, "--index", 3)
    checks.that(code == 0 and "True: 0" in out and out.count("%") == 11, "mnist_predict shows a digit and ten probabilities", out + err)
    with scratch() as folder:
        picture = pathlib.Path(folder) / "blank.pgm"
        picture.write_text("P2 # a comment\n28 28\n255\n" + "0 " * 784, encoding="utf-8")
        out, err, code = run(PREDICT, model, picture)
        checks.that(code == 0 and "Predicted:" in out, "mnist_predict reads a PGM", err)
        picture.write_text("P2\n27 28\n255\n", encoding="utf-8")
        out, err, code = run(PREDICT, model, picture)
        checks.that(code == 3 and "27 x 28" in err, "a PGM of another size: exit 3 with both sizes", (code, err))
        out, err, code = run(PREDICT, model, "--data", DATA, "--index", 10000)
        checks.that(code == 2 and "9999" in err, "an index past the end: exit 2", (code, err))


def main():
    checks = Checks()
    with scratch() as folder:
        folder = pathlib.Path(folder)
        out, err, code = run(TRAIN, *SHORT, "--output", folder / "a", "--threads", 2, cwd=folder)
        checks.equal(code, 0, "two short epochs end with 0")
        for text in PRINTED:
            checks.that(text in out, f"printed: {text}", out if code else "")
        checks.that(not err, "nothing on stderr", err)
        first = json.loads((folder / "a" / "report.json").read_text(encoding="utf-8"))
        check_report(checks, first, folder / "a")
        learnt = first["epochs"][-1]["accuracy"]  # the test accuracy lags behind, as the moving statistics do
        checks.that(learnt > 0.3, "60 steps learn something", learnt)

        out, err, code = run(TRAIN, *SHORT, "--output", folder / "b", "--threads", 1, "--json", "--require-accuracy", 1)
        second = json.loads(out)
        checks.equal(code, 4, "accuracy below the one required: exit 4")
        checks.that("Epoch 1/2" in err, "with --json the text goes to stderr")
        checks.equal(second["model_hash"], first["model_hash"], "one thread and two give the same bits")
        checks.equal(second["confusion_matrix"], first["confusion_matrix"], "and the same predictions")

        out, err, code = run(TRAIN, *SHORT, "--output", folder / "c", "--quiet", "--no-augment", environment={"LC_ALL": "C"})
        checks.that(code == 0 and not out and not err, "--quiet prints nothing", out + err)
        third = json.loads((folder / "c" / "report.json").read_text(encoding="utf-8"))
        checks.that(third["model_hash"] != first["model_hash"], "--no-augment trains on other images")
        checks.that((folder / "c" / "report.txt").read_bytes().isascii(), "a locale without UTF-8 gets ASCII")

        check_resume(checks, first, folder / "s")
        check_time_to(checks, folder / "t")
        check_recipe(checks, folder / "r")
        check_smoothing_average_and_decay(checks, folder / "w")
        check_exact_values(checks, folder / "x")
        check_predict(checks, folder / "a" / "final.safetensors")
        fashion = pathlib.Path("/usr/share/datasets/fashion-mnist")  # Debian package dataset-fashion-mnist
        if fashion.exists():
            out, err, code = run(TRAIN, "--data", fashion, "--epochs", 1, "--steps-per-epoch", 5, "--output", folder / "f")
            checks.equal(code, 0, "Fashion-MNIST trains as well")
        check_interrupt(checks, folder / "d")
        check_second_signal(checks, folder / "e")
    checks.close()


main()
