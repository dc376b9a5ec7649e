"""Keras's single numbers in tests/reference, and the images that they were made with."""
from __future__ import annotations

import gzip
import json
import pathlib
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "tests" / "reference"


def numbers(path: str) -> Any:
    """A JSON file."""
    return json.loads((REFERENCE / path).read_text(encoding="utf-8"))


def mnist(count: int) -> tuple[Any, Any]:
    """The first training images, float32 [N, 28, 28, 1] in [0, 1], and their rows."""
    folder = ROOT / "examples" / "data" / "mnist"
    with gzip.open(folder / "train-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(16 + count * 784), np.uint8, offset=16)
    with gzip.open(folder / "train-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(8 + count), np.uint8, offset=8)
    return pixels.reshape(-1, 28, 28, 1).astype(np.float32) / np.float32(255), np.eye(10, dtype=np.float32)[labels]
