"""Convolutional networks on the CPU: libcnn for Python.

Thin: everything is computed by the C library. `cnn.plot`, `cnn.keras` and `cnn.metrics` are loaded when they are first
used.

>>> import cnn
>>> cnn.Context(seed=1, threads=1)
Context(seed=1, threads=1)
"""
from __future__ import annotations

import importlib
from typing import Any

from ._errors import (
    CallbackError, DataError, Error, FileError, FormatError, InternalError, InvalidArgument, NameError_, OutOfMemory,
    ShapeError, StateError, TooNewError, UnsupportedError)
from ._library import PATH as library_path, lib as _lib
from ._logs import Logs
from ._text import Attribute
from .augmenter import Augmenter
from .builtin import (
    BuiltinCallback, CSVLogger, Checkpoint, EarlyStopping, JSONLogger, LearningRateScheduler, ModelCheckpoint,
    Progress, ReduceLROnPlateau, TerminateOnNaN)
from .callback import Callback, Event
from .context import Context, build_info, default_context, set_default_context
from .dataset import Dataset
from .history import History
from .layer import Layer
from .model import Model
from .objective import Loss, Metric
from .optimizer import Optimizer
from .report import Report
from .schedule import Schedule
from .tensor import Tensor
from .tensorboard import TensorBoard

__version__: str = _lib.cnn_version().decode()
_LAZY = ("keras", "metrics", "plot")

__all__ = [
    "Attribute", "Augmenter", "BuiltinCallback", "CSVLogger", "Callback", "CallbackError", "Checkpoint", "Context",
    "DataError", "Dataset", "EarlyStopping", "Error", "Event", "FileError", "FormatError", "History", "InternalError",
    "InvalidArgument", "JSONLogger", "Layer", "LearningRateScheduler", "Logs", "Loss", "Metric", "Model",
    "ModelCheckpoint", "NameError_", "Optimizer", "OutOfMemory", "Progress", "ReduceLROnPlateau", "Report", "Schedule", "ShapeError",
    "StateError", "Tensor", "TensorBoard", "TerminateOnNaN", "TooNewError", "UnsupportedError", "build_info", "default_context",
    "library_path", "set_default_context",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
