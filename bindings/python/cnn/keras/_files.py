"""Names of files: Keras's forms are written and read by the companion library libcnn-keras; where it is not there, libcnn's
own form (safetensors) stands in their place."""

from __future__ import annotations

import os
import warnings
from typing import Union

from .. import _companions
from ._arguments import refuse

Path = Union[str, "os.PathLike[str]"]
SUFFIX = ".safetensors"
_FOREIGN = _companions.WRITES["keras"]
_told: set[str] = set()


def native(path: Path) -> str:
    """The file that is written for this path: itself, or without libcnn-keras X.safetensors in the place of X.h5 and
    X.keras, which is said once for each path.

    Examples
    --------
    >>> native("models/best.safetensors")
    'models/best.safetensors'
    """
    text = os.fspath(path)
    renamed = _renamed(text)
    if renamed == text or _companions.library("keras") is not None:
        return text
    if text not in _told:
        _told.add(text)
        warnings.warn(f"libcnn-keras, which writes {os.path.splitext(text)[1]} files, is not there: '{renamed}' is "
                      f"written in the place of '{text}'", stacklevel=3)
    return renamed


def existing(path: Path) -> str:
    """The file to read for this path: itself, or X.safetensors where there is no X.h5 or X.keras.

    Raises
    ------
    FileNotFoundError
        Neither is there.
    """
    text = os.fspath(path)
    renamed = _renamed(text)
    if renamed == text or os.path.exists(text):
        return text
    if not os.path.exists(renamed):
        raise FileNotFoundError(f"neither '{text}' nor '{renamed}', which is written in its place without libcnn-keras, is "
                                "there")
    return renamed


def _renamed(text: str) -> str:
    stem, suffix = os.path.splitext(text)
    return stem + SUFFIX if suffix.lower() in _FOREIGN else text


def check_model(path: Path) -> None:
    """Refuse a name that Keras refuses too for a whole model."""
    text = os.fspath(path)
    if text.lower().endswith(".weights.h5"):
        refuse(f"'{text}': by this ending libcnn knows weights alone, which save_weights writes; give a whole model "
               "another name that ends in .h5")
    if not text.lower().endswith((SUFFIX, *_FOREIGN)):
        raise ValueError(f"Invalid filepath extension for saving: '{text}' must end in .keras, .h5 or {SUFFIX}; for "
                         "other programs there is export")


def check_weights(path: Path) -> None:
    """Refuse a name that Keras refuses too for weights."""
    text = os.fspath(path)
    if not text.lower().endswith((SUFFIX, ".weights.h5")):
        raise ValueError(f"The filename must end in `.weights.h5` or {SUFFIX}. Received: filepath={text}")
