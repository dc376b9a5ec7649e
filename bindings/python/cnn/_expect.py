"""Arguments that must be of a class: C takes a handle for what its place says, so that another one would end the
process."""
from __future__ import annotations

from typing import Any, TypeVar

Thing = TypeVar("Thing")


def expect(value: Any, kind: type[Thing], what: str) -> Thing:
    """The value itself, where it is of the class.

    Raises
    ------
    TypeError
        It is not.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{what} is a {type(value).__name__}, must be a cnn.{kind.__name__}")
    return value
