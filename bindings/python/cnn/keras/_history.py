"""What `fit` returns."""

from __future__ import annotations

from typing import Any

from ..callback import Callback, Event


class History:
    """The figures of a training.

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
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.params: dict[str, Any] = {}
        self.model: Any = None


class Recorder(Callback):
    """Keeps the figures of each epoch, after the user's callbacks have been told of it, and ends training where one of
    them asked the model to."""

    def __init__(self, history: History, model: Any) -> None:
        self._history, self._model = history, model

    def epoch_end(self, event: Event) -> None:
        self._history.epoch.append(event.epoch)
        for name, value in event.logs.items():
            self._history.history.setdefault(name, []).append(value)
        if self._model.stop_training:
            event.stop()
