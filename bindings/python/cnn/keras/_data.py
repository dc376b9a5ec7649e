"""What `fit`, `evaluate` and `predict` are given, as the binding takes it: Keras's meaning of arrays, not libcnn's
(bytes are numbers from 0 to 255 and are not divided)."""

from __future__ import annotations

import collections
import itertools
import random
import warnings
from typing import TYPE_CHECKING, Any, Iterable, Iterator, NamedTuple, Optional, Sequence

import numpy as np

from .._source import gives_batches
from ..dataset import Dataset
from ._arguments import real, refuse
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
    array = real(what, one(x, what))
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
    array = real("y", one(y, "y"))
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
    """What a generator, a Sequence or a flow gives, batch by batch.

    Parameters
    ----------
    shuffle : bool
        Batches that are had by number come in an order drawn for each round of them.
    goes_on : bool
        A pass begins where the one before has ended, as in Keras's fit with steps_per_epoch, and a generator goes on where
        it stands; else each pass begins anew, and one of a generator, which cannot, with its first two batches, after which
        it goes on, as Keras's do. A generator that has ended gives its first two once more in any case.
    """

    def __init__(self, source: Any, wanted: Wanted, shuffle: bool = False, goes_on: bool = False) -> None:
        self._source, self._wanted, self._shuffle, self._goes_on = source, wanted, shuffle, goes_on
        self._told = None if isinstance(source, Flow) else source
        self._passes = 0
        self._order: Optional[Iterator[int]] = None
        self._first: list[Any] = []

    def reset(self) -> None:
        """Tell the source that what it gave before is over."""
        getattr(self._told, "on_epoch_end", _nothing)()

    end = reset

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        self._passes += 1
        getattr(self._told, "on_epoch_begin", _nothing)()
        return (batch(item, self._wanted) for item in self._items())

    def _items(self) -> Iterable[Any]:
        if isinstance(self._source, Flow):
            walk: Any = self._source
            return itertools.islice(iter(walk), len(walk))
        if _numbered(self._source):
            return self._by_number()
        items: Iterable[Any] = iter(self._source)
        return self._of_iterator(items) if items is self._source else items

    def skip(self, passes: int, steps: Optional[int]) -> None:
        """Passes of so many steps were made by a run that goes on here: what is had by number comes as if they had been made
        of it, and on_epoch_end is not told of them."""
        for _ in range(passes if _numbered(self._source) and (steps or _count(self._source)) else 0):
            collections.deque(itertools.islice(self._numbers(), steps), maxlen=0)

    def _by_number(self) -> Iterator[Any]:
        return (self._source[number] for number in self._numbers())

    def _numbers(self) -> Iterator[int]:
        """One round of all; two where the first is the rest of a round that was begun before."""
        rest = self._order if self._goes_on else None
        while True:
            if rest is None:
                self._order = self._drawn()
            assert self._order is not None
            yield from self._order
            self._order = None
            if rest is None:
                return
            rest = None

    def _drawn(self) -> Iterator[int]:
        count = _count(self._source)
        if count is None:
            return itertools.count()
        order = list(range(count))
        if self._shuffle:
            random.shuffle(order)
        return iter(order)

    def _of_iterator(self, items: Iterable[Any]) -> Iterator[Any]:
        again = list(self._first) if self._passes > 1 else []
        if not self._goes_on:
            yield from again
        count = 0
        for count, item in enumerate(items, 1):
            if len(self._first) < 2:
                self._first.append(item)
            yield item
        if not count and again:
            warnings.warn("the generator has no more batches: this pass has its first two once more; let it give "
                          "steps_per_epoch * epochs batches, or go on without end", stacklevel=2)
            if self._goes_on:
                yield from again


class CountedBatches(Batches):
    """The same of what knows how many batches a pass has."""

    def __len__(self) -> int:
        return _count(self._source) or 0


def batches(source: Any, wanted: Wanted, shuffle: bool = False, goes_on: bool = False) -> Batches:
    """Batches in Keras's meaning of what a user passed."""
    kind = Batches if _count(source) is None else CountedBatches
    return kind(source, wanted, shuffle, goes_on)


def _nothing() -> None:
    """In the place of a method that a source has not."""


def _numbered(source: Any) -> bool:
    """Are its batches had by number?"""
    from .utils.py_dataset import PyDataset

    return isinstance(source, PyDataset) or hasattr(source, "__getitem__") and hasattr(source, "__len__")


def _count(source: Any) -> Optional[int]:
    """How many batches it has; None where nobody knows, or they have no end."""
    from .utils.py_dataset import PyDataset

    if isinstance(source, PyDataset):
        return source.num_batches
    try:
        return len(source) if hasattr(source, "__len__") else None
    except (TypeError, NotImplementedError):  # loaders of streams have the method and refuse
        return None


def peeked(source: Any, context: cnn.Context) -> tuple[Any, Sequence[int]]:
    """The source, and the shape of one of its inputs; what was taken from an iterator to see it is put back."""
    if isinstance(source, Dataset):
        return source, source.input_shape
    if isinstance(source, Flow):
        return source, source._batches(context).dataset.input_shape
    if not gives_batches(source):
        return source, inputs(source).shape[1:]
    if _numbered(source):
        return source, _shape(source[0])
    iterator = iter(source)
    first = next(iterator)
    return (itertools.chain([first], iterator) if iterator is source else source), _shape(first)


def _shape(item: Any) -> Sequence[int]:
    return inputs(item[0] if isinstance(item, tuple) else item).shape[1:]
