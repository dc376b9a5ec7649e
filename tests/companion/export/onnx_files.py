"""What models writes, as scripts read it."""
import collections
import pathlib
import subprocess

import numpy as np
import onnx

Made = collections.namedtuple("Made", "name words layout model path x y")  # x and y as the file's input and output lie
WITHIN = 1e-5


def made(program, folder, samples):
    """Every model in both layouts, with inputs and libcnn's outputs."""
    subprocess.run([program, str(folder), str(samples)], check=True)
    for line in (pathlib.Path(folder) / "models.txt").read_text(encoding="utf-8").splitlines():
        name, words = line.split(" ", 1)
        numbers = np.fromfile(pathlib.Path(folder) / f"{name}.bin", np.float32)
        for layout, ending in (("NHWC", ".onnx"), ("NCHW", ".nchw.onnx")):
            path = pathlib.Path(folder) / f"{name}{ending}"
            model = onnx.load(str(path))
            x, y = arrays(model.graph, numbers, samples, layout)
            yield Made(name, words, layout, model, path, x, y)


def extents(value):
    return [extent.dim_param or extent.dim_value for extent in value.type.tensor_type.shape.dim]


def arrays(graph, numbers, samples, layout):
    shapes = [extents(value)[1:] for value in (graph.input[0], graph.output[0])]
    count = samples * int(np.prod(shapes[0]))
    for shape, part in zip(shapes, (numbers[:count], numbers[count:])):
        if layout == "NCHW" and len(shape) == 3:
            yield part.reshape(samples, shape[1], shape[2], shape[0]).transpose(0, 3, 1, 2).copy()
        else:
            yield part.reshape(samples, *shape)


def apart(seen, wanted):
    """The largest difference, of values beyond 1 relative to the largest."""
    return float(np.abs(seen - wanted).max() / max(1.0, np.abs(wanted).max()))


def wrong(seen, wanted):
    """What is not equal as far as the project asks for it: values within 1e-5 of the largest beyond 1, and the same class."""
    if seen.shape != wanted.shape:
        return f"shape {seen.shape}, libcnn's {wanted.shape}"
    if not apart(seen, wanted) <= WITHIN:
        return f"{apart(seen, wanted):.3g} apart"
    if wanted.ndim == 2 and wanted.shape[1] > 1:
        best = np.sort(wanted, axis=1)
        sure = best[:, -1] - best[:, -2] > WITHIN
        if (seen.argmax(1) != wanted.argmax(1))[sure].any():
            return "another class"
    return ""
