#!/usr/bin/python3
"""Manual pages and --help name the same options, exit statuses and version; pages of programs are there for those that are installed."""
import os
import pathlib
import re

from support import Checks, ROOT, run

PROGRAMS = {"cnn-convert": os.environ["CNN_CONVERT"], "cnn-inspect": os.environ["CNN_INSPECT"],
            "mnist_train": os.environ["MNIST_TRAIN"], "mnist_predict": os.environ["MNIST_PREDICT"]}


def options(text):
    return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", text))


def operands(text):
    """What each long option takes, of the first line of its description."""
    return dict(re.findall(r"^ +(?:-\w, +)?(--[a-z-]+) ([A-Z0-9]\S*)", text, re.M))


def main():
    checks = Checks()
    pages = {path.name for path in (ROOT / "docs").glob("*.[0-9]")}
    checks.equal(pages, {"libcnn.3"} | {f"{name}.1" for name in PROGRAMS}, "a page for the library and each installed program")
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text(encoding="utf-8")).group(1)
    for name in sorted(pages):
        head = (ROOT / "docs" / name).read_text(encoding="utf-8").split("\n")[0]
        checks.that(f'"libcnn {version}"' in head, f"{name} is of this version", head)
    for name, program in PROGRAMS.items():
        page = pathlib.Path(ROOT / "docs" / f"{name}.1").read_text(encoding="utf-8").replace("\\-", "-")
        help_text, _, _ = run(program, "--help")
        described = set().union(*(options(line) for line in page.split("\n") if re.match(r"\.BR? -", line)))
        checks.equal(described - {"-libcnn"}, options(help_text), f"{name}.1 describes the options of --help")
        taken = dict(re.findall(r'^\.BR? .*?(--[a-z-]+) " (.*)"$', re.sub(r"\\f[IR]", "", page), re.M))
        checks.equal(taken, operands(help_text), f"{name}.1 names what the options take as --help does")
        statuses = set(re.findall(r"^\.B (\d+)$", page, re.M))
        checks.equal(statuses, set(re.findall(r"\b(\d+) [a-z]", help_text[help_text.index("Exit status"):])) | {"130"} & statuses,
                     f"{name}.1 explains each exit status")
    checks.close()


main()
