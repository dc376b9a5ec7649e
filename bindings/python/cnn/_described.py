"""What is made by the name of a type and attributes: base of optimizers, schedules, losses and metrics."""
from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from . import _text
from ._expect import expect
from ._handle import Handle, new
from ._library import lib
from ._options import text
from ._text import Attribute
from .context import Context, context_of


class Described(Handle):
    """A recipe of the library with a type and attributes; it may be given to several models and holds no state of a
    training."""

    _family: ClassVar[str]
    _type_getter: ClassVar[str] = "type"
    _context: Context

    def __init__(self, type: str, context: Context | None = None, **attributes: Any) -> None:
        family = self._family
        self._context = context_of(context)
        given = _text.attributes(_text.table(family, type), attributes)
        self._owner = new(f"cnn_{family}", getattr(lib, f"cnn_{family}_new"), self._context._handle,
                          text(type, "type"), given)

    @property
    def type(self) -> str:
        """The name of its type."""
        return str(getattr(lib, f"cnn_{self._family}_{self._type_getter}")(self._handle).decode())

    @property
    def attributes(self) -> dict[str, Any]:
        """All attributes with their values, defaults included."""
        rows = _text.table(self._family, self.type)
        return {row.key: _text.read(_text.attribute(self._family, self._handle, row.key), row.kind) for row in rows}

    def _given(self) -> dict[str, Any]:
        """The attributes that are not at their defaults."""
        standard = {row.key: _text.read(row.standard, row.kind) for row in _text.table(self._family, self.type)}
        return {key: value for key, value in self.attributes.items() if value != standard[key]}

    def _describe(self) -> str:
        return ", ".join([repr(self.type), *[f"{key}={value!r}" for key, value in self._given().items()]])

    @classmethod
    def types(cls) -> list[str]:
        """The names of the types that there are."""
        return _text.types(cls._family)

    @classmethod
    def help(cls, type: str) -> str:
        """What a type does, in one sentence; "" where there is no such type."""
        sentence = getattr(lib, f"cnn_{cls._family}_type_help")(text(type, "type"))
        return str(sentence.decode()) if sentence else ""

    @classmethod
    def attributes_of(cls, type: str) -> tuple[Attribute, ...]:
        """What may be given to a type by keyword: key, kind, default, range, choices and help of each."""
        return _text.table(cls._family, type)


Kind = TypeVar("Kind", bound=Described)


def made(kind: type[Kind], value: Any, context: Context, what: str) -> Kind:
    """The handle itself, or one made of a text "type key=value key=value"."""
    if not isinstance(value, str):
        return expect(value, kind, what)
    type, *pairs = value.split() or [""]
    return kind(type, context, **dict(pair.partition("=")[::2] for pair in pairs))
