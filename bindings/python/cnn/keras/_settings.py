"""Classes whose constructor is a table: Keras's argument names, in Keras's order, with Keras's defaults."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Mapping, TypeVar

from ._arguments import only, refuse

REQUIRED: Any = inspect.Parameter.empty
Self = TypeVar("Self", bound="Settings")


class Settings:
    """A class that takes the arguments of its table, keeps them as attributes and tells them by `get_config`.

    A subclass sets `_table` (name to default, `REQUIRED` where there is none) and, for arguments that Keras has and the
    library has not, `_fixed` (name to the only value allowed and what to do instead).
    """

    _table: ClassVar[Mapping[str, Any]] = {}
    _fixed: ClassVar[Mapping[str, tuple[Any, str]]] = {}
    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        if "__init__" not in cls.__dict__:
            cls.__signature__ = inspect.Signature(
                [inspect.Parameter(name, kind, default=value) for name, value in cls._table.items()])

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        try:
            bound = self.__signature__.bind(*arguments, **keywords)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}(): {error}") from None
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            if name in self._fixed:
                only(type(self).__name__, name, value, (self._fixed[name][0],), self._fixed[name][1])
            if value is None and self._table[name] is not None and name != "name":
                refuse(f"{type(self).__name__}: {name}=None is not in libcnn; leave it out for {self._table[name]!r}"
                       if self._table[name] is not REQUIRED else f"{type(self).__name__}: {name}=None; give a value")
            setattr(self, name, value)
        self._set_up()

    def _set_up(self) -> None:
        """Checks and state of a subclass's own."""

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {name: getattr(self, name) for name in self._table}

    @classmethod
    def from_config(cls: type[Self], config: Mapping[str, Any]) -> Self:
        """An object of what `get_config` told."""
        return cls(**config)

    def __repr__(self) -> str:
        given = (f"{name}={getattr(self, name)!r}" for name, value in self._table.items()
                 if getattr(self, name) != value)
        return f"{type(self).__name__}({', '.join(given)})"
