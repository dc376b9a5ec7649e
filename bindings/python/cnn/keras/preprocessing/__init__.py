"""Images made ready for training."""

from __future__ import annotations

from . import image

__all__ = ["image"]
