"""State of callbacks: numbers and float32 arrays by name."""
from __future__ import annotations

import ctypes
from typing import Any, Mapping

import numpy as np

from . import _arrays
from ._errors import check
from ._handle import Owner, new
from ._library import lib
from ._options import text
from .context import Context
from .tensor import to_numpy


def values_of(state: Any) -> dict[str, Any]:
    """What is in a state of C."""
    values: dict[str, Any] = {}
    number = ctypes.c_double()
    for index in range(lib.cnn_state_count(state)):
        name: bytes = lib.cnn_state_name(state, index)
        tensor = lib.cnn_state_tensor(state, name)
        if tensor:
            values[name.decode()] = to_numpy(new("cnn_tensor", lib.cnn_tensor_copy, ctypes.c_void_p(tensor)))
        else:
            check(lib.cnn_state_value(state, name, ctypes.byref(number)))
            values[name.decode()] = number.value
    return values


def put_values(state: Any, context: Context, values: Mapping[str, Any]) -> None:
    """Into a state of C: numbers, and arrays as float32."""
    for name, value in values.items():
        if np.ndim(value):
            check(lib.cnn_state_set_tensor(state, text(name, "state"),
                                           _arrays.floats(value, context, f"state '{name}'")._handle))
        else:
            check(lib.cnn_state_set(state, text(name, "state"), float(value)))


def saved_state(callback: Owner, context: Context) -> dict[str, Any]:
    """What the callback puts into its state."""
    state = new("cnn_state", lib.cnn_state_new, context._handle)
    check(lib.cnn_callback_save(callback, state))
    return values_of(state)


def load_state(callback: Owner, context: Context, values: dict[str, Any]) -> None:
    """Give the callback its state back."""
    state = new("cnn_state", lib.cnn_state_new, context._handle)
    put_values(state, context, values)
    check(lib.cnn_callback_load(callback, state))
