"""Input, Dense, Flatten."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from .. import activations, initializers, regularizers
from .._arguments import channels_last, no_more, only, refuse, whole
from .._graph import KerasTensor
from .base import InputShape, Layer


class InputLayer(Layer):
    """Where a model's input comes in.

    Parameters
    ----------
    shape : sequence of int
        Without the batch axis, all extents given.
    batch_size, batch_shape
        The batch axis is not fixed: None, or a batch_shape that begins with None.
    dtype : str, optional
        None or "float32". Images of bytes are taken as they are: as numbers from 0 to 255.

    Examples
    --------
    >>> from cnn.keras import layers
    >>> layers.InputLayer((28, 28, 1)).batch_shape
    (None, 28, 28, 1)
    """

    _type = "input"
    sparse = ragged = optional = False

    def __init__(self, shape: Optional[Sequence[int]] = None, batch_size: None = None, dtype: Optional[str] = None,
                 sparse: Optional[bool] = None, ragged: Optional[bool] = None,
                 batch_shape: Optional[Sequence[Optional[int]]] = None, input_tensor: None = None,
                 optional: bool = False, name: Optional[str] = None, **kwargs: Any) -> None:
        if shape is None and batch_shape is None:  # Keras 2's words
            shape, batch_shape = kwargs.pop("input_shape", None), kwargs.pop("batch_input_shape", None)
        no_more("InputLayer", {key: kwargs[key] for key in ("input_shape", "input_dim") if key in kwargs})
        only("Input", "batch_size", batch_size, (None,), "models take batches of any size")
        only("Input", "sparse", sparse, (None, False), "arrays are dense")
        only("Input", "ragged", ragged, (None, False), "arrays are dense")
        only("Input", "tensor", input_tensor, (None,), "give the shape")
        only("Input", "optional", optional, (False,), "a model's one input is always given")
        if (shape is None) == (batch_shape is None):
            raise ValueError("Input: You must pass a `shape` argument, or `batch_shape` in its place.")
        if batch_shape is not None:
            only("Input", "the batch axis of batch_shape", batch_shape[0], (None,), "models take batches of any size")
            shape = [extent for extent in batch_shape[1:] if extent is not None
                     or refuse(f"Input: batch_shape={batch_shape} leaves an extent open")]
        assert shape is not None
        if isinstance(shape, int):
            raise ValueError(f"Cannot convert '{shape}' to a shape.")
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.shape = InputShape((None, *shape)).extents
        self.batch_shape = (None, *self.shape)
        self._tensor_name = name
        self._connect((), self.batch_shape)

    def _attributes(self) -> dict[str, Any]:
        return {"shape": self.shape}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer again."""
        return {"batch_shape": self.batch_shape, "dtype": self.dtype, "sparse": False, "ragged": False,
                "name": self.name, "optional": False}


def Input(shape: Optional[Sequence[int]] = None, batch_size: None = None, dtype: Optional[str] = None,
          sparse: Optional[bool] = None, ragged: Optional[bool] = None,
          batch_shape: Optional[Sequence[Optional[int]]] = None, name: Optional[str] = None, tensor: None = None,
          optional: bool = False) -> KerasTensor:
    """The symbolic tensor of an `InputLayer`; arguments as there.

    Examples
    --------
    >>> from cnn.keras import Input
    >>> Input(shape=(32,)).shape
    (None, 32)
    """
    return InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name).output


class Weighted(Layer):
    """A layer with a kernel and perhaps a bias."""

    activation: activations.Activation
    use_bias: bool
    kernel_constraint: None = None
    bias_constraint: None = None
    lora_rank: None = None
    lora_alpha: None = None
    lora_enabled = False

    def _weigh(self, where: str, given: dict[str, Any]) -> None:
        """Take the arguments that such layers share."""
        for name in ("kernel_constraint", "bias_constraint"):
            only(where, name, given[name], (None,), "a callback may set weights at the end of a batch")
        self.activation = activations.get(given["activation"])
        if not self.activation.standard:
            refuse(f"{where}: an activation with numbers of its own is not in libcnn's {where}; add it as a layer "
                   "after this "
                   "one")
        self.use_bias = bool(given["use_bias"])
        self.kernel_initializer = initializers.get(given["kernel_initializer"])
        self.bias_initializer = initializers.get(given["bias_initializer"])
        self.kernel_regularizer = regularizers.get(given["kernel_regularizer"])
        self.bias_regularizer = regularizers.get(given["bias_regularizer"])

    def _attributes(self) -> dict[str, Any]:
        attributes: dict[str, Any] = {"activation": self.activation.__name__, "use_bias": self.use_bias}
        for name in ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer"):
            recipe = getattr(self, name)
            if recipe is not None:
                attributes[name] = recipe._text()
        return attributes


class Dense(Weighted):
    """y = activation(x . kernel + bias) over the last axis.

    Parameters
    ----------
    units : int
        Columns of the output.
    activation : str or function, optional
        See `cnn.keras.activations`.
    use_bias : bool
    kernel_initializer, bias_initializer
        See `cnn.keras.initializers`.
    kernel_regularizer, bias_regularizer
        See `cnn.keras.regularizers`.

    Notes
    -----
    x is [N, ..., C], y [N, ..., units]; weights: kernel [C, units], bias [units].

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.Dense(10, activation="softmax")(keras.Input((128,))).shape
    (None, 10)
    """

    _type = "dense"
    quantization_config: None = None

    def __init__(self, units: int, activation: Any = None, use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: None = None,
                 kernel_constraint: None = None, bias_constraint: None = None, lora_rank: None = None,
                 lora_alpha: None = None, quantization_config: None = None, **kwargs: Any) -> None:
        given = dict(locals())
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        for name in ("lora_rank", "lora_alpha", "quantization_config"):
            only("Dense", name, given[name], (None,), "the kernel is trained whole, in float32")
        self.units = whole("Dense", "units", units)
        self._weigh("Dense", given)

    def _attributes(self) -> dict[str, Any]:
        return {"units": self.units, **super()._attributes()}


class Flatten(Layer):
    """[N, ...] to [N, the product of the rest], row-major.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.Flatten()(keras.Input((7, 7, 64))).shape
    (None, 3136)
    """

    _type = "flatten"

    def __init__(self, data_format: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = channels_last("Flatten", data_format)


__all__ = ["Dense", "Flatten", "Input", "InputLayer"]
