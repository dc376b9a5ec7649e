#!/usr/bin/python3
"""Each public header compiles alone, in every C from C99 to C2x and C++ from 11 to 20, without a warning; and lib/meson.build (of a companion library lib/companion/meson.build) installs it.

Usage: headers.py SOURCE_ROOT CC [CXX]"""
import pathlib
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


def compile_header(compiler, standard, language, header, include):
    source = f'#include <cnn/{header}>\n#include <cnn/{header}>\nint cnn_header_test(void);\nint cnn_header_test(void) {{ return 0; }}\n'
    command = compiler.split() + [f"-std={standard}", "-x", language, "-fsyntax-only", f"-I{include}", *WARNINGS, "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def main():
    if len(sys.argv) < 3:
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    include = pathlib.Path(sys.argv[1]) / "include"
    cases = [(sys.argv[2], s, "c") for s in ("c99", "c11", "c17", "c2x")]
    if len(sys.argv) > 3 and sys.argv[3]:
        cases += [(sys.argv[3], s, "c++") for s in ("c++11", "c++14", "c++17", "c++20")]
    failures = 0
    installed = (include.parent / "lib" / "meson.build").read_text(encoding="utf-8")
    companions = {path.name for path in (include.parent / "lib" / "companion").iterdir() if path.is_dir()}
    for path in sorted((include / "cnn").glob("*.h")):
        if f"'../include/cnn/{path.name}'" not in installed and path.stem not in companions:
            failures += 1
            print(f"{path.name}: is not among the public_headers that lib/meson.build installs")
    for header in sorted(path.name for path in (include / "cnn").glob("*.h")):
        for compiler, standard, language in cases:
            text = compile_header(compiler, standard, language, header, include)
            if text:
                failures += 1
                print(f"{header} as {standard} by {compiler}:\n{text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
