"""Names of files: libcnn writes its own form (safetensors), whatever Keras would have written."""

from __future__ import annotations

import os
import warnings
from typing import Union

from .._errors import UnsupportedError

Path = Union[str, "os.PathLike[str]"]
SUFFIX = ".safetensors"
_FOREIGN = (".h5", ".hdf5", ".keras")
_told: set[str] = set()


def native(path: Path) -> str:
    """The file that is written in the place of this one: X.h5 and X.keras become X.safetensors, which is said once for
    each path.

    Examples
    --------
    >>> native("models/best.safetensors")
    'models/best.safetensors'
    """
    text = os.fspath(path)
    renamed = _renamed(text)
    if renamed != text and text not in _told:
        _told.add(text)
        warnings.warn(f"libcnn writes no {os.path.splitext(text)[1]} files: '{renamed}' is written in the place of "
                      f"'{text}'", stacklevel=3)
    return renamed


def existing(path: Path) -> str:
    """The file to read for this one: X.safetensors where there is no X.h5 or X.keras.

    Raises
    ------
    UnsupportedError
        A file of Keras, which this version does not read.
    FileNotFoundError
        Neither is there.
    """
    text = os.fspath(path)
    renamed = _renamed(text)
    if renamed == text:
        return text
    if os.path.exists(text):
        raise UnsupportedError(f"'{text}' is a file of Keras: libcnn reads its own, which end in {SUFFIX}; weights "
                               "come over array by array "
                               "with set_weights")
    if not os.path.exists(renamed):
        raise FileNotFoundError(f"neither '{text}' nor '{renamed}', which libcnn writes in its place, is there")
    return renamed


def _renamed(text: str) -> str:
    stem, suffix = os.path.splitext(text)
    return stem + SUFFIX if suffix.lower() in _FOREIGN else text


def check_model(path: Path) -> None:
    """Refuse a name that Keras refuses too for a whole model."""
    text = os.fspath(path)
    if not text.lower().endswith((SUFFIX, *_FOREIGN)):
        raise ValueError(f"Invalid filepath extension for saving: '{text}' must end in {SUFFIX}, or in .keras or .h5, "
                         f"for which {SUFFIX} is "
                         "written")


def check_weights(path: Path) -> None:
    """Refuse a name that Keras refuses too for weights."""
    text = os.fspath(path)
    if not text.lower().endswith((SUFFIX, ".weights.h5")):
        raise ValueError(f"The filename must end in `.weights.h5` or {SUFFIX}. Received: filepath={text}")
