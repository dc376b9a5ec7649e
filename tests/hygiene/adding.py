#!/usr/bin/python3
"""docs/adding-a-layer.md and docs/adding-a-kernel.md work: their steps are taken in a copy of the tree, which is built and passes the tests of
layers and kernels.

Usage: adding.py SOURCE_ROOT"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# a file, perhaps a line of it that the block goes before, and the block
BLOCK = re.compile(r"`([\w./-]+)`(?:, before `([^`]+)`)?[^`\n]*:\n\n```\w*\n(.*?)```", re.S)
# where a block goes in a file that exists and of which the page names no line; else at the end
BEFORE = {"include/cnn/layers.h": "#ifdef __cplusplus\n}", "lib/cnn.map": "    cnn_state_count;"}
PAGES = {"adding-a-layer.md": 6, "adding-a-kernel.md": 8} # and their steps


def copy_tree(root, target):
    done = subprocess.run(["git", "-C", str(root), "ls-files"], check=True, capture_output=True, text=True)
    for name in done.stdout.splitlines():
        if (root / name).exists() and not name.startswith("examples/data/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)


def take_steps(target, page):
    steps = BLOCK.findall(page)
    for name, marker, block in steps:
        path = target / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        marker = marker or BEFORE.get(name)
        place = text.rfind(marker) if marker else len(text)
        if place < 0:
            raise SystemExit(f"{name}: '{marker}' is not there")
        path.write_text(text[:place] + block + text[place:], encoding="utf-8")
    return len(steps)


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    root = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="libcnn-layer-") as folder:
        target = pathlib.Path(folder) / "tree"
        copy_tree(root, target)
        for page, steps in PAGES.items():
            taken = take_steps(target, (root / "docs" / page).read_text(encoding="utf-8"))
            if taken != steps:
                raise SystemExit(f"docs/{page}: {steps} steps expected, {taken} found")
        build = pathlib.Path(folder) / "build"
        for command in (["meson", "setup", "--werror", "-Dblas=none", "-Doptimization=1", str(build), str(target)],
                        ["ninja", "-C", str(build), "tests/layers/layers_gradient", "tests/kernels/kernels_elementwise",
                         "tests/kernels/kernels_table"],
                        [str(build / "tests" / "layers" / "layers_gradient")],
                        [str(build / "tests" / "kernels" / "kernels_elementwise")],
                        [str(build / "tests" / "kernels" / "kernels_table")],
                        [sys.executable, str(target / "tests/hygiene/layout.py"), str(target), "cc", "--write"],
                        [sys.executable, str(target / "tests/hygiene/arrows.py"), str(target)]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                print(f"{' '.join(command)}:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
