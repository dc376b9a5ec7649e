"""Calls that call back: exceptions, Ctrl-C, callbacks that free themselves or begin anew, on the main thread and on
others."""
from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from typing import Any

import pytest

import cnn
import raw
from cnn import _abi, _calls
from cnn._calls import held_count, pending
from cnn._handle import new
from cnn._library import lib
from cnn._options import options


class Mine(Exception):
    """What the tests raise."""


@pytest.fixture
def parts(context: cnn.Context) -> Any:
    return raw.model(context), raw.dataset(context)


def usable(parts: Any) -> None:
    """After whatever happened, the model trains on."""
    before = raw.weights(parts[0])
    raw.fit(*parts)
    assert raw.weights(parts[0]) != before
    assert not pending() and _calls._here.depth == 0 and _calls._here.python


@pytest.mark.parametrize("event", raw.EVENTS)
def test_an_exception_comes_out_as_itself(context: cnn.Context, parts: Any, event: str) -> None:
    error, heard = Mine("no more"), []

    def function(name: str, seen: Any) -> None:
        heard.append(name)
        if name == event:
            raise error

    gc.collect()
    before = held_count()
    callback = raw.callback(context, function)
    with pytest.raises(Mine) as caught:
        raw.fit(*parts, callback, validation=parts[1])
    assert caught.value is error and "train_end" in heard
    assert heard.count(event) == 1
    del callback, caught
    error.__traceback__ = None
    assert held_count() == before
    usable(parts)


def test_the_first_of_several(context: cnn.Context, parts: Any) -> None:
    def function(name: str, seen: Any) -> None:
        if name in ("batch_end", "train_end"):
            raise Mine(name)

    with pytest.raises(Mine, match="batch_end"):
        raw.fit(*parts, raw.callback(context, function))
    usable(parts)


@pytest.mark.parametrize("error", [
    SystemExit(3), KeyboardInterrupt(), GeneratorExit(), MemoryError("all"), cnn.DataError("bad"), OSError(2, "no"),
    UnicodeEncodeError("ascii", "\u2501", 0, 1, "no"), Mine("\ud800\0 %s")])
def test_any_exception(context: cnn.Context, parts: Any, error: BaseException) -> None:
    def function(name: str, seen: Any) -> None:
        if name == "batch_end":
            raise error

    with pytest.raises(type(error)) as caught:
        raw.fit(*parts, raw.callback(context, function))
    assert caught.value is error
    usable(parts)


def test_stop_and_wrong_results(context: cnn.Context, parts: Any) -> None:
    epochs = []

    def function(name: str, seen: Any) -> Any:
        if name == "epoch_end":
            epochs.append(seen.epoch)
            return _abi.CNN_STOP

    raw.fit(*parts, raw.callback(context, function), epochs=5)
    assert epochs == [0]
    with pytest.raises(cnn.CallbackError):
        raw.fit(*parts, raw.callback(context, lambda name, seen: 17))
    with pytest.raises(TypeError):
        raw.fit(*parts, raw.callback(context, lambda name, seen: "yes"))  # type: ignore[arg-type, return-value]
    usable(parts)


def test_one_that_frees_itself(context: cnn.Context, parts: Any) -> None:
    freed: list[int] = []

    def function(name: str, seen: Any) -> None:
        if name == "batch_begin" and not freed:
            freed.append(callback.value)
            lib.cnn_callback_free(callback)
            callback._free = None
            gc.collect()

    gc.collect()
    before = held_count()
    callback = raw.callback(context, function)
    raw.fit(*parts, callback)
    assert freed and held_count() == before
    usable(parts)


def test_one_that_fits_again(context: cnn.Context, parts: Any) -> None:
    other = raw.model(context)

    def function(name: str, seen: Any) -> None:
        if name == "epoch_end":
            raw.fit(other, parts[1])
            raw.fit(*parts)

    with pytest.raises(cnn.StateError):
        raw.fit(*parts, raw.callback(context, function))
    usable(parts)
    usable((other, parts[1]))


def test_one_that_catches_what_it_causes(context: cnn.Context, parts: Any) -> None:
    """An exception of an inner call, caught there, is no failure of the outer one."""
    caught: list[int] = []

    def inner(name: str, seen: Any) -> None:
        raise Mine(name)

    def function(name: str, seen: Any) -> None:
        if name == "epoch_end":
            with pytest.raises(Mine):
                raw.fit(other, parts[1], raw.callback(context, inner))
            caught.append(seen.epoch)

    other = raw.model(context)
    raw.fit(*parts, raw.callback(context, function), epochs=3)
    assert caught == [0, 1, 2]


def test_everything_is_let_go_inside(parts: Any) -> None:
    """Model, data and context freed from within fit live until it returns."""
    context = cnn.Context(threads=1)
    things: list[Any] = [raw.model(context), raw.dataset(context)]

    def function(name: str, seen: Any) -> None:
        things.clear()
        context.close()

    callback = raw.callback(context, function)
    things.append(callback)
    raw.fit(things[0], things[1], callback)
    assert not things


