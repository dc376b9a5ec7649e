#!/usr/bin/python3
"""docs/errors.md explains each status code of base.h, in its order, with its value and meaning, what causes it and what to do.

Usage: errors.py SOURCE_ROOT"""
import pathlib
import re
import sys

STATUS = re.compile(r'X\((CNN_\w+), (-?\d+), "([^"]+)"\)')
ROW = re.compile(r"^\| (CNN_\w+) \| (-?\d+) \| ([^|]+) \| ([^|]*?) ?\| ([^|]*?) ?\|$", re.M)


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    root = pathlib.Path(sys.argv[1])
    codes = STATUS.findall((root / "include" / "cnn" / "base.h").read_text(encoding="utf-8"))
    rows = ROW.findall((root / "docs" / "errors.md").read_text(encoding="utf-8"))
    complaints = [f"docs/errors.md: its rows are {[row[:3] for row in rows]}, base.h has {codes}"] if codes != [row[:3] for row in rows] else []
    complaints += [f"docs/errors.md: {row[0]}: says no cause or nothing to do" for row in rows if int(row[1]) < 0 and not (row[3] and row[4])]
    print("\n".join(complaints))
    return 1 if complaints or not codes else 0


if __name__ == "__main__":
    sys.exit(main())
