"""Figures of training by name."""
from __future__ import annotations

import ctypes
from collections.abc import Iterator, MutableMapping
from typing import Any

from ._errors import StateError, check
from ._library import lib
from ._options import text


def read(pointer: Any) -> dict[str, float]:
    """The figures that a handle holds, in their order."""
    figures = {}
    value = ctypes.c_double()
    for number in range(lib.cnn_logs_count(pointer)):
        name: bytes = lib.cnn_logs_name(pointer, number)
        check(lib.cnn_logs_value(pointer, name, ctypes.byref(value)))
        figures[name.decode()] = value.value
    return figures


class Logs(MutableMapping[str, float]):
    """The figures that an event shows. During the event a figure may be set or added, and later callbacks and the
    history see it; afterwards they stay as they were."""

    __slots__ = ("_figures", "_pointer")

    def __init__(self, pointer: Any) -> None:
        self._pointer = pointer
        self._figures = read(pointer)

    def __getitem__(self, name: str) -> float:
        return self._figures[name]

    def __setitem__(self, name: str, value: float) -> None:
        if self._pointer is None:
            raise StateError("logs: the event is over, its figures cannot be changed any more")
        check(lib.cnn_logs_set(self._pointer, text(name, "logs"), float(value)))
        self._figures[name] = float(value)

    def __delitem__(self, name: str) -> None:
        raise StateError(f"logs: '{name}' cannot be taken away")

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def __repr__(self) -> str:
        return repr(self._figures)

    def _end(self) -> None:
        self._pointer = None
