#!/usr/bin/python3
"""What no file of the project may hold: paths of somebody's machine, words of unfinished work, trailing blanks; and the README shows
examples/quickstart.c word for word.

Usage: files.py SOURCE_ROOT"""
import pathlib
import re
import subprocess
import sys

MACHINE = re.compile(r"(?<![A-Za-z0-9._~$-])/(home|root|mnt|srv|work|Users)/[A-Za-z0-9]")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented)\b")
BINARY = {".gz", ".png", ".safetensors", ".h5", ".keras", ".npz", ".tfevents"}


PICTURE = re.compile(r'(?<="image/png": ")[A-Za-z0-9+/=\\n]+')  # of a notebook: letters by chance


def tracked(root):
    done = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True)
    if done.returncode == 0 and done.stdout:
        return [root / name for name in done.stdout.split("\0") if name]
    return [path for path in root.rglob("*") if path.is_file() and "build" not in path.parts[len(root.parts)]]


def complaints(root):
    for path in tracked(root):
        if path.suffix in BINARY or not path.exists() or path.name == "files.py":
            continue
        name = path.relative_to(root)
        if str(name).startswith("tests/fuzz/corpus/"):
            continue  # any bytes
        text = path.read_text(encoding="utf-8")
        reference = str(name).startswith("tests/reference/")
        for number, line in enumerate(PICTURE.sub("", text).split("\n"), 1):
            if MACHINE.search(line):
                yield f"{name}:{number}: names a path of a machine: {line.strip()[:80]}"
            if UNFINISHED.search(line) and not reference:
                yield f"{name}:{number}: unfinished: {line.strip()[:80]}"
            if line != line.rstrip() and not reference and path.suffix != ".md":
                yield f"{name}:{number}: blanks at the end of the line"
        if text and not text.endswith("\n") and not reference:
            yield f"{name}: no newline at the end"
    quickstart = (root / "examples" / "quickstart.c").read_text(encoding="utf-8")
    if f"```c\n{quickstart}```" not in (root / "README.md").read_text(encoding="utf-8"):
        yield "README.md: does not show examples/quickstart.c word for word"
    if quickstart.count("\n") > 60:
        yield "examples/quickstart.c: more than 60 lines"


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    found = list(complaints(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
