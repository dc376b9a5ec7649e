"""Handles: what Python holds of the library's objects.

An `Owner` holds one C handle and frees it when the last reference to it goes. A call is given the owner itself, so that
closing a `Handle` while another thread is in a call with it frees nothing before that call is over. The library counts
references too: any order of closing and of collection is right. In a forked child handles are the child's own copies.
At the end of the interpreter what is still open is left to the operating system."""
from __future__ import annotations

import atexit
import ctypes
import functools
from typing import Any, Iterable, NoReturn, TypeVar

from . import _gate
from ._calls import call
from ._errors import StateError
from ._library import lib

_ending: list[bool] = []
atexit.register(_ending.append, True)


class Owner:
    """One C handle. With `free` it is freed at the end; with `parent` it is borrowed and keeps its parent alive."""

    # _as_parameter_ is no property: what a signal's handler raised in one, ctypes would make an ArgumentError.
    __slots__ = ("value", "gate", "_as_parameter_", "_free", "_parent", "__weakref__")

    def __init__(self, value: int, free: Any = None, parent: Any = None) -> None:
        self.value, self._free, self._parent = value, free, parent
        self._as_parameter_ = ctypes.c_void_p(value)
        self.gate = _gate.Gate()

    def __del__(self, ending: list[bool] = _ending) -> None:
        free = getattr(self, "_free", None)  # not there where a signal's handler raised before the first line
        if free is not None and not ending:
            free(self.value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a handle of libcnn cannot be pickled; save the model, or pass arrays")


@functools.lru_cache(maxsize=None)
def _free_function(kind: str) -> Any:
    return getattr(lib, f"{kind}_free")


def new(kind: str, function: Any, *arguments: Any) -> Owner:
    """Call a function that writes a new handle through its first argument; `kind`: the C type, "cnn_tensor"."""
    out = ctypes.c_void_p()
    try:
        call(function, ctypes.byref(out), *arguments)
    except BaseException:
        if out.value:
            _free_function(kind)(out)
        raise
    assert out.value is not None
    return Owner(out.value, _free_function(kind))


Self = TypeVar("Self", bound="Handle")


class Handle:
    """Base of all classes that stand for an object of the library.

    `close` lets go of it at once; so does leaving a `with` block, or the collection of the object. Using it afterwards
    raises StateError.
    """

    _owner: Owner | None = None

    @property
    def _handle(self) -> Owner:
        """The owner, to be given to C."""
        owner = self._owner
        if owner is None:
            raise StateError(f"this {type(self).__name__} is closed")
        return owner

    def _reading(self) -> _gate.Pass[Owner]:
        """For `with`: the owner, for a call that changes nothing; several threads may be in one at once."""
        owner = self._handle
        return _gate.Pass(owner.gate, owner, type(self).__name__, False)

    def _changing(self) -> _gate.Pass[Owner]:
        """For `with`: the owner, for a call that changes the object. StateError where another thread is in a call with
        it."""
        owner = self._handle
        return _gate.Pass(owner.gate, owner, type(self).__name__, True)

    @property
    def closed(self) -> bool:
        """Has it been closed?"""
        return self._owner is None

    def close(self) -> None:
        """Let go of it; what C still needs of it lives on. A second time nothing happens."""
        self._owner = None

    def __enter__(self: Self) -> Self:
        self._handle
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; Model.to_bytes and from_bytes carry a model, "
                        "arrays its data")

    def _describe(self) -> str:
        """What stands in the parentheses of repr."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'closed' if self.closed else self._describe()})"


class Pointers:
    """Several handles as a C array, which keeps them alive."""

    def __init__(self, handles: Iterable[Handle]) -> None:
        self.owners = [handle._handle for handle in handles]
        self.array = (ctypes.c_void_p * max(len(self.owners), 1))(*[owner.value for owner in self.owners])
        self._as_parameter_ = ctypes.cast(self.array, ctypes.POINTER(ctypes.c_void_p))

    def __len__(self) -> int:
        return len(self.owners)
