"""Python values for the fields of option structs."""
from __future__ import annotations

import ctypes
import operator
import os
from typing import Any, TypeVar

from ._errors import InvalidArgument
from ._handle import Handle, Pointers

_INTEGERS = (ctypes.c_int32, ctypes.c_int64, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_size_t)
_FLOATS = (ctypes.c_float, ctypes.c_double)

Struct = TypeVar("Struct", bound=ctypes.Structure)


def text(value: str | bytes | os.PathLike[str] | os.PathLike[bytes], what: str = "text") -> bytes:
    """Text for C: UTF-8, paths as the file system has them; with a 0 in it C would see only its beginning."""
    encoded = value.encode("utf-8") if isinstance(value, str) and what != "path" else os.fsencode(value)
    if b"\0" in encoded:
        raise InvalidArgument(f"{what}: {value!r} has a NUL character in it")
    return encoded


def integer(value: Any, kind: Any = ctypes.c_int64, what: str = "number") -> int:
    """A whole number that the C type can hold; ctypes alone would cut off what does not fit."""
    number = operator.index(value)
    if kind(number).value != number:
        name = f"{'u' if kind._type_.isupper() else ''}int{8 * ctypes.sizeof(kind)}"
        raise InvalidArgument(f"{what}: {number} is out of the range of {name}")
    return number


def _field(kind: Any, value: Any, name: str, kept: list[Any]) -> Any:
    """A value for a field of this C type; what must live as long as the struct goes to `kept`."""
    if kind in _INTEGERS:
        return integer(value, kind, name)
    if kind in _FLOATS:
        return float(value)
    if kind is ctypes.c_char_p:
        return text(value, name)
    if isinstance(value, Handle):
        owner = value._handle
        kept.append(owner)
        return owner.value
    if isinstance(value, ctypes.Structure):
        return ctypes.pointer(value)
    if isinstance(value, (list, tuple)) and kind is ctypes.POINTER(ctypes.c_char_p):
        return (ctypes.c_char_p * max(len(value), 1))(*[text(item, name) for item in value])
    if isinstance(value, (list, tuple)) and kind is ctypes.POINTER(ctypes.c_void_p):
        pointers = Pointers(value)
        kept.append(pointers)
        return pointers.array
    if isinstance(value, (list, tuple)) and issubclass(kind, (ctypes.Array, ctypes._Pointer)):
        array = kind if issubclass(kind, ctypes.Array) else kind._type_ * max(len(value), 1)
        return array(*[_field(array._type_, item, name, kept) for item in value])
    return value


def options(struct: type[Struct], **values: Any) -> Struct:
    """An options struct with its size filled in.

    A value of None leaves the field at zero, its default. Text, sequences of text, of numbers and of handles, other
    structs, and function pointers are turned into what C reads, and live as long as the struct does.

    Examples
    --------
    >>> from cnn import _abi
    >>> options(_abi.cnn_fit_opts, epochs=3).epochs
    3
    """
    kinds = {field[0]: field[1] for field in struct._fields_}
    result = struct()
    kept: list[Any] = []
    setattr(result, "size", ctypes.sizeof(struct))
    for name, value in values.items():
        if name not in kinds:
            raise TypeError(f"{struct.__name__} has no field '{name}'")
        if value is not None:
            setattr(result, name, _field(kinds[name], value, name, kept))
    result.__dict__["kept"] = kept
    return result
