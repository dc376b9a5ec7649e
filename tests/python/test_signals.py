"""Signals at any moment: a trace function does at one instruction after another of the binding what a handler might."""
from __future__ import annotations

import pathlib
import signal
import sys
from typing import Any, Callable

import pytest

import cnn
import small

# Python 3.9 goes on with its next instruction where a trace function raises at one: lines do there.
INSTRUCTIONS = sys.version_info >= (3, 10)
PACKAGE = str(pathlib.Path(cnn.__file__).parent)


def dropped(frame: Any) -> bool:
    """Does Python drop what is raised here: in the end of an object, in what C calls as it lets go of one?"""
    while frame is not None and frame.f_code.co_name not in ("__del__", "safe"):
        frame = frame.f_back
    return frame is not None


def at_instruction(number: int, what: Callable[[], Any], work: Callable[[], Any]) -> bool:
    """Run `work`, and `what` before so many instructions of the package have gone by. Was there one of this number?"""
    passed = 0

    def trace(frame: Any, event: str, argument: object) -> Any:
        nonlocal passed
        if not frame.f_code.co_filename.startswith(PACKAGE) or dropped(frame):
            return None
        frame.f_trace_opcodes = INSTRUCTIONS
        passed += 1
        if passed == number + 1:
            sys.settrace(None)
            what()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return passed > number


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["hash", "summary", "predict"])
def test_ctrl_c_at_any_instruction(context: cnn.Context, name: str) -> None:
    """It comes out as itself, once, nobody is left in a call with the model, and Python's handler is in its place."""
    model = small.model(context)
    x, y = small.images()
    work: Callable[[], Any] = {
        "hash": lambda: model.hash, "summary": model.summary_text, "predict": lambda: model.predict(x[:1])}[name]
    work()
    number, more = 0, True
    while more:
        try:
            more = at_instruction(number, lambda: signal.raise_signal(signal.SIGINT), work)
            assert not more, f"instruction {number}: no KeyboardInterrupt"
        except KeyboardInterrupt:
            pass
        assert not model._handle.gate.inside, f"instruction {number}"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, f"instruction {number}"
        number += 1 if name == "hash" else 3
    assert number > (50 if INSTRUCTIONS else 5)
    work()
    model.fit(x, y, verbose=0)


REENTERING = """
import cnn, small, test_signals
model = small.model(cnn.Context(seed=1))
number = 0
while test_signals.at_instruction(number, lambda: model.hash, lambda: model.hash):
    number += 1
assert number > (50 if test_signals.INSTRUCTIONS else 5) and not model._handle.gate.inside
"""


def test_a_handler_may_use_the_model(python: Any) -> None:
    """Whatever instruction it comes at, where a lock would wait for itself."""
    python(REENTERING)
