"""History: the figures of the epochs of a training."""
from __future__ import annotations

import ctypes
from typing import Any

from ._handle import Owner
from ._library import lib


class History:
    """Figures of each epoch, as `Model.fit` returns them: plain Python, without a handle.

    Attributes
    ----------
    history : dict of str to list of float
        "accuracy", "loss", "val_accuracy", "val_loss" ... by epoch, for ``pandas.DataFrame(history.history)``. A figure
        that not every epoch has, as those of validation with ``validation_freq``, has a shorter list.
    epoch : list of int
        The number of each epoch, from 0.
    seconds : list of float
        What each took.

    Examples
    --------
    >>> import cnn
    >>> history = cnn.History({"loss": [0.5, 0.25]}, [0, 1], [1.5, 1.25])
    >>> history
    History(2 epochs: loss 0.25)
    >>> history.history["loss"][-1]
    0.25
    """

    def __init__(self, history: dict[str, list[float]] | None = None, epoch: list[int] | None = None,
                 seconds: list[float] | None = None) -> None:
        self.history: dict[str, list[float]] = {} if history is None else history
        self.epoch: list[int] = [] if epoch is None else epoch
        self.seconds: list[float] = [] if seconds is None else seconds

    @classmethod
    def _read(cls, pointer: ctypes.c_void_p) -> History:
        """The figures that a handle holds, which is freed."""
        history = cls()
        if not pointer.value:
            return history
        owner = Owner(pointer.value, lib.cnn_history_free)
        rows = lib.cnn_history_count(owner)
        history.epoch = [lib.cnn_history_epoch(owner, row) for row in range(rows)]
        history.seconds = [lib.cnn_history_seconds(owner, row) for row in range(rows)]
        value = ctypes.c_double()
        for number in range(lib.cnn_history_name_count(owner)):
            name: bytes = lib.cnn_history_name(owner, number)
            history.history[name.decode()] = [value.value for row in range(rows)
                                              if lib.cnn_history_value(owner, row, name, ctypes.byref(value)) >= 0]
        return history

    def __len__(self) -> int:
        return len(self.epoch)

    def __getitem__(self, name: str) -> list[float]:
        return self.history[name]

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, History):
            return NotImplemented
        return (self.history, self.epoch) == (other.history, other.epoch)

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self.history.items() if values)
        return f"History({len(self)} epochs{': ' * bool(last)}{last})"
