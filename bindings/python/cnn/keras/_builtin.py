"""Base of the callbacks that the library brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ..context import default_context
from . import _lacking
from ._arguments import refuse
from ._callback import Callback, hears
from ._settings import Settings

if TYPE_CHECKING:
    import cnn

HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


class Builtin(Callback, Settings, _lacking.Lacking):
    """A callback that the library brings along. Its state lives on from one `fit` to the next in the same context."""

    _kept: Optional[tuple[cnn.Context, Any]] = None

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        Callback.__init__(self)
        Settings.__init__(self, *arguments, **keywords)

    def _set_up(self) -> None:
        self._make(default_context())

    def _core(self, context: cnn.Context) -> Any:
        """The binding's callback, new."""
        raise NotImplementedError

    def _make(self, context: cnn.Context) -> Any:
        if hears(self, *HOOKS):
            refuse(
                f"{type(self).__name__} changes what a callback of libcnn does, which runs in C; "
                "write it as a subclass of Callback"
            )
        if self._kept is None or self._kept[0] is not context:
            self._kept = (context, self._core(context))
        return self._kept[1]

    def _state(self, name: str) -> Any:
        assert self._kept is not None
        return self._kept[1].state[name]

    @property
    def best(self) -> Optional[float]:
        """The best value of the monitored figure so far; None before the first."""
        return self._state("best") if self._state("has_best") else None

    def __repr__(self) -> str:
        return Settings.__repr__(self)
