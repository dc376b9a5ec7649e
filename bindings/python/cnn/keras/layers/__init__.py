"""Layers, with Keras's names, arguments and defaults.

Examples
--------
>>> from cnn.keras import layers
>>> layers.Conv2D(32, (3, 3), activation="relu", padding="same", name="conv1")
<Conv2D name=conv1, built=False>
"""

from __future__ import annotations

from typing import Any

from .._arguments import refuse
from ._missing import NEAREST
from .activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from .base import Layer
from .convolution import Conv2D, Convolution2D
from .core import Dense, Flatten, Input, InputLayer
from .merging import Add, add
from .normalization import BatchNormalization
from .pooling import (
    AveragePooling2D, AvgPool2D, GlobalAveragePooling2D, GlobalAvgPool2D, GlobalMaxPool2D, GlobalMaxPooling2D,
    MaxPool2D, MaxPooling2D)
from .regularization import Dropout

__all__ = [
    "Activation", "Add", "AveragePooling2D", "AvgPool2D", "BatchNormalization", "Conv2D", "Convolution2D", "Dense",
    "Dropout", "ELU", "Flatten",
    "GlobalAveragePooling2D", "GlobalAvgPool2D", "GlobalMaxPool2D", "GlobalMaxPooling2D", "Input", "InputLayer",
    "Layer", "LeakyReLU",
    "MaxPool2D", "MaxPooling2D", "ReLU", "Softmax", "add",
]


def __getattr__(name: str) -> Any:
    if name in NEAREST:
        refuse(f"layers.{name} is not in libcnn; the nearest is {NEAREST[name]}")
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def serialize(layer: Layer) -> dict[str, Any]:
    """Class and arguments of a layer, as `deserialize` takes them."""
    word = next(kind.__name__ for kind in type(layer).__mro__ if kind.__name__ in __all__)
    return {"class_name": word, "config": layer.get_config()}


def deserialize(config: dict[str, Any], custom_objects: None = None) -> Layer:
    """A layer with new weights from what `serialize` gave."""
    name = config["class_name"]
    if name not in __all__:
        refuse(f"a layer of class '{name}' is not in libcnn" + (f"; the nearest is {NEAREST[name]}" if name in NEAREST
                                                                else ""))
    made: Layer = globals()[name].from_config(config["config"])
    return made


from_config = deserialize
