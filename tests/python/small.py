"""Small models and data for the tests of the classes."""
from __future__ import annotations

from typing import Any

import numpy as np

import cnn


def images(samples: int = 48, classes: int = 3) -> tuple[Any, Any]:
    """Images [N, 8, 8, 1] with labels that can be learnt: where the bright square is."""
    random = np.random.default_rng(5)
    x = random.random((samples, 8, 8, 1), np.float32) * np.float32(0.3)
    y = np.arange(samples) % classes
    for number, label in enumerate(y):
        x[number, 2 * label:2 * label + 3, 2:5] += 0.6
    return x, y


def model(context: cnn.Context | None = None, classes: int = 3, compiled: bool = True, **compile: Any) -> cnn.Model:
    """Convolution, batch normalisation, dropout, dense."""
    made = cnn.Model(context=context)
    made.add("input", shape=(8, 8, 1))
    made.add("conv2d", filters=4, kernel_size=3, activation="relu", name="conv1")
    made.add("batch_normalization", name="bn1")
    made.add("dropout", rate=0.25)
    made.add("flatten")
    made.add("dense", units=classes, activation="softmax", name="output")
    if compiled:
        chosen: dict[str, Any] = {"optimizer": "adam", "loss": "categorical_crossentropy", "metrics": ["accuracy"], **compile}
        made.compile(**chosen)
    return made
