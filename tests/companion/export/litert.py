#!/usr/bin/python3
"""LiteRT gives libcnn's outputs for every model that export_models writes, for 1 and 3 samples. Run by scripts/test --interop.

Usage: litert.py EXPORT_MODELS"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["SOURCE_ROOT"], "tests", "programs"))

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from support import Checks, scratch

WITHIN = 1e-5


def outputs(path, numbers, samples):
    """What LiteRT gives, and what libcnn gave."""
    interpreter = Interpreter(str(path), num_threads=1)
    signature = next(iter(interpreter.get_signature_list().values()))
    entry, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    shape = [samples, *entry["shape_signature"][1:]]
    count = int(np.prod(shape))
    interpreter.resize_tensor_input(entry["index"], shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], numbers[:count].reshape(shape))
    interpreter.invoke()
    seen = interpreter.get_tensor(result["index"])
    return seen, numbers[count:].reshape(seen.shape), signature


def main():
    checks = Checks()
    largest = 0.0
    for samples in (1, 3):
        with scratch() as folder:
            folder = pathlib.Path(folder)
            subprocess.run([sys.argv[1], str(folder), str(samples)], check=True)
            for line in (folder / "models.txt").read_text(encoding="utf-8").splitlines():
                name, words = line.split(" ", 1)
                seen, wanted, signature = outputs(folder / f"{name}.tflite", np.fromfile(folder / f"{name}.bin", np.float32), samples)
                apart = float(np.abs(seen - wanted).max() / max(1.0, np.abs(wanted).max()))
                largest = max(largest, apart)
                checks.that(apart <= WITHIN, f"{name} ({words}), {samples} samples", apart)
                checks.that(len(signature["inputs"]) == len(signature["outputs"]) == 1, f"{name}: a signature", signature)
    print(f"largest difference {largest:.2g}")
    checks.close()


if __name__ == "__main__":
    main()
