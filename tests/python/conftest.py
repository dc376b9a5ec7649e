"""What the tests of the Python package share."""
from __future__ import annotations

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def mnist() -> pathlib.Path:
    """The folder of MNIST's four files."""
    return ROOT / "examples" / "data" / "mnist"
