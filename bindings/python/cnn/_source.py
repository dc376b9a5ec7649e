"""Batches that come from Python: a generator, or anything that gives batches when it is gone over."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from . import _abi, _arrays
from ._calls import held, hold, release, trampoline
from ._options import options
from .context import Context
from .tensor import Tensor


def gives_batches(value: Any) -> bool:
    """Is it something to go over batch by batch? Arrays, and lists and tuples, which are made into arrays, are not."""
    if isinstance(value, (np.ndarray, Tensor, list, tuple, str, bytes, dict)):
        return False
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__") or hasattr(value, "__dlpack__"):
        return False
    return hasattr(value, "__iter__") or (hasattr(value, "__getitem__") and hasattr(value, "__len__"))


def _length(batches: Any) -> int:
    """How many there are in a pass; 0 where nobody knows, as in loaders of streams, which have the method and
    refuse."""
    try:
        return len(batches) if hasattr(batches, "__len__") else 0
    except (TypeError, NotImplementedError):
        return 0


@trampoline(_abi.cnn_batch_source_next)
def _next(user: int, request: Any, batch: Any) -> int:
    source: Source = held(user)
    return source.next(request.contents, batch.contents)


class Source:
    """Batches for one call. An iterator goes on where it stands at each pass; anything else is gone over anew.

    The arrays of a batch are held until the next one is asked for."""

    def __init__(self, batches: Any, context: Context, what: str) -> None:
        self._batches, self._context, self._what = batches, context, what
        self._iterator: Iterator[Any] | None = None
        self._tensors: tuple[Tensor | None, ...] = ()
        count = _length(batches)
        self._number = hold(self)
        self.struct = options(_abi.cnn_batch_source, user=self._number, next=_next, batches=count)

    def _begin(self) -> Iterator[Any]:
        batches: Iterable[Any] = self._batches
        if hasattr(self._batches, "__iter__"):
            return iter(batches)
        return (self._batches[number] for number in range(len(self._batches)))

    def next(self, request: _abi.cnn_batch_request, batch: _abi.cnn_batch) -> int:
        """Fill in the next batch; CNN_STOP: the pass has no more."""
        self._tensors = ()
        if self._iterator is None or request.step == 0:
            self._iterator = self._begin()
        try:
            item = next(self._iterator)
        except StopIteration:
            return _abi.CNN_STOP
        self._tensors = _arrays.batch(item, self._context,
                                      f"{self._what}: batch {request.step} of epoch {request.epoch}")
        batch.inputs, batch.targets, batch.sample_weights = [
            None if tensor is None else tensor._handle.value for tensor in self._tensors]
        return _abi.CNN_OK

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *exception: object) -> None:
        release(self._number)
        self._tensors, self._iterator = (), None
