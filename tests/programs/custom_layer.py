#!/usr/bin/python3
"""The example's layer of its own: it learns, its summary shows it, a saved model gives the same figures elsewhere, and a context without
the layer says what is missing."""
import os
import pathlib
import re

from support import Checks, ROOT, run, scratch


def main():
    checks = Checks()
    program = os.environ["CUSTOM_LAYER"]
    data = ROOT / "examples" / "data" / "mnist"
    with scratch() as folder:
        out, err, code = run(program, data, cwd=folder)
        checks.equal((code, err), (0, ""), "custom_layer ends with 0 and nothing on stderr")
        checks.that("prelu1 (ChannelPReLU)" in out, "its class stands in the summary", out)
        trained = re.search(r"^trained: test loss [\d.]+, accuracy ([\d.]+), weights \w{32}$", out, re.M)
        checks.that(trained and float(trained.group(1)) > 0.85, "it learns", out)
        loaded = re.search(r"^loaded:  (.*)$", out, re.M)
        checks.that(trained and loaded and trained.group(0).endswith(loaded.group(1)), "a loaded model gives the same", out)
        checks.that("unknown layer type 'channel_prelu'" in out, "another context says what it does not know", out)
        checks.that((pathlib.Path(folder) / "custom_layer.safetensors").stat().st_size > 1000, "the model is saved")
        for threads in ("1", "3"):
            again, _, _ = run(program, data, cwd=folder, environment={"CNN_NUM_THREADS": threads})
            checks.that(loaded and loaded.group(1) in again, f"{threads} threads: the same bits", again)
        out, err, code = run(program, "/nowhere", cwd=folder)
        checks.that(code == 1 and "/nowhere/train-images-idx3-ubyte.gz" in err, "missing data: exit 1, the path named", (code, err))
    checks.close()


main()
