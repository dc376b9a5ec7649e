"""Reads the reference values in tests/reference: safetensors with a description."""
from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "reference"
DTYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64, "U8": np.uint8}


def read(name: str) -> tuple[dict[str, Any], Any]:
    """The arrays of a file by name, and what it says of them."""
    content = (FOLDER / f"{name}.safetensors").read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    meta = json.loads(header.pop("__metadata__")["meta"])
    arrays = {key: np.frombuffer(content[start + entry["data_offsets"][0]:start + entry["data_offsets"][1]],
                                 DTYPES[entry["dtype"]]).reshape(entry["shape"]) for key, entry in header.items()}
    return arrays, meta
