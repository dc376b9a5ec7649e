"""Printed text and small tools, letter by letter."""
from __future__ import annotations

import contextlib
import io
import re
from typing import Any

import numpy as np

from comparing import Case, drawn, labels, one_hot


def notebook(k: Any) -> Any:
    """The notebook's model under its names."""
    layers = k.layers
    return k.Sequential([
        k.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, (3, 3), activation="relu", padding="same", name="conv1"), layers.BatchNormalization(name="bn1"),
        layers.MaxPooling2D((2, 2), name="pool1"), layers.Dropout(0.25, name="dropout1"),
        layers.Conv2D(64, (3, 3), activation="relu", padding="same", name="conv2"), layers.BatchNormalization(name="bn2"),
        layers.MaxPooling2D((2, 2), name="pool2"), layers.Dropout(0.25, name="dropout2"),
        layers.Flatten(name="flatten"), layers.Dense(128, activation="relu", name="dense1"), layers.BatchNormalization(name="bn3"),
        layers.Dropout(0.5, name="dropout3"), layers.Dense(10, activation="softmax", name="output")], name="mnist")


def summary(compiled: bool) -> Any:
    def run(k: Any) -> Any:
        model = notebook(k)
        if compiled:
            model.compile(optimizer="adam", loss="categorical_crossentropy")
            model.train_on_batch(drawn(1, 2, 28, 28, 1), one_hot(labels(2, 2, 10), 10))
        lines: list[str] = []
        model.summary(print_fn=lambda text, *_, **__: lines.append(text), line_length=100)
        return "\n".join(lines)
    return run


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def bar(verbose: int) -> Any:
    """What fit prints on a terminal, but for times, colours and what is drawn over."""
    def run(k: Any) -> Any:
        model = k.Sequential([k.Input(shape=(4,)), k.layers.Dense(3, activation="softmax")])
        model.set_weights([np.zeros((4, 3), np.float32), np.zeros(3, np.float32)])
        model.compile(optimizer=k.optimizers.SGD(learning_rate=0.0), loss="categorical_crossentropy", metrics=["accuracy"])
        with contextlib.redirect_stdout(Screen()) as out:
            model.fit(drawn(3, 40, 4), one_hot(labels(4, 40, 3), 3), epochs=2, batch_size=10, shuffle=False, validation_split=0.25, verbose=verbose)
        text = re.sub(r"\x1b\[[\d;]*[mK]", "", out.getvalue())
        lines = [re.sub(r"\d+([mu]?s|:\d\d)(/step|/epoch)?", "T", re.split("[\r\b]+", line.rstrip("\r\b "))[-1]) for line in text.splitlines()]
        return [line for line in lines if re.match(r"Epoch|.*val_loss", line)]
    return run


CASES = [
    Case("summary", summary(False)), Case("summary after training", summary(True)),
    Case("fit, verbose=1", bar(1)), Case("fit, verbose=2", bar(2)),
    Case("to_categorical", lambda k: [k.utils.to_categorical([0, 3, 1]), k.utils.to_categorical(np.array([[1], [2]]), 4)]),
    Case("count_params", lambda k: notebook(k).count_params()),
    Case("names", lambda k: [[layer.name, list(layer.output.shape)] for layer in notebook(k).layers]),
    Case("names of weights", lambda k: [[layer.name, w.name] for layer in notebook(k).layers for w in layer.weights]),
]
