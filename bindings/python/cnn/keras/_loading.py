"""A model of a file in Keras's words."""

from __future__ import annotations

import inspect
import json
import re
import struct
from typing import TYPE_CHECKING, Any, Sequence

from . import _names, activations, initializers, layers, regularizers
from ._recipes import Compiled, trained
from .functional import Functional
from .layers.base import Layer
from .sequential import Sequential

if TYPE_CHECKING:
    import cnn

    from ._model import Model

_FORM = re.compile(r"^(\w+)(?:\((.*)\))?$")
_WORDS: tuple[type[Layer], ...] = (
    layers.InputLayer, layers.Conv2D, layers.BatchNormalization, layers.MaxPooling2D, layers.AveragePooling2D,
    layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D, layers.Add, layers.Flatten, layers.Dense, layers.Dropout)
_CLASSES = {word._type: word for word in _WORDS}
_FUNCTIONS: dict[str, type[Layer]] = {"relu": layers.ReLU, "leaky_relu": layers.LeakyReLU, "elu": layers.ELU,
                                      "softmax": layers.Softmax}


def texts_of(core: cnn.Model) -> dict[str, str]:
    """How a model is made and compiled, in the words of libcnn's files, whatever file it came from."""
    data = memoryview(core.to_bytes(optimizer=False))
    (length,) = struct.unpack("<Q", data[:8])
    return dict(json.loads(bytes(data[8:8 + length]))["__metadata__"])


def of_bytes(data: bytes) -> Model:
    """The model of the bytes of a file: the way back from a pickle."""
    import cnn

    core = cnn.Model.from_bytes(data, context=cnn.default_context())
    return model_of(core, texts_of(core))


def of_json(text: str) -> Model:
    """A model with new weights from what `to_json` gave."""
    given = json.loads(text)
    kinds: dict[str, Any] = {"Sequential": Sequential, "Functional": Functional}
    if given.get("class_name") not in kinds:
        raise ValueError(f"model_from_json: class '{given.get('class_name')}' is not one of Sequential, Functional")
    made: Model = kinds[given["class_name"]].from_config(given["config"])
    return made


def model_of(core: cnn.Model, texts: dict[str, str]) -> Model:
    """The model in Keras's words: a Sequential where each layer reads the one before, unless its name says
    otherwise."""
    entries = json.loads(texts["config"])["layers"]
    made: dict[str, Layer] = {}
    for entry in entries:
        layer = _layer(core.layer(entry["name"]))
        if entry["inputs"]:
            layer._connect(tuple(made[name].output for name in entry["inputs"]),
                           (None, *core.layer(entry["name"]).output_shape))
        layer._belong(core)
        made[layer.name] = layer
    row = all(entry["inputs"] == ([before["name"]] if before else []) for before,
              entry in zip([None, *entries], entries))
    row = row and not core.name.startswith("functional")
    model = _sequential(core, list(made.values())) if row else _functional(core, list(made.values()))
    if "compile" in texts:
        model._compiled = _compiled(json.loads(texts["compile"]), core, model.layers)
    return model


def _sequential(core: cnn.Model, made: list[Layer]) -> Model:
    model = Sequential(name=core.name)
    model._all, model._core = made, core
    return model


def _functional(core: cnn.Model, made: list[Layer]) -> Model:
    return Functional(made[0].output, made[-1].output, name=core.name)


def _layer(core: cnn.Layer) -> Layer:
    attributes: dict[str, Any] = {key: _value(key, value) for key, value in core.attributes.items()}
    kind = _CLASSES.get(core.type)
    if core.type == "activation":
        kind, attributes = _activation(core.name, attributes)
    if kind is None:
        raise ValueError(f"layer '{core.name}' is of type {core.type}, for which Keras has no word; cnn.Model.load "
                         "loads it")
    known = inspect.signature(kind.__init__).parameters
    chosen = {key: value for key, value in attributes.items() if key in known}
    layer: Layer = kind(**chosen, name=core.name)
    layer._trainable = core.trainable
    return layer


