"""Files that one of the two writes, read by both: what is predicted, how it was compiled, and what a step of training on makes of it. And event files of
TensorBoard's callback: tags, steps, values, the graph of the model."""
from __future__ import annotations

import json
import os
import pathlib
import tempfile
from typing import Any, Callable

import numpy as np

from comparing import Case, drawn, fill, labels, one_hot

X, Y = drawn(11, 24, 8, 8, 2), one_hot(labels(12, 24, 3), 3)
FOLDER = tempfile.TemporaryDirectory(prefix="cnn-files-")


def row(k: Any) -> Any:
    """The layers of the notebook, without dropout, which draws."""
    made = k.layers
    return k.Sequential([k.Input((8, 8, 2)), made.Conv2D(4, 3, activation="relu", padding="same", name="conv1"), made.BatchNormalization(name="bn1"),
                         made.MaxPooling2D((2, 2)), made.Flatten(), made.Dense(6, activation="relu", kernel_regularizer="l2"),
                         made.Dense(3, activation="softmax", name="output")], name="row")


def branches(k: Any) -> Any:
    made = k.layers
    x = k.Input((8, 8, 2), name="image")
    y = made.Conv2D(2, 3, padding="same", use_bias=False, name="conv_a")(x)
    y = made.Activation("leaky_relu", name="activation_a")(made.BatchNormalization(name="bn_a", momentum=0.75)(y))
    y = made.GlobalAveragePooling2D(name="pool")(made.Add(name="sum")([y, x]))
    return k.Model(x, made.Dense(3, activation="softmax", name="output")(y), name="branches")


# Keras itself reads its own .h5 files of the loss "mse" not at all, and the metric "mae" under another name.
COMPILED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "Adam": lambda k: {"optimizer": k.optimizers.Adam(0.01), "loss": "categorical_crossentropy", "metrics": ["accuracy"]},
    "AdamW, weighted": lambda k: {"optimizer": k.optimizers.AdamW(0.01, weight_decay=0.01, clipnorm=1.0),
                                  "loss": k.losses.CategoricalCrossentropy(label_smoothing=0.1), "weighted_metrics": ["accuracy", k.metrics.MeanAbsoluteError(name="away")]},
    "SGD, momentum": lambda k: {"optimizer": k.optimizers.SGD(0.05, momentum=0.9, nesterov=True), "loss": k.losses.MeanSquaredError(),
                                "metrics": [k.metrics.MeanAbsoluteError(name="away")]},
    "RMSprop, schedule": lambda k: {"optimizer": k.optimizers.RMSprop(k.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5)),
                                    "loss": k.losses.Huber(delta=0.5), "metrics": [k.metrics.TopKCategoricalAccuracy(k=2, name="top2")]},
}
MODELS: dict[str, Callable[[Any], Any]] = {"row": row, "branches": branches}
PAIRS = [("row", "Adam"), ("branches", "AdamW, weighted"), ("branches", "SGD, momentum"), ("row", "RMSprop, schedule")]


def trained(k: Any, model: str, compiled: str) -> Any:
    made = fill(MODELS[model](k), 4)
    made.compile(**COMPILED[compiled](k))
    made.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return made


def of_model(k: Any, model: Any, state: bool) -> dict[str, Any]:
    """What a loaded model says, predicts and becomes. Keras itself does not take the optimizer's state from a .h5 file of a row."""
    optimizer = model.optimizer
    seen = {"predict": model.predict(X, verbose=0), "evaluate": model.evaluate(X, Y, verbose=0, return_dict=True),
            "layers": [[layer.name, type(layer).__name__] for layer in model.layers], "optimizer": type(optimizer).__name__, "class": type(model).__name__}
    if state:
        seen["iterations"] = int(optimizer.iterations)
        model.fit(X, Y, batch_size=12, epochs=2, shuffle=False, verbose=0)
        seen["trained on"] = model.get_weights()
    return seen


def written(writer: Callable[[], Any], model: str, compiled: str, ending: str) -> Callable[[Any], Any]:
    """A file made once by the writer, read by the other one and by itself."""
    def run(k: Any) -> Any:
        path = os.path.join(FOLDER.name, f"{writer().__name__} {model} {compiled}{ending}")
        if not os.path.exists(path):
            writer().backend.clear_session()
            trained(writer(), model, compiled).save(path)
        k.backend.clear_session()
        return of_model(k, k.models.load_model(path), ending == ".keras")
    return run


