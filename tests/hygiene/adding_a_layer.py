#!/usr/bin/python3
"""docs/adding-a-layer.md works: its steps are taken in a copy of the tree, which is built and passes the layer tests.

Usage: adding_a_layer.py SOURCE_ROOT"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"`([\w./-]+)`[^\n]*:\n\n```\w*\n(.*?)```", re.S)
# where a block goes in a file that exists: before this line, else at the end
BEFORE = {"include/cnn/layers.h": "#ifdef __cplusplus\n}", "lib/cnn.map": "    cnn_state_count;"}


def copy_tree(root, target):
    done = subprocess.run(["git", "-C", str(root), "ls-files"], check=True, capture_output=True, text=True)
    for name in done.stdout.splitlines():
        if (root / name).exists() and not name.startswith("examples/data/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)


def take_steps(target, page):
    steps = BLOCK.findall(page)
    for name, block in steps:
        path = target / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        place = text.rfind(BEFORE[name]) if name in BEFORE else len(text)
        if place < 0:
            raise SystemExit(f"{name}: '{BEFORE[name]}' is not there")
        path.write_text(text[:place] + block + text[place:], encoding="utf-8")
    return len(steps)


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    root = pathlib.Path(sys.argv[1])
    page = (root / "docs" / "adding-a-layer.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="libcnn-layer-") as folder:
        target = pathlib.Path(folder) / "tree"
        copy_tree(root, target)
        if take_steps(target, page) != 6:
            raise SystemExit("docs/adding-a-layer.md: six steps expected")
        build = pathlib.Path(folder) / "build"
        for command in (["meson", "setup", "--werror", "-Dblas=none", "-Doptimization=1", str(build), str(target)],
                        ["ninja", "-C", str(build), "tests/layers/layers_gradient"],
                        [str(build / "tests" / "layers" / "layers_gradient")],
                        [sys.executable, str(target / "tests/hygiene/layout.py"), str(target), "cc", "--write"],
                        [sys.executable, str(target / "tests/hygiene/arrows.py"), str(target)]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                print(f"{' '.join(command)}:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
