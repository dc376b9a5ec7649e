#!/usr/bin/python3
"""The shared library, without its symbols, takes at most 1 MiB. Prints how much, and how much of it is left.

Usage: size.py LIBCNN_SO STRIP"""
import pathlib
import subprocess
import sys
import tempfile

MOST = 1 << 20


def main():
    library, strip = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        stripped = pathlib.Path(folder) / "stripped"
        subprocess.run([strip, "-o", stripped, library], check=True)
        size = stripped.stat().st_size
    print(f"libcnn.so without symbols: {size:,} bytes of {MOST:,}; {MOST - size:,} are left")
    failed = size > MOST
    print(f"{0 if failed else 100}%: Checks: 1, Failures: {int(failed)}, Errors: 0")
    sys.exit(failed)


main()
