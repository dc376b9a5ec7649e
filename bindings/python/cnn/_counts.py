"""Numbers that count something."""
from __future__ import annotations

from ._errors import InvalidArgument
from ._options import integer


def count(value: int | None, what: str) -> int | None:
    """A number of samples, batches or epochs: None where it is left to the library, or at least 1."""
    if value is not None and integer(value, what=what) < 1:
        raise InvalidArgument(f"{what} is {value}, must be 1 or more")
    return value