def _activation(name: str, attributes: dict[str, Any]) -> tuple[type[Layer], dict[str, Any]]:
    """Of the two words that Keras has for one thing, a layer of the function's own where the name does not say
    otherwise."""
    function = activations.get(attributes["activation"])
    numbers = {key: value for key, value in attributes.items() if key in function._defaults}
    kind = _FUNCTIONS.get(function.__name__)
    if function is activations.relu:
        numbers = {}
    if kind is None or name.startswith("activation"):
        bound = function.bound(**numbers)
        return layers.Activation, {"activation": function if bound.standard else bound}
    return kind, numbers


def _value(key: str, value: Any) -> Any:
    if key.endswith("_initializer"):
        return initializers.get(_form(value))
    if key.endswith("_regularizer"):
        return None if value == "none" else regularizers.get(_form(value))
    return None if value == "auto" else value


def _form(text: str) -> dict[str, Any]:
    """A form such as "random_normal(mean=0,stddev=0.1)" taken apart."""
    found = _FORM.match(text)
    assert found is not None
    numbers = (pair.split("=") for pair in (found[2] or "").split(",") if pair)
    return {"class_name": found[1], "config": {key: _plain(value) for key, value in numbers}}


def _plain(text: str) -> Any:
    """A number, a flag, or a list of numbers."""
    if text in ("true", "false"):
        return text == "true"
    if ":" in text:
        return [_plain(part) for part in text.split(":")]
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


# ---- what it was compiled with ----


class Saved:
    """A loss or metric as a file describes it."""

    def __init__(self, kind: str, described: Any) -> None:
        self._kind = kind
        whole: dict[str, Any] = described if isinstance(described, dict) else {"type": described}
        self.type: str = whole["type"]
        self.name: str = whole.get("name", self.type)
        self.weighted = bool(whole.get("weighted", False))
        self._attributes: dict[str, Any] = {**whole.get("attributes", {}),
                                            **({"name": self.name} if kind == "Metric" else {})}

    def _make(self, context: cnn.Context) -> Any:
        import cnn

        return getattr(cnn, self._kind)(self.type, context=context, **self._attributes)


def _compiled(texts: dict[str, Any], core: cnn.Model, made: Sequence[Layer]) -> Compiled:
    """Optimizer, loss and metrics of a model that the library has loaded compiled."""
    loss = Saved("Loss", texts["loss"])
    metrics = [Saved("Metric", metric) for metric in texts["metrics"]]
    plain, weighted = [[m for m in metrics if m.weighted is which] for which in (False, True)]
    compiled = Compiled(_optimizer(**texts["optimizer"]), loss, plain, weighted)
    compiled.loss = loss.type
    compiled.adopt(core, loss.type, [metric.name for metric in [*plain, *weighted]], trained(made))
    if core.iterations:
        compiled.begin()
    return compiled


_NONE_AT_0 = ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "ema_overwrite_frequency",
              "gradient_accumulation_steps")


def _optimizer(name: str, attributes: dict[str, Any]) -> Any:
    from . import optimizers

    made = optimizers.get(name)
    given = {key: _number(value) for key, value in attributes.items() if key in made.get_config()}
    given.update({key: None for key in _NONE_AT_0 if not given.get(key, 1) and getattr(made, key) is None})
    if attributes.get("learning_rate_schedule"):
        form = _form(attributes["learning_rate_schedule"])
        word = next(word for word in optimizers.schedules.__dict__ if _names.snake_case(word) == form["class_name"])
        given["learning_rate"] = getattr(optimizers.schedules, word)(**form["config"])
    made = type(made)(**given)
    if attributes.get("exclude_from_weight_decay"):
        made.exclude_from_weight_decay(var_names=attributes["exclude_from_weight_decay"].split(","))
    return made


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value
