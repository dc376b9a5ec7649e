"""Callbacks of a call: Keras's objects told of the model, and the binding's made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._arguments import refuse
from ._history import History, Recorder
from ._protocol import Recipe

if TYPE_CHECKING:
    import cnn


class Hooks:
    """The callbacks of one call of fit, evaluate or predict, in their order.

    Raises
    ------
    ValueError
        One of them is no callback.
    """

    def __init__(self, model: Any, callbacks: Any, params: dict[str, Any]) -> None:
        self.params = params
        self._model = model
        listed = [] if callbacks is None else list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
        for number, callback in enumerate(listed):
            if not isinstance(callback, Recipe) or isinstance(callback, type):
                raise ValueError(f"callbacks[{number}] is {callback!r}: it must be an object of cnn.keras.callbacks, "
                                 "or of a subclass of Callback")
        self._callbacks = listed
        for callback in listed:
            callback.set_params(dict(params))
            callback.set_model(model)

    def made(self, context: cnn.Context, history: History) -> list[Any]:
        """The binding's callbacks, and last the one that keeps the history."""
        return [*[callback._make(context) for callback in self._callbacks], Recorder(history, self._model)]

    def finished(self) -> None:
        """fit has come to its end."""
        for callback in self._callbacks:
            callback._finished()

    def call(self, name: str, *arguments: Any) -> None:
        """Call a hook of each, outside of fit."""
        for callback in self._callbacks:
            getattr(callback, name)(*arguments)

    def refuse_batches(self, what: str, where: str) -> None:
        """Batches of evaluate and predict run in the library without a stop at Python."""
        for callback in self._callbacks:
            callback._used_in(where)
            from .callbacks import Callback

            for name in (f"on_{what}_batch_begin", f"on_{what}_batch_end"):
                if getattr(type(callback), name) is not getattr(Callback, name):
                    refuse(f"{where}: {type(callback).__name__}.{name} is not called by libcnn; on_{what}_begin and "
                           f"on_{what}_end are, and "
                           f"{where}'s own loop over batches is {'test' if what == 'test' else 'predict'}_on_batch")
