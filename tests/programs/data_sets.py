#!/usr/bin/python3
"""mnist_train on small data sets that are not MNIST: few classes, images that are not square, colours, floats, NaN in training, and sets
that do not fit together. Also what it says and returns where its output cannot be written."""
import json
import os
import pathlib
import struct
import subprocess

import numpy

from support import Checks, run, scratch

TRAIN, PREDICT = os.environ["MNIST_TRAIN"], os.environ["MNIST_PREDICT"]
U8, F32 = 8, 13


def idx(path, extents, values, kind=U8):
    """An IDX file of small whole numbers."""
    form = "B" if kind == U8 else "f"
    head = bytes([0, 0, kind, len(extents)]) + b"".join(struct.pack(">I", extent) for extent in extents)
    path.write_bytes(head + struct.pack(f">{len(values)}{form}", *values))


def data_set(folder, shape, classes=3, count=(300, 60), test=None, kind=U8, scale=1):
    """Four files; the brightness of an image tells its class. `test`: what is different in the test set."""
    folder.mkdir()
    test = {"shape": shape, "classes": classes, **(test or {})}
    for name, n, its in (("train", count[0], {"shape": shape, "classes": classes}), ("t10k", count[1], test)):
        size = 1
        for extent in its["shape"]:
            size *= extent
        labels = [i % its["classes"] for i in range(n)]
        pixels = [(labels[i // size] * 60 + i * 7 % 31) % 256 * scale for i in range(n * size)]
        idx(folder / f"{name}-images-idx3-ubyte", (n, *its["shape"]), pixels, kind)
        idx(folder / f"{name}-labels-idx1-ubyte", (n,), labels)
    return folder


def train(data, output, *options, **more):
    return run(TRAIN, "--data", data, "--output", output, "--epochs", 2, *options, **more)


def report_of(output):
    return json.loads((output / "report.json").read_text(encoding="utf-8"))


def check_shapes(checks, folder):
    for name, shape in (("wide", (8, 12)), ("colour", (8, 8, 3)), ("high", (12, 4))):
        out, err, code = train(data_set(folder / name, shape), folder / "o" / name)
        checks.that(code == 0 and not err, f"{name} images train", (code, err))
        report = report_of(folder / "o" / name)
        checks.equal([len(report["confusion_matrix"]), len(report["epochs"])], [3, 2], f"{name}: three classes, two epochs")
        checks.that("Steps per Epoch: 2\n" in out, f"{name}: 270 samples make two batches of 128")
    out, err, code = train(data_set(folder / "few", (8, 8), count=(5, 2)), folder / "o" / "few")
    checks.that(code == 0 and "Validation set: 1 samples" in out, "a validation set of one sample", (code, err))


def check_watching(checks, folder):
    """--log-jsonl and, where the program has libcnn-export, --tensorboard: what is written goes on with the run, no line twice."""
    data, output = data_set(folder / "watched", (8, 8)), folder / "o" / "watched"
    board, log = folder / "board" / "first", folder / "log.jsonl"
    has_board = train(data, folder / "o" / "probe", "--tensorboard", folder / "probe", "--epochs", 1)
    checks.that(has_board[2] == 0 or (has_board[2] == 2 and "libcnn-export" in has_board[1]), "--tensorboard, or a sentence", has_board)
    options = ["--log-jsonl", log, *(["--tensorboard", board] if has_board[2] == 0 else [])]
    for epochs in (1, 3):
        out, err, code = train(data, output, "--resume", "--epochs", epochs, *options)
        checks.that(code == 0 and not err, f"--log-jsonl, {epochs} epochs", (code, err))
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    checks.equal([row["epoch"] for row in rows], [0, 1, 2], "--log-jsonl: a line for each epoch")
    checks.equal([row["loss"] for row in rows], [row["loss"] for row in report_of(output)["epochs"]], "--log-jsonl: the report's figures")
    if has_board[2] == 0:
        files = {name: sorted((board / name).glob("events.out.tfevents.*.v2")) for name in ("train", "validation")}
        checks.equal([len(files["train"]), len(files["validation"])], [2, 2], "--tensorboard: a file for each part of a run")
        text = {name: b"".join(path.read_bytes() for path in files[name]) for name in files}
        checks.equal([text["train"].count(tag) for tag in (b"epoch_loss", b"output/kernel/histogram")], [3, 3], "--tensorboard: each epoch once")
        checks.equal([text["validation"].count(tag) for tag in (b"epoch_loss", b"confusion_matrix", b"\x89PNG")], [3, 3, 3 * 11],
                     "--tensorboard: validation and pictures")


def check_saves(checks, folder):
    """--save: the forms that the program knows are written after training, the others refused before it."""
    data, output = data_set(folder / "saved", (8, 8)), folder / "o" / "saved"
    known = [".safetensors"]
    for ending in (".h5", ".keras", ".onnx", ".tflite", ".c", ".npz"):
        out, err, code = train(data, folder / "o" / "probe", "--save", folder / f"probe{ending}", "--epochs", 1, "--steps-per-epoch", 1)
        if code == 0:
            known.append(ending)
            continue
        library = "libcnn-keras" if ending in (".h5", ".keras") else "libcnn-export"
        checks.that(code == 2 and library in err and "Epoch" not in out and not (folder / f"probe{ending}").exists(),
                    f"--save m{ending} is refused before training", (code, out[-300:], err))
    saves = [word for ending in known for word in ("--save", folder / f"m{ending}")]
    (folder / "m.safetensors").write_text("the file before", encoding="utf-8")
    out, err, code = train(data, output, *saves)
    checks.that(code == 0 and not err, f"--save as {known}", (code, err))
    for ending in known:
        checks.that(f"m{ending} (" in out and (folder / f"m{ending}").stat().st_size > 100, f"m{ending} is written and said", out[-600:])
    checks.equal((folder / "m.safetensors").read_bytes(), (output / "final.safetensors").read_bytes(), "--save has the final model's bytes")
    for name in (f"m{ending}" for ending in known if ending in (".h5", ".keras")):
        seen = [run(PREDICT, model, "--data", data) for model in (folder / name, output / "final.safetensors")]
        checks.that(seen[0] == seen[1] and seen[0][2] == 0, f"{name} predicts as final.safetensors", seen)


def check_floats(checks, folder):
    out, err, code = train(data_set(folder / "floats", (8, 8), kind=F32, scale=1 / 255), folder / "o" / "floats")
    checks.that(code == 0 and out.count("Pixel value range: [0.00, 0.59]") == 1, "floats are not divided by 255", (code, err, out))
    data = data_set(folder / "huge", (8, 8), kind=F32, scale=1e36)
    out, err, code = train(data, folder / "o" / "huge", "--json", "--no-augment")
    report = json.loads(out, parse_constant=lambda constant: checks.that(False, f"{constant} in JSON"))
    checks.that(code == 0 and report["epochs"][0]["loss"] in ("nan", "inf"), "a loss that is no number is a string", report["epochs"])
    checks.that("Invalid loss, terminating training" in err and len(report["epochs"]) == 1, "and ends training", err)
    rows = (folder / "o" / "huge" / "history.csv").read_bytes().split(b"\r\n")
    checks.that(b"nan" in rows[1] or b"inf" in rows[1], "history.csv writes it as Keras does", rows)


def check_archive(checks, folder):
    """The same samples as an archive of NumPy's train to the same bits; one that lacks an array is named."""
    arrays = {}
    for part, name in (("train", "train"), ("test", "t10k")):
        images = (folder / "wide" / f"{name}-images-idx3-ubyte").read_bytes()
        labels = (folder / "wide" / f"{name}-labels-idx1-ubyte").read_bytes()
        arrays[f"x_{part}"] = numpy.frombuffer(images[16:], numpy.uint8).reshape(-1, 8, 12)
        arrays[f"y_{part}"] = numpy.frombuffer(labels[8:], numpy.uint8)
    numpy.savez_compressed(folder / "wide.npz", **arrays)
    _, err, code = train(folder / "wide.npz", folder / "o" / "archive")
    checks.that(code == 0 and not err, "an archive of NumPy's trains", (code, err))
    checks.equal(report_of(folder / "o" / "archive")["model_hash"], report_of(folder / "o" / "wide")["model_hash"], "to the same bits")
    del arrays["y_test"]
    numpy.savez(folder / "lacking.npz", **arrays)
    _, err, code = train(folder / "lacking.npz", folder / "o" / "lacking")
    checks.that(code == 3 and "has no 'y_test.npy'" in err and err.count("\n") == 1, "a missing array: exit 3, named", (code, err))


def check_misfits(checks, folder):
    for name, test, wanted in (("classes", {"classes": 5}, ("5 classes", "3")), ("shape", {"shape": (10, 8)}, ("10 x 8", "8 x 8"))):
        out, err, code = train(data_set(folder / name, (8, 8), test=test), folder / "o" / name)
        checks.that(code == 3 and all(text in err for text in wanted), f"a test set of other {name}: exit 3 with both", (code, err))
        checks.that("Epoch 1" not in out and err.count("\n") == 1, f"other {name}: said before training, in one line", err)
    model = folder / "o" / "wide" / "best.safetensors"
    _, err, code = run(PREDICT, model, "--data", folder / "high")
    checks.that(code == 3 and "(1, 12, 4, 1)" in err, "mnist_predict: images of another size: exit 3", (code, err))
    with open("/dev/full", "w", encoding="utf-8") as full:
        code, err = run_into(full, [PREDICT, model, "--data", folder / "wide"])
    checks.that(code == 1 and "standard output" in err, "mnist_predict: stdout is full: exit 1", (code, err))
    _, err, code = train(data_set(folder / "tiny", (3, 5)), folder / "o" / "tiny")
    checks.that(code == 3 and "pool2" in err, "images too small for the network: exit 3", (code, err))
    _, err, code = run(TRAIN, "--learning-rate", "1e-60")
    checks.that(code == 2 and "--learning-rate '1e-60'" in err, "a rate that float32 holds as 0 is refused", (code, err))


def check_full(checks, folder):
    """Where writing fails it is said, and not taken for success."""
    data = data_set(folder / "full", (8, 8))
    for options in ([], ["--json"]):
        with open("/dev/full", "w", encoding="utf-8") as full:
            command = [TRAIN, "--data", data, "--output", folder / "o" / "full", "--epochs", "1", *options]
            code, err = run_into(full, command)
        checks.that(code == 1 and "standard output" in err, f"stdout is full, options {options}: exit 1", (code, err))
    for name in ("report.json", "report.txt", "model.dot"):
        output = folder / "o" / f"full {name}"
        output.mkdir()
        (output / name).symlink_to("/dev/full")
        _, err, code = train(data, output, "--quiet")
        checks.that(code == 1 and name in err, f"{name} cannot be written: exit 1, named", (code, err))


def run_into(stream, command):
    done = subprocess.run([str(word) for word in command], stdout=stream, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    return done.returncode, done.stderr


def main():
    checks = Checks()
    with scratch() as folder:
        folder = pathlib.Path(folder)
        check_shapes(checks, folder)
        check_saves(checks, folder)
        check_watching(checks, folder)
        check_floats(checks, folder)
        check_archive(checks, folder)
        check_misfits(checks, folder)
        check_full(checks, folder)
    checks.close()


if __name__ == "__main__":
    main()
