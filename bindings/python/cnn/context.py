"""The context: threads, seed, log, and the place where text goes. Everything else is made in one."""
from __future__ import annotations

import logging
from typing import IO

from . import _abi
from ._expect import expect
from ._handle import Handle, new
from ._library import lib
from ._options import options
from ._output import logger, sink


class Context(Handle):
    """Where models, data sets and tensors are made.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1. Results depend on it, never on the number of threads.
    threads : int
        1 to 1024; 0: CNN_NUM_THREADS, else the CPUs that this process may use.
    stdout : text stream, optional
        Where summaries and the progress of training go; None: what sys.stdout is at the time of writing.
    log : logging.Logger, optional
        Where warnings go; None: the logger "cnn".
    max_load_bytes : int
        Data files that take more bytes, unpacked, are refused; 0: 16 GiB.

    Raises
    ------
    InvalidArgument
        A number out of range, or a CNN_... variable in the environment that this machine or build does not know.

    Examples
    --------
    >>> import cnn
    >>> with cnn.Context(seed=42, threads=2) as context:
    ...     context
    Context(seed=42, threads=2)
    """

    _is_kept = False

    def __init__(self, seed: int = 0, threads: int = 0, *, stdout: IO[str] | None = None,
                 log: logging.Logger | None = None, max_load_bytes: int = 0) -> None:
        self.stdout = stdout
        self._registered: set[str] = set()
        self.log = logging.getLogger("cnn") if log is None else log
        self._sink = sink(stdout)
        self._sink.is_terminal = 0
        self._logger = logger(self.log)
        self._owner = new("cnn_context", lib.cnn_context_new, options(
            _abi.cnn_context_opts, seed=seed, threads=threads, max_load_bytes=max_load_bytes,
            logger=self._logger, sink=self._sink))

    def _kept(self) -> Context:
        """The same context for those that are made in it, who need it when this object is closed."""
        if self._is_kept:
            return self
        kept = Context.__new__(Context)
        kept.__dict__.update(self.__dict__, _owner=self._handle, _is_kept=True)
        return kept

    def sink(self) -> _abi.cnn_sink:
        """The place for the text of one call, with the stream's width and abilities as they are now."""
        return sink(self.stdout)

    @property
    def seed(self) -> int:
        """The seed."""
        return int(lib.cnn_context_seed(self._handle))

    @property
    def threads(self) -> int:
        """Threads that work in this context."""
        return int(lib.cnn_context_threads(self._handle))

    @property
    def cpu(self) -> str:
        """Instruction set in use: "ref", "avx2" or "avx512"."""
        return str(lib.cnn_context_cpu(self._handle).decode())

    @property
    def gemm(self) -> str:
        """Who computes matrix products: "native", "blas" or "ref"."""
        return str(lib.cnn_context_gemm(self._handle).decode())

    def _describe(self) -> str:
        return f"seed={self.seed}, threads={self.threads}"


_default: dict[str, Context] = {}


def default_context() -> Context:
    """The context that is used where none is given: made at first use, with seed 0.

    Examples
    --------
    >>> import cnn
    >>> cnn.default_context() is cnn.default_context()
    True
    """
    context = _default.get("context")
    if context is None or context.closed:
        if context is not None:
            _default.pop("context", None)
        context = _default.setdefault("context", Context())
    return context


def set_default_context(context: Context | None) -> None:
    """Use this context where none is given, from now on; None: a new one, made when it is needed.

    Examples
    --------
    >>> context = Context(seed=7)
    >>> set_default_context(context)
    >>> default_context() is context
    True
    """
    if context is None:
        _default.pop("context", None)
    else:
        expect(context, Context, "context")._handle
        _default["context"] = context


def build_info() -> str:
    """How the library was built and what it found, in one line.

    Examples
    --------
    >>> build_info().startswith('libcnn ')
    True
    """
    return str(lib.cnn_build_info().decode())


def context_of(context: Context | None) -> Context:
    """The given context, or the default one, for something that is made in it."""
    return (default_context() if context is None else expect(context, Context, "context"))._kept()
