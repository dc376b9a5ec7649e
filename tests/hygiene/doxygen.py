#!/usr/bin/python3
"""Doxygen reads every public header without a warning: tags that name no parameter, commands that are none, links that lead nowhere.

Usage: doxygen.py SOURCE_ROOT DOXYGEN"""
import pathlib
import subprocess
import sys
import tempfile


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    root = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="libcnn-doxygen-") as folder:
        settings = (root / "docs" / "Doxyfile").read_text(encoding="utf-8") + f"\nOUTPUT_DIRECTORY = {folder}\n"
        done = subprocess.run([sys.argv[2], "-"], input=settings, cwd=root, capture_output=True, text=True)
        pages = {path.name for path in (pathlib.Path(folder) / "html").glob("*_8h.html")}
    print(done.stderr, end="")
    missing = [path.name for path in (root / "include" / "cnn").glob("*.h") if f"{path.stem}_8h.html" not in pages]
    for name in missing:
        print(f"{name}: has no page")
    return 1 if done.returncode or done.stderr or missing else 0


if __name__ == "__main__":
    sys.exit(main())
