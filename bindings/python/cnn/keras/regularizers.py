"""Regularizers: what weights cost. Added to the loss and to its gradient as Keras does.

Examples
--------
>>> from cnn.keras import regularizers
>>> regularizers.L2(1e-4)._text()
'l2(0.0001)'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np

from ._arguments import number, refuse
from ._missing import missing

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Regularizer:
    """Base of them all."""

    l1 = l2 = 0.0

    def __call__(self, x: ArrayLike) -> float:
        """What these values cost.

        Examples
        --------
        >>> L2(0.5)([1.0, 3.0])
        5.0
        """
        values = np.asarray(x, np.float64)
        return float(self.l1 * np.abs(values).sum() + self.l2 * np.square(values).sum())

    def _text(self) -> str:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same one again."""
        return {key: value for key, value in vars(self).items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """One from what `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(f'{key}={value}' for key, value in vars(self).items())}>"


class L1(Regularizer):
    """l1 times the sum of |w|.

    Examples
    --------
    >>> L1(0.01)
    <L1 l1=0.01>
    >>> round(L1(0.01)([[1.0, -2.0]]), 4)
    0.03
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = number("L1", "l1", 0.01 if l1 is None else l1)

    def _text(self) -> str:
        return f"l1({self.l1!r})"


class L2(Regularizer):
    """l2 times the sum of w^2.

    Examples
    --------
    >>> L2(0.01)
    <L2 l2=0.01>
    >>> round(L2(0.01)([[1.0, -2.0]]), 4)
    0.05
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = number("L2", "l2", 0.01 if l2 is None else l2)

    def _text(self) -> str:
        return f"l2({self.l2!r})"


class L1L2(Regularizer):
    """Both at once.

    Examples
    --------
    >>> L1L2(l1=0.01, l2=0.02)
    <L1L2 l1=0.01, l2=0.02>
    >>> round(L1L2(l1=0.01, l2=0.02)([[1.0, -2.0]]), 4)
    0.13
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = number("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = number("L1L2", "l2", 0.0 if l2 is None else l2)

    def _text(self) -> str:
        return f"l1_l2({self.l1!r},{self.l2!r})"


l1, l2, l1_l2 = L1, L2, L1L2
_KNOWN: dict[str, type[Regularizer]] = {"l1": L1, "l2": L2, "l1_l2": L1L2, "L1": L1, "L2": L2, "L1L2": L1L2}


def get(identifier: Union[str, Regularizer, type[Regularizer], dict[str, Any], None]) -> Optional[Regularizer]:
    """A regularizer by its name, class or configuration; one that is given comes back; None is none.

    Raises
    ------
    UnsupportedError
        A name or a thing that libcnn does not know.

    Examples
    --------
    >>> get('l2')
    <L2 l2=0.01>
    """
    if identifier is None or isinstance(identifier, Regularizer):
        return identifier
    if isinstance(identifier, dict):
        return _of(identifier.get("class_name"), identifier.get("config", {}))
    if isinstance(identifier, type) and issubclass(identifier, Regularizer):
        return identifier()
    return _of(identifier, {})


def _of(name: object, config: dict[str, Any]) -> Regularizer:
    if isinstance(name, str) and name in _KNOWN:
        return _KNOWN[name](**config)
    refuse(f"regularizer {name!r} is not in libcnn, which has l1, l2 and l1_l2; another may be added in the backward "
           "of a layer of one's own")


def serialize(regularizer: Regularizer) -> dict[str, Any]:
    """Name and arguments, as `get` takes them.

    Examples
    --------
    >>> serialize(L2(0.01))
    {'class_name': 'L2', 'config': {'l2': 0.01}}
    """
    return {"class_name": type(regularizer).__name__, "config": regularizer.get_config()}


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
