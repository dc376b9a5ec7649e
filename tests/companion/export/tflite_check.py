#!/usr/bin/python3
"""Every model that `models` writes as TensorFlow Lite is read by flatc with a schema of our own, has the parts that it should have, and gives
libcnn's outputs when NumPy runs it; kernels of int8 stay close to LiteRT's own conversion of the same model.

Usage: tflite_check.py MODELS FLATC"""
import ctypes
import gzip
import json
import os
import pathlib
import subprocess
import sys

sys.path[:0] = [os.path.join(os.environ["SOURCE_ROOT"], folder) for folder in ("tests/programs", "bindings/python")]

import cnn
import numpy as np
import tflite_numpy
from cnn._errors import check
from support import BUILD, ROOT, Checks, scratch

SAMPLES = 3
WITHIN, WITHIN_INT8 = 1e-5, 1e-3
IMAGES = 500  # of the test set, for what int8 costs; LiteRT itself takes all of them (litert.py)
NOTEBOOK = ["CONV_2D", "MUL", "ADD", "MAX_POOL_2D"] * 2 + ["RESHAPE", "FULLY_CONNECTED", "FULLY_CONNECTED", "SOFTMAX"]
SCHEMA = pathlib.Path(__file__).with_name("tflite.fbs")


class TfliteOpts(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("int8", ctypes.c_int32), ("reserved", ctypes.c_int32)]


def tensors(path):
    """The tensors of a file in the safetensors form, float32 all of them."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[begin:], "<f4", int(np.prod(t["shape"])), t["data_offsets"][0]).reshape(t["shape"])
            for name, t in header.items() if t["dtype"] == "F32"}


def network(conv1, conv2, dense1):
    """The notebook's layers with so many filters and units."""
    model = cnn.Model("notebook")
    model.add("input", shape=(28, 28, 1), name="image")
    for number, filters in ((1, conv1), (2, conv2)):
        model.add("conv2d", filters=filters, kernel_size=3, padding="same", activation="relu", name=f"conv{number}")
        model.add("batch_normalization", name=f"bn{number}")
        model.add("max_pooling2d", name=f"pool{number}")
        model.add("dropout", rate=0.25)
    model.add("flatten")
    model.add("dense", units=dense1, activation="relu", name="dense1")
    model.add("dropout", rate=0.5)
    model.add("dense", units=10, activation="softmax", name="output")
    return model


def save(model, path, int8):
    library = ctypes.CDLL(str(BUILD / "lib" / "companion" / "libcnn-export.so.0"))
    options = TfliteOpts(ctypes.sizeof(TfliteOpts), int8, 0)
    check(library.cnn_model_save_tflite(model._handle, os.fsencode(path), ctypes.byref(options)))


def idx(name, skip):
    return np.frombuffer(gzip.decompress((ROOT / "examples/data/mnist" / name).read_bytes())[skip:], np.uint8)


def check_parts(checks, graph, what):
    model = graph.model
    checks.equal((model["version"], model["description"]), (3, f"libcnn {cnn.__version__}"), f"{what}: version and writer")
    checks.equal(len(model["subgraphs"]), 1, f"{what}: graphs")
    checks.that("data" not in model["buffers"][0], f"{what}: the first buffer is empty")
    used = sorted(t["buffer"] for t in graph.tensors if t["buffer"])
    checks.equal(used, list(range(1, len(model["buffers"]))), f"{what}: each constant has its buffer")
    signature = model["signature_defs"][0]
    checks.equal((signature["key"], signature["inputs"][0]["tensor_index"], signature["outputs"][0]["tensor_index"]),
                 ("serving_default", graph.graph["inputs"][0], graph.graph["outputs"][0]), f"{what}: signature")
    read = {i for o in graph.graph["operators"] for i in o["inputs"]} | set(graph.graph["outputs"])
    checks.equal(set(range(len(graph.tensors))) - read - {graph.graph["inputs"][0]}, set(), f"{what}: no tensor that nobody reads")


def check_models(checks, models, flatc, folder):
    subprocess.run([models, str(folder), str(SAMPLES)], check=True)
    for line in (folder / "models.txt").read_text(encoding="utf-8").splitlines():
        name, words = line.split(" ", 1)
        what = f"{name} ({words})"
        graph = tflite_numpy.Graph(tflite_numpy.read(flatc, SCHEMA, folder / f"{name}.tflite"))
        check_parts(checks, graph, what)
        numbers = np.fromfile(folder / f"{name}.bin", np.float32)
        shape = graph.tensors[graph.graph["inputs"][0]]["shape"][1:]
        count = SAMPLES * int(np.prod(shape))
        y = graph.run(numbers[:count].reshape(SAMPLES, *shape))
        wanted = numbers[count:].reshape(y.shape)
        apart = np.abs(y - wanted).max() / max(1, np.abs(wanted).max())
        checks.that(apart <= WITHIN, f"{what}: within {WITHIN} of libcnn", apart)


