"""Loops that make, use and drop everything: neither Python's memory nor C's grows, nor what C holds of Python's."""
from __future__ import annotations

import ctypes
import gc
import sys
import tracemalloc
from typing import Any, Callable

import numpy as np
import pytest

import cnn
import small
from cnn._calls import held_count

X, Y = small.images(24)
ROUNDS = 50  # one object a round, of some 50 bytes, is over the limits below


class _Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]


def allocated() -> int:
    """Bytes that the C library has given out, in this moment."""
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = _Mallinfo
    state = libc.mallinfo2()
    return int(state.uordblks + state.hblkhd)


def tensors() -> None:
    tensor = cnn.Tensor(X)
    view = tensor.numpy()
    np.from_dlpack(tensor)
    tensor.__dlpack__()
    tensor.copy().numpy()
    tensor.close()
    view.sum()
    with pytest.raises(cnn.ShapeError):
        cnn.Tensor(["text"])


def data_sets() -> None:
    data = cnn.Dataset(X, Y, sample_weight=np.ones(24))
    part = data.split(0.5)
    data.inputs(0, 3)
    part.labels()
    data.statistics()
    with pytest.raises(cnn.DataError):
        cnn.Dataset(X * np.nan, Y)


def contexts() -> None:
    context = cnn.Context(seed=3, threads=2)
    model = small.model(context)
    context.close()
    model.predict(X)


MODEL = small.model(cnn.Context(seed=1, threads=1))


class Heard(cnn.Callback):
    """Holds on to the last event."""

    def epoch_end(self, event: Any) -> None:
        event.logs["mine"] = 1.0
        self.event = event


class Raising(cnn.Callback):
    """Fails at the first step."""

    def batch_end(self, event: Any) -> None:
        raise KeyError(event.step)


def training() -> None:
    heard = Heard()
    MODEL.fit(X, Y, epochs=2, batch_size=8, verbose=0, validation_split=0.25,
              callbacks=[heard, cnn.EarlyStopping("loss")])
    MODEL.fit(iter([(X, Y), (X, Y)]), verbose=0)
    MODEL.train_on_batch(X, Y)
    MODEL.evaluate(X, Y)
    MODEL.summary_text()
    for layer in MODEL.layers:
        layer.attributes


def failing() -> None:
    with pytest.raises(KeyError):
        MODEL.fit(X, Y, verbose=0, callbacks=[Raising()])
    with pytest.raises(ZeroDivisionError):
        MODEL.fit((1 / 0 for _ in range(1)), verbose=0)
    with pytest.raises(cnn.ShapeError):
        MODEL.predict(X[:, :4])
    with pytest.raises(cnn.NameError_):
        MODEL.compile("adam", "categorical_crossentrop")


def files() -> None:
    content = MODEL.to_bytes()
    cnn.Model.from_bytes(content).predict(X)
    with pytest.raises(cnn.FormatError):
        cnn.Model.from_bytes(content[:-9])
    MODEL.load_weights(MODEL.to_bytes(weights_only=True))


def predictions() -> None:
    out = MODEL.predict(X)
    MODEL.predict(X[0:1])
    MODEL.predict_classes(X)
    MODEL.predict(X, out=out)
    cnn.Report(Y, out).to_dict()


@pytest.mark.parametrize("work", [tensors, data_sets, contexts, training, failing, files, predictions])
def test_nothing_grows(work: Callable[[], None]) -> None:
    def rounds(count: int, measure: Callable[[], int]) -> int:
        for _ in range(count):
            work()
        gc.collect()
        sys._clear_type_cache()  # which keeps the names of attributes
        return measure()

    def growth(measure: Callable[[], int]) -> int:
        """The least of three, since caches of Python's own fill up now and then."""
        before = rounds(10, measure)
        return min(rounds(ROUNDS, measure) for _ in range(3)) - before

    rounds(2 * ROUNDS, allocated)
    held = held_count()
    more = growth(allocated)
    assert more < 4000, f"{more} bytes of C's more after {ROUNDS} rounds"
    assert held_count() == held
    tracemalloc.start()
    try:
        more = growth(lambda: tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert more < 2500, f"{more} bytes of Python's more after {ROUNDS} rounds"


def test_the_measure_sees_a_leak() -> None:
    """Memory of C's own that nobody frees."""
    before = allocated()
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    lost = [libc.malloc(ctypes.c_size_t(5000)) for _ in range(25)]
    assert allocated() - before >= 25 * 5000
    libc.free.argtypes = (ctypes.c_void_p,)
    for pointer in lost:
        libc.free(pointer)
