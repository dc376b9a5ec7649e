"""Activations, by name or as functions: `Dense(64, activation="relu")`, `Dense(64, activation=keras.activations.relu)`.

A function called on a symbolic tensor adds a layer; on an array it gives the values, computed by libcnn.

Examples
--------
>>> import numpy as np
>>> from cnn.keras import activations
>>> activations.relu(np.float32([-1, 2]))
array([0., 2.], dtype=float32)
"""

from __future__ import annotations

import inspect
from typing import Any, Optional, Union

import numpy as np

from ._arguments import number, only, refuse
from ._missing import missing


class Activation:
    """One function of `keras.activations`.

    Attributes
    ----------
    __name__ : str
        Its name, "relu".
    """

    def __init__(self, name: str, **numbers: Any) -> None:
        self.__name__ = name
        self.__qualname__ = name
        self._defaults = numbers
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter("x", kind), *[
            inspect.Parameter(key, kind, default=value) for key, value in numbers.items()]])

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The function of an array [...] or a symbolic tensor, with the numbers that Keras's own takes."""
        bound = self.bound(**dict(zip(self._defaults, args), **kwargs))
        attributes = bound._attributes()
        from ._graph import KerasTensor

        if not isinstance(x, KerasTensor):
            return _values(np.asarray(x, np.float32), attributes)
        return _operation(bound)(x)

    def bound(self, **numbers: Any) -> Activation:
        """The function with other numbers than its defaults."""
        unknown = [key for key in numbers if key not in self._defaults]
        if unknown:
            raise TypeError(f"{self.__name__}() has no argument '{unknown[0]}'")
        return Activation(self.__name__, **{**self._defaults, **numbers})

    @property
    def standard(self) -> bool:
        """Has it the numbers that its name alone stands for?"""
        return self._defaults == _KNOWN[self.__name__]._defaults

    def _attributes(self) -> dict[str, Any]:
        return attributes_of(self.__name__, self._defaults)

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"


def _operation(function: Activation) -> Any:
    """What Keras makes of a function of a symbolic tensor: no layer of the model, but shown as one, by a class of its
    own."""
    from . import layers

    layer: Any
    if function.__name__ == "relu":
        layer = layers.ReLU(**function._defaults)
    elif function.__name__ == "softmax":
        layer = layers.Softmax(**function._defaults)
    else:
        word = "".join(part.capitalize() for part in function.__name__.split("_"))
        layer = type(word, (layers.Activation,), {})(function)
    layer._operation = True
    return layer


def attributes_of(name: str, numbers: dict[str, Any]) -> dict[str, Any]:
    """The attributes of libcnn's activation layer for a function of Keras and its numbers."""
    numbers = dict(numbers)
    if name == "relu":
        only("relu", "max_value", numbers.pop("max_value", None), (None,), "relu without a limit is the nearest")
        only("relu", "threshold", numbers.pop("threshold", 0.0), (0, 0.0), "relu with threshold 0 is the nearest")
        slope = number("relu", "negative_slope", numbers.pop("negative_slope", 0.0))
        return {"activation": "leaky_relu", "negative_slope": slope} if slope else {"activation": "relu"}
    if name == "softmax":
        only("softmax", "axis", numbers.pop("axis", -1), (-1,), "softmax runs over the last axis")
    if "approximate" in numbers:
        numbers["approximate"] = bool(numbers["approximate"])
    return {"activation": name, **numbers}


def _values(x: Any, attributes: dict[str, Any]) -> Any:
    import cnn

    shape = x.shape if x.ndim else (1,)
    model = cnn.Model(context=cnn.default_context())
    model.add("input", shape=shape[-1:])
    model.add("activation", **attributes)
    return np.asarray(model.predict(np.ascontiguousarray(x).reshape(-1, shape[-1]))).reshape(x.shape)


relu = Activation("relu", negative_slope=0.0, max_value=None, threshold=0.0)
leaky_relu = Activation("leaky_relu", negative_slope=0.2)
elu = Activation("elu", alpha=1.0)
gelu = Activation("gelu", approximate=False)
softmax = Activation("softmax", axis=-1)
sigmoid, tanh, softplus, silu, linear = (Activation(name) for name in ("sigmoid", "tanh", "softplus", "silu", "linear"))
swish = silu

_KNOWN = {f.__name__: f for f in (linear, relu, sigmoid, tanh, softmax, leaky_relu, elu, gelu, softplus, silu)}
_KNOWN["swish"] = silu


def get(identifier: Union[str, Activation, dict[str, Any], None]) -> Activation:
    """An activation by its name; None is `linear`; one that is given comes back.

    Raises
    ------
    UnsupportedError
        A name that libcnn does not have, or a function of one's own; the sentence lists what there is.

    Examples
    --------
    >>> get('relu')
    <function relu>
    """
    if identifier is None:
        return linear
    if isinstance(identifier, Activation):
        return identifier
    if isinstance(identifier, dict):
        return get(identifier["class_name"]).bound(**identifier["config"])
    if isinstance(identifier, str) and identifier in _KNOWN:
        return _KNOWN[identifier]
    what = f"activation '{identifier}'" if isinstance(identifier,
                                                      str) else f"an activation that is {_described(identifier)}"
    refuse(f"{what} is not in libcnn, which has {', '.join(_KNOWN)}; with other numbers than the defaults they are "
           "layers of their own "
           "(LeakyReLU, ELU), added after this one")


def _described(identifier: object) -> str:
    from .layers.base import Layer

    return f"a layer ({type(identifier).__name__})" if isinstance(identifier, Layer) else "a function of one's own"


def serialize(activation: Optional[Activation]) -> Union[None, str, dict[str, Any]]:
    """The name, with numbers where they are not the defaults, as `get` takes it.

    Examples
    --------
    >>> serialize(get('relu'))
    'relu'
    """
    if activation is None or activation.standard:
        return None if activation is None else activation.__name__
    return {"class_name": activation.__name__, "config": dict(activation._defaults)}


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