def check_int8(checks, flatc, folder):
    """The reference's small model, of which LiteRT's converter has made int8 kernels too, on the first 16 test images."""
    weights = tensors(ROOT / "tests/reference/interop/small/keras3_expected.safetensors")
    converted = tensors(ROOT / "tests/reference/interop/small/dynamic_range_int8_tflite_expected.safetensors")["predictions"]
    model = network(4, 8, 16)
    for name in model.weights:
        model.set_weight(name, weights[name])
    x = idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)[:16].astype(np.float32) / 255
    for int8, wanted, within in ((0, weights["predictions"], WITHIN), (1, converted, WITHIN_INT8)):
        save(model, folder / "small.tflite", int8)
        graph = tflite_numpy.Graph(tflite_numpy.read(flatc, SCHEMA, folder / "small.tflite"))
        checks.equal(graph.operators(), NOTEBOOK, "operators of the notebook's layers")
        checks.equal([t["name"] for t in graph.tensors if t["type"] == "INT8"], ["dense1/kernel"] if int8 else [], "kernels of int8")
        apart = np.abs(graph.run(x) - wanted).max()
        checks.that(apart <= within, f"int8 {int8}: within {within} of LiteRT", apart)
        same = (folder / "small.tflite").read_bytes()
        save(model, folder / "small.tflite", int8)
        checks.that((folder / "small.tflite").read_bytes() == same, "the same bytes each time")


def check_faint(checks, flatc, folder):
    """Kernels so small that their scale would be no normal number, which LiteRT refuses, become 0."""
    model = cnn.Model("faint")
    model.add("input", shape=(64,), name="x")
    model.add("dense", units=32, name="d")
    kernel = np.full((64, 32), 0.5, np.float32)
    kernel[:, 3], kernel[:, 5], kernel[:, 7] = 1e-37, 1e-45, 0
    model.set_weight("d/kernel", kernel)
    save(model, folder / "faint.tflite", 1)
    tensor = [t for t in tflite_numpy.Graph(tflite_numpy.read(flatc, SCHEMA, folder / "faint.tflite")).tensors if t["type"] == "INT8"][0]
    scales = tensor["quantization"]["scale"]
    checks.equal([scales[i] for i in (3, 5, 7)], [1.0] * 3, "faint kernels: a scale that is a number")
    checks.that(abs(scales[0] - 0.5 / 127) < 1e-6, "faint kernels: the others' scale", scales[0])


def trained():
    """The trained notebook."""
    model = network(32, 64, 128)
    model.load_weights(str(ROOT / "tests/reference/notebook/trained.safetensors"))
    return model


def check_cost(checks, model, run, images):
    """What int8 costs the model on the first of the test images; `run` gives what its file with such kernels answers."""
    x = idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)[:images].astype(np.float32) / 255
    labels = idx("t10k-labels-idx1-ubyte.gz", 8)[:images]
    wanted = model.predict(x)
    small = np.concatenate([run(x[i:i + 250]) for i in range(0, images, 250)])
    right, right_small = ((y.argmax(1) == labels).mean() for y in (wanted, small))
    print(f"int8 kernels on {images:,} test images: accuracy {right_small:.4f}, {right:.4f} with float: a loss of {right - right_small:.4f}; "
          f"probabilities {np.abs(small - wanted).max():.2g} apart at most")
    checks.that(abs(right - right_small) <= 0.002, "int8 costs little", right - right_small)


def check_accuracy(checks, flatc, folder):
    model = trained()
    save(model, folder / "trained.tflite", 1)
    graph = tflite_numpy.Graph(tflite_numpy.read(flatc, SCHEMA, folder / "trained.tflite"))
    checks.equal([t["name"] for t in graph.tensors if t["type"] == "INT8"], ["conv2/kernel", "dense1/kernel", "output/kernel"], "kernels of int8")
    check_cost(checks, model, graph.run, IMAGES)


def main():
    checks = Checks()
    with scratch() as folder:
        folder = pathlib.Path(folder)
        check_models(checks, sys.argv[1], sys.argv[2], folder)
        check_int8(checks, sys.argv[2], folder)
        check_faint(checks, sys.argv[2], folder)
        check_accuracy(checks, sys.argv[2], folder)
    checks.close()


if __name__ == "__main__":
    main()
