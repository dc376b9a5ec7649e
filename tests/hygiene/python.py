#!/usr/bin/python3
"""The Python package and its tests: each test file stands in tests/python/meson.build, and no file but the generated one
has more than 400 lines.

Usage: python.py SOURCE_ROOT"""
import pathlib
import re
import sys

MOST = 400
GENERATED = {"_abi.py"}


def complaints(root):
    tests = root / "tests" / "python"
    files = {path.name[len("test_"):-len(".py")] for path in tests.glob("test_*.py")}
    listed = set(re.findall(r"^  '(\w+)': \[", (tests / "meson.build").read_text(encoding="utf-8"), re.M))
    for name in sorted(files - listed):
        yield f"tests/python/test_{name}.py: not in the list of tests/python/meson.build"
    for path in sorted((root / "bindings").rglob("*.py")) + sorted(tests.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        name = path.relative_to(root)
        if len(lines) > MOST and path.name not in GENERATED:
            yield f"{name}: {len(lines)} lines, of {MOST} at most"
        if "from __future__ import annotations" not in lines and any(line.startswith("def ") for line in lines):
            yield f"{name}: does not begin as files for Python 3.9 do, with annotations of the future"


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    found = list(complaints(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
