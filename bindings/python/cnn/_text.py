"""Attributes as text: Python values for the generic constructors, and back, by the tables that the library lists.
Nothing here knows a layer by name; a new type in C is there without a change."""
from __future__ import annotations

import ctypes
import functools
from typing import Any, Iterable, Mapping, NamedTuple

from . import _abi
from ._errors import InvalidArgument, check
from ._handle import Owner
from ._library import lib
from ._options import options


class Attribute(NamedTuple):
    """A row of an attribute table."""

    key: str
    kind: int
    required: bool
    standard: str
    minimum: float
    maximum: float
    choices: tuple[str, ...]
    help: str


def types(family: str) -> list[str]:
    """The built-in types of a family: "layer", "loss", "metric", "optimizer" or "schedule"."""
    at = getattr(lib, f"cnn_{family}_type_at")
    return [at(index).decode() for index in range(getattr(lib, f"cnn_{family}_type_count")())]


def _row(at: Any, *arguments: Any) -> Attribute:
    row = options(_abi.cnn_attribute)
    check(at(*arguments, ctypes.byref(row)))
    choices: list[str] = []
    while row.choices and row.choices[len(choices)] is not None:
        choices.append(row.choices[len(choices)].decode())
    return Attribute(row.key.decode(), row.kind, bool(row.required), row.standard.decode(), row.minimum, row.maximum,
                     tuple(choices), row.help.decode())


@functools.lru_cache(maxsize=None)
def table(family: str, kind: str | None = None) -> tuple[Attribute, ...]:
    """The attributes of a type; none for one that is not built in. Of the family "augmenter" there is only one type."""
    at, count = getattr(lib, f"cnn_{family}_attribute_at"), getattr(lib, f"cnn_{family}_attribute_count")
    arguments = () if kind is None else (kind.encode(),)
    return tuple(_row(at, *arguments, index) for index in range(count(*arguments)))


def _item(value: Any) -> str:
    """A number or a word."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value.__index__())
    except AttributeError:
        return repr(float(value))


def written(key: str, value: Any, kind: int | None = None) -> str:
    """A Python value as the text of an attribute.

    Numbers, words and flags as they are; tuples with commas between, or colons where the attribute is a list of
    numbers; whatever has a `name` (a layer) by its name.
    """
    if hasattr(value, "tolist"):  # NumPy's
        value = value.tolist()
    if hasattr(value, "name") and not isinstance(value, (str, int, float)):
        value = value.name
    try:
        if isinstance(value, (list, tuple, range)):
            separator = ":" if kind == _abi.CNN_ATTRIBUTE_LIST else ","
            text = separator.join(written(key, item) for item in value)
        else:
            text = _item(value)
    except (TypeError, ValueError):
        raise InvalidArgument(f"{key}: {value!r} cannot be written as an attribute") from None
    if kind == _abi.CNN_ATTRIBUTE_FORM:
        text = text.replace(" ", "")
    if not text or any(character.isspace() or ord(character) < 32 for character in text):
        raise InvalidArgument(f"{key}: {value!r} is empty or has a blank in it, which attributes cannot have")
    return text


def attributes(rows: Iterable[Attribute], values: Mapping[str, Any]) -> bytes:
    """Attributes as text for a generic constructor; None leaves one out. Unknown keys are C's to refuse, with the
    nearest name."""
    kinds = {row.key: row.kind for row in rows}
    given = {key: value for key, value in values.items() if value is not None}
    return " ".join(f"{key}={written(key, value, kinds.get(key))}" for key, value in given.items()).encode()


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def read(text: str, kind: int) -> Any:
    """The Python value of an attribute's text: int, float, str, bool, or a tuple; "auto" stays text."""
    try:
        if kind == _abi.CNN_ATTRIBUTE_INT:
            return int(text)
        if kind == _abi.CNN_ATTRIBUTE_FLOAT:
            return float(text)
        if kind == _abi.CNN_ATTRIBUTE_FLAG:
            return text == "true"
        if kind in (_abi.CNN_ATTRIBUTE_PAIR, _abi.CNN_ATTRIBUTE_SHAPE):
            return tuple(int(item) for item in text.split(",") if item)
        if kind == _abi.CNN_ATTRIBUTE_LIST:
            return tuple(_number(item) for item in text.split(":") if item)
    except ValueError:
        pass
    return text


def attribute(family: str, handle: Owner, key: str) -> str:
    """An attribute of an object, as text."""
    function = getattr(lib, f"cnn_{family}_attribute_text")
    for size in (256, 65536):
        buffer = ctypes.create_string_buffer(size)
        status = function(handle, key.encode(), buffer, size)
        if status != _abi.CNN_EINVAL:
            break
    check(status)
    return buffer.value.decode()
