#!/usr/bin/python3
"""Keras's files: the real Keras loads what libcnn writes of every layer type, predicts the same and trains on; libcnn loads what it saves.
Run by scripts/test --interop.

Usage: keras_files.py KERAS_WRITTEN"""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy  # noqa: E402

ALLOWED = 1e-5


def apart(model: keras.Model, x: numpy.ndarray, path: pathlib.Path) -> float:
    wanted = numpy.fromfile(path, "float32")
    return float(numpy.abs(model.predict(x, verbose=0).ravel() - wanted).max())


def differences(folder: pathlib.Path, number: str, x: numpy.ndarray, y: numpy.ndarray) -> list[tuple[str, float]]:
    """What was compared, how far it is apart. Warnings are errors, but for those of every .h5 file."""
    found = []
    model = keras.saving.load_model(folder / f"{number}.h5")
    found.append(("h5", apart(model, x, folder / f"{number}.out")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = keras.saving.load_model(folder / f"{number}.keras")
    found.append(("keras", apart(model, x, folder / f"{number}.out")))
    model.fit(x, y, batch_size=len(x), epochs=1, shuffle=False, verbose=0)
    if "dropout" not in (folder / f"{number}.txt").read_text():
        found.append(("trained on", apart(model, x, folder / f"{number}.next")))
    model.save(folder / f"{number}.back.keras")
    model.predict(x, verbose=0).astype("float32").tofile(folder / f"{number}.theirs")
    keras.backend.clear_session()
    return found


def main() -> int:
    program, passed, failed, largest = sys.argv[1], 0, 0, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([program, name], check=True, stdout=subprocess.DEVNULL)
        x = numpy.fromfile(folder / "x", "float32").reshape(8, 8, 8, 4)
        y = numpy.fromfile(folder / "y", "float32").reshape(8, 4)
        numbers = sorted(path.stem for path in folder.glob("*.txt"))
        found = [(number, *row) for number in numbers for row in differences(folder, number, x, y)]
        subprocess.run([program, name, "back"], check=True, stdout=subprocess.DEVNULL)
        for number in numbers:
            ours, theirs = (numpy.fromfile(folder / f"{number}.{ending}", "float32") for ending in ("back", "theirs"))
            found.append((number, "back", float(numpy.abs(ours - theirs).max())))
        for number, what, difference in found:
            largest = max(largest, difference)
            if difference <= ALLOWED:
                passed += 1
            else:
                failed += 1
                print(f"{(folder / f'{number}.txt').read_text()}: {what}: {difference:.3g} apart")
    total = passed + failed
    print(f"largest difference {largest:.2g}\n{100 * passed // max(total, 1)}%: Checks: {total}, Failures: {failed}, Errors: 0")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
