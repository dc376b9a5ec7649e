#!/usr/bin/python3
"""Weights as weights_files (npz.c) writes them: numpy.load gives each by its name with libcnn's bits and shape; so does the package safetensors, of weights
and of whole models.

Usage: weights_check.py WEIGHTS_FILES [--numpy]   (--numpy: without safetensors)"""
import os
import pathlib
import subprocess
import sys
import zipfile

sys.path.insert(0, os.path.join(os.environ["SOURCE_ROOT"], "tests", "programs"))

import numpy as np
from support import Checks, scratch

WEIGHTS = {"conv1/kernel": (2, 2, 2, 3), "conv1/bias": (3,), "bn1/gamma": (3,), "bn1/beta": (3,), "bn1/moving_mean": (3,), "bn1/moving_variance": (3,),
           "größe/kernel": (36, 2)}


def check(checks, what, weights, folder):
    for index, (name, shape) in enumerate(WEIGHTS.items()):
        checks.equal((weights[name].dtype, weights[name].shape), (np.float32, shape), f"{what}: {name}")
        checks.equal(weights[name].tobytes(), (folder / f"{index}.bin").read_bytes(), f"{what}: {name}'s bits")


def main():
    checks = Checks()
    with scratch() as name:
        folder = pathlib.Path(name)
        subprocess.run([sys.argv[1], str(folder)], check=True)
        with np.load(folder / "w.npz") as weights:
            checks.equal(weights.files, list(WEIGHTS), "NumPy's names")
            check(checks, "NumPy", weights, folder)
        with zipfile.ZipFile(folder / "w.npz") as archive:
            checks.equal(archive.testzip(), None, "checksums of the archive")
        if "--numpy" not in sys.argv:
            import safetensors.numpy
            for file in ("w.safetensors", "m.safetensors"):
                weights = safetensors.numpy.load_file(folder / file)
                checks.equal(set(weights) - {"__checksum__"}, set(WEIGHTS), f"{file}: names")
                check(checks, file, weights, folder)
    checks.close()


if __name__ == "__main__":
    main()
