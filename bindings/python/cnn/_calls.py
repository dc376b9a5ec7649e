"""Calls into C that may call back: what a callback raises comes out of the call, and Ctrl-C ends it between two
callbacks.

C finds Python's objects by number (`hold`), through trampolines that exist once and for ever; so a callback may let go
of itself, and C of it, at any moment. An exception must not cross C: the trampoline keeps it for its thread, tells C
that it failed, and `call` raises it.

While `call` runs on the main thread, Ctrl-C is noted and not raised in the midst of C; a callback that asks `pending`
ends the work. In a user's own Python code, run by a trampoline, Ctrl-C raises at once as anywhere."""
from __future__ import annotations

import ctypes
import itertools
import operator
import signal
import threading
import types
from typing import Any, Callable

from . import _abi
from ._errors import Error, check
from ._library import lib


class _Here(threading.local):
    """What each thread knows of its calls."""

    raised: BaseException | None = None  # by a callback, not yet out of the call
    depth: int = 0                       # calls under way, one within another's callback
    python: bool = True                  # a user's code is running: an exception may be raised


_here = _Here()
_interrupted = False
_held: dict[int, Any] = {}
_numbers = itertools.count(1)


def hold(thing: Any) -> int:
    """Keep an object alive for C, until `release`; the number stands for it."""
    number = next(_numbers)
    _held[number] = thing
    return number


def held(number: int) -> Any:
    """The object of a number."""
    return _held[number]


def release(number: int) -> None:
    """C lets go of an object."""
    _held.pop(number, None)


def held_count() -> int:
    """Objects that C holds, for tests of leaks."""
    return len(_held)


def pending() -> bool:
    """Is there a reason to end the call that is under way: an exception, or Ctrl-C?"""
    return _here.raised is not None or (_interrupted and threading.current_thread() is threading.main_thread())


def raises_at_once() -> bool:
    """Does Python run now, so that an exception finds its way? Else C does, and it must wait."""
    return _here.python


def raise_later(error: BaseException) -> None:
    """Keep an exception, the first of several, for the end of the call that is under way."""
    if _here.raised is None:
        _here.raised = error


def _keep(error: BaseException) -> int:
    """Keep what a callback raised; the status that C gets."""
    raise_later(error)
    status = error.status if isinstance(error, Error) else _abi.CNN_ECALLBACK
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    lib.cnn_error_set(status, b"%s", ctypes.c_char_p(text.encode("utf-8", "replace")))
    return status


def trampoline(kind: Any) -> Callable[[Callable[..., int | None]], Any]:
    """Decorator of a module's function: makes it a C function of this type that never goes and never raises.

    A function that returns a status may return None for CNN_OK. On a thread that is in no `call`, one of the library's
    own workers, what a function without result raises goes to sys.unraisablehook.
    """
    without_result = kind._restype_ is None
    number: Any = float if kind._restype_ is ctypes.c_double else operator.index

    def make(function: Callable[..., int | None]) -> Any:
        def safe(*arguments: Any) -> int | None:
            before = _here.python
            try:
                _here.python = True
                result = function(*arguments)
                if result is not None:
                    result = number(result)
                _here.python = before
            except BaseException as error:
                _here.python = before
                if without_result and not _here.depth:
                    raise
                result = _keep(error)
            return None if without_result else result or 0

        pointer = kind(safe)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(pointer))
        return pointer

    return make


def _note(number: int, frame: types.FrameType | None) -> None:
    """Ctrl-C during a call."""
    global _interrupted
    if _here.python:
        signal.default_int_handler(number, frame)
    _interrupted = True


def _watch() -> bool:
    """Take Ctrl-C over from Python's own handler, in the outermost call; a handler of the user's is left alone."""
    global _interrupted
    if _here.depth or threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGINT) not in (signal.default_int_handler, _note):
        return False
    _interrupted = False
    signal.signal(signal.SIGINT, _note)
    return True


def call(function: Any, *arguments: Any) -> int:
    """Call a C function that may call back; as `check`, but what a callback raised comes first.

    Returns
    -------
    int
        Its status, not negative.
    """
    global _interrupted
    raised, python = _here.raised, _here.python or not _here.depth
    _here.raised, _here.python = None, False  # from here on nothing raises in this function but what C calls
    watching = _watch()
    _here.depth += 1
    try:
        status: int = function(*arguments)
        error = _here.raised
    finally:
        _here.depth -= 1
        _here.raised = raised
        if watching:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # which may run _note, so that one asks after it
        _here.python = python
    if watching and _interrupted:
        _interrupted = False
        raise KeyboardInterrupt from error
    if error is not None:
        raise error
    return check(status)
