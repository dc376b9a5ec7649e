"""What is left of Keras's backend: names, and values of optimizers' numbers."""

from __future__ import annotations

from typing import Any

from . import _names
from ._missing import missing


def clear_session(free_memory: bool = True) -> None:
    """Count automatic names anew: the next Dense is "dense" again. Models free their memory by themselves;
    `free_memory` also has Python look for what is no longer used.

    Examples
    --------
    >>> from cnn import keras
    >>> keras.backend.clear_session()
    >>> keras.layers.Dense(1).name, keras.layers.Dense(1).name
    ('dense', 'dense_1')
    """
    _names.clear()
    if free_memory:
        import gc

        gc.collect()


def get_value(x: Any) -> Any:
    """The value of a weight or number."""
    return x.numpy() if hasattr(x, "numpy") else x


def set_value(x: Any, value: Any) -> None:
    """Set a weight or number in its place."""
    x.assign(value)


def backend() -> str:
    """Who computes.

    Examples
    --------
    >>> backend()
    'libcnn'
    """
    return "libcnn"


def image_data_format() -> str:
    """Images are [height, width, channels].

    Examples
    --------
    >>> image_data_format()
    'channels_last'
    """
    return "channels_last"


def floatx() -> str:
    """Numbers are float32.

    Examples
    --------
    >>> floatx()
    'float32'
    """
    return "float32"


def epsilon() -> float:
    """The small number that logarithms are kept away from 0 by.

    Examples
    --------
    >>> epsilon()
    1e-07
    """
    return 1e-7


__all__ = ["backend", "clear_session", "epsilon", "floatx", "get_value", "image_data_format", "set_value"]


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
