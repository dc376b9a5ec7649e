"""Where `meson install` puts the package, the way from there to a library, and what Python may have left among the sources, a line each.

Usage: place.py PREFIX PURELIB LIBRARY

PURELIB is meson's folder for Python. Debian's Python looks elsewhere below /usr/local: the folder of the prefix where this Python looks, if
there is one, is preferred."""
from __future__ import annotations

import os
import pathlib
import site
import sys


def main() -> None:
    prefix, purelib, library = (path.rstrip("/") for path in sys.argv[1:])
    folders = site.getsitepackages()
    below = [folder for folder in folders if folder.startswith(f"{prefix}/")]
    chosen = purelib if purelib in folders or not below else below[0]
    package = os.path.join(chosen, "cnn")
    print(package)
    print(os.path.relpath(library, package))
    sources = pathlib.Path(__file__).resolve().parent / "cnn"
    for folder in sorted({path.parent.relative_to(sources) for path in sources.rglob("*.py")}):
        print(folder / "__pycache__")


main()
