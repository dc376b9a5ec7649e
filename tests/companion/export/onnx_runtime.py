#!/usr/bin/python3
"""ONNX Runtime gives libcnn's outputs for every model that export_models writes, in both layouts and for 1, 3 and 128 samples. Run by
scripts/test --interop.

Usage: onnx_runtime.py ONNX_MODELS"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["SOURCE_ROOT"], "tests", "programs"))

import onnx_files
import onnxruntime
from support import Checks, scratch


def outputs(made):
    session = onnxruntime.InferenceSession(str(made.path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: made.x})[0]


def main():
    onnxruntime.set_default_logger_severity(3)
    checks = Checks()
    largest = 0.0
    for samples in (1, 3, 128):
        with scratch() as folder:
            for made in onnx_files.made(sys.argv[1], folder, samples):
                seen = outputs(made)
                wrong = onnx_files.wrong(seen, made.y)
                largest = max(largest, onnx_files.apart(seen, made.y)) if seen.shape == made.y.shape else largest
                checks.that(not wrong, f"{made.name} ({made.words}) {made.layout}, {samples} samples", wrong)
    print(f"largest difference {largest:.2g}")
    checks.close()


if __name__ == "__main__":
    main()
