"""Who is in a call with an object: several threads that read, or one that changes it. C asks this of its caller; here a
thread that comes in the way of another gets an exception. Callbacks run on the thread that called and pass freely: what
they may not do, C refuses itself."""
from __future__ import annotations

import os
import threading
from typing import Generic, TypeVar

from ._errors import StateError

_lock = threading.Lock()


def _after_fork() -> None:
    """Another thread may have held the lock, which is not in the child."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)

Thing = TypeVar("Thing")


class Gate:
    """The threads that are in calls with one object: how often each, and the one that changes it."""

    __slots__ = ("inside", "changer")

    def __init__(self) -> None:
        self.inside: dict[int, int] = {}
        self.changer: int | None = None


class Pass(Generic[Thing]):
    """One call, as a context manager that gives the thing itself."""

    __slots__ = ("_gate", "_thing", "_name", "_changes")

    def __init__(self, gate: Gate, thing: Thing, name: str, changes: bool) -> None:
        self._gate, self._thing, self._name, self._changes = gate, thing, name, changes

    def __enter__(self) -> Thing:
        gate, me = self._gate, threading.get_ident()
        with _lock:
            if gate.changer not in (None, me):
                raise StateError(f"this {self._name} is being changed by another thread")
            if self._changes and gate.inside.keys() - {me}:
                raise StateError(f"this {self._name} is in use by another thread")
            self._changes = self._changes and gate.changer is None
            if self._changes:
                gate.changer = me
            gate.inside[me] = gate.inside.get(me, 0) + 1
        return self._thing

    def __exit__(self, *exception: object) -> None:
        gate, me = self._gate, threading.get_ident()
        with _lock:
            if self._changes:
                gate.changer = None
            gate.inside[me] -= 1
            if not gate.inside[me]:
                del gate.inside[me]
