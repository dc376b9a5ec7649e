"""Data sets: of all sorts of arrays, and of files."""
from __future__ import annotations

import gc
import pathlib
from typing import Any

import numpy as np
import pytest

import cnn
import small
from cnn._calls import held_count


def test_what_is_told(context: cnn.Context) -> None:
    data = cnn.Dataset((np.arange(6 * 4) % 256).reshape(6, 2, 2).astype(np.uint8), [0, 2, 1, 2, 2, 0], context=context)
    assert repr(data) == "Dataset(6 samples, uint8 (2, 2, 1), 3 classes)"
    assert len(data) == 6 and data.classes == 3 and data.input_shape == (2, 2, 1) and data.input_dtype == np.uint8
    assert data.range == (0, 23) and data.class_counts().tolist() == [2, 1, 3] and data.labels().tolist() == [0, 2, 1, 2, 2, 0]
    mean, deviation = data.statistics()
    assert mean == pytest.approx([11.5 / 255]) and deviation == pytest.approx([np.arange(24).std() / 255])
    part = data.inputs(1, 2)
    assert part.dtype == np.float32 and np.allclose(part.ravel(), np.arange(4, 12) / 255) and len(data.inputs()) == 6
    with pytest.raises(cnn.StateError):
        data.sample_weights()
    with pytest.raises(cnn.InvalidArgument):
        data.inputs(5, 2)
    weighted = cnn.Dataset(np.zeros((2, 3)), [0, 1], sample_weight=[0.5, 2], context=context)
    assert weighted.sample_weights().tolist() == [0.5, 2]
    assert repr(cnn.Dataset(np.zeros((2, 3)), context=context)) == "Dataset(2 samples, float32 (3,))"
    assert cnn.Dataset(np.full((1, 2), 51, np.uint8), divisor=100, context=context).inputs().tolist() == [[np.float32(0.51)] * 2]
    assert cnn.Dataset([[1.0]], [3], classes=10, context=context).classes == 10


def awkward() -> dict[str, Any]:
    """The same numbers in many a form."""
    plain = np.arange(24, dtype=np.float32).reshape(4, 6) / 8
    bytes_ = bytearray(plain.nbytes + 1)
    shifted = np.ndarray((4, 6), np.float32, bytes_, 1)
    shifted[...] = plain
    locked = plain.copy()
    locked.flags.writeable = False
    wide = np.zeros((4, 12), np.float32)
    wide[:, ::2] = plain
    return {"plain": plain, "double": plain.astype(np.float64), "half": plain.astype(np.float16), "fortran": np.asfortranarray(plain),
            "backwards": plain[::-1, ::-1].copy()[::-1, ::-1], "read-only": locked, "strided": wide[:, ::2], "misaligned": shifted,
            "big-endian": plain.astype(">f4"), "list": plain.tolist(), "tuples": tuple(map(tuple, plain.tolist())),
            "tensor": cnn.Tensor(plain), "array of rows": [row for row in plain], "subclass": plain.view(np.matrix)}


@pytest.mark.parametrize("name", list(awkward()))
def test_awkward_arrays(context: cnn.Context, name: str) -> None:
    forms = awkward()
    data = cnn.Dataset(forms[name], context=context)
    gc.collect()
    assert np.array_equal(data.inputs(), forms["plain"])


def test_numbers_of_all_types(context: cnn.Context) -> None:
    for kind in "?bhiqHIQ":
        assert cnn.Dataset(np.ones((2, 3), kind), context=context).inputs().tolist() == [[1, 1, 1]] * 2, kind
    for kind in "?bBhHiIqQ":
        assert cnn.Dataset(np.zeros((2, 3)), np.ones(2, kind), context=context).labels().tolist() == [1, 1], kind


def test_arrays_that_are_none(context: cnn.Context) -> None:
    good = np.zeros((2, 3), np.float32)
    for wrong in (np.array([[None]]), good.astype(complex), np.array([["a"]]), [[1], [1, 2]], np.ma.masked_array(good), {"x": good},
                  None, 3.5, good[:0], np.zeros((1,) * 9), object()):
        with pytest.raises((cnn.Error, TypeError)):
            cnn.Dataset(wrong, context=context)
    for y in ([0], [0, -1], [0, np.nan], ["a", "b"], [[[0]], [[1]]] * 2):
        with pytest.raises(cnn.Error):
            cnn.Dataset(good, y, context=context)
    with pytest.raises(cnn.DataError, match="sample 1"):
        cnn.Dataset([[0.0, 1.0], [1.0, np.inf]], context=context)
    with pytest.raises(cnn.DataError):
        cnn.Dataset([[1e300]], context=context)
    for weights in ([1], [1, np.nan], "ab"):
        with pytest.raises(cnn.Error):
            cnn.Dataset(good, [0, 1], sample_weight=weights, context=context)


def test_memory_is_held_as_long_as_needed_and_no_longer(context: cnn.Context) -> None:
    gc.collect()
    before = held_count()
    x, y = small.images()
    data = cnn.Dataset(x, y, context=context)
    del x, y
    part = data.split(0.25)
    data.close()
    gc.collect()
    assert len(part) == 12 and part.labels().tolist() == (np.arange(48) % 3).tolist()[36:]
    assert held_count() == before + 1  # the inputs; labels are copied
    part.close()
    gc.collect()
    assert held_count() == before


def test_splits(context: cnn.Context) -> None:
    x, y = small.images()
    data = cnn.Dataset(x, y, context=context)
    for fraction in (0, 1, -0.5, 2, float("nan")):
        with pytest.raises(cnn.InvalidArgument):
            data.split(fraction)
    model = small.model(context)

    class Split(cnn.Callback):
        def batch_end(self, event: cnn.Event) -> None:
            data.split(0.5)

    with pytest.raises(cnn.StateError, match="in use"):
        model.fit(data, verbose=0, callbacks=Split())
    assert len(data) == 48


def test_files(context: cnn.Context, mnist: pathlib.Path, tmp_path: pathlib.Path) -> None:
    test = cnn.Dataset.idx(mnist / "t10k-images-idx3-ubyte.gz", mnist / "t10k-labels-idx1-ubyte.gz", context=context)
    assert repr(test) == "Dataset(10000 samples, uint8 (28, 28, 1), 10 classes)" and test.labels()[:5].tolist() == [7, 2, 1, 0, 4]
    x, y = small.images(12)
    np.savez(tmp_path / "all.npz", x_train=x, y_train=y, x_test=x[:4], y_test=y[:4])
    train, held_out = cnn.Dataset.npz(str(tmp_path / "all.npz"), context=context)
    assert len(train) == 12 and len(held_out) == 4
    train.close()
    assert np.array_equal(held_out.inputs(), x[:4])
    np.savez(tmp_path / "half.npz", x_train=x, y_train=y)
    with pytest.raises(cnn.FormatError, match="x_test"):
        cnn.Dataset.npz(tmp_path / "half.npz", context=context)
    with pytest.raises(cnn.FileError, match="none"):
        cnn.Dataset.idx(tmp_path / "none", tmp_path / "none", context=context)
    with pytest.raises(cnn.FormatError):
        cnn.Dataset.idx(tmp_path / "all.npz", tmp_path / "all.npz", context=context)
