"""Keras's words over libcnn: `from cnn import keras`, `import cnn.keras as tf`.

Names, arguments, defaults, shapes and printed text are those of Keras 3.15; what libcnn lacks raises an error that says
so and names the nearest thing, and no argument is taken and ignored.

Examples
--------
>>> from cnn import keras
>>> output = keras.layers.Dense(10, activation="softmax")
>>> model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), output])
>>> model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
>>> model.output_shape
(None, 10)
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .. import __version__
from . import _graph, _variable, activations, backend, initializers, layers, models, regularizers
from .layers import Input, InputLayer, Layer
from .models import Model, Sequential

keras = sys.modules[__name__]
KerasTensor = _graph.KerasTensor
Variable = _variable.Variable
Initializer = initializers.Initializer
Regularizer = regularizers.Regularizer
saving = models

_SUBMODULES = ("callbacks", "config", "datasets", "losses", "metrics", "optimizers", "preprocessing", "random", "utils")
_CLASSES = {"Loss": "losses", "Metric": "metrics", "Optimizer": "optimizers"}
_MISSING = {
    "constraints": "a callback that sets weights at the end of a batch",
    "device": "none: all is done on the CPU",
    "Function": "Model(inputs, outputs)",
    "Operation": "a layer",
    "quantizers": "none: all is float32",
    "Quantizer": "none: all is float32",
    "DTypePolicy": "none: all is float32",
    "FloatDTypePolicy": "none: all is float32",
    "dtype_policies": "none: all is float32",
    "InputSpec": "Input",
    "RematScope": "none: a step's memory is planned when the model is compiled",
    "StatelessScope": "none: nothing is traced",
    "SymbolicScope": "none: nothing is traced",
    "distillation": "fit with the rows that another model's predict gives as targets",
    "legacy": "the names of Keras 3",
    "name_scope": "the layers' own names",
    "tree": "lists and dicts",
    "visualization": "cnn.plot",
    "wrappers": "the model's own fit and predict, for what scikit-learn does around them",
    "remat": "none: a step's memory is planned when the model is compiled",
    "applications": "none: there are no weights of others; models.load_model loads one's own",
    "mixed_precision": "none: all is float32",
    "distribution": "the context's threads: the same bits for any number of them",
    "export": "model.export",
    "ops": "NumPy",
    "data": "keras.preprocessing.image.ImageDataGenerator, arrays, generators",
    "function": "none: nothing is traced",
    "GradientTape": "cnn.Model.input_gradient; model.train_on_batch",
}

__all__ = ["Input", "InputLayer", "KerasTensor", "Layer", "Model", "Sequential", "__version__", "activations",
           "backend", "initializers", "keras",
           "layers", "models", "regularizers", "version", *_SUBMODULES]


def version() -> str:
    """libcnn's version."""
    return __version__


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _CLASSES:
        return getattr(importlib.import_module(f".{_CLASSES[name]}", __name__), name)
    if name in _MISSING:
        from ._arguments import refuse

        refuse(f"keras.{name} is not in libcnn; the nearest is {_MISSING[name]}")
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *_CLASSES})
