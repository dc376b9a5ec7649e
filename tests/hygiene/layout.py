#!/usr/bin/python3
"""The binary interface stays as it was: sizes and offsets of every public struct, values of every constant, exported names, compared with
layout.txt beside this file. Structs may grow at the end and new things may come; what is written there may neither move nor go. Every options
struct is tried by tests/api/options.c, or that of its companion library. Run with --write to add what is new.

Usage: layout.py SOURCE_ROOT CC [--write]"""
import pathlib
import re
import subprocess
import sys
import tempfile

STRUCT = re.compile(r"typedef struct (cnn_\w+) \{(.*?)\n\} \1;", re.S)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DEFINE = re.compile(r"^#define (CNN_\w+) \(?-?(?:0x[0-9a-fA-F]+|\d+)\)?(?:\s|$)", re.M)
STATUS = re.compile(r"^\s*X\((CNN_\w+), ", re.M)
POINTER = re.compile(r"\(\*(\w+)\)")
NAMES = re.compile(r"(\w+)\s*(?:\[\w+\])?$")


def fields(body):
    for declaration in COMMENT.sub("", body).split(";"):
        declaration = declaration.strip()
        if not declaration:
            continue
        pointer = POINTER.search(declaration)
        if pointer:
            yield pointer.group(1)
            continue
        for part in declaration.split(","):
            yield NAMES.search(part.strip()).group(1)


def constants(text):
    """Names of the integers that a header defines: macros, and the statuses of their list."""
    yield from DEFINE.findall(text)
    yield from STATUS.findall(text)


def current(root, compiler):
    headers = sorted((root / "include" / "cnn").glob("*.h"))
    lines = [f"#include <cnn/{path.name}>" for path in headers] + ["#include <stddef.h>", "#include <stdio.h>", "int main(void) {"]
    for path in headers:
        text = path.read_text(encoding="utf-8")
        lines += [f'  printf("{name} %lld\\n", (long long){name});' for name in constants(text)]
        for name, body in STRUCT.findall(text):
            lines.append(f'  printf("{name} %zu\\n", sizeof(struct {name}));')
            for field in fields(body):
                lines.append(f'  printf("{name}.{field} %zu\\n", offsetof(struct {name}, {field}));')
    lines += ["  return 0;", "}"]
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder) / "layout.c", pathlib.Path(folder) / "layout"
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        subprocess.run(compiler.split() + [f"-I{root / 'include'}", str(source), "-o", str(program)], check=True)
        text = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    scripts = "".join(path.read_text(encoding="utf-8") for path in [root / "lib" / "cnn.map", *sorted((root / "lib").glob("companion/*/*.map"))])
    exported = re.findall(r"^\s*(cnn_\w+);", scripts, re.M)
    return {**dict(line.split() for line in text.splitlines()), **{f"{name}()": "exported" for name in exported}}


def untried(root, now):
    """Options structs that no row of the test of other versions names."""
    tests = [root / "tests" / "api" / "options.c", *(root / "tests").glob("companion/*/options.c")]
    test = "".join(path.read_text(encoding="utf-8") for path in tests)
    for name in now:
        noun = re.fullmatch(r"cnn_(\w+)_opts", name)
        if noun and not re.search(rf"\bOPTS(?:_GIVEN)?\({noun.group(1)}\b", test):
            yield name


def main():
    if len(sys.argv) < 3:
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    root, snapshot = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).with_name("layout.txt")
    now = current(root, sys.argv[2])
    if sys.argv[-1] == "--write":
        snapshot.write_text("".join(f"{k} {v}\n" for k, v in now.items()), encoding="utf-8")
        return 0
    was = dict(line.split() for line in snapshot.read_text(encoding="utf-8").splitlines())
    failures = 0
    for name, value in was.items():
        is_struct = name.startswith("cnn_") and "." not in name and "(" not in name
        grown = is_struct and name in now and int(now[name]) >= int(value)
        if now.get(name) != value and not grown:
            failures += 1
            print(f"{name}: was {value}, is {now.get(name)}")
    for name in now.keys() - was.keys():
        failures += 1
        print(f"{name}: new; run layout.py with --write")
    for name in untried(root, now):
        failures += 1
        print(f"{name}: has no row in tests/api/options.c, nor in one of tests/companion")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
