"""History: the figures of the epochs of a training."""
from __future__ import annotations

import contextlib
import ctypes
import json
import math
from typing import Any

from ._errors import FormatError, InvalidArgument
from ._handle import Owner
from ._library import lib


def _plain(value: float) -> float | str:
    """JSON has no word for what is not finite."""
    return float(value) if math.isfinite(value) else repr(float(value))


def _number(value: Any, name: str) -> float:
    if isinstance(value, str) and value in ("nan", "inf", "-inf") or type(value) in (int, float):
        with contextlib.suppress(OverflowError):
            return float(value)
    raise FormatError(f"history: {value!r} in '{name}' is no number")


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
        self._rows: dict[str, list[int]] = {}  # of figures that not every epoch has: which ones do

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
            history._fill(name.decode(), [
                value.value if lib.cnn_history_value(owner, row, name, ctypes.byref(value)) >= 0 else None
                for row in range(rows)])
        return history

    def _fill(self, name: str, values: list[float | None]) -> None:
        self.history[name] = [value for value in values if value is not None]
        if None in values:
            self._rows[name] = [row for row, value in enumerate(values) if value is not None]

    def _column(self, name: str) -> list[float | str | None]:
        """A figure's values with None for epochs that have none."""
        values = self.history[name]
        rows = self._rows.get(name, list(range(len(self.epoch))))
        if len(values) == len(self.epoch):
            return [_plain(value) for value in values]
        if len(values) != len(rows):
            raise InvalidArgument(f"history: '{name}' has {len(values)} values for {len(self.epoch)} epochs")
        column: list[float | str | None] = [None] * len(self.epoch)
        for row, value in zip(rows, values):
            column[row] = _plain(value)
        return column

    def to_json(self) -> str:
        """All of it as one JSON object, that of `cnn_history_to_json`: "epoch", "seconds" and "history", with null for a
        figure that an epoch does not have; NaN and infinities are the strings "nan", "inf", "-inf". The numbers come back
        to the bit.

        Examples
        --------
        >>> import cnn
        >>> cnn.History({"loss": [0.5, 0.25]}, [0, 1], [1.5, 1.25]).to_json()
        '{"epoch": [0, 1], "seconds": [1.5, 1.25], "history": {"loss": [0.5, 0.25]}}\\n'
        """
        return json.dumps({"epoch": [int(number) for number in self.epoch],
                           "seconds": [_plain(value) for value in self.seconds],
                           "history": {name: self._column(name) for name in self.history}}) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> History:
        """The way back, from what `to_json`, `cnn_history_to_json` or anyone who keeps to their form has written.

        Raises
        ------
        FormatError
            It is no JSON, or not that of a history.
        """
        try:
            parsed = json.loads(text)
            epochs, seconds, figures = parsed["epoch"], parsed["seconds"], parsed["history"]
            lists = [epochs, seconds, *figures.values()]
            fits = all(isinstance(values, list) and len(values) == len(epochs) for values in lists)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise FormatError(f"history: not the JSON of a history: {error}") from None
        if not fits or not all(type(number) is int and number >= 0 for number in epochs):
            raise FormatError("history: not the JSON of a history: lists of one length and epochs from 0 on are wanted")
        history = cls({}, epochs, [_number(value, "seconds") for value in seconds])
        for name, values in figures.items():
            history._fill(name, [None if value is None else _number(value, name) for value in values])
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
