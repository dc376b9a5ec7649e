"""Activations as layers."""

from __future__ import annotations

from typing import Any, Optional

from .. import activations
from .._arguments import number
from .base import Layer


class Activation(Layer):
    """A function of each element; softmax of each row.

    Parameters
    ----------
    activation : str or function
        See `cnn.keras.activations`.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.Activation("gelu")(keras.Input((10,))).shape
    (None, 10)
    """

    _type = "activation"

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def _attributes(self) -> dict[str, Any]:
        return self.activation._attributes()


class ReLU(Layer):
    """max(x, 0), or `negative_slope` times x below 0.

    Parameters
    ----------
    max_value, threshold
        None and 0: nothing is cut off.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.ReLU().negative_slope
    0.0
    """

    _type = "activation"

    def __init__(self, max_value: None = None, negative_slope: Optional[float] = 0.0, threshold: Optional[float] = 0.0,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_value = max_value
        self.negative_slope = number("ReLU", "negative_slope", negative_slope or 0.0)
        self.threshold = number("ReLU", "threshold", threshold or 0.0)
        if self.negative_slope < 0:
            raise ValueError(f"negative_slope of a ReLU layer cannot be a negative value. Received: "
                             f"negative_slope={negative_slope}")
        self._attributes()

    def _attributes(self) -> dict[str, Any]:
        return activations.attributes_of("relu", {"max_value": self.max_value, "negative_slope": self.negative_slope,
                                                  "threshold": self.threshold})


class LeakyReLU(Layer):
    """x above 0, else `negative_slope` times x.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.LeakyReLU().negative_slope
    0.3
    """

    _type = "activation"

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.negative_slope = number("LeakyReLU", "negative_slope", negative_slope)
        if self.negative_slope < 0:
            raise ValueError(f"The negative_slope value of a Leaky ReLU layer cannot be negative. Received: "
                             f"negative_slope={negative_slope}")

    def _attributes(self) -> dict[str, Any]:
        return {"activation": "leaky_relu", "negative_slope": self.negative_slope}


class ELU(Layer):
    """x above 0, else alpha (exp(x) - 1).

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.ELU().alpha
    1.0
    """

    _type = "activation"

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = number("ELU", "alpha", alpha)

    def _attributes(self) -> dict[str, Any]:
        return {"activation": "elu", "alpha": self.alpha}


class Softmax(Layer):
    """exp(x) over its sum, along the last axis.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.Softmax()(keras.Input((10,))).shape
    (None, 10)
    """

    _type = "activation"

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self._attributes()

    def _attributes(self) -> dict[str, Any]:
        return activations.attributes_of("softmax", {"axis": self.axis})


__all__ = ["Activation", "ELU", "LeakyReLU", "ReLU", "Softmax"]
