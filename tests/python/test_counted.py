"""scripts/test counts each test of pytest by itself."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TESTS = """
import pytest

@pytest.fixture
def broken():
    raise RuntimeError

def test_right(): pass
def test_right_too(): pass
def test_wrong(): assert False
def test_without_its_fixture(broken): pass

@pytest.mark.skip
def test_skipped(): pass
"""


def counted(folder: pathlib.Path, text: str) -> tuple[str, int, str]:
    """What pytest printed, its exit status, and what tests/count.py makes of both."""
    (folder / "test_some.py").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "pytest", "-c", str(HERE / "pytest.ini"), "--rootdir", str(folder), str(folder)],
                          capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(HERE)})
    log = folder / "testlog.json"
    log.write_text(json.dumps({"result": "FAIL" if done.returncode else "OK", "stdout": done.stdout}) + "\n", encoding="utf-8")
    count = subprocess.run([sys.executable, str(HERE.parent / "count.py"), str(log)], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr, done.returncode, count.stdout.strip()


@pytest.mark.parametrize("text, status, counts", [
    (TESTS, 1, "2 2"),
    ("def test_right(): pass\n", 0, "1 0"),
    ("import nothing_of_that_name\n", 2, "0 1"),
    ("", 5, "0 1"),
], ids=["mixed", "right", "not importable", "no test"])
def test_counts(tmp_path: pathlib.Path, text: str, status: int, counts: str) -> None:
    printed, code, found = counted(tmp_path, text)
    assert (code, found) == (status, counts), printed


def test_leaves_nothing_behind(tmp_path: pathlib.Path) -> None:
    counted(tmp_path, "def test_right(): open('left', 'w').close()\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test_some.py", "testlog.json"]