def test_on_another_thread(context: cnn.Context, parts: Any) -> None:
    results: list[BaseException] = []

    def function(name: str, seen: Any) -> None:
        if name == "batch_end":
            raise Mine(threading.current_thread().name)

    def work() -> None:
        try:
            raw.fit(*parts, raw.callback(context, function))
        except Mine as error:
            results.append(error)

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()
    assert [str(error) for error in results] == ["worker"] and not pending()
    usable(parts)


def test_ctrl_c_in_a_callback(context: cnn.Context, parts: Any) -> None:
    """In a user's own code it is raised where it strikes."""
    reached = []

    def function(name: str, seen: Any) -> None:
        if name == "batch_end":
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                time.sleep(0.001)
            reached.append(name)

    with pytest.raises(KeyboardInterrupt):
        raw.fit(*parts, raw.callback(context, function))
    assert not reached and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    usable(parts)


def test_ctrl_c_in_c(context: cnn.Context, parts: Any) -> None:
    """Between two callbacks it is noted; the next one that looks ends the work, and it comes out of the call."""
    epochs = []
    lookout = _calls.trampoline(_abi.cnn_callback_functions_batch_end)(
        lambda user, event: _abi.CNN_STOP if pending() else None)
    sent = threading.Event()

    def send() -> None:
        sent.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    def function(name: str, seen: Any) -> None:
        epochs.append(seen.epoch)
        sent.set()

    thread = threading.Thread(target=send)
    thread.start()
    quiet = _calls.trampoline(_abi.cnn_callback_functions_train_begin)(lambda user, event: sent.set())
    table = _table(quiet, lookout)
    with pytest.raises(KeyboardInterrupt):
        raw.fit(*parts, new("cnn_callback", lib.cnn_callback_new, context._handle, table), epochs=10**9)
    thread.join()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    usable(parts)


def test_ctrl_c_at_any_moment(context: cnn.Context, parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one KeyboardInterrupt, and Python's own handler is back. In a __del__ Python itself drops it, and says so."""
    here, go, sent = threading.get_ident(), threading.Event(), threading.Event()
    waits = [number * 0.0002 for number in range(20)] * 5
    dropped: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: dropped.append(args.exc_type))

    def send() -> None:
        for wait in waits:
            go.wait()
            go.clear()
            time.sleep(wait)
            signal.pthread_kill(here, signal.SIGINT)
            sent.set()

    thread = threading.Thread(target=send)
    thread.start()
    caught = 0
    for _ in waits:
        try:
            go.set()
            raw.fit(*parts, raw.callback(context, lambda name, seen: None))
            sent.wait()
        except KeyboardInterrupt:
            caught += 1
        sent.wait()
        sent.clear()
        assert signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _calls._note)
    thread.join()
    assert caught > 50 and caught + dropped.count(KeyboardInterrupt) == len(waits)
    usable(parts)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("event", raw.EVENTS)
def test_ctrl_c_again_and_again(context: cnn.Context, parts: Any, event: str) -> None:
    """Struck at every turn of a call it is one KeyboardInterrupt."""
    with pytest.raises(KeyboardInterrupt):
        raw.fit(*parts, *[raw.striking(context, event, signal.SIGINT) for _ in range(3)], epochs=3, validation=parts[1])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    usable(parts)


def _table(begin: Any, end: Any) -> Any:
    return options(_abi.cnn_callback_functions, train_begin=begin, batch_end=end)


def test_the_users_own_handler_is_left_alone(context: cnn.Context, parts: Any) -> None:
    struck = []

    def function(name: str, seen: Any) -> None:
        if name == "train_begin":
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, lambda number, frame: struck.append(number))
    try:
        raw.fit(*parts, raw.callback(context, function))
    finally:
        signal.signal(signal.SIGINT, before)
    assert struck == [signal.SIGINT]


def test_outside_of_a_call(context: cnn.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a thread that is in no call, what a function without result raises is told, not lost."""
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)

    def fails(user: int) -> None:
        raise Mine("here")

    _calls.trampoline(_abi.cnn_callback_functions_free)(fails)(1)
    assert [str(args.exc_value) for args in told] == ["here"]


def test_errors_of_a_callback_reach_c(context: cnn.Context) -> None:
    """C gets the status of the library's own errors, and a line of text for any."""

    def fails(user: int, event: Any) -> None:
        raise cnn.DataError("sample 3 is bad")

    function = _calls.trampoline(_abi.cnn_callback_functions_batch_end)(fails)
    assert function(1, None) == _abi.CNN_EDATA
    assert lib.cnn_error_text() == b"DataError: sample 3 is bad"
    _calls._here.raised = None
