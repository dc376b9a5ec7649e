"""Arguments of Keras turned into what libcnn takes, or refused with a sentence that names the nearest thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Sequence, Union

import numpy as np

from .._errors import ShapeError, UnsupportedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pair = Union[int, Sequence[int]]


def refuse(text: str) -> NoReturn:
    """Raise the error for what libcnn lacks."""
    raise UnsupportedError(text)


def only(where: str, name: str, value: object, allowed: tuple[object, ...], instead: str) -> None:
    """Refuse a value that changes something libcnn does not do.

    Parameters
    ----------
    where, name
        Whose argument it is: "Conv2D", "data_format".
    allowed
        Values with which the argument asks for what libcnn does.
    instead
        What to do in its place.
    """
    if not any(value is a or (type(value) is type(a) and value == a) for a in allowed):
        refuse(f"{where}: {name}={value!r} is not in libcnn; {instead}")


def real(what: str, value: Any) -> NDArray[Any]:
    """An array of real numbers: NumPy makes others into some, complex ones by leaving out a part."""
    array: NDArray[Any] = np.asarray(value)
    if array.dtype.kind == "c":
        raise ShapeError(f"{what}: complex numbers; give their real part, or both parts as channels")
    if array.dtype.kind in "SUmM":
        raise ShapeError(f"{what}: elements of type {array.dtype}; give numbers")
    return array


def channels_last(where: str, value: object) -> str:
    """`data_format`, of which there is one."""
    only(where, "data_format", value, (None, "channels_last"), "images are [height, width, channels]: transpose them "
                                                               "once")
    return "channels_last"


def whole(where: str, name: str, value: object, other: str = "") -> int:
    """A whole number of 1 or more; `other` tells what else may stand there."""
    number = _index(value)
    if number is None or number < 1:
        raise ValueError(f"{where}: {name}={value!r} must be {other}a whole number of 1 or more")
    return number


def pair(where: str, name: str, value: object) -> tuple[int, int]:
    """One whole number for both, or two."""
    parts = [value, value] if _index(value) is not None else list(value) if isinstance(value, Sequence) else []
    numbers = [_index(part) for part in parts]
    if len(numbers) != 2 or any(n is None or n < 1 for n in numbers):
        raise ValueError(f"{where}: {name}={value!r} must be one whole number of 1 or more, or two")
    return (whole(where, name, parts[0]), whole(where, name, parts[1]))


def choice(where: str, name: str, value: object, allowed: tuple[str, ...]) -> str:
    """One of a few words, in small letters."""
    word = value.lower() if isinstance(value, str) else None
    if word not in allowed:
        raise ValueError(f"{where}: {name}={value!r} must be one of {', '.join(allowed)}")
    return word


def _index(value: object) -> int | None:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    try:
        return int(value.__index__())
    except TypeError:
        return None


def number(where: str, name: str, value: object) -> float:
    """A number, of whatever type."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"{where}: {name}={value!r} must be a number") from None


def no_more(where: str, kwargs: dict[str, Any]) -> None:
    """Refuse arguments that Keras does not know either."""
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments passed to {where}: {kwargs}")
