"""Exceptions: one family, a class for each status code, with the library's own sentence."""
from __future__ import annotations

from . import _abi
from ._library import lib


class Error(Exception):
    """Whatever libcnn refuses or fails at.

    Attributes
    ----------
    status : int
        The C status code, negative.
    name : str
        Its name, "CNN_EINVAL".

    Examples
    --------
    >>> import cnn
    >>> try:
    ...     cnn.Context(threads=-1)
    ... except cnn.Error as error:
    ...     print(error.name, error)
    CNN_EINVAL cnn_context_opts: threads is -1, not 0 to 1024
    """

    status: int = _abi.CNN_EINTERNAL

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        if status is not None:
            self.status = status

    @property
    def name(self) -> str:
        return _abi.STATUSES[self.status][0] if self.status in _abi.STATUSES else "unknown status"

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class OutOfMemory(Error, MemoryError):
    """CNN_ENOMEM: out of memory."""

    status = _abi.CNN_ENOMEM


class InvalidArgument(Error, ValueError):
    """CNN_EINVAL: an argument or option is out of its range."""

    status = _abi.CNN_EINVAL


class ShapeError(Error, ValueError):
    """CNN_ESHAPE: shapes, ranks or element types do not fit."""

    status = _abi.CNN_ESHAPE


class DataError(Error, ValueError):
    """CNN_EDATA: the data hold what they must not: NaN, infinity, a label out of range."""

    status = _abi.CNN_EDATA


class StateError(Error, RuntimeError):
    """CNN_ESTATE: the handle is not in a state for this call, closed for instance."""

    status = _abi.CNN_ESTATE


class NameError_(Error, LookupError):
    """CNN_ENAME: no such name; the sentence gives the nearest one."""

    status = _abi.CNN_ENAME


class FileError(Error, OSError):
    """CNN_EIO: reading or writing a file failed."""

    status = _abi.CNN_EIO


class FormatError(Error, ValueError):
    """CNN_EFORMAT: a file is damaged or not of the format it should be."""

    status = _abi.CNN_EFORMAT


class TooNewError(Error, RuntimeError):
    """CNN_ETOONEW: a struct or file was made for a newer version."""

    status = _abi.CNN_ETOONEW


class UnsupportedError(Error, NotImplementedError):
    """CNN_EUNSUPPORTED: valid, but not done by this version or build."""

    status = _abi.CNN_EUNSUPPORTED


class CallbackError(Error, RuntimeError):
    """CNN_ECALLBACK: a callback failed. An exception in a Python callback comes out as itself instead."""

    status = _abi.CNN_ECALLBACK


class InternalError(Error, RuntimeError):
    """CNN_EINTERNAL: a promise inside the library was broken; please report it."""

    status = _abi.CNN_EINTERNAL


CLASSES: dict[int, type[Error]] = {kind.status: kind for kind in Error.__subclasses__()}


def failure(status: int) -> Error:
    """The exception for the last failure on this thread."""
    text = lib.cnn_error_text().decode("utf-8", "replace")
    kind = CLASSES.get(status)
    return kind(text) if kind else Error(text, status)


def check(status: int) -> int:
    """A status that is no failure; else its exception is raised."""
    if status < 0:
        raise failure(status)
    return status
