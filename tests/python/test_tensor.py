"""Tensors: what goes in without a copy, what is converted or refused, and views that keep their owner."""
from __future__ import annotations

import gc
import weakref
from typing import Any, Callable

import numpy as np
import pytest

import cnn
from cnn._calls import held_count
from cnn.tensor import prepared

DIRECT = [np.float32, np.uint8, np.int32, np.int64]


@pytest.mark.parametrize("dtype", DIRECT)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (4, 7, 7, 3), (1,) * 8, (0,), (3, 0, 2)])
def test_without_a_copy(context: cnn.Context, dtype: Any, shape: tuple[int, ...]) -> None:
    array = np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)
    tensor = cnn.Tensor(array, context)
    assert (tensor.shape, tensor.dtype, tensor.ndim, tensor.size, tensor.nbytes) == (
        shape, array.dtype, array.ndim, array.size, array.nbytes)
    view = tensor.numpy()
    assert np.array_equal(view, array) and view.dtype == dtype and view.flags.writeable
    if array.size:
        assert np.shares_memory(view, array)
        view.flat[0] = 9
        assert array.flat[0] == 9


@pytest.mark.parametrize(("given", "taken"), [
    ("float16", "float32"), ("float64", "float32"), ("longdouble", "float32"), ("bool", "uint8"), ("int8", "int32"),
    ("int16", "int32"), ("uint16", "int32"), ("uint32", "int64"), ("uint64", "int64"), (">f4", "float32"),
    (">i8", "int64"), (">u2", "int32"), (">f8", "float32")])
def test_converted(context: cnn.Context, given: str, taken: str) -> None:
    array = np.array([[0, 1, 1], [1, 0, 1]], dtype=given)
    tensor = cnn.Tensor(array, context)
    assert tensor.dtype == taken and np.array_equal(tensor.numpy(), array.astype(taken))
    assert not np.shares_memory(tensor.numpy(), array)


@pytest.mark.parametrize("make", [
    np.asfortranarray, lambda a: a[::-1], lambda a: a[:, ::2], lambda a: a.T, lambda a: np.broadcast_to(a[0], (3, 6)),
    lambda a: np.frombuffer(b"x" + a.tobytes(), dtype=np.uint8)[1:].view(np.float32).reshape(a.shape)],
    ids=["fortran", "negative", "step", "transposed", "broadcast", "unaligned"])
def test_other_orders_are_copied_once(context: cnn.Context, make: Any) -> None:
    array = make(np.arange(24, dtype=np.float32).reshape(4, 6))
    tensor = cnn.Tensor(array, context)
    assert np.array_equal(tensor.numpy(), array)
    assert tensor.numpy().flags.c_contiguous and tensor.numpy().flags.aligned


def test_lists_and_scalars(context: cnn.Context) -> None:
    assert cnn.Tensor([[1, 2], [3, 4]], context).dtype == np.int64
    assert cnn.Tensor([1.5, 2], context).dtype == np.float32
    assert cnn.Tensor(3.5, context).shape == ()
    assert cnn.Tensor(memoryview(b"abc"), context).dtype == np.uint8


@pytest.mark.parametrize("value", [
    ["a", "b"], [None], [object()], [1j], np.array(["2020-01-01"], "datetime64[D]"), np.zeros(2, [("a", "f4")]),
    b"bytes", np.array([1, "x"], object),
    [[1, 2], [3]], np.ma.masked_array([1.0], [True])],  # type: ignore[no-untyped-call]
    ids=["text", "none", "object", "complex", "dates", "record", "bytes", "mixed", "ragged", "masked"])
def test_refused(context: cnn.Context, value: Any) -> None:
    before = held_count()
    with pytest.raises(cnn.ShapeError, match="array: "):
        cnn.Tensor(value, context)
    assert held_count() == before


def test_refused_by_value(context: cnn.Context) -> None:
    with pytest.raises(cnn.DataError, match="18446744073709551615 does not fit int64"):
        cnn.Tensor(np.array([2**64 - 1], np.uint64), context)
    with pytest.raises(cnn.ShapeError, match="9 axes, at most 8"):
        cnn.Tensor(np.zeros((1,) * 9, np.float32), context)


