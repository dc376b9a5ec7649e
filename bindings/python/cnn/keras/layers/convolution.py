"""Conv2D."""

from __future__ import annotations

from typing import Any, Optional

from .._arguments import Pair, channels_last, choice, pair, whole
from .core import Weighted


class Conv2D(Weighted):
    """2-D convolution (cross-correlation) of images.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or two
        Height and width.
    strides, dilation_rate : int or two
        Not both above 1.
    padding : str
        "valid" or "same".
    groups : int
        Divides input channels and filters.
    activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer
        As `Dense`.

    Notes
    -----
    x is [N, H, W, C], y [N, H', W', filters]; weights: kernel [height, width, C / groups, filters], bias [filters].

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.Conv2D(32, (3, 3), padding="same", activation="relu")(keras.Input((28, 28, 1))).shape
    (None, 28, 28, 32)
    """

    _type = "conv2d"
    rank = 2

    def __init__(self, filters: int, kernel_size: Pair, strides: Pair = (1, 1), padding: str = "valid",
                 data_format: Optional[str] = None, dilation_rate: Pair = (1, 1), groups: int = 1,
                 activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: None = None, kernel_constraint: None = None, bias_constraint: None = None,
                 **kwargs: Any) -> None:
        given = dict(locals())
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = whole("Conv2D", "filters", filters)
        self.kernel_size = pair("Conv2D", "kernel_size", kernel_size)
        self.strides = pair("Conv2D", "strides", strides)
        self.padding = choice("Conv2D", "padding", padding, ("valid", "same"))
        self.data_format = channels_last("Conv2D", data_format)
        self.dilation_rate = pair("Conv2D", "dilation_rate", dilation_rate)
        self.groups = whole("Conv2D", "groups", groups)
        self._weigh("Conv2D", given)

    def _attributes(self) -> dict[str, Any]:
        return {"filters": self.filters, "kernel_size": self.kernel_size, "strides": self.strides,
                "padding": self.padding,
                "dilation_rate": self.dilation_rate, "groups": self.groups, **super()._attributes()}


Convolution2D = Conv2D
__all__ = ["Conv2D", "Convolution2D"]
