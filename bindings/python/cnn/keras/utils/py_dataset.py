"""Batches by number, to subclass."""

from __future__ import annotations

from typing import Any, Iterator, Optional

from .._arguments import only, refuse


class PyDataset:
    """Batches that a subclass gives by number: `__getitem__` and `__len__` (or `num_batches`). `fit` goes over them in an
    order drawn anew for each epoch, unless shuffle=False.

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

    def __len__(self) -> int:
        count = self.num_batches
        if count is None:
            refuse(f"{type(self).__name__}: num_batches is None, without end; give fit a generator")
        return count

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    @property
    def num_batches(self) -> Optional[int]:
        """How many batches there are."""
        if type(self).__len__ is PyDataset.__len__:
            raise NotImplementedError(f"{type(self).__name__} needs a __len__() or a property num_batches")
        return len(self)

    def on_epoch_begin(self) -> None:
        """Called before the batches of an epoch."""

    def on_epoch_end(self) -> None:
        """Called between two epochs."""


Sequence = PyDataset
