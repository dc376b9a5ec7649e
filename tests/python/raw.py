"""A small model and data set by the C functions alone, for tests of what lies beneath the classes."""
from __future__ import annotations

import ctypes
from typing import Any, Callable

import numpy as np

import cnn
from cnn import _abi
from cnn._calls import call, hold, held, release, trampoline
from cnn._handle import Owner, new
from cnn._library import lib
from cnn._options import options
from cnn.builtin import BuiltinCallback

EVENTS = ("train_begin", "epoch_begin", "batch_begin", "batch_end", "test_begin", "test_end", "epoch_end", "train_end")


def model(context: cnn.Context, units: int = 2) -> Owner:
    """Compiled: three numbers in, so many out."""
    made = new("cnn_model", lib.cnn_model_new, context._handle, None)
    lib.cnn_input(made, 1, (ctypes.c_int64 * 1)(3), None)
    lib.cnn_layer_add(made, b"dense", f"units={units}".encode())
    sgd = new("cnn_optimizer", lib.cnn_optimizer_new, context._handle, b"sgd", None)
    call(lib.cnn_model_compile, made, sgd, 1, (ctypes.c_char_p * 1)(b"mean_squared_error"), None)
    return made


def dataset(context: cnn.Context, samples: int = 64) -> Owner:
    """Numbers for it."""
    numbers = np.random.default_rng(1).standard_normal((samples, 5)).astype(np.float32)
    inputs, targets = cnn.Tensor(numbers[:, :3], context), cnn.Tensor(numbers[:, 3:], context)
    pointers = [(ctypes.c_void_p * 1)(tensor._handle.value) for tensor in (inputs, targets)]
    return new("cnn_dataset", lib.cnn_dataset_new, context._handle, 1, pointers[0], 1, pointers[1], None)


def _functions() -> dict[str, Any]:
    """A C function for each event, which calls the held Python function with the event's name and itself."""

    def make(name: str) -> Any:
        @trampoline(getattr(_abi, f"cnn_callback_functions_{name}"))
        def tell(user: int, event: Any) -> int | None:
            status: int | None = held(user)(name, event.contents)
            return status

        return tell

    return {name: make(name) for name in EVENTS}


FUNCTIONS = _functions()


@trampoline(_abi.cnn_callback_functions_free)
def _free(user: int) -> None:
    release(user)


def callback(context: cnn.Context, function: Callable[[str, Any], int | None]) -> Owner:
    """A callback that hears every event."""
    table = options(_abi.cnn_callback_functions, user=hold(function), free=_free, **FUNCTIONS)
    return new("cnn_callback", lib.cnn_callback_new, context._handle, table)


def striking(context: cnn.Context, event: str, number: int) -> Owner:
    """A callback of C alone, libc's raise: a signal that strikes while no Python runs."""
    kind = getattr(_abi, f"cnn_callback_functions_{event}")
    table = options(_abi.cnn_callback_functions, user=int(number), **{event: kind(("raise", ctypes.CDLL(None)))})
    return new("cnn_callback", lib.cnn_callback_new, context._handle, table)


class Striking(BuiltinCallback):
    """The same for `cnn.Model.fit`."""

    def __init__(self, context: cnn.Context, event: str, number: int) -> None:
        self._context, self._owner = context, striking(context, event, number)


def fit(trained: Owner, data: Owner, *callbacks: Owner, epochs: int = 2, validation: Owner | None = None) -> int:
    """Train, silent."""
    struct = options(_abi.cnn_fit_opts, epochs=epochs, batch_size=8, callback_count=len(callbacks))
    struct.callbacks = (ctypes.c_void_p * max(len(callbacks), 1))(*[owner.value for owner in callbacks])
    struct.validation = validation.value if validation is not None else None
    return call(lib.cnn_model_fit, trained, data, struct)


def weights(trained: Owner) -> str:
    """The hash of all weights."""
    buffer = ctypes.create_string_buffer(33)
    return str(lib.cnn_model_hash(trained, buffer).decode())
