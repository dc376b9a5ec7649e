#!/usr/bin/python3
"""Lines of lib/ that a build made with -Db_coverage=true has reached, by folder, with the lines that it has not; fails below 90 of 100. A line
that several libraries compile (kernels of each instruction set) counts once, and as reached where any of them reaches it.

Usage: coverage.py SOURCE_ROOT BUILD [--lines]   (--lines: also name each line that is not reached)"""
import collections
import json
import pathlib
import subprocess
import sys

LEAST = 90.0


def counts_of(build):
    """Executions of each (file, line), the largest of all objects."""
    lines = collections.defaultdict(int)
    objects = sorted(path.resolve() for path in (build / "lib").rglob("*.gcda"))
    for start in range(0, len(objects), 40):
        command = ["gcov", "--json-format", "--stdout", *map(str, objects[start:start + 40])]
        output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=build).stdout
        for text in filter(None, output.splitlines()):
            for file in json.loads(text)["files"]:
                for line in file["lines"]:
                    key = (file["file"], line["line_number"])
                    lines[key] = max(lines[key], line["count"])
    return lines


def ranges(numbers):
    """[1, 2, 3, 7] as 1-3, 7."""
    spans = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def main():
    if len(sys.argv) < 3:
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    root, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    folders, missed = collections.defaultdict(lambda: [0, 0]), collections.defaultdict(list)
    for (name, line), count in counts_of(build).items():
        path = (build / name).resolve()
        if not path.is_relative_to(root / "lib"):
            continue
        inside = path.relative_to(root)
        folder = folders["/".join(inside.parts[:2])]
        folder[0] += 1
        folder[1] += count > 0
        if not count:
            missed[str(inside)].append(line)
    if "--lines" in sys.argv:
        for name, numbers in sorted(missed.items()):
            print(f"{name}: {ranges(numbers)}")
    folders["lib"] = [sum(folder[i] for folder in folders.values()) for i in (0, 1)]
    for name, (lines, reached) in sorted(folders.items()):
        print(f"{name:16} {reached:6} of {lines:6} lines {100 * reached / max(lines, 1):6.1f} %")
    lines, reached = folders["lib"]
    return 0 if lines and 100 * reached / lines >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
