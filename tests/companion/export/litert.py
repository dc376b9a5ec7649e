#!/usr/bin/python3
"""LiteRT gives libcnn's outputs for every model that export_models writes, for 1 and 3 samples, and what int8 costs on all test images is told. Run
by scripts/test --interop.

Usage: litert.py EXPORT_MODELS"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["SOURCE_ROOT"], "tests", "programs"))
os.environ.setdefault("LIBCNN", os.path.join(os.environ["BUILD_ROOT"], "lib", "libcnn.so.0"))

import numpy as np
import tflite_check
from ai_edge_litert.interpreter import Interpreter
from support import Checks, scratch

WITHIN = 1e-5


def answers(interpreter, inputs):
    """What LiteRT gives for a batch of inputs."""
    entry, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(entry["index"], inputs.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], inputs)
    interpreter.invoke()
    return interpreter.get_tensor(result["index"])


def outputs(path, numbers, samples):
    """What LiteRT gives, what libcnn gave, and the model's signature. Numbers: the inputs, then libcnn's outputs."""
    interpreter = Interpreter(str(path), num_threads=1)
    signature = next(iter(interpreter.get_signature_list().values()))
    shape = [samples, *interpreter.get_input_details()[0]["shape_signature"][1:]]
    count = int(np.prod(shape))
    seen = answers(interpreter, numbers[:count].reshape(shape))
    return seen, numbers[count:].reshape(seen.shape), signature


def check_int8(checks):
    with scratch() as folder:
        path, model = pathlib.Path(folder) / "trained.tflite", tflite_check.trained()
        tflite_check.save(model, path, 1)
        interpreter = Interpreter(str(path), num_threads=1)
        tflite_check.check_cost(checks, model, lambda x: answers(interpreter, x), 10000)


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
    check_int8(checks)
    print(f"largest difference {largest:.2g}")
    checks.close()


if __name__ == "__main__":
    main()
