"""Helpers: one-hot targets, the seed, the picture of a model."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from .._missing import missing
from ..backend import clear_session
from ..random import set_seed
from .model_plot import plot_model
from .py_dataset import PyDataset, Sequence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["PyDataset", "Sequence", "clear_session", "normalize", "plot_model", "set_random_seed", "to_categorical"]


def to_categorical(x: ArrayLike, num_classes: Optional[int] = None) -> NDArray[np.float64]:
    """Class labels as rows that are 1 at the label and 0 elsewhere.

    Parameters
    ----------
    x : array_like, (...) or (..., 1)
        Whole numbers from 0.
    num_classes : int, optional
        None: the largest label + 1.

    Returns
    -------
    ndarray, (..., num_classes), float64

    Raises
    ------
    ValueError
        A label out of range, or that is no whole number.

    Examples
    --------
    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels: NDArray[np.int64] = np.asarray(x)
    if labels.dtype.kind not in "iub":
        whole = labels.astype(np.int64) if labels.dtype.kind == "f" else None
        if whole is None or not np.array_equal(whole, labels):
            raise ValueError(f"to_categorical: labels of {labels.dtype}, expected whole numbers")
        labels = whole
    shape = labels.shape[:-1] if labels.ndim > 1 and labels.shape[-1] == 1 else labels.shape
    labels = labels.astype(np.int64).reshape(-1)
    classes = num_classes or (int(labels.max()) + 1 if labels.size else 0)
    outside = np.flatnonzero((labels < 0) | (labels >= classes))
    if outside.size:
        raise ValueError(f"to_categorical: label {labels[outside[0]]} at {outside[0]} is not in [0, {classes})")
    rows = np.zeros((labels.size, classes))
    rows[np.arange(labels.size), labels] = 1
    return rows.reshape(*shape, classes)


def normalize(x: ArrayLike, axis: int = -1, order: int = 2) -> NDArray[Any]:
    """An array divided by its norm along an axis; where that is 0 it stays.

    Examples
    --------
    >>> normalize([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """
    array = np.asarray(x)
    norm = np.atleast_1d(np.linalg.norm(array, order, axis))
    norm[norm == 0] = 1
    divided: NDArray[Any] = array / np.expand_dims(norm, axis)
    return divided


def set_random_seed(seed: int) -> None:
    """Seed the library, NumPy and Python's own `random`.

    Examples
    --------
    >>> set_random_seed(7)
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"set_random_seed: {seed!r} is not in [0, 2**32)")
    random.seed(seed)
    np.random.seed(seed)
    set_seed(seed)


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
