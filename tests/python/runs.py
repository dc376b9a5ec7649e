"""A short run of mnist_train on a part of MNIST, for tests of what is made of it."""
from __future__ import annotations

import gzip
import os
import pathlib
import struct
import subprocess

import numpy as np
import pytest

PARTS = {"train": 3000, "t10k": 1000}


def part_of_mnist(mnist: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The first images of each of MNIST's sets, as IDX files of their own."""
    folder.mkdir()
    for name, count in PARTS.items():
        for kind, header in (("images-idx3", 16), ("labels-idx1", 8)):
            content = gzip.decompress((mnist / f"{name}-{kind}-ubyte.gz").read_bytes())
            each = (len(content) - header) // int(np.frombuffer(content, ">i4", 1, 4)[0])
            head = content[:4] + struct.pack(">i", count) + content[8:header]
            (folder / f"{name}-{kind}-ubyte").write_bytes(head + content[header:header + count * each])
    return folder


def program() -> pathlib.Path:
    path = pathlib.Path(os.environ["BUILD_ROOT"]) / "examples" / "mnist_train"
    if not path.exists():
        pytest.skip("mnist_train is not built (-Dexamples=true)")
    return path


def train(data: pathlib.Path, output: pathlib.Path, *options: str) -> pathlib.Path:
    """Two epochs of mnist_train; returns its output folder."""
    done = subprocess.run([program(), "--data", data, "--output", output, "--epochs", "2", "--quiet", "--seed", "7", *options],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return output
