"""What `fit`, `evaluate` and `predict` are given, as the binding takes it: Keras's meaning of arrays, not libcnn's
(bytes are numbers from 0 to 255 and are not divided)."""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING, Any, Iterable, Iterator, NamedTuple, Optional, Sequence

import numpy as np

from .._source import gives_batches
from ..dataset import Dataset
from ._arguments import refuse
from ._protocol import Flow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import cnn


class Wanted(NamedTuple):
    """What a model takes: shapes without the batch axis, and whether its loss wants class labels."""

    context: cnn.Context
    output_shape: tuple[int, ...]
    sparse: bool = False


def is_arrays(x: Any) -> bool:
    """Arrays, as opposed to what gives batches."""
    return not isinstance(x, (Dataset, Flow)) and not gives_batches(x)


def one(value: Any, what: str) -> Any:
    """The one input or target there is, out of a list or mapping where it stands in one.

    Raises
    ------
    UnsupportedError
        Several.
    """
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else None
    if parts is None or not (isinstance(value, dict) or all(getattr(part, "ndim", 0) > 0 for part in parts)):
        return value
    if len(parts) != 1:
        refuse(f"{what}: {len(parts)} arrays; libcnn's models have one input and one output")
    return parts[0]


def inputs(x: Any, what: str = "x") -> NDArray[Any]:
    """Inputs as a model sees them: float32, or bytes where a data set may keep them."""
    array = np.asarray(one(x, what))
    if array.dtype != np.uint8:
        array = np.asarray(array, np.float32)
    return array[:, None] if array.ndim == 1 else array


def floats(x: Any, what: str = "x") -> NDArray[np.float32]:
    """Inputs, always float32."""
    return np.asarray(inputs(x, what), np.float32)


def targets(y: Any, wanted: Wanted) -> Optional[NDArray[Any]]:
    """Class labels where the loss or the shape says so, else float32 rows."""
    if y is None:
        return None
    array = np.asarray(one(y, "y"))
    columns = wanted.output_shape[-1]
    if wanted.sparse:
        if array.dtype.kind == "f" and array.size and not np.all(array == np.floor(array)):
            raise ValueError("y: the loss takes class labels, which are whole numbers")
        return array if array.dtype.kind in "iu" else array.astype(np.int64)
    labels = array.dtype.kind in "iub" and columns > 1 and array.shape[1:] != wanted.output_shape
    return array if labels else np.asarray(array, np.float32)


def given_targets(y: Any, wanted: Wanted) -> NDArray[Any]:
    """Targets that must be there."""
    array = targets(y, wanted)
    if array is None:
        raise ValueError("y is None; targets are needed beside x")
    return array


def dataset(x: Any, y: Any, sample_weight: Any, wanted: Wanted) -> Dataset:
    """Arrays as a data set; float32 and bytes without a copy."""
    images = inputs(x)
    labels = targets(y, wanted)
    if labels is not None and len(labels) != len(images):
        raise ValueError(f"Data cardinality is ambiguous. Make sure all arrays contain the same number of samples. x "
                         f"has {len(images)}, y has "
                         f"{len(labels)}")
    return Dataset(images, labels, sample_weight=sample_weight, divisor=1.0 if images.dtype == np.uint8 else None,
                   context=wanted.context)


def batch(item: Any, wanted: Wanted) -> tuple[Any, ...]:
    """A batch of a generator: x, (x,), (x, y) or (x, y, sample_weight)."""
    parts = item if isinstance(item, tuple) else (item,)
    if len(parts) > 3:
        raise ValueError(f"a batch must be x, (x, y) or (x, y, sample_weight), not a tuple of {len(parts)}")
    x, y, weight = (*parts, None, None)[:3]
    return (floats(x), targets(y, wanted), weight)


class Batches:
    """What a generator, a Sequence or a flow gives, batch by batch. An iterator goes on where it stands, and gives its
    first two batches again in passes that begin after its end, as in Keras; anything else begins anew with each pass."""

    def __init__(self, source: Any, wanted: Wanted, shuffle: bool = False) -> None:
        self._source, self._wanted, self._shuffle = source, wanted, shuffle
        self._passes = 0
        self._first: list[Any] = []

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        self._passes += 1
        if self._passes > 1 and hasattr(self._source, "on_epoch_end") and not isinstance(self._source, Flow):
            self._source.on_epoch_end()
        if hasattr(self._source, "on_epoch_begin"):
            self._source.on_epoch_begin()
        return (batch(item, self._wanted) for item in self._items())

    def _items(self) -> Iterable[Any]:
        if isinstance(self._source, Flow):
            walk: Any = self._source
            return itertools.islice(iter(walk), len(walk))
        if hasattr(self._source, "__getitem__") and hasattr(self._source, "__len__"):
            count = len(self._source)
            order = np.random.permutation(count).tolist() if self._shuffle else range(count)
            return (self._source[number] for number in order)
        items: Iterable[Any] = iter(self._source)
        return self._going_on(items) if items is self._source else items

    def _going_on(self, items: Iterable[Any]) -> Iterator[Any]:
        count = 0
        for count, item in enumerate(items, 1):
            if len(self._first) < 2:
                self._first.append(item)
            yield item
        if not count and self._first:
            warnings.warn("the generator has no more batches: this pass has its first two once more; let it give "
                          "steps_per_epoch * epochs batches, or go on without end", stacklevel=2)
            yield from self._first


class CountedBatches(Batches):
    """The same of what knows how many batches a pass has."""

    def __len__(self) -> int:
        return len(self._source)


def batches(source: Any, wanted: Wanted, shuffle: bool = False) -> Batches:
    """Batches in Keras's meaning of what a user passed."""
    return (CountedBatches if hasattr(source, "__len__") else Batches)(source, wanted, shuffle)


def peeked(source: Any, context: cnn.Context) -> tuple[Any, Sequence[int]]:
    """The source, and the shape of one of its inputs; what was taken from an iterator to see it is put back."""
    if isinstance(source, Dataset):
        return source, source.input_shape
    if isinstance(source, Flow):
        return source, source._batches(context).dataset.input_shape
    if not gives_batches(source):
        return source, inputs(source).shape[1:]
    if hasattr(source, "__getitem__") and hasattr(source, "__len__"):
        return source, _shape(source[0])
    iterator = iter(source)
    first = next(iterator)
    return (itertools.chain([first], iterator) if iterator is source else source), _shape(first)


def _shape(item: Any) -> Sequence[int]:
    return inputs(item[0] if isinstance(item, tuple) else item).shape[1:]
