#!/usr/bin/python3
"""Every model that models writes is accepted by ONNX's own checker, and what it infers of shapes is what libcnn says; what stands in the files; and
OpenCV's dnn gives libcnn's outputs, NumPy where OpenCV 4.6 takes no such shape.

Usage: onnx_check.py MODELS"""
import collections
import os
import sys

sys.path.insert(0, os.path.join(os.environ["SOURCE_ROOT"], "tests", "programs"))

import cv2
import onnx
import onnx_files
import onnx_numpy
from support import Checks, scratch

SAMPLES = 3
TRANSPOSED = {"notebook": 2, "resnet": 1, "mobilenet": 1}  # nodes that turn a value, with NHWC
NOTEBOOK = ["Conv", "Relu", "BatchNormalization", "MaxPool", "Conv", "Relu", "BatchNormalization", "MaxPool", "Flatten", "Gemm", "Relu",
            "Gemm", "Softmax"]
# Turned although images come with their channels first: a flattened one that is an output, or meets rows of another order.
TURNED = {"flat_out", "flat_mixed", "pools", "pools_valid"}
BEYOND_OPENCV = {"dense_rows", "dense_volume", "normal_sequence"}  # rows of rows


def check_file(checks, made):
    what = f"{made.name} ({made.words}) {made.layout}"
    model, graph = made.model, made.model.graph
    try:
        onnx.checker.check_model(model, full_check=True)
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        checks.equal(onnx_files.extents(inferred.graph.output[0]), onnx_files.extents(graph.output[0]), f"{what}: inferred shape of the output")
        checks.that(all(onnx_files.extents(value)[0] == "N" for value in [*graph.input, *graph.output]), f"{what}: any number of samples")
    except Exception as error:
        checks.that(False, f"{what}: is accepted", str(error))
    checks.equal([(o.domain, o.version) for o in model.opset_import], [("", 17)], f"{what}: operators")
    checks.equal((model.producer_name, model.producer_version, model.ir_version), ("libcnn", "0.1.0", 8), f"{what}: producer")
    checks.equal({p.key: p.value for p in model.metadata_props}["libcnn_layout"], made.layout, f"{what}: layout")
    kinds = collections.Counter(node.op_type for node in graph.node)
    if made.layout == "NCHW" and made.name not in TURNED:
        checks.equal(kinds["Transpose"], 0, f"{what}: no transposes")
    if made.layout == "NHWC" and made.name in TRANSPOSED:
        checks.equal(kinds["Transpose"], TRANSPOSED[made.name], f"{what}: one transpose at each border")
    checks.equal(kinds["Identity"], int(made.name == "input_alone"), f"{what}: no node that does nothing")
    used = {name for node in graph.node for name in node.input}
    checks.equal({value.name for value in graph.initializer} - used, set(), f"{what}: no weight that nobody reads")


def check_notebook(checks, made):
    """Names and structure of the model that the project began with."""
    graph = made.model.graph
    kinds = [node.op_type for node in graph.node]
    checks.equal([kind for kind in kinds if kind != "Transpose"], NOTEBOOK, f"{made.layout}: nodes of the notebook's model")
    weights = {value.name: list(value.dims) for value in graph.initializer}
    checks.equal(weights["conv2/kernel"], [64, 32, 3, 3], "a kernel in ONNX's order")
    checks.equal(weights["bn1/moving_variance"], [32], "a moving statistic")
    checks.equal(weights["dense1/kernel"], [128, 3136], "a dense kernel")
    checks.equal(len(weights), 16, "weights under their own names")
    checks.that({"conv1", "bn1", "pool1", "dense1"} <= {node.name for node in graph.node}, "nodes have the layers' names")


def opencv(made):
    """Its outputs in the file's shape; or why it does not take the file."""
    try:
        net = cv2.dnn.readNetFromONNX(str(made.path))
        net.setInput(made.x)
        seen = net.forward()
        return (seen.reshape(made.y.shape) if seen.size == made.y.size else seen), ""
    except cv2.error as error:
        return None, str(error)


def main():
    checks = Checks()
    written, run = set(), set()
    with scratch() as folder:
        for made in onnx_files.made(sys.argv[1], folder, SAMPLES):
            what = f"{made.name} ({made.words}) {made.layout}"
            check_file(checks, made)
            if made.name == "notebook":
                check_notebook(checks, made)
            written |= {node.op_type for node in made.model.graph.node}
            if made.name in BEYOND_OPENCV:
                checks.equal(onnx_files.wrong(onnx_numpy.run(made.model, made.x), made.y), "", f"{what}: in NumPy as in libcnn")
                continue
            seen, why = opencv(made)
            checks.that(seen is not None, f"{what}: OpenCV takes it", why)
            checks.equal(why or onnx_files.wrong(seen, made.y), "", f"{what}: in OpenCV as in libcnn")
            run |= {node.op_type for node in made.model.graph.node}
    checks.equal(run, written, "OpenCV has run every operator that is written")
    checks.that(len(written) >= 23, "every operator that stands for a layer is written", written)
    checks.close()


if __name__ == "__main__":
    main()
