"""Numbers that count something."""
from __future__ import annotations

from ._errors import InvalidArgument
from ._options import integer


def count(value: int | None, what: str) -> int | None:
    """A number of samples, batches or epochs: None where it is left to the library, or at least 1."""
    if value is not None and integer(value, what=what) < 1:
        raise InvalidArgument(f"{what} is {value}, must be 1 or more")
    return value


def level(verbose: int) -> int:
    """How much is told: 0, 1 or 2; C says which there are."""
    if not hasattr(verbose, "__index__"):
        raise TypeError(f"verbose is {verbose!r}, must be 0, 1 or 2")
    return integer(verbose, what="verbose")
