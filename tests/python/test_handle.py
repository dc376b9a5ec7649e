"""Handles: any order of closing and collection, threads, forked children, the end of the interpreter."""
from __future__ import annotations

import copy
import gc
import itertools
import os
import pickle
import threading
from typing import Any, Callable

import numpy as np
import pytest

import cnn
import raw
from cnn._calls import call, held_count
from cnn._handle import Handle, Owner, Pointers, new
from cnn._library import lib


class Kept(Handle):
    """A handle around an owner that is there."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner


def test_any_order_of_letting_go() -> None:
    """Context, tensors, data set, model, callback and optimizer in each of their orders, used until the last moment."""
    gc.collect()
    before = held_count()
    for order in itertools.permutations(range(4)):
        context = cnn.Context(threads=1)
        data = raw.dataset(context, 16)
        model = raw.model(context)
        callback = raw.callback(context, lambda name, seen: None)
        raw.fit(model, data, callback, epochs=1)
        things: list[Any] = [context._handle, data, model, callback]
        context.close()
        del data, model, callback
        for index in order:
            things[index] = None
    gc.collect()
    assert held_count() == before


def test_rings_are_collected(context: cnn.Context) -> None:
    """A callback that refers to itself, through C's reference to Python, goes when its owner does."""
    gc.collect()
    before = held_count()

    class Ring:
        def __call__(self, name: str, seen: Any) -> None:
            pass

    ring = Ring()
    owner = raw.callback(context, ring)
    del ring, owner
    gc.collect()
    assert held_count() == before


def test_handles_are_neither_copied_nor_pickled(context: cnn.Context) -> None:
    tensor = cnn.Tensor(np.arange(3, dtype=np.float32), context)
    refusals: list[Callable[[Any], Any]] = [pickle.dumps, copy.copy, copy.deepcopy]
    for refuse in refusals:
        with pytest.raises(TypeError, match="Tensor cannot be pickled or copied"):
            refuse(tensor)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(tensor._handle)


def test_pointers(context: cnn.Context) -> None:
    tensors = [cnn.Tensor([float(index)], context) for index in range(3)]
    pointers = Pointers(tensors)
    expected = [tensor._handle.value for tensor in tensors]
    for tensor in tensors:
        tensor.close()
    assert len(pointers) == 3 and list(pointers.array) == expected
    assert lib.cnn_tensor_count(pointers.owners[2]) == 1


def test_a_failed_constructor_leaves_nothing(context: cnn.Context) -> None:
    with pytest.raises(cnn.InvalidArgument):
        new("cnn_tensor", lib.cnn_tensor_new, context._handle, 99, 0, None, None)
    half = cnn.Tensor.__new__(cnn.Tensor)
    assert half.closed and repr(half) == "Tensor(closed)"
    half.close()


def test_closing_while_another_thread_works(context: cnn.Context) -> None:
    """What a call uses lives until the call is over."""
    model, data = Kept(raw.model(context)), Kept(raw.dataset(context))
    started, errors = threading.Event(), []

    def work() -> None:
        def begin(name: str, seen: Any) -> None:
            started.set()

        try:
            raw.fit(model._handle, data._handle, raw.callback(context, begin), epochs=200)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(30)
    model.close()
    data.close()
    context.close()
    gc.collect()
    thread.join()
    assert not errors


def test_many_threads_predict(context: cnn.Context) -> None:
    model = raw.model(context)
    inputs = cnn.Tensor(np.random.default_rng(2).standard_normal((40, 3)).astype(np.float32), context)

    def predict() -> Any:
        pointers = Pointers([inputs])
        owner = new("cnn_tensor", lib.cnn_model_predict, 1, model, pointers, 1, None)
        return cnn.Tensor._adopt(owner).numpy()

    expected, wrong = predict(), []

    def work() -> None:
        for _ in range(100):
            if not np.array_equal(predict(), expected):
                wrong.append(threading.get_ident())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_gate(context: cnn.Context) -> None:
    """Readers together, a changer alone; the same thread passes, as callbacks do."""
    handle = Kept(raw.model(context))
    outcomes: list[str] = []

    def elsewhere(changes: bool) -> str:
        def work() -> None:
            try:
                with handle._changing() if changes else handle._reading() as owner:
                    outcomes.append(f"{owner is handle._owner}")
            except cnn.StateError as error:
                outcomes.append(str(error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return outcomes.pop()

    with handle._reading():
        assert elsewhere(False) == "True"
        assert elsewhere(True) == "this Kept is in use by another thread"
        with handle._changing(), handle._changing():
            assert elsewhere(False) == "this Kept is being changed by another thread"
        assert elsewhere(False) == "True"
    assert elsewhere(True) == "True"
    handle.close()
    with pytest.raises(cnn.StateError, match="closed"):
        handle._changing()


def child(work: Any) -> int:
    """The exit status of a forked child that does this and ends without Python's own end."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_forked_child(context: cnn.Context) -> None:
    """It closes, trains and makes anew; the parent's own are as they were."""
    model, data = raw.model(context), raw.dataset(context)
    raw.fit(model, data)
    before = raw.weights(model)
    array = np.arange(1000, dtype=np.float32)
    tensor = cnn.Tensor(array, context)

    def work() -> None:
        assert raw.weights(model) == before
        raw.fit(model, data)
        assert raw.weights(model) != before
        tensor.close()
        context.close()
        gc.collect()
        raw.fit(raw.model(cnn.Context(threads=2)), data)

    assert child(work) == 0
    assert raw.weights(model) == before and np.array_equal(tensor.numpy(), array)
    raw.fit(model, data)


def test_a_child_forked_inside_a_callback(context: cnn.Context) -> None:
    model, data, statuses = raw.model(context), raw.dataset(context), []

    def function(name: str, seen: Any) -> None:
        if name == "epoch_end":
            statuses.append(child(lambda: raw.fit(raw.model(cnn.Context(threads=2)), data)))

    raw.fit(model, data, raw.callback(context, function))
    assert statuses == [0, 0]


END = """
import threading, sys, numpy
import cnn, raw
from cnn import _calls
context = cnn.Context(threads=2)
model, data = raw.model(context), raw.dataset(context)
callback = raw.callback(context, lambda name, seen: None)
raw.fit(model, data, callback)
tensor = cnn.Tensor(numpy.zeros(10, numpy.float32))
view = tensor.numpy()
ring = [tensor, model, callback, cnn.default_context()]
ring.append(ring)
sys.modules["keeps"] = ring
"""


@pytest.mark.parametrize("last", [
    "", "del cnn, raw", "sys.modules.clear()", "sys.exit(0)", "context.close(); model = None"])
def test_the_end_of_the_interpreter(python: Any, last: str) -> None:
    done = python(END + last)
    assert done.stderr == ""


def test_the_end_while_a_thread_trains(python: Any) -> None:
    """A daemon thread in fit, with callbacks, does not keep the process and does not bring it down."""
    program = END + """
started = threading.Event()
forever = raw.callback(context, lambda name, seen: started.set())
threading.Thread(target=lambda: raw.fit(model, data, forever, epochs=10**9), daemon=True).start()
assert started.wait(30)
"""
    assert python(program).stderr == ""
