#!/usr/bin/python3
"""Command lines of the programs: help, versions, usage errors, missing and damaged files, exit codes. No training."""
import gzip
import os
import pathlib

from support import Checks, ROOT, run, scratch

TRAIN, PREDICT = os.environ["MNIST_TRAIN"], os.environ["MNIST_PREDICT"]
CONVERT, INSPECT = os.environ["CNN_CONVERT"], os.environ["CNN_INSPECT"]
USAGE = [
    (["--epochs", "0"], "--epochs '0'"),
    (["--epochs", "three"], "--epochs 'three'"),
    (["--batch-size", "-1"], "--batch-size '-1'"),
    (["--learning-rate", "nan"], "--learning-rate 'nan'"),
    (["--seed", "-3"], "--seed '-3'"),
    (["--threads", "0"], "--threads '0'"),
    (["--validation-split", "1"], "--validation-split '1'"),
    (["--verbose", "3"], "--verbose '3'"),
    (["--color", "red"], "--color 'red'"),
    (["--require-accuracy", "1.5"], "--require-accuracy '1.5'"),
    (["--weight-decay", "-1"], "--weight-decay '-1'"),
    (["--label-smoothing", "1.1"], "--label-smoothing '1.1'"),
    (["--average", "1"], "--average '1'"),
    (["--recipe", "slow"], "--recipe 'slow': notebook, fast or precise"),
    (["--time-to", "0"], "--time-to '0'"),
    (["--time-to", "0.9,1.1"], "--time-to '1.1'"),
    (["--time-to", "0.9,"], "--time-to ''"),
    (["--time-to", ",".join(["0.9"] * 9)], "at most 8"),
    (["--output", ""], "--output ''"),
    (["--output", "o" * 4090], "--output 'oo"),
    (["--save", ""], "--save ''"),
    (["--log-jsonl", ""], "--log-jsonl ''"),
    (["--tensorboard", ""], "--tensorboard ''"),
    (["--save", "s"] * 9, "at most 8 files"),
    (["extra"], "argument 'extra'"),
    (["--no-such-option"], "no-such-option"),
]


def main():
    checks = Checks()
    for program in (TRAIN, PREDICT, CONVERT, INSPECT, os.environ["QUICKSTART"], os.environ["CUSTOM_LAYER"]):
        out, err, code = run(program, "--help")
        checks.that(code == 0 and out.startswith("Usage:") and not err, f"{program} --help on stdout, exit 0", err)
    for program in (TRAIN, PREDICT, CONVERT, INSPECT):
        out, err, code = run(program, "--version")
        checks.that(code == 0 and "libcnn 0.1.0" in out and not err, f"{program} --version", out)
    for arguments, wanted in USAGE:
        out, err, code = run(TRAIN, *arguments)
        checks.that(code == 2 and wanted in err and not out, f"usage error {arguments}: exit 2, stderr names it", (code, err))
    for arguments in ([], ["a", "b", "c"], ["--index", "x", "m"]):
        out, err, code = run(PREDICT, *arguments)
        checks.that(code == 2 and err and not out, f"mnist_predict usage error {arguments}", (code, err))
    with scratch() as folder:
        folder = pathlib.Path(folder)
        out, err, code = run(TRAIN, "--data", folder, "--output", folder / "out")
        checks.that(code == 3 and "train-images-idx3-ubyte" in err and "--data" in err, "missing data: exit 3", (code, err))
        out, err, code = run(TRAIN, "--data", folder / "none", cwd=folder)
        checks.that(code == 3, "missing folder: exit 3", (code, err))
        mnist = ROOT / "examples" / "data" / "mnist"
        for file in mnist.glob("*.gz"):
            (folder / file.name).symlink_to(file)
        images = folder / "train-images-idx3-ubyte.gz"
        images.unlink()
        images.write_bytes(gzip.compress(b"\0\0\x08\x03\0\0\xea\x60\0\0\0\x1c\0\0\0\x1cshort"))
        out, err, code = run(TRAIN, "--data", folder, "--output", folder / "out")
        checks.that(code == 3 and "train-images" in err and err.count("\n") == 1, "truncated images: exit 3, one line", (code, err))
        blocked = folder / "file"
        blocked.write_text("in the way", encoding="utf-8")
        out, err, code = run(TRAIN, "--output", blocked, "--data", mnist)
        checks.that(code == 1 and "is not a folder" in err, "output is a file: exit 1", (code, err))
        out, err, code = run(TRAIN, "--data", mnist, "--output", folder / "out", environment={"CNN_CPU": "pentium"})
        checks.that(code == 1 and "pentium" in err, "unknown CNN_CPU: exit 1 with its value", (code, err))
        for save, wanted in ((folder / "none" / "m", "none/m: No such file"), (folder, "is not a regular file")):
            out, err, code = run(TRAIN, "--data", mnist, "--output", folder / "saving", "--save", save)
            checks.that(code == 1 and wanted in err and "Epoch" not in out, "--save where nothing can be written: exit 1 at once", (code, err))
        model = folder / "model.safetensors"
        model.write_bytes(b"\x10\0\0\0\0\0\0\0 this is no model")
        out, err, code = run(PREDICT, model)
        checks.that(code == 3 and "model.safetensors" in err, "not a model: exit 3", (code, err))
        out, err, code = run(PREDICT, folder / "absent")
        checks.that(code == 3 and "absent" in err, "no such model: exit 3", (code, err))
    checks.close()


main()
