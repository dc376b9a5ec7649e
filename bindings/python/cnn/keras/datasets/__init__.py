"""Data sets that Keras loads, read from this machine: nothing is downloaded."""

from __future__ import annotations

from typing import Any

from .._missing import missing
from . import mnist

__all__ = ["mnist"]


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
