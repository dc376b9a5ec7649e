"""How branches come together."""

from __future__ import annotations

from typing import Any, Sequence

from .._graph import KerasTensor
from .base import Layer


class Add(Layer):
    """The sum of several tensors of one shape.

    Examples
    --------
    >>> from cnn import keras
    >>> x = keras.Input((8, 8, 4))
    >>> y = keras.layers.Conv2D(4, 3, padding="same")(x)
    >>> keras.layers.Add()([x, y]).shape
    (None, 8, 8, 4)
    """

    _type = "add"
    _several = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The sum of a list of symbolic tensors."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError("A merge layer should be called on a list of at least 2 inputs. Received: "
                             f"{'1 input' if isinstance(inputs, KerasTensor) else inputs!r}")
        return super().__call__(inputs, *args, **kwargs)


def add(inputs: Sequence[KerasTensor], **kwargs: Any) -> Any:
    """The sum of symbolic tensors: `Add(**kwargs)(inputs)`.

    Examples
    --------
    >>> from cnn import keras
    >>> x = keras.Input((4,))
    >>> add([x, keras.layers.Dense(4)(x)]).shape
    (None, 4)
    """
    return Add(**kwargs)(inputs)


__all__ = ["Add", "add"]
