"""Models for other programs, in the words of Keras's `Model.export`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

from ._arguments import no_more, only, refuse

if TYPE_CHECKING:
    from . import _files
    from ._model import Model

_FORMATS = {"onnx": "onnx", "litert": "tflite", "tflite": "tflite", "c": "c", "npz": "npz"}
_NEAREST = {"tf_saved_model": "format='onnx', or 'litert' for TensorFlow Lite", "openvino": "format='onnx', which OpenVINO reads",
            "torch": "format='onnx'"}
_OPSET = 17


def write(model: Model, filepath: _files.Path, format: str, verbose: Optional[bool], input_signature: None,
          kwargs: dict[str, Any]) -> None:
    """What `Model.export` does."""
    path = os.fspath(filepath)
    if format in _NEAREST:
        refuse(f"Model.export: format='{format}' is not in libcnn; the nearest is {_NEAREST[format]}")
    if format not in _FORMATS:
        raise ValueError(f"Unrecognized format={format}. Supported formats are: {list(_FORMATS)}.")
    only("Model.export", "input_signature", input_signature, (None,), "the shape of the model's input counts; batch_size= "
                                                                      "fixes the samples of a call in ONNX")
    if format == "litert" and not path.endswith(".tflite"):
        raise ValueError(f"The LiteRT export requires the filepath to end with '.tflite'. Got: {path}")
    if format == "onnx":
        only("Model.export", "opset_version", kwargs.pop("opset_version", None), (None, _OPSET), f"it is {_OPSET}")
    if "optimizations" in kwargs:
        refuse("Model.export: optimizations are not in libcnn; int8=True writes large kernels as int8, which is the dynamic "
               "range quantization of Optimize.DEFAULT")
    core = model._core
    if core is None:
        raise ValueError(f"model '{model.name}' has no weights yet to be exported: its input shape is not known")
    options = {name: kwargs.pop(name) for name in ("nchw", "int8", "batch_size", "name") if name in kwargs}
    no_more("Model.export", kwargs)
    core.export(path, format=_FORMATS[format], **options)
    if verbose or verbose is None:
        print(f"Saved artifact at '{path}'.")
