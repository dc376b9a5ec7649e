"""Keras's callback, and how the binding's events reach it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Mapping

from .. import callback as core
from ._arguments import refuse

if TYPE_CHECKING:
    import cnn

    Logs = Mapping[str, float]


class Callback:
    """To subclass: methods that are defined are called by `fit`, in the order of its list.

    Attributes
    ----------
    model : Model
        The model that is trained. Setting its `stop_training` ends training: in a batch's method after that batch, else
        after the epoch.
    params : dict
        "verbose", "epochs", "steps".

    Notes
    -----
    What is added to `logs` in `on_epoch_end` reaches later callbacks and the history. `fit` refuses a callback with
    `on_test_batch_begin` or `on_test_batch_end`: the library validates as a whole.

    Examples
    --------
    >>> class Show(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    """

    def __init__(self) -> None:
        self.params: Any = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that is trained."""
        return self.__dict__.get("_model")

    def set_params(self, params: Any) -> None:
        """Called by `fit`."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called by `fit`."""
        self._model = model

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a training step; calls `on_batch_begin`."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a training step, with the figures of the epoch so far; calls `on_batch_end`."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """As `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """As `on_train_batch_end`."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Before a validation or `evaluate`."""

    def on_test_end(self, logs: Any = None) -> None:
        """After a validation or `evaluate`, with its figures."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Never called: see Notes."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Never called: see Notes."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before `predict`."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Never called: the library predicts as a whole."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Never called: the library predicts as a whole."""

    def _make(self, context: cnn.Context) -> Any:
        """The binding's callback, which tells this one."""
        return Forward(self)

    def _finished(self) -> None:
        """`fit` is over, without an error."""

    def _used_in(self, where: str) -> None:
        """Called first by `evaluate` and `predict`: refuse what would be of no effect there, but has one in Keras."""


def hears(callback: Callback, *hooks: str) -> bool:
    """Does it define one of these methods?"""
    for hook in hooks:
        method = getattr(callback, hook)
        if getattr(method, "__func__", method) is not getattr(Callback, hook):
            return True
    return False


class Forward(core.Callback):
    """Tells a callback of Keras's what happens. Only events that it listens to are asked for."""

    _HOOKS: ClassVar[dict[str, tuple[str, ...]]] = {
        "train_begin": ("on_train_begin", ), "train_end": ("on_train_end", ), "epoch_begin": ("on_epoch_begin", ),
        "epoch_end": ("on_epoch_end", ), "batch_begin": ("on_train_batch_begin", "on_batch_begin"),
        "batch_end": ("on_train_batch_end", "on_batch_end"), "test_begin": ("on_test_begin", ),
        "test_end": ("on_test_end", )
    }
    _NUMBERED: ClassVar[dict[str, str]] = {
        "epoch_begin": "epoch", "epoch_end": "epoch", "batch_begin": "step", "batch_end": "step"
    }

    def __init__(self, callback: Callback) -> None:
        if hears(callback, "on_test_batch_begin", "on_test_batch_end"):
            refuse(
                f"{type(callback).__name__}: on_test_batch_begin and on_test_batch_end are not called by libcnn, "
                "which validates as a whole; on_test_begin and on_test_end are")
        self._callback = callback
        for event, hooks in self._HOOKS.items():
            if hears(callback, *hooks):
                setattr(self, event, functools.partial(self._tell, event, getattr(callback, hooks[0])))

    def _tell(self, name: str, hook: Callable[..., None], event: cnn.Event) -> None:
        before = in_order(event.logs, self._callback.model)
        logs = {figure: before[figure] for figure in before if name != "train_end" or _own(figure, self._callback.model)}
        number = self._NUMBERED.get(name)
        hook(*([] if number is None else [getattr(event, number)]), logs)
        for figure, value in logs.items():
            if figure not in before or value is not before[figure]:
                event.logs[figure] = float(value)
        if getattr(self._callback.model, "stop_training", False):
            event.stop()


def _own(figure: str, model: Any) -> bool:
    """Is it the model's, and not what a callback has added to those of an epoch?"""
    return (figure[4:] if figure.startswith("val_") else figure) in ("loss", *model._compiled.names)


def in_order(logs: Logs, model: Any) -> dict[str, float]:
    """Figures as Keras has them: the model's own, of training and validation, by the alphabet, then what callbacks added."""
    return {name: logs[name] for name in sorted(logs, key=lambda name: name if _own(name, model) else "\uffff")}
