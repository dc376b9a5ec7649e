"""Every method and property of every closed object: an exception, never a crash; and closing in every order."""
from __future__ import annotations

import inspect
from typing import Any, Callable

import numpy as np
import pytest

import cnn
import small
from cnn import _companions
from cnn._calls import held_count
from cnn._handle import Handle

X, Y = small.images(12)


def _board(context: cnn.Context) -> Handle:
    if _companions.library("export") is None:
        pytest.skip("libcnn-export was not built")
    return cnn.TensorBoard("nothing", context=context)


MAKERS: dict[str, Callable[[cnn.Context], Handle]] = {
    "Context": lambda context: cnn.Context(threads=1),
    "Tensor": lambda context: cnn.Tensor(X, context),
    "Model": lambda context: small.model(context),
    "Layer": lambda context: small.model(context).layer("conv1"),
    "Dataset": lambda context: cnn.Dataset(X, Y, context=context),
    "Augmenter": lambda context: cnn.Augmenter(rotation_range=10, context=context),
    "Optimizer": lambda context: cnn.Optimizer("adam", context),
    "Loss": lambda context: cnn.Loss("mean_squared_error", context),
    "Metric": lambda context: cnn.Metric("accuracy", context),
    "Schedule": lambda context: cnn.Schedule("exponential_decay", context, initial_learning_rate=0.1, decay_steps=10,
                                             decay_rate=0.5),
    "EarlyStopping": lambda context: cnn.EarlyStopping(context=context),
    "ReduceLROnPlateau": lambda context: cnn.ReduceLROnPlateau(context=context),
    "ModelCheckpoint": lambda context: cnn.ModelCheckpoint("nothing", context=context),
    "Checkpoint": lambda context: cnn.Checkpoint("nothing", context=context),
    "CSVLogger": lambda context: cnn.CSVLogger("nothing", context=context),
    "JSONLogger": lambda context: cnn.JSONLogger("nothing", context=context),
    "TensorBoard": _board,
    "TerminateOnNaN": lambda context: cnn.TerminateOnNaN(context=context),
    "Progress": lambda context: cnn.Progress(context=context),
    "LearningRateScheduler": lambda context: cnn.LearningRateScheduler(lambda epoch, rate: rate, context=context),
    "Report": lambda context: cnn.Report([0, 1], [0, 1], context=context),
}
ARGUMENTS: dict[str, Any] = {
    "x": X, "y": Y, "images": X, "image": X[0], "value": 1.0, "values": [], "optimizer": "sgd", "loss": "mse",
    "type": "dense", "name": "conv1", "path": "nothing", "source": b"", "fraction": 0.5, "height": 8, "width": 8,
    "layer": "conv1", "step": 1, "event": None, "digits": 2, "labels": Y, "stream": None,
}
# Said without the object: what it is, and what it is made of.
QUIET = {"close", "closed", "__class__", "types", "help", "attributes_of", "load", "from_bytes", "idx", "npz", "sink",
         "history", "log", "stdout", "model"}


def _subclasses(kind: type) -> set[type]:
    return {kind, *(below for each in kind.__subclasses__() for below in _subclasses(each))}


def test_no_class_is_left_out() -> None:
    ours = {kind.__name__ for kind in _subclasses(Handle) if kind.__module__.count(".") == 1}
    assert {name for name in ours if hasattr(cnn, name)} - {"BuiltinCallback"} == set(MAKERS)


def _use(thing: Any, name: str) -> None:
    """Read a property, or call a method with arguments that its parameters' names ask for."""
    member = getattr(thing, name)
    if not callable(member):
        return
    given = {parameter.name: ARGUMENTS[parameter.name] for parameter in inspect.signature(member).parameters.values()
             if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD}
    result = member(**given)
    if inspect.isgenerator(result):
        next(result)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_closed_object(context: cnn.Context, kind: str) -> None:
    thing = MAKERS[kind](context)
    open_text = repr(thing)
    assert open_text.startswith(f"{kind}(") and "closed" not in open_text
    thing.close()
    thing.close()
    assert thing.closed and repr(thing) == f"{kind}(closed)"
    used = 0
    for name in dir(type(thing)):
        if name in QUIET or name.startswith("_") and name not in ("__len__", "__enter__", "__array_interface__"):
            continue
        with pytest.raises(cnn.StateError, match="closed"):
            _use(thing, name)
        used += 1
    assert used
    for name, attribute in inspect.getmembers(type(thing), lambda member: isinstance(member, property)):
        if attribute.fset is not None and not name.startswith("_"):
            with pytest.raises((cnn.StateError, TypeError, ValueError)):
                setattr(thing, name, ARGUMENTS["value"])


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_its_context_may_go_first(kind: str) -> None:
    before = held_count()
    context = cnn.Context(threads=1)
    thing = MAKERS[kind](context)
    context.close()
    repr(thing)
    thing.close()
    del thing, context
    assert held_count() == before


@pytest.mark.parametrize("place", [
    "x", "validation", "augmenter", "optimizer", "loss", "metric", "callback", "weights"])
def test_closed_things_given_to_a_model(context: cnn.Context, place: str) -> None:
    model = small.model(context)
    thing: Any = {
        "x": MAKERS["Dataset"], "validation": MAKERS["Dataset"], "augmenter": MAKERS["Augmenter"],
        "optimizer": MAKERS["Optimizer"], "loss": MAKERS["Loss"], "metric": MAKERS["Metric"],
        "callback": MAKERS["EarlyStopping"], "weights": MAKERS["Tensor"]}[place](context)
    thing.close()
    uses: dict[str, Callable[[], Any]] = {
        "x": lambda: model.fit(thing, verbose=0), "validation": lambda: model.fit(X, Y, validation=thing, verbose=0),
        "augmenter": lambda: model.fit(X, Y, augmenter=thing, verbose=0),
        "optimizer": lambda: model.compile(thing, "mse"),
        "loss": lambda: model.compile("sgd", thing), "metric": lambda: model.compile("sgd", "mse", [thing]),
        "callback": lambda: model.fit(X, Y, callbacks=[thing], verbose=0),
        "weights": lambda: model.fit(X, Y, sample_weight=thing, verbose=0)}
    before = model.hash
    with pytest.raises(cnn.StateError, match="closed"):
        uses[place]()
    assert model.hash == before
    model.fit(X, Y, verbose=0)


def test_what_was_given_may_be_closed(context: cnn.Context) -> None:
    """A model holds what it was compiled with, a data set its arrays."""
    optimizer, loss, metric = cnn.Optimizer("adam", context), cnn.Loss("mse", context), cnn.Metric("mse", context)
    model = cnn.Model(context=context)
    model.add("input", shape=(8, 8, 1))
    model.add("flatten")
    model.add("dense", units=3)
    model.compile(optimizer, loss, [metric])
    x, y = cnn.Tensor(X, context), cnn.Tensor(np.eye(3, dtype=np.float32)[Y], context)
    data = cnn.Dataset(x, y, context=context)
    rest = data.split(0.5)
    for thing in (optimizer, loss, metric, x, y, data):
        thing.close()
    context.close()
    assert model.fit(rest, epochs=2, verbose=0).history["loss"]
