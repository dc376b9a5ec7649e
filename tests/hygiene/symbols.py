#!/usr/bin/python3
"""The exported names are the same set in the headers, the version script and the shared library; the archive calls nothing that a guest
in somebody's process must not call. COMPANION: the same of a companion library, by the name of its folder.

Usage: symbols.py SOURCE_ROOT LIBRARY_SO LIBRARY_A [COMPANION]"""
import pathlib
import re
import subprocess
import sys

DECLARATION = re.compile(r"\bCNN_API\b[^;(]*?\b(cnn_\w+)\s*\(", re.S)
# exit and friends, anything that prints, global state of the process, and libm: only sqrt is exact everywhere
FORBIDDEN = set("""exit _exit _Exit abort __assert_fail quick_exit printf vprintf puts putchar fprintf vfprintf fputs perror
__printf_chk __fprintf_chk __vfprintf_chk rand srand random srandom drand48 setlocale strtok strerror signal sigaction umask setenv
putenv unsetenv system popen chdir
expf exp exp2 exp2f logf log log2 log2f log10 log10f powf pow sinf sin cosf cos tanf tan tanhf tanh fmodf""".split())
# a double's remainder and rounding are exact; so is fma
GETENV_FILES = {"cpu.c.o", "quota.c.o", "context.c.o"}


def defined(library):
    text = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    return {line.split()[2].split("@")[0] for line in text.splitlines() if len(line.split()) == 3 and line.split()[1] in "TDBR"}


def undefined(archive):
    """(object, name) of every undefined symbol in an archive."""
    text = subprocess.run(["nm", "-A", "-u", archive], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        if " U " in line:
            where, name = line.rsplit(" U ", 1)
            yield where.split(":")[-2].split("_")[-1] if ":" in where else where, name.split("@")[0].strip()


def described(root, companion):
    """(headers, version script) of libcnn or of a companion library."""
    companions = {path.name for path in (root / "lib" / "companion").iterdir() if path.is_dir()}
    paths = (root / "include" / "cnn").glob("*.h")
    if companion:
        return [path for path in paths if path.stem == companion], root / "lib" / "companion" / companion / f"{companion}.map"
    return [path for path in paths if path.stem not in companions], root / "lib" / "cnn.map"


def complaints(root, library, archive, companion=""):
    paths, script = described(root, companion)
    headers = set()
    for path in paths:
        headers |= set(DECLARATION.findall(path.read_text(encoding="utf-8")))
    listed = set(re.findall(r"\b(cnn_\w+);", script.read_text(encoding="utf-8")))
    exported = defined(library)
    exported = {name for name in exported if not name.startswith("LIBCNN") and not name.startswith("CNN_")}
    for left, right, what in ((headers, listed, f"in the headers but not in {script.name}"),
                              (listed, headers, f"in {script.name} but not in the headers"),
                              (listed, exported, f"in {script.name} but not exported"),
                              (exported, listed, f"exported but not in {script.name}")):
        for name in sorted(left - right):
            yield f"{name}: {what}"
    for where, name in undefined(archive):
        if name in FORBIDDEN:
            yield f"{where} calls {name}"
        if name in ("getenv", "secure_getenv") and (companion or where not in GETENV_FILES):
            yield f"{where} calls {name}: the environment is read in core alone"


def main():
    if len(sys.argv) not in (4, 5):
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    found = list(complaints(pathlib.Path(sys.argv[1]), *sys.argv[2:]))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
