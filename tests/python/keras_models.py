"""Models that several tests of Keras's words use."""
from __future__ import annotations

from typing import Any

from cnn import keras
from cnn.keras import layers


def notebook(dropout: bool = True) -> Any:
    """The MNIST notebook's network."""
    rates = (0.25, 0.25, 0.5) if dropout else (0.0, 0.0, 0.0)
    return keras.Sequential([
        layers.Conv2D(32, (3, 3), activation="relu", input_shape=(28, 28, 1), padding="same", name="conv1"),
        layers.BatchNormalization(name="bn1"),
        layers.MaxPooling2D((2, 2), name="pool1"),
        layers.Dropout(rates[0], name="dropout1"),
        layers.Conv2D(64, (3, 3), activation="relu", padding="same", name="conv2"),
        layers.BatchNormalization(name="bn2"),
        layers.MaxPooling2D((2, 2), name="pool2"),
        layers.Dropout(rates[1], name="dropout2"),
        layers.Flatten(name="flatten"),
        layers.Dense(128, activation="relu", name="dense1"),
        layers.Dropout(rates[2], name="dropout3"),
        layers.Dense(10, activation="softmax", name="output"),
    ])


def residual() -> Any:
    """A small network with a branch."""
    x = keras.Input((9, 8, 6), name="image")
    y = layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv_a")(x)
    y = layers.BatchNormalization(name="bn_a")(y)
    y = layers.ReLU(name="relu_a")(y)
    y = layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv_b")(y)
    y = layers.BatchNormalization(name="bn_b")(y)
    y = layers.Add(name="add")([y, x])
    y = layers.ReLU(name="relu_b")(y)
    y = layers.GlobalAveragePooling2D(name="pool")(y)
    return keras.Model(x, layers.Dense(5, name="dense")(y), name="residual")
