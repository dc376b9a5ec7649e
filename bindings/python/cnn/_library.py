"""The shared library: where it is, whether it fits, its functions with their prototypes."""
from __future__ import annotations

import ctypes
import os
import pathlib
from typing import Any

from . import _abi

NAME = "libcnn.so.0"


def _candidates() -> list[str]:
    """The file named by LIBCNN alone; else those beside the package, then whatever the loader finds."""
    named = os.environ.get("LIBCNN")
    if named:
        return [named]
    package = pathlib.Path(__file__).resolve().parent
    beside = [package / NAME, *sorted(package.parent.glob(f".*mesonpy.libs/{NAME}"))]
    return [str(path) for path in beside if path.exists()] + [NAME]


def _open() -> tuple[ctypes.CDLL, str]:
    candidates = _candidates()
    reasons = []
    for path in candidates:
        try:
            return ctypes.CDLL(path), path
        except OSError as error:
            reasons.append(str(error))
    where = "LIBCNN names it" if os.environ.get("LIBCNN") else "not beside the package, nor found by the loader"
    raise ImportError(f"libcnn cannot be loaded ({where}; set LIBCNN to the path of {NAME}): {'; '.join(reasons)}")


def fits(found: int) -> bool:
    """Does a library of this version number serve a binding made from the headers of CNN_VERSION_NUMBER? Before 1.0 the
    minor number must be the same; from then on the major one, and the library's minor number no less (docs/abi.md)."""
    major, minor = divmod(found // 100, 100)
    if major != _abi.CNN_VERSION_MAJOR:
        return False
    return minor == _abi.CNN_VERSION_MINOR if major == 0 else minor >= _abi.CNN_VERSION_MINOR


def text_of(version: int) -> str:
    """A version number as text: 100 is 0.1.0."""
    return f"{version // 10000}.{version // 100 % 100}.{version % 100}"


def declare(library: ctypes.CDLL, prototypes: dict[str, tuple[Any, tuple[Any, ...]]]) -> None:
    """Tell ctypes what the functions take and give."""
    for name, (result, arguments) in prototypes.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments


def load() -> tuple[ctypes.CDLL, str]:
    """The library with its prototypes, and the name that it was found by.

    Raises
    ------
    ImportError
        There is none, or it does not fit; the sentence names both versions and the file.
    """
    library, path = _open()
    try:
        number: int = library.cnn_version_number()
        if fits(number):
            declare(library, _abi.PROTOTYPES)
    except AttributeError as error:
        raise ImportError(f"'{path}' is not the libcnn that this binding was made for: {error}") from None
    if not fits(number):
        raise ImportError(f"'{path}' is libcnn {text_of(number)}, but this binding was made from the headers of "
                          f"{text_of(_abi.CNN_VERSION_NUMBER)}: install the two together, or set LIBCNN to one that "
                          "fits")
    return library, path


lib, PATH = load()
