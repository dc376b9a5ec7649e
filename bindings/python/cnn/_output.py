"""Text and log lines of the library: to sys.stdout, and to Python's logging."""
from __future__ import annotations

import codecs
import ctypes
import itertools
import logging
import os
import sys
import weakref
from typing import IO, Any

from . import _abi
from ._calls import trampoline
from ._options import options

_LEVELS = {
    _abi.CNN_LOG_ERROR: logging.ERROR, _abi.CNN_LOG_WARNING: logging.WARNING,
    _abi.CNN_LOG_INFO: logging.INFO, _abi.CNN_LOG_DEBUG: logging.DEBUG,
}
_numbers = itertools.count(1)
_writers: weakref.WeakValueDictionary[int, Writer] = weakref.WeakValueDictionary()
_reporters: weakref.WeakValueDictionary[int, Reporter] = weakref.WeakValueDictionary()


class Writer:
    """Where the text of one call goes; C may cut it in the middle of a character."""

    def __init__(self, stream: IO[str] | None) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.number = next(_numbers)
        _writers[self.number] = self

    def write(self, piece: bytes) -> None:
        stream = sys.stdout if self._stream is None else self._stream
        text = self._decode(piece)
        if text and stream is not None:
            stream.write(text)
            stream.flush()


class Reporter:
    """Where the log lines of one context go."""

    def __init__(self, target: logging.Logger) -> None:
        self.target = target
        self.number = next(_numbers)
        _reporters[self.number] = self


@trampoline(_abi.cnn_sink_write)
def _write(user: int, text: int, length: int) -> None:
    writer = _writers.get(user)
    if writer is not None:
        writer.write(ctypes.string_at(text, length))


@trampoline(_abi.cnn_logger_write)
def _log(user: int, level: int, line: bytes) -> None:
    reporter = _reporters.get(user)
    if reporter is not None:
        reporter.target.log(_LEVELS.get(level, logging.ERROR), "%s", line.decode("utf-8", "replace"))


def _is_notebook(stream: Any) -> bool:
    """Jupyter's stream: no terminal, but it redraws its line and shows colours."""
    return type(stream).__module__.startswith("ipykernel.")


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):
        return False


def _columns(stream: Any) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (AttributeError, ValueError, OSError):
        return 0


def _shows_unicode(stream: Any) -> bool:
    try:
        "\u2501\u2502\u258f".encode(getattr(stream, "encoding", None) or "utf-8")
        return True
    except (UnicodeError, LookupError):
        return False


def sink(stream: IO[str] | None = None) -> _abi.cnn_sink:
    """A sink for one call: to `stream`, or to what sys.stdout is whenever text comes. It serves as long as the struct
    lives."""
    target = sys.stdout if stream is None else stream
    writer = Writer(stream)
    terminal = _is_terminal(target)
    result = options(
        _abi.cnn_sink, user=writer.number, write=_write, is_terminal=int(terminal or _is_notebook(target)),
        columns=_columns(target) if terminal else 0, ascii=int(not _shows_unicode(target)))
    result.__dict__["writer"] = writer
    return result


def logger(target: logging.Logger) -> _abi.cnn_logger:
    """A logger struct, which serves as long as it lives; Python's own levels decide what is shown."""
    reporter = Reporter(target)
    result = options(_abi.cnn_logger, user=reporter.number, write=_log, level=_abi.CNN_LOG_DEBUG)
    result.__dict__["reporter"] = reporter
    return result
