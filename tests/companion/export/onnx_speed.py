#!/usr/bin/python3
"""The notebook's model in ONNX Runtime, as libcnn writes it with its channels first and as PyTorch exports it: the same operators, before the runtime's
own changes and after them, and how long both take on one thread, in turns. Run by scripts/test --interop; the times decide nothing.

Usage: onnx_speed.py EXPORT_MODELS"""
import collections
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["SOURCE_ROOT"], "tests", "programs"))

import numpy as np
import onnx
import onnx_files
import onnxruntime
from support import Checks, scratch

BATCHES = {1: 40, 128: 1}  # samples: calls in a turn
TURNS = 40


def session(path, optimised, threads):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(optimised)
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def kinds(path):
    """Operators and how often; constants and values passed on (PyTorch's dropout) are no work."""
    nodes = onnx.load(str(path)).graph.node
    return dict(sorted(collections.Counter(node.op_type for node in nodes if node.op_type not in ("Constant", "Identity")).items()))


def operations(path):
    """Each node in its order: operator, attributes, shapes of its weights. Names and values differ."""
    graph = onnx.load(str(path)).graph
    shapes = {weight.name: list(weight.dims) for weight in graph.initializer}
    return [(node.op_type, sorted((a.name, str(onnx.helper.get_attribute_value(a))) for a in node.attribute), [shapes.get(name) for name in node.input])
            for node in graph.node if node.op_type not in ("Constant", "Identity")]


def seconds(run, calls):
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls


def ratio(ours, theirs, samples):
    """The time of ours by that of theirs: the median over turns, each of which runs both, one after the other in changing order."""
    x = np.random.default_rng(1).random((samples, 1, 28, 28), np.float32)
    runs = [lambda s=s: s.run(None, {s.get_inputs()[0].name: x}) for s in (ours, theirs)]
    found, best = [], [1e9, 1e9]
    for turn in range(TURNS):
        times = [0.0, 0.0]
        for which in ((0, 1), (1, 0))[turn % 2]:
            times[which] = seconds(runs[which], BATCHES[samples])
        found.append(times[0] / times[1])
        best = [min(a, b) for a, b in zip(best, times)]
    print(f"{samples} samples: libcnn's {best[0] * 1e3:.3f} ms, PyTorch's {best[1] * 1e3:.3f} ms, ratio (median of {TURNS}) {np.median(found):.3f}")
    return float(np.median(found))


def main():
    onnxruntime.set_default_logger_severity(3)
    checks = Checks()
    with scratch() as name:
        folder = pathlib.Path(name)
        ours = next(m.path for m in onnx_files.made(sys.argv[1], folder, 1) if m.name == "notebook" and m.layout == "NCHW")
        theirs = folder / "torch.onnx"
        version = subprocess.run(["/usr/bin/python3", pathlib.Path(__file__).with_name("onnx_torch.py"), theirs], check=True, capture_output=True,
                                 text=True).stdout.split()[-1]
        print(f"PyTorch {version}, ONNX Runtime {onnxruntime.__version__}")
        sessions = [session(path, folder / f"{index}.onnx", threads=1) for index, path in enumerate((ours, theirs))]
        print("nodes:", sum(kinds(ours).values()), "libcnn's,", sum(kinds(theirs).values()), "PyTorch's", kinds(ours))
        checks.equal(kinds(ours), kinds(theirs), "the operators are those of PyTorch's export")
        checks.equal(operations(folder / "0.onnx"), operations(folder / "1.onnx"), "and so are those that the runtime makes of them, in order and with attributes")
        print("ran:", kinds(folder / "0.onnx"))
        print(f"largest difference {max(abs(ratio(*sessions, samples) - 1) for samples in BATCHES):.1%}")
    checks.close()


if __name__ == "__main__":
    main()
