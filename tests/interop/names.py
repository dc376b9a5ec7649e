"""Every public name of Keras: it is here too, or says that it is not and names the nearest thing."""
from __future__ import annotations

import inspect
import tempfile
from typing import Any, Callable

import keras as theirs
import numpy as np
import tensorflow

from comparing import Case

MODULES = ("", "activations", "backend", "callbacks", "config", "datasets", "datasets.mnist", "initializers", "layers", "losses", "metrics",
           "models", "optimizers", "optimizers.schedules", "preprocessing", "preprocessing.image", "random", "regularizers", "saving", "utils")
NOT_OF_USERS = {"src"}
INSTEAD = "is not in libcnn"
Make = Callable[[Any], Any]


def public(thing: Any) -> list[str]:
    names = []
    for name in dir(thing):
        try:
            if not name.startswith("_") and name not in NOT_OF_USERS and hasattr(thing, name):
                names.append(name)
        except Exception:  # a property that has no value yet
            pass
    return names


def silent(thing: Any, names: list[str]) -> list[str]:
    """Those that are neither there nor told of."""
    found = []
    for name in names:
        try:
            getattr(thing, name)
        except AttributeError as error:
            if INSTEAD not in str(error):
                found.append(name)
        except NotImplementedError:
            pass
    return found


def is_keras(k: Any) -> bool:
    return not k.__name__.startswith("cnn")


def within(k: Any, path: str) -> Any:
    for name in filter(None, path.split(".")):
        k = getattr(k, name)
    return k


def of_module(path: str) -> Make:
    def run(k: Any) -> Any:
        originals = [tensorflow.keras, theirs] if path != "saving" else [theirs]  # tf.keras has no such module
        names = sorted({name for original in originals for name in public(within(original, path))})
        return [] if is_keras(k) else silent(within(k, path), names)
    return run


def of_object(make: Make) -> Make:
    def run(k: Any) -> Any:
        names = public(make(tensorflow.keras))
        return [] if is_keras(k) else silent(make(k), names)
    return run


def branched(k: Any) -> Any:
    x = k.Input((4,))
    return k.Model(x, k.layers.Dense(2)(x))


def trained(k: Any) -> Any:
    model = k.Sequential([k.Input((4,)), k.layers.Dense(2, activation="softmax")])
    model.compile("adam", "mse", metrics=["accuracy"])
    model.fit(np.zeros((4, 4)), np.zeros((4, 2)), verbose=0)
    return model


def in_a_model(*layers: str) -> list[Make]:
    """Layers of a model that has its weights."""
    def made(k: Any) -> Any:
        of = k.layers
        return k.Sequential([k.Input((8, 8, 1)), of.Conv2D(4, 3), of.BatchNormalization(), of.Flatten(), of.Dropout(0.5), of.Dense(2)])
    return [lambda k, name=name: next(layer for layer in made(k).layers if type(layer).__name__ == name) for name in layers]


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "Dense": (3,), "Conv2D": (2, 3), "Dropout": (0.5,), "InputLayer": ((3,),), "Activation": ("relu",), "AveragePooling2D": (2,), "AvgPool2D": (2,),
    "Convolution2D": (2, 3),
    "LearningRateScheduler": (lambda epoch: 0.1,), "CSVLogger": ("log.csv",), "ModelCheckpoint": ("model.keras",), "BackupAndRestore": (tempfile.gettempdir(),),
    "CosineDecay": (0.1, 10), "CosineDecayRestarts": (0.1, 10), "ExponentialDecay": (0.1, 10, 0.9), "InverseTimeDecay": (0.1, 10, 0.9),
    "PolynomialDecay": (0.1, 10), "PiecewiseConstantDecay": ([1, 2], [0.1, 0.2, 0.3]),
}
BASES = {"Initializer", "Layer", "LearningRateSchedule", "Loss", "Metric", "Optimizer", "Regularizer"}


def classes(path: str) -> list[tuple[str, Make]]:
    """The classes of one of Keras's modules that this package has too, each made with the arguments that it needs."""
    import cnn.keras

    ours = within(cnn.keras, path)
    names = [name for name in public(within(theirs, path)) if name not in BASES and inspect.isclass(getattr(within(theirs, path), name))
             and not silent(ours, [name]) and inspect.isclass(taken(ours, name))]
    return [(f"{path}.{name}", lambda k, name=name: getattr(within(k, path), name)(*ARGUMENTS.get(name, ()))) for name in names]


def taken(module: Any, name: str) -> Any:
    try:
        return getattr(module, name)
    except NotImplementedError:
        return None


def flow(k: Any) -> Any:
    return k.preprocessing.image.ImageDataGenerator().flow(np.zeros((8, 4, 4, 1), np.float32), np.zeros(8), batch_size=4)


def cases() -> list[Case]:
    built = in_a_model("Conv2D", "BatchNormalization", "Flatten", "Dropout", "Dense")
    objects: list[tuple[str, Make]] = [
        ("a Sequential", trained), ("a Sequential without shapes", lambda k: k.Sequential([k.layers.Dense(2)])), ("a Functional", branched),
        ("its History", lambda k: trained(k).history), ("its optimizer", lambda k: trained(k).optimizer), ("a tensor", lambda k: k.Input((4,))),
        ("a weight", lambda k: trained(k).weights[0]), ("ImageDataGenerator", lambda k: k.preprocessing.image.ImageDataGenerator()),
        ("flow", flow), *[(f"built layer {number}", make) for number, make in enumerate(built)],
    ]
    for path in ("layers", "optimizers", "optimizers.schedules", "losses", "metrics", "callbacks", "initializers", "regularizers"):
        objects += classes(path)
    return [*[Case(f"names of {path or 'keras'}", of_module(path)) for path in MODULES],
            *[Case(f"names of {what}", of_object(make)) for what, make in objects]]
