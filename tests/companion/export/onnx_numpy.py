"""A few operators of ONNX in NumPy, after the specification's words: for the shapes that OpenCV 4.6 does not take."""
import math

import numpy as np
import onnx.numpy_helper


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


OPERATORS = {
    "Add": lambda a, b: a + b,
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
    "Erf": np.vectorize(math.erf),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "MatMul": np.matmul,
    "Gemm": lambda a, b, c=0.0, transB=0: a @ (b.T if transB else b) + c,
    "Flatten": lambda x, axis: x.reshape(int(np.prod(x.shape[:axis])), -1),
    "Softmax": softmax,
}


def run(model, x):
    values = {value.name: onnx.numpy_helper.to_array(value).astype(np.float64) for value in model.graph.initializer}
    values[model.graph.input[0].name] = x.astype(np.float64)
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        values[node.output[0]] = OPERATORS[node.op_type](*(values[name] for name in node.input), **attributes)
    return values[model.graph.output[0].name]
