"""The seed of everything that is drawn: initial weights, the order of samples, dropout, augmentation."""

from __future__ import annotations

from typing import Any

from .._options import integer
from ..context import Context, default_context, set_default_context
from ._missing import missing


def set_seed(seed: int) -> None:
    """Use this seed in all models and generators that are made from now on.

    What was made before keeps its own. Unlike TensorFlow's this is all of it: the library has no other source of
    chance. Orders drawn by hand (`next(datagen.flow(...))`) come from NumPy, as in Keras.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1. Without a call it is 0.

    Examples
    --------
    >>> import cnn
    >>> set_seed(42)
    >>> cnn.default_context().seed
    42
    """
    before = default_context()
    set_default_context(Context(seed=integer(seed, what="seed"), stdout=before.stdout, log=before.log))


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
