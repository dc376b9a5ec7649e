"""What `fit` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import callback as core
from ._callback import Callback, in_order

if TYPE_CHECKING:
    import cnn


class History(Callback):
    """The figures of a training. `fit` returns one; one may also stand among its callbacks.

    Attributes
    ----------
    history : dict of str to list of float
        "accuracy", "loss", "val_accuracy", "val_loss", then what callbacks added ("learning_rate"): for
        `pandas.DataFrame(history.history)`.
    epoch : list of int
        Numbers of the epochs, from 0.
    params : dict
        "verbose", "epochs", "steps".
    model : Model

    Examples
    --------
    >>> history = History()
    >>> history.on_epoch_end(0, {'loss': 0.5})
    >>> history.epoch, history.history
    ([0], {'loss': [0.5]})
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def _go_on_from(self, whole: cnn.History) -> None:
        """The epochs before those that were seen, where a training went on from a checkpoint, which held their figures."""
        if len(whole.epoch) > len(self.epoch):
            self.epoch = list(whole.epoch)
            self.history = {name: list(whole.history[name]) for name in {**self.history, **whole.history}}


class Recorder(core.Callback):
    """Keeps the figures of each epoch, after the user's callbacks have been told of it, and ends training where one of
    them asked the model to."""

    def __init__(self, history: History, model: Any) -> None:
        self._history, self._model = history, model

    def epoch_end(self, event: core.Event) -> None:
        self._history.on_epoch_end(event.epoch, in_order(event.logs, self._model))
        if self._model.stop_training:
            event.stop()
