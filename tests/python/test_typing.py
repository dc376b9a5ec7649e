"""The package's hints hold under mypy --strict for each Python that it serves."""
from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from conftest import ROOT

PACKAGE = ROOT / "bindings" / "python" / "cnn"


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13"])
def test_strict(version: str, tmp_path: pathlib.Path) -> None:
    done = subprocess.run([sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--python-version", version,
                           "--cache-dir", str(tmp_path), str(PACKAGE)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sees_mistakes(tmp_path: pathlib.Path) -> None:
    """The configuration is read, and is a strict one."""
    (tmp_path / "wrong.py").write_text("def f(x):\n    return x\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path),
                           "wrong.py"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and "[no-untyped-def]" in done.stdout
