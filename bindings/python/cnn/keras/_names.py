"""Names that Keras gives by itself: "conv2d", "conv2d_1", counted in the process until `clear_session`."""

from __future__ import annotations

import re
from collections import Counter

_counts: Counter[str] = Counter()


def snake_case(name: str) -> str:
    """A class name in small letters.

    Examples
    --------
    >>> snake_case("BatchNormalization"), snake_case("MaxPooling2D"), snake_case("ReLU")
    ('batch_normalization', 'max_pooling2d', 're_lu')
    """
    begun = re.sub(r"(?<=.)(?=[A-Z][a-z])", "_", name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", begun).lower()


def automatic(prefix: str) -> str:
    """The next free name that begins so: "dense", "dense_1", "dense_2"."""
    count = _counts[prefix]
    _counts[prefix] += 1
    return f"{prefix}_{count}" if count else prefix


def checked(name: object, prefix: str) -> str:
    """A name as given, or an automatic one where it is None."""
    if name is None:
        return automatic(prefix)
    if not isinstance(name, str) or not name:
        raise ValueError(f"name: {name!r} is no name: give a text that is not empty")
    if "/" in name:
        raise ValueError(f"name: '{name}' has a '/' in it, which parts a layer's name from that of a weight")
    return name


def clear() -> None:
    """Begin to count anew, as `clear_session` does."""
    _counts.clear()
