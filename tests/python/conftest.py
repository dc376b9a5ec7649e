"""What the tests of the Python package share. One file of them by hand:

    PYTHONPATH=bindings/python:tests/python LIBCNN=build/lib/libcnn.so.0 /usr/bin/python3 -m pytest \
        -c tests/python/pytest.ini tests/python/test_tensor.py
"""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Callable, Iterator

import pytest

import cnn

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def root() -> pathlib.Path:
    """The source tree."""
    return ROOT


@pytest.fixture
def context() -> Iterator[cnn.Context]:
    """A context of the test's own."""
    with cnn.Context(seed=7, threads=2) as made:
        yield made


@pytest.fixture
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program in a Python of its own, which ends well, within a minute."""

    def run(program: str, *, status: int | None = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        package = pathlib.Path(cnn.__file__).resolve().parents[1]
        folders = f"{package}:{ROOT / 'tests' / 'python'}"
        variables = {**os.environ, "PYTHONPATH": folders, "LIBCNN": cnn.library_path, **environment}
        done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", program], capture_output=True, text=True,
                              timeout=60, env=variables)
        assert status is None or done.returncode == status, f"status {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def mnist() -> pathlib.Path:
    """The folder of MNIST's four files."""
    return ROOT / "examples" / "data" / "mnist"
