"""Signal handlers of Python during a long call on the main thread. Between two callbacks Python does not run; a handler
gets its turn when the next one begins, and what it raised there would be lost. So it is kept, and ends the call."""
from __future__ import annotations

import signal
import threading
import types
from typing import Any

from ._calls import raise_later, raises_at_once


class Deferred:
    """For `with`: handlers that the user has set run as ever, but what they raise waits where C is underway. (`call`
    itself sees to Python's own handler of Ctrl-C.)"""

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}

    def _run(self, number: int, frame: types.FrameType | None) -> None:
        if raises_at_once():
            self._handlers[number](number, frame)
            return
        try:
            self._handlers[number](number, frame)
        except BaseException as error:
            raise_later(error)

    def __enter__(self) -> Deferred:
        if threading.current_thread() is threading.main_thread():
            try:
                self._take_over()
            except BaseException:  # of a signal in these very lines
                self.__exit__()
                raise
        return self

    def _take_over(self) -> None:
        for number in signal.valid_signals():
            handler = signal.getsignal(number)
            if callable(handler) and handler is not signal.default_int_handler:
                self._handlers[number] = handler
                signal.signal(number, self._run)

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._handlers.items():
            if signal.getsignal(number) == self._run:  # unless a callback has set another
                signal.signal(number, handler)
