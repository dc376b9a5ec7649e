"""Who is in a call with an object: several threads that read, or one that changes it. C asks this of its caller; here a
thread that comes in the way of another gets an exception. Callbacks run on the thread that called and pass freely: what
they may not do, C refuses itself."""
from __future__ import annotations

import os
import threading
from typing import Generic, TypeVar

from ._errors import StateError

# What runs in the midst of these lines, a signal's handler or what a collected object has to say, may call as well.
_lock = threading.RLock()


def _after_fork() -> None:
    """Another thread may have held the lock, which is not in the child."""
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)

Thing = TypeVar("Thing")


class Gate:
    """The calls that are under way with one object: of each, by the number of its `Pass`, the thread and whether it
    changes the object."""

    __slots__ = ("inside",)

    def __init__(self) -> None:
        self.inside: dict[int, tuple[int, bool]] = {}

    def holds(self, thread: int) -> bool:
        """Is this thread in a call with the object?"""
        return any(one == thread for one, _ in tuple(self.inside.values()))


class Pass(Generic[Thing]):
    """One call, as a context manager that gives the thing itself. Wherever in these lines a signal's handler raises,
    Ctrl-C's for instance, nobody stays inside: at the latest the end of this object is that of its call."""

    __slots__ = ("_gate", "_thing", "_name", "_changes")

    def __init__(self, gate: Gate, thing: Thing, name: str, changes: bool) -> None:
        self._gate, self._thing, self._name, self._changes = gate, thing, name, changes

    def __enter__(self) -> Thing:
        inside, me = self._gate.inside, threading.get_ident()
        try:
            with _lock:
                others = [changes for thread, changes in tuple(inside.values()) if thread != me]
                if any(others):
                    raise StateError(f"this {self._name} is being changed by another thread")
                if self._changes and others:
                    raise StateError(f"this {self._name} is in use by another thread")
                inside[id(self)] = me, self._changes
        except BaseException:
            inside.pop(id(self), None)
            raise
        return self._thing

    def __exit__(self, *exception: object) -> None:
        self._gate.inside.pop(id(self), None)

    def __del__(self) -> None:
        gate = getattr(self, "_gate", None)  # not there where a handler raised before the first line
        if gate is not None:
            gate.inside.pop(id(self), None)
