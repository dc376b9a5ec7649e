"""One weight array of a layer, read and set in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._arguments import real
from ._lacking import VARIABLE, Lacking

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .layers.base import Layer


class Variable(Lacking):
    """A weight array, as `layer.weights` lists them.

    Attributes
    ----------
    name, path : str
        "kernel", "sequential/conv1/kernel".

    Examples
    --------
    >>> from cnn import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="d")], name="m")
    >>> kernel = model.layers[0].weights[0]
    >>> kernel.path, kernel.shape, kernel.trainable
    ('m/d/kernel', (3, 2), True)
    """

    _lacks = VARIABLE
    dtype = "float32"
    constraint: None = None
    overwrite_with_gradient = False

    def __init__(self, layer: Layer, name: str) -> None:
        self._layer = layer
        self.name = name

    @property
    def path(self) -> str:
        """Layer and name, of a Sequential's after the model's."""
        return f"{self._layer._scope}{self._layer.name}/{self.name}"

    def _key(self) -> str:
        return f"{self._layer._core_name}/{self.name}"

    def numpy(self) -> NDArray[np.float32]:
        """A copy of its values."""
        assert self._layer._core is not None
        return np.array(self._layer._core.weight(self._key()))

    @property
    def value(self) -> NDArray[np.float32]:
        """A copy of its values."""
        return self.numpy()

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents."""
        return tuple(self.numpy().shape)

    @property
    def ndim(self) -> int:
        """Number of extents."""
        return len(self.shape)

    @property
    def regularizer(self) -> Any:
        """What it costs; None: nothing."""
        return self._layer.__dict__.get(f"{self.name}_regularizer")

    @property
    def trainable(self) -> bool:
        """Does training change it?"""
        return self._layer.trainable and self.name not in self._layer._state

    def assign(self, value: Any) -> Variable:
        """Set its values.

        Raises
        ------
        ShapeError, DataError
            Another shape; NaN or infinity. Nothing is changed then.
        """
        assert self._layer._core is not None
        self._layer._core.set_weight(self._key(), np.ascontiguousarray(real("assign", value), np.float32))
        return self

    def assign_add(self, value: Any) -> Variable:
        """Add to its values."""
        return self.assign(self.numpy() + np.asarray(real("assign_add", value), np.float32))

    def assign_sub(self, value: Any) -> Variable:
        """Take off its values."""
        return self.assign(self.numpy() - np.asarray(real("assign_sub", value), np.float32))

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={self.numpy()}>"