def test_subclasses_and_other_libraries(context: cnn.Context) -> None:
    class Mine(np.ndarray[Any, Any]):
        pass

    array = np.arange(3, dtype=np.float32).view(Mine)
    assert type(prepared(array)) is np.ndarray
    assert np.array_equal(cnn.Tensor(array, context).numpy(), array)

    class Lender:
        def __init__(self) -> None:
            self.array = np.arange(4, dtype=np.int32)

        def __dlpack__(self, stream: Any = None) -> Any:
            return self.array.__dlpack__()

        def __dlpack_device__(self) -> tuple[int, int]:
            return self.array.__dlpack_device__()

    lender = Lender()
    tensor = cnn.Tensor(lender, context)  # type: ignore[arg-type]
    assert np.shares_memory(tensor.numpy(), lender.array)


def test_read_only_stays_read_only(context: cnn.Context) -> None:
    array = np.arange(3, dtype=np.float32)
    array.flags.writeable = False
    tensor = cnn.Tensor(array, context)
    view = tensor.numpy()
    assert not view.flags.writeable and np.shares_memory(view, array)
    with pytest.raises(ValueError):
        view.flags.writeable = True
    with pytest.raises(BufferError, match="read-only"):
        tensor.__dlpack__()
    copy = tensor.copy()
    copy.numpy()[0] = 5
    assert array[0] == 0 and np.from_dlpack(copy)[0] == 5


@pytest.mark.parametrize("lend", [lambda t: t.numpy(), np.asarray, np.from_dlpack, lambda t: t.numpy()[1:].T],
                         ids=["numpy", "asarray", "dlpack", "view of a view"])
def test_views_outlive_all(lend: Any) -> None:
    """The array given goes only when the last view has gone, whatever is closed before."""
    context = cnn.Context(threads=1)
    before = held_count()
    array = np.arange(20000, dtype=np.float32).reshape(2, 10000)
    gone = weakref.ref(array)
    tensor = cnn.Tensor(array, context)
    view = lend(tensor)
    expected = view.copy()
    del array
    tensor.close()
    context.close()
    gc.collect()
    assert gone() is not None and np.array_equal(view, expected)
    del view, tensor
    gc.collect()
    assert gone() is None and held_count() == before


def test_collected_without_close(context: cnn.Context) -> None:
    before = held_count()
    array = np.zeros(10, np.float32)
    gone = weakref.ref(array)
    tensor = cnn.Tensor(array, context)
    ring: list[Any] = [tensor]
    ring.append(ring)
    del array, tensor, ring
    gc.collect()
    assert gone() is None and held_count() == before


def test_a_capsule_that_nobody_takes(context: cnn.Context) -> None:
    before = held_count()
    tensor = cnn.Tensor(np.zeros(10, np.float32), context)
    assert tensor.__dlpack_device__() == (1, 0)
    capsule = tensor.__dlpack__()
    assert held_count() == before + 2 and "dltensor" in repr(capsule)
    del capsule
    assert held_count() == before + 1
    with pytest.raises(BufferError, match="stream"):
        tensor.__dlpack__(stream=1)  # type: ignore[arg-type]


def test_closed(context: cnn.Context) -> None:
    tensor = cnn.Tensor([1.0], context)
    assert len(tensor) == 1 and repr(tensor) == "Tensor(float32, (1,))"
    tensor.close()
    tensor.close()
    assert repr(tensor) == "Tensor(closed)"
    uses: list[Callable[[], Any]] = [
        lambda: tensor.shape, tensor.numpy, tensor.copy, tensor.__dlpack__, lambda: len(tensor), lambda: tensor.nbytes]
    for use in uses:
        with pytest.raises(cnn.StateError, match="this Tensor is closed"):
            use()
    with pytest.raises(TypeError):
        len(cnn.Tensor(1.0, context))
    context.close()
    with pytest.raises(cnn.StateError, match="this Context is closed"):
        cnn.Tensor([1.0], context)
