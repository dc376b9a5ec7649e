"""The companion libraries libcnn-keras and libcnn-export: loaded when a file first needs one, as Keras's needs HDF5's
library, which takes longer to load than all else here. None has to be there."""
from __future__ import annotations

import ctypes
import logging
import os
import pathlib
import threading
from typing import TYPE_CHECKING, Iterator

from . import _abi
from ._errors import UnsupportedError, check
from ._library import PATH, declare

if TYPE_CHECKING:
    from .context import Context

FOLDER = "LIBCNN_COMPANIONS"
WRITES = {"keras": (".h5", ".hdf5", ".keras"), "export": (".onnx", ".tflite", ".c", ".npz")}
_found: dict[str, ctypes.CDLL | None] = {}
_lock = threading.Lock()


def _candidates(file: str) -> Iterator[str]:
    """In the folder that LIBCNN_COMPANIONS names alone; else beside libcnn or where a build folder has it, beside the
    package, and whatever the loader finds."""
    named = os.environ.get(FOLDER)
    if named:
        yield from _there(pathlib.Path(named) / file)
        return
    if os.sep in PATH:
        for folder in dict.fromkeys((pathlib.Path(PATH).parent, pathlib.Path(os.path.realpath(PATH)).parent)):
            yield from _there(folder / file)
            yield from _there(folder / "companion" / file)
    yield from _there(pathlib.Path(__file__).resolve().parent / file)
    yield file


def _there(path: pathlib.Path) -> Iterator[str]:
    if path.exists():
        yield str(path)


def _open(name: str) -> ctypes.CDLL | None:
    for path in _candidates(f"libcnn-{name}.so.0"):
        try:
            opened = ctypes.CDLL(path)
            declare(opened, _abi.COMPANIONS[name])
            return opened
        except (OSError, AttributeError) as error:
            if os.sep in path:
                logging.getLogger("cnn").warning("'%s' cannot be used: %s", path, error)
    return None


def library(name: str) -> ctypes.CDLL | None:
    """The companion "keras" or "export" with its prototypes; None: it is not there."""
    with _lock:
        if name not in _found:
            _found[name] = _open(name)
    return _found[name]


def needed(name: str, what: str) -> ctypes.CDLL:
    """The same for a call that cannot be made without it.

    Raises
    ------
    UnsupportedError
        It is not there.
    """
    found = library(name)
    if found is None:
        raise UnsupportedError(f"{what}: libcnn-{name} is not beside libcnn, nor found by the loader; install it, or set "
                               f"{FOLDER} to its folder")
    return found


def _register(context: Context, name: str) -> None:
    found = None if name in context._registered else library(name)
    if found is not None:
        check(getattr(found, f"cnn_{name}_register")(context._handle))
        context._registered.add(name)


def writer(path: str | os.PathLike[str]) -> str | None:
    """The companion that writes files with this ending; None: libcnn itself."""
    name = os.fsdecode(path).lower()
    return next((companion for companion, endings in WRITES.items() if name.endswith(endings)), None)


def for_writing(context: Context, path: str | os.PathLike[str]) -> None:
    """Make known to the context what writes a file with this ending, where it is there; else C says what is missing."""
    companion = writer(path)
    if companion is not None:
        _register(context, companion)


def for_reading(context: Context, begin: bytes) -> None:
    """Make known to the context what reads a file that begins so. libcnn's own are JSON after eight bytes."""
    if begin[8:9] != b"{":
        _register(context, "keras")


def for_reading_file(context: Context, path: str | os.PathLike[str]) -> None:
    """The same of a file; what is the matter with one that cannot be read, C says."""
    name = os.fsencode(path)  # a number is no path: opened, it would be somebody's open file
    try:
        with open(name, "rb") as file:
            begin = file.read(9)
    except (OSError, ValueError):
        return
    for_reading(context, begin)
