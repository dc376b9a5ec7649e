"""Images made ready for training."""

from __future__ import annotations

from typing import Any

from .._missing import missing
from . import image

__all__ = ["image"]


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
