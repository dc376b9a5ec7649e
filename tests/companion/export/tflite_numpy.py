"""A graph of TensorFlow Lite, read by flatc and our own schema, computed by NumPy in float64: what the runtime would do, by the meaning of each
operator. Kernels of int8 meet inputs that are rounded to int8 sample by sample, as the runtime's "dynamic range" kernels do."""
import json
import math
import pathlib
import subprocess

import numpy as np

TYPES = {"FLOAT32": "<f4", "INT32": "<i4", "INT8": "i1"}


def read(flatc, schema, path):
    """The file as flatc's JSON."""
    subprocess.run([flatc, "--json", "--strict-json", "--defaults-json", "-o", str(path.parent), str(schema), "--", str(path)], check=True)
    made = path.with_suffix(".json")
    text = made.read_text(encoding="utf-8")
    made.unlink()
    return json.loads(text)


class Graph:
    def __init__(self, model):
        self.model, self.graph = model, model["subgraphs"][0]
        self.codes = [code["code"] for code in model["operator_codes"]]
        self.tensors = self.graph["tensors"]

    def operators(self):
        return [self.codes[o["opcode_index"]] for o in self.graph["operators"]]

    def constant(self, index):
        """A constant as it is stored, and as numbers; None of what is worked out."""
        tensor = self.tensors[index]
        data = self.model["buffers"][tensor["buffer"]].get("data")
        if not tensor["buffer"] or data is None:
            return None
        stored = np.array(data, np.uint8).view(TYPES[tensor["type"]]).reshape(tensor["shape"])
        if tensor["type"] != "INT8":
            return stored
        q = tensor["quantization"]
        shape = [1] * stored.ndim
        shape[q["quantized_dimension"]] = -1
        return stored.astype(np.float64) * np.array(q["scale"], np.float32).astype(np.float64).reshape(shape)

    def run(self, x):
        values = {i: self.constant(i) for i in range(len(self.tensors))}
        values[self.graph["inputs"][0]] = x.astype(np.float64)
        for o in self.graph["operators"]:
            code = self.codes[o["opcode_index"]]
            given = [values[i] for i in o["inputs"]]
            if len(o["inputs"]) > 1 and self.tensors[o["inputs"][1]]["type"] == "INT8":
                given[0] = rounded(given[0])
            y = OPERATORS[code](o.get("options") or {}, *given)
            if (o.get("options") or {}).get("activation") == "RELU":
                y = np.maximum(y, 0)
            values[o["outputs"][0]] = y
            wanted = self.tensors[o["outputs"][0]]
            if [-1, *y.shape[1:]] != wanted["shape_signature"] or [1, *y.shape[1:]] != wanted["shape"]:
                raise ValueError(f"{code} {wanted['name']}: shape {wanted['shape_signature']}, computed {y.shape}")
        return values[self.graph["outputs"][0]]


def rounded(x):
    """Each sample to one of 256 steps between its least and its largest number, 0 among them."""
    rows = x.reshape(len(x), -1)
    low, high = np.minimum(rows.min(1), 0)[:, None], np.maximum(rows.max(1), 0)[:, None]
    step = np.maximum((high - low) / 255, 1e-30)
    zero = np.clip(np.round(-128 - low / step), -128, 127)
    return ((np.clip(np.round(rows / step) + zero, -128, 127) - zero) * step).reshape(x.shape)


def windows(options, x, kh, kw, fill):
    """[N, OH, OW, kh, kw, C]; outside `fill`."""
    sizes = []
    for axis, (kernel, way) in enumerate(((kh, "h"), (kw, "w"))):
        stride, dilation = options[f"stride_{way}"], options.get(f"dilation_{way}", 1)
        reach, extent = (kernel - 1) * dilation + 1, x.shape[axis + 1]
        same = options["padding"] == "SAME"
        out = math.ceil(extent / stride) if same else (extent - reach) // stride + 1
        more = max((out - 1) * stride + reach - extent, 0) if same else 0
        sizes.append((out, stride, dilation, more // 2, more - more // 2))
    (oh, sh, dh, top, bottom), (ow, sw, dw, left, right) = sizes
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    taps = [[padded[:, i * dh:i * dh + (oh - 1) * sh + 1:sh, j * dw:j * dw + (ow - 1) * sw + 1:sw] for j in range(kw)] for i in range(kh)]
    return np.stack([np.stack(row, 3) for row in taps], 3)


def conv_2d(options, x, kernel, bias):
    filters, kh, kw, channels = kernel.shape
    groups = x.shape[3] // channels
    taps, each = windows(options, x, kh, kw, 0), filters // groups
    parts = [np.einsum("nhwijc,fijc->nhwf", taps[..., g * channels:(g + 1) * channels], kernel[g * each:(g + 1) * each], optimize=True)
             for g in range(groups)]
    return np.concatenate(parts, 3) + bias


def depthwise_conv_2d(options, x, kernel, bias):
    taps = np.repeat(windows(options, x, *kernel.shape[1:3], 0), options["multiplier"], axis=5)
    return (taps * kernel[0]).sum((3, 4)) + bias


def fully_connected(options, x, kernel, bias):
    rows = x if options["keep_num_dims"] else x.reshape(-1, kernel.shape[1])
    return rows @ kernel.T + bias


def average_pool_2d(options, x):
    return np.nanmean(windows(options, x, options["filter_h"], options["filter_w"], np.nan), (3, 4))


def softmax(options, x):
    e = np.exp(options["beta"] * (x - x.max(-1, keepdims=True)))
    return e / e.sum(-1, keepdims=True)


def gelu(options, x):
    if options["approximate"]:
        return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))
    return x / 2 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


OPERATORS = {
    "ADD": lambda o, x, y: x + y, "MUL": lambda o, x, y: x * y, "NEG": lambda o, x: -x, "ABS": lambda o, x: np.abs(x),
    "EXP": lambda o, x: np.exp(x), "LOG": lambda o, x: np.log(x), "RELU": lambda o, x: np.maximum(x, 0),
    "TANH": lambda o, x: np.tanh(x), "LOGISTIC": lambda o, x: 1 / (1 + np.exp(-x)), "ELU": lambda o, x: np.where(x > 0, x, np.expm1(x)),
    "LEAKY_RELU": lambda o, x: np.where(x > 0, x, x * np.float32(o["alpha"])), "GELU": gelu, "SOFTMAX": softmax,
    "CONV_2D": conv_2d, "DEPTHWISE_CONV_2D": depthwise_conv_2d, "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": lambda o, x: windows(o, x, o["filter_h"], o["filter_w"], -np.inf).max((3, 4)), "AVERAGE_POOL_2D": average_pool_2d,
    "MEAN": lambda o, x, axes: x.mean(tuple(axes), keepdims=o["keep_dims"]),
    "REDUCE_MAX": lambda o, x, axes: x.max(tuple(axes), keepdims=o["keep_dims"]), "RESHAPE": lambda o, x, shape: x.reshape(shape)}
