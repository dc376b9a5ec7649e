"""Callbacks of one's own: who is told what happens in training, and may end it."""
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Mapping

from . import _abi
from ._calls import held, hold, release, trampoline
from ._errors import StateError
from ._handle import Owner, new
from ._library import lib
from ._logs import Logs
from ._options import options
from ._state import put_values, values_of

if TYPE_CHECKING:
    from .model import Model

EVENTS = ("train_begin", "train_end", "epoch_begin", "epoch_end", "batch_begin", "batch_end", "test_begin", "test_end")


class Event:
    """What happens, as a callback sees it.

    Attributes
    ----------
    model : Model
        The model that is trained: the very object whose `fit` was called. It may be read, evaluated, used to predict,
        saved; weights and rate may be set. `fit` and `close` are refused.
    epoch, epochs : int
        The epoch from 0; the number of the last one, as given to fit.
    step, steps : int
        The batch within the epoch, from 0; how many there are, 0 where nobody knows yet.
    verbose : int
        As given to fit.
    """

    __slots__ = ("model", "epoch", "epochs", "step", "steps", "verbose", "_logs", "_pointer", "_sink", "_stop")

    def __init__(self, model: Model, event: _abi.cnn_event) -> None:
        self.model = model
        self.epoch: int = event.epoch
        self.epochs: int = event.epochs
        self.step: int = event.step
        self.steps: int = event.steps
        self.verbose: int = event.verbose
        self._pointer: int | None = event.logs
        self._sink: Any = event.sink
        self._logs: Logs | None = None
        self._stop = False

    @property
    def logs(self) -> Logs:
        """Figures by name: running ones at `batch_end`, the epoch's at `epoch_end`, the last epoch's at `train_end`.
        They may be set or added.

        Raises
        ------
        StateError
            The event is over, and nobody had looked at them.
        """
        if self._logs is None:
            if self._pointer is None:
                raise StateError("event: it is over, and so are its figures")
            self._logs = Logs(self._pointer)
        return self._logs

    def stop(self) -> None:
        """End training: after this batch, where it is told of one, with the epoch's validation and end; else after this
        epoch."""
        self._stop = True

    def write(self, text: str) -> None:
        """Text for people, where the progress goes, in order with it."""
        if self._pointer is None:
            raise StateError("event: it is over, and its text with it")
        if self._sink:
            encoded = text.encode()
            buffer = ctypes.create_string_buffer(encoded, len(encoded) or 1)
            self._sink.contents.write(self._sink.contents.user, ctypes.addressof(buffer), len(encoded))

    def _end(self) -> None:
        self._pointer = self._sink = None
        if self._logs is not None:
            self._logs._end()

    def __repr__(self) -> str:
        return f"Event(epoch {self.epoch + 1}/{self.epochs}, step {self.step + 1}/{self.steps})"


class Callback:
    """To subclass: methods that are defined are called, in the order of fit's list, only on the thread that called fit.
    What they raise ends training and comes out of fit.

    Examples
    --------
    >>> import cnn, numpy
    >>> class Show(cnn.Callback):
    ...     def epoch_end(self, event):
    ...         print(event.epoch, sorted(event.logs))
    ...         if event.epoch == 1:
    ...             event.stop()
    >>> model = cnn.Model()
    >>> _ = model.add("input", shape=4)
    >>> _ = model.add("dense", units=2, activation="softmax")
    >>> model.compile("sgd", "categorical_crossentropy", ["accuracy"])
    >>> history = model.fit(numpy.eye(4), [0, 1, 0, 1], epochs=5, verbose=0, callbacks=[Show()])
    0 ['accuracy', 'loss']
    1 ['accuracy', 'loss']
    """

    def train_begin(self, event: Event) -> None:
        """Before the first epoch."""

    def train_end(self, event: Event) -> None:
        """After the last epoch, also where training failed."""

    def epoch_begin(self, event: Event) -> None:
        """Before the first batch of an epoch."""

    def epoch_end(self, event: Event) -> None:
        """After an epoch and its validation; figures that are added go into the history."""

    def batch_begin(self, event: Event) -> None:
        """Before a training step."""

    def batch_end(self, event: Event) -> None:
        """After a training step, with the figures of the epoch so far."""

    def test_begin(self, event: Event) -> None:
        """Before a validation."""

    def test_end(self, event: Event) -> None:
        """After a validation, with its figures."""

    def state_save(self) -> Mapping[str, Any]:
        """For `Checkpoint`: what a run needs that goes on from here, numbers and float32 arrays by name."""
        return {}

    def state_load(self, state: dict[str, Any]) -> None:
        """The same back, before train_begin of a run that goes on."""


def _teller(name: str) -> Any:
    @trampoline(getattr(_abi, f"cnn_callback_functions_{name}"))
    def tell(user: int, pointer: Any) -> int:
        bridge: Bridge = held(user)
        return bridge.tell(name, pointer.contents)

    return tell


_TELLERS = {name: _teller(name) for name in EVENTS}


@trampoline(_abi.cnn_callback_functions_state_save)
def _save(user: int, state: int) -> int:
    bridge: Bridge = held(user)
    bridge.save(state)
    return _abi.CNN_OK


@trampoline(_abi.cnn_callback_functions_state_load)
def _load(user: int, state: int) -> int:
    bridge: Bridge = held(user)
    bridge.load(state)
    return _abi.CNN_OK


class Bridge:
    """A callback of Python as one of C, for one call of fit."""

    def __init__(self, callback: Callback, model: Model) -> None:
        self._callback, self._model = callback, model
        heard = {name: _TELLERS[name] for name in EVENTS if self._hears(callback, name)}
        if self._hears(callback, "state_save"):
            heard.update(state_save=_save, state_load=_load)
        self._number = hold(self)
        try:
            self.owner: Owner = new("cnn_callback", lib.cnn_callback_new, model._context._handle,
                                    options(_abi.cnn_callback_functions, user=self._number, **heard))
        except BaseException:
            release(self._number)
            raise

    @staticmethod
    def _hears(callback: Callback, name: str) -> bool:
        method = getattr(callback, name)
        return getattr(method, "__func__", method) is not getattr(Callback, name)

    def tell(self, name: str, happened: _abi.cnn_event) -> int:
        """The event reaches Python."""
        event = Event(self._model, happened)
        try:
            getattr(self._callback, name)(event)
        finally:
            event._end()
        return _abi.CNN_STOP if event._stop else _abi.CNN_OK

    def save(self, state: int) -> None:
        """The callback's state into C's."""
        put_values(ctypes.c_void_p(state), self._model._context, self._callback.state_save())

    def load(self, state: int) -> None:
        """C's state to the callback."""
        self._callback.state_load(values_of(ctypes.c_void_p(state)))

    def close(self) -> None:
        """After fit: nobody calls any more."""
        release(self._number)
