#!/usr/bin/python3
"""NumPy files for the tests of its reader, written by NumPy itself.

Usage: npz_files.py FOLDER"""
import pathlib
import sys

import numpy as np


def values(shape, kind):
    count = int(np.prod(shape, dtype=int))
    return (3 * np.arange(count) + 1).astype(kind).reshape(shape)


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    folder = pathlib.Path(sys.argv[1])
    arrays = {
        "u1": values((3, 4), "|u1"), "i4": values((7,), "<i4"), "i8": values((2, 1, 3), "<i8"), "f4": values((1, 2, 3, 2), "<f4"),
        "scalar": np.float32(1), "empty": np.zeros((0, 5), "<f4"), "fortran1": np.asfortranarray(values((5,), "<i4")),
        "f8": values((2,), "<f8"), "big": values((2,), ">i4"), "text": np.array(["a", "bc"]),
        "struct": np.zeros(2, dtype=[("a", "<i4"), ("b", "<f4")]), "fortran": np.asfortranarray(values((2, 3), "<f4")),
        "rank9": values((1,) * 9, "<f4"),
    }
    np.savez(folder / "plain.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays)
    np.savez(folder / "small_plain.npz", i4=arrays["i4"], u1=arrays["u1"])
    np.savez_compressed(folder / "small_packed.npz", i4=arrays["i4"], u1=arrays["u1"])
    np.save(folder / "f4.npy", arrays["f4"])
    with open(folder / "version2.npy", "wb") as stream:
        np.lib.format.write_array(stream, arrays["i4"], version=(2, 0))
    images = (np.arange(20 * 6 * 5) % 256).astype("|u1").reshape(20, 6, 5)
    labels = (np.arange(20) % 10).astype("|u1")
    training = {"x_train": images, "y_train": labels}
    np.savez_compressed(folder / "mnist.npz", **training, x_test=images[:10], y_test=labels[:10] * 2)
    np.savez_compressed(folder / "training_only.npz", **training)
    np.savez(folder / "bad_labels.npz", **training)
    return 0


if __name__ == "__main__":
    sys.exit(main())