def weights(writer: Callable[[], Any], model: str) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        path = os.path.join(FOLDER.name, f"{writer().__name__} {model}.weights.h5")
        if not os.path.exists(path):
            trained(writer(), model, "Adam").save_weights(path)
        other = MODELS[model](k)
        other.load_weights(path)
        return other.predict(X, verbose=0)
    return run


def best(writer: Callable[[], Any], ending: str) -> Callable[[Any], Any]:
    """What ModelCheckpoint left behind."""
    def run(k: Any) -> Any:
        path = os.path.join(FOLDER.name, f"{writer().__name__} best{ending}")
        if not os.path.exists(path):
            made = fill(row(writer()), 4)
            made.compile(**COMPILED["Adam"](writer()))
            made.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y),
                     callbacks=[writer().callbacks.ModelCheckpoint(filepath=path, monitor="val_accuracy", save_best_only=True)])
        return k.models.load_model(path, compile=False).predict(X, verbose=0)
    return run


# ---- event files ----

def graph_of(text: Any) -> list[list[Any]]:
    from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def
    return sorted([node.name, node.attr["keras_class"].s.decode(), list(node.input)] for node in keras_model_to_graph_def(json.loads(text.item())).node)


def events(model: str, only: str = "", **options: Any) -> Callable[[Any], Any]:
    """Of tags that begin so. With a count as update_freq Keras leaves out figures of epochs whose last batch is no multiple of it."""
    def run(k: Any) -> Any:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.util import tensor_util
        k.backend.clear_session()
        made = fill(MODELS[model](k), 4)
        made.compile(**COMPILED["SGD, momentum"](k))
        seen: dict[str, Any] = {}
        with tempfile.TemporaryDirectory() as folder:
            made.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y), validation_batch_size=12,
                     callbacks=[k.callbacks.TensorBoard(pathlib.Path(folder) / "logs", **options)])
            for name in os.listdir(os.path.join(folder, "logs")):
                reader = EventAccumulator(os.path.join(folder, "logs", name), size_guidance={"tensors": 0})
                reader.Reload()
                for tag in sorted(tag for tag in reader.Tags()["tensors"] if tag.startswith(only)):
                    found = [(event.step, tensor_util.make_ndarray(event.tensor_proto)) for event in reader.Tensors(tag)]
                    seen[f"{name}: {tag}"] = [graph_of(value) if tag == "keras" else [step, *figures(tag, value)] for step, value in found]
        return seen
    return run


def figures(tag: str, value: Any) -> list[Any]:
    """Numbers that two trainings have alike: of a histogram where it begins and ends and how many there are; of a picture its size."""
    if tag.endswith("/histogram"):
        return [float(value[0, 0]), float(value[-1, 1]), float(value[:, 2].sum())]
    if tag.endswith("/image"):
        return [int(value[0]), int(value[1]), len(value)]
    return [] if tag.endswith("per_second") else [float(value)]


def cases(theirs: Any, ours: Any) -> list[Case]:
    writers = {"Keras": lambda: theirs, "cnn.keras": lambda: ours}
    return [*(Case(f"{writer} writes {model}, {compiled}{ending}", written(made, model, compiled, ending), 1e-5) for writer, made in writers.items()
              for model, compiled in PAIRS for ending in (".keras", ".h5")),
            *(Case(f"{writer} writes the weights of {model}", weights(made, model), 1e-5) for writer, made in writers.items() for model in MODELS),
            *(Case(f"{writer}'s ModelCheckpoint writes {ending}", best(made, ending), 1e-5) for writer, made in writers.items()
              for ending in (".keras", ".h5"))]


BOARD = [Case("epochs", events("row"), 1e-5), Case("every batch", events("branches", update_freq="batch", write_steps_per_second=True), 1e-5),
         Case("every second batch", events("row", "batch", update_freq=2), 1e-5),
         Case("histograms, pictures", events("row", histogram_freq=2, write_images=True), 1e-5),
         Case("histograms of branches, no graph", events("branches", histogram_freq=1, write_graph=False), 1e-5)]
