"""Pooling over windows and over whole images."""

from __future__ import annotations

from typing import Any, Optional

from .._arguments import Pair, channels_last, choice, pair
from .base import Layer


class _Pooling(Layer):
    def _pool(self, pool_size: Pair, strides: Optional[Pair], padding: str, data_format: Optional[str]) -> None:
        where = type(self).__name__
        self.pool_size = pair(where, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else pair(where, "strides", strides)
        self.padding = choice(where, "padding", padding, ("valid", "same"))
        self.data_format = channels_last(where, data_format)

    def _attributes(self) -> dict[str, Any]:
        return {"pool_size": self.pool_size, "strides": self.strides, "padding": self.padding}


class MaxPooling2D(_Pooling):
    """The maximum over windows.

    Parameters
    ----------
    pool_size : int or two
        Height and width of a window.
    strides : int or two, optional
        None: those of the window.
    padding : str
        "valid" or "same"; what is added at the edges counts for nothing.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.MaxPooling2D((2, 2))(keras.Input((28, 28, 32))).shape
    (None, 14, 14, 32)
    """

    _type = "max_pooling2d"
    pool_mode = "max"

    def __init__(self, pool_size: Pair = (2, 2), strides: Optional[Pair] = None, padding: str = "valid",
                 data_format: Optional[str] = None, name: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self._pool(pool_size, strides, padding, data_format)


class AveragePooling2D(_Pooling):
    """The average over windows; arguments as `MaxPooling2D`, but that the window must be given.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.AveragePooling2D(2)(keras.Input((28, 28, 32))).shape
    (None, 14, 14, 32)
    """

    _type = "average_pooling2d"
    pool_mode = "average"

    def __init__(self, pool_size: Pair, strides: Optional[Pair] = None, padding: str = "valid",
                 data_format: Optional[str] = None, name: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self._pool(pool_size, strides, padding, data_format)


class _GlobalPooling(Layer):
    def __init__(self, data_format: Optional[str] = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = channels_last(type(self).__name__, data_format)
        self.keepdims = bool(keepdims)

    def _attributes(self) -> dict[str, Any]:
        return {"keepdims": self.keepdims}


class GlobalAveragePooling2D(_GlobalPooling):
    """The average of each channel over the image: [N, H, W, C] to [N, C], or [N, 1, 1, C] with `keepdims`.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.GlobalAveragePooling2D()(keras.Input((7, 7, 64))).shape
    (None, 64)
    """

    _type = "global_average_pooling2d"


class GlobalMaxPooling2D(_GlobalPooling):
    """The maximum of each channel over the image, in the shapes of `GlobalAveragePooling2D`.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.GlobalMaxPooling2D(keepdims=True)(keras.Input((7, 7, 64))).shape
    (None, 1, 1, 64)
    """

    _type = "global_max_pooling2d"


MaxPool2D, AvgPool2D = MaxPooling2D, AveragePooling2D
GlobalAvgPool2D, GlobalMaxPool2D = GlobalAveragePooling2D, GlobalMaxPooling2D
__all__ = ["AveragePooling2D", "AvgPool2D", "GlobalAveragePooling2D", "GlobalAvgPool2D", "GlobalMaxPool2D",
           "GlobalMaxPooling2D", "MaxPool2D", "MaxPooling2D"]
