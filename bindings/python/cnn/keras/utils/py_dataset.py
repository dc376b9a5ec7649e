"""Batches by number, to subclass."""

from __future__ import annotations

import itertools
from typing import Any, Iterator, Optional

from .._arguments import only


class PyDataset:
    """Batches that a subclass gives by number: `__getitem__` and `__len__` (or `num_batches`). `fit` goes over them in an
    order drawn anew for each round of all, unless shuffle=False; with steps_per_epoch an epoch goes on where the one before ended.

    Parameters
    ----------
    workers, use_multiprocessing, max_queue_size
        As they stand: batches are made on the thread that calls `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from cnn import keras
    >>> class Halves(keras.utils.PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, index):
    ...         return np.full((3, 4), index / 2), np.array([0, 1, 1])
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    >>> model.compile("sgd", "sparse_categorical_crossentropy")
    >>> len(model.fit(Halves(), epochs=3, verbose=0).history["loss"])
    3
    """

    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        where, why = type(self).__name__, "batches are made on the thread that calls fit; the library has its own for the rest"
        only(where, "workers", workers, (1,), why)
        only(where, "use_multiprocessing", use_multiprocessing, (False,), why)
        only(where, "max_queue_size", max_queue_size, (10,), why)

    def __getitem__(self, index: int) -> Any:
        """A batch: x, (x, y) or (x, y, sample_weight)."""
        raise NotImplementedError(f"{type(self).__name__} needs a __getitem__(index)")

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        return (self[number] for number in (itertools.count() if count is None else range(count)))

    @property
    def num_batches(self) -> Optional[int]:
        """How many batches there are; None: without end, which wants steps_per_epoch."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(f"{type(self).__name__} needs a __len__() or a property num_batches")

    def on_epoch_begin(self) -> None:
        """Called before the batches of an epoch, a validation, `evaluate` or `predict`."""

    def on_epoch_end(self) -> None:
        """Called after them, and before the first epoch, a validation or `evaluate`, as in Keras."""


Sequence = PyDataset
