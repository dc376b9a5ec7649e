"""Arrays of a user as the tensors that data sets, batches and models take."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

import numpy as np

from ._errors import ShapeError
from .context import Context
from .tensor import Tensor, prepared

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Array = Union[ArrayLike, Tensor]


def floats(value: Array, context: Context, what: str) -> Tensor:
    """A float32 tensor: without a copy where the array is one."""
    if isinstance(value, Tensor) and value.dtype == np.float32:
        return value
    return Tensor(np.asarray(prepared(value, what), np.float32), context)


def _as_it_is(value: Any, what: str) -> Any:
    """An array of the value's own element type; what NumPy makes none of is `prepared`'s to name."""
    plain = isinstance(value, (list, tuple)) or hasattr(value, "__array__") or hasattr(value, "__array_interface__")
    if not plain or isinstance(value, np.ma.MaskedArray):
        return prepared(value, what)
    try:
        return np.asarray(value)
    except ValueError:
        return prepared(value, what)


def inputs(value: Array, context: Context, what: str = "x") -> Tensor:
    """Inputs of a model: float32 and uint8 as they are, all other numbers as float32."""
    if isinstance(value, Tensor):
        return value
    array = _as_it_is(value, what)
    if array.dtype.kind in "biu" and array.dtype != np.uint8:
        array = array.astype(np.float32)
    return Tensor(prepared(array, what), context)


def targets(value: Array, context: Context, what: str = "y") -> Tensor:
    """Class labels where they are whole numbers, rows of values where they are not. Labels are copied: C counts on them
    to stay within their classes, which nobody can say of an array of the user's."""
    tensor = value if isinstance(value, Tensor) else Tensor(prepared(value, what), context)
    return tensor if tensor.dtype == np.float32 else tensor.copy()


def batch(item: Any, context: Context, wanted: str) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """What a generator gives: x, (x,), (x, y) or (x, y, sample_weight)."""
    parts = tuple(item) if isinstance(item, (tuple, list)) else (item,)
    if not 1 <= len(parts) <= 3 or isinstance(item, dict):
        got = type(item).__name__ + (f" of {len(parts)}" if len(parts) != 1 else "")
        raise ShapeError(f"{wanted}: a batch is an array x, or (x,), (x, y) or (x, y, sample_weight); got a {got}")
    x, y, weights = parts + (None,) * (3 - len(parts))
    return (inputs(x, context, f"{wanted}: x"), None if y is None else targets(y, context, f"{wanted}: y"),
            None if weights is None else floats(weights, context, f"{wanted}: sample_weight"))
