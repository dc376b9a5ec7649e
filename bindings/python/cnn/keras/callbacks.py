"""Keras's callbacks: who is told what happens in training, and may end it.

>>> from cnn.keras import callbacks
>>> callbacks.EarlyStopping(patience=3, restore_best_weights=True)
EarlyStopping(patience=3, restore_best_weights=True)
"""

from __future__ import annotations

import functools
import inspect
import os
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Optional

from .. import builtin
from . import _files, _lacking
from ._arguments import whole
from ._builtin import HOOKS, Builtin
from ._callback import Callback
from ._history import History
from ._missing import missing
from ._settings import REQUIRED
from ._tensorboard import TensorBoard

if TYPE_CHECKING:
    import cnn

__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "EarlyStopping", "History", "LambdaCallback", "LearningRateScheduler",
    "ModelCheckpoint", "ProgbarLogger", "ReduceLROnPlateau", "TensorBoard", "TerminateOnNaN"
]

class EarlyStopping(Builtin):
    """Stop when the monitored figure no longer improves.

    Parameters
    ----------
    monitor : str
        Name of a figure.
    min_delta : float
        An improvement must be larger than its size.
    patience : int
        Epochs without improvement before it stops.
    verbose : {0, 1}
        1: it says so.
    mode : {"auto", "min", "max"}
        Which way is better; "auto" tells by the name.
    baseline : float, optional
        What must be passed within the patience.
    restore_best_weights : bool
        Take the weights of the best epoch at the end.
    start_from_epoch : int
        Epochs before that are not looked at.

    Attributes
    ----------
    stopped_epoch, best_epoch : int
        From 0, as in Keras: 0 also where there is none yet.
    wait : int
        Epochs without improvement.
    best : float or None

    Examples
    --------
    >>> EarlyStopping(patience=5, restore_best_weights=True)
    EarlyStopping(patience=5, restore_best_weights=True)
    """

    _lacks = {**_lacking.EARLY_STOPPING, **_lacking.MONITOR}

    _table: ClassVar[dict[str, Any]] = {
        "monitor": "val_loss", "min_delta": 0, "patience": 0, "verbose": 0, "mode": "auto", "baseline": None,
        "restore_best_weights": False, "start_from_epoch": 0
    }

    def _core(self, context: cnn.Context) -> Any:
        return builtin.EarlyStopping(**self.get_config(), context=context)

    @property
    def stopped_epoch(self) -> int:
        """The epoch at which it stopped training."""
        return max(int(self._state("stopped_epoch")), 0)

    @property
    def best_epoch(self) -> int:
        """The best epoch so far."""
        return max(int(self._state("best_epoch")), 0)

    @property
    def wait(self) -> int:
        """Epochs without improvement."""
        return int(self._state("wait"))


class ReduceLROnPlateau(Builtin):
    """Multiply the rate by `factor` when the monitored figure no longer improves; adds "learning_rate" to the figures.

    Parameters
    ----------
    monitor, patience, verbose, mode
        As `EarlyStopping`.
    factor : float
        In (0, 1).
    min_delta : float
        An improvement must be larger.
    cooldown : int
        Epochs after a reduction in which nothing is counted.
    min_lr : float
        The rate does not go below.

    Examples
    --------
    >>> ReduceLROnPlateau(factor=0.5, patience=3)
    ReduceLROnPlateau(factor=0.5, patience=3)
    """

    _lacks = _lacking.MONITOR

    _table: ClassVar[dict[str, Any]] = {
        "monitor": "val_loss", "factor": 0.1, "patience": 10, "verbose": 0, "mode": "auto", "min_delta": 1e-4,
        "cooldown": 0, "min_lr": 0.0
    }

    def _core(self, context: cnn.Context) -> Any:
        return builtin.ReduceLROnPlateau(**self.get_config(), context=context)

    @property
    def wait(self) -> int:
        """Epochs without improvement."""
        return int(self._state("wait"))

    def in_cooldown(self) -> bool:
        """Are there epochs of a cooldown left?"""
        return self.cooldown_counter > 0

    @property
    def cooldown_counter(self) -> int:
        """Epochs of the cooldown that are left."""
        return int(self._state("cooldown_counter"))


class ModelCheckpoint(Builtin):
    """Save the model at the end of epochs or every so many batches, always or only where it is the best so far.

    Parameters
    ----------
    filepath : path
        {epoch} (from 1) and {NAME} of a figure are replaced. Ends as for `Model.save`, or as for `Model.save_weights`.
    monitor, verbose, mode
        As `EarlyStopping`.
    save_best_only, save_weights_only : bool
    save_freq : "epoch" or int
        An int: after so many batches.
    initial_value_threshold : float, optional
        Save only what is better from the start.

    Attributes
    ----------
    filepath : str
        The file that is written.

    Examples
    --------
    >>> ModelCheckpoint('best.keras', save_best_only=True)
    ModelCheckpoint(filepath='best.keras', save_best_only=True)
    """

    _lacks = _lacking.MONITOR
    min_delta = 0

    _table: ClassVar[dict[str, Any]] = {
        "filepath": REQUIRED, "monitor": "val_loss", "verbose": 0, "save_best_only": False, "save_weights_only": False,
        "mode": "auto", "save_freq": "epoch", "initial_value_threshold": None
    }
    filepath: Any
    save_weights_only: bool

    def _set_up(self) -> None:
        (_files.check_weights if self.save_weights_only else _files.check_model)(self.filepath)
        self.filepath = _files.native(self.filepath)
        super()._set_up()

    def _core(self, context: cnn.Context) -> Any:
        config = self.get_config()
        return builtin.ModelCheckpoint(config.pop("filepath"), **config, context=context)


class CSVLogger(Builtin):
    """Write a row of figures for each epoch.

    Parameters
    ----------
    filename : path
    separator : str
    append : bool
        Go on with a file that is there.

    Examples
    --------
    >>> CSVLogger('history.csv')
    CSVLogger(filename='history.csv')
    """

    _lacks = _lacking.CSV_LOGGER

    _table: ClassVar[dict[str, Any]] = {"filename": REQUIRED, "separator": ",", "append": False}
    filename: Any
    separator: str
    append: bool

    @property
    def sep(self) -> str:
        """The separator."""
        return self.separator

    def _core(self, context: cnn.Context) -> Any:
        return builtin.CSVLogger(os.fspath(self.filename), separator=self.separator, append=self.append,
                                 context=context)


class BackupAndRestore(Builtin):
    """Keep a training from being lost: where it was stopped, the same call of `fit` goes on, to the weights and figures it
    would have had.

    The model is the same where its layers are called the same: made again in the same process, call
    `backend.clear_session()` before, as automatic names are counted on.

    Parameters
    ----------
    backup_dir : path
        Folder of the checkpoint, made if it is missing.
    save_freq : "epoch" or int
        At the end of each epoch, or after so many batches.
    double_checkpoint : bool
        Both are kept in any case: the checkpoint and the one before it.
    delete_checkpoint : bool
        Remove both when training is over.

    Examples
    --------
    >>> BackupAndRestore("backup", save_freq=100)
    BackupAndRestore(backup_dir='backup', save_freq=100)
    """

    _table: ClassVar[dict[str, Any]] = {"backup_dir": REQUIRED, "save_freq": "epoch", "double_checkpoint": False,
                                        "delete_checkpoint": True}
    backup_dir: Any
    save_freq: Any
    double_checkpoint: bool
    delete_checkpoint: bool

    def _path(self) -> str:
        return os.path.join(os.fspath(self.backup_dir), "checkpoint" + _files.SUFFIX)

    def _set_up(self) -> None:
        if not os.fspath(self.backup_dir):
            raise ValueError("BackupAndRestore: backup_dir is empty; name a folder")
        if self.save_freq != "epoch":
            self.save_freq = whole("BackupAndRestore", "save_freq", self.save_freq, "'epoch' or ")
        super()._set_up()

    def _core(self, context: cnn.Context) -> Any:
        steps = 0 if self.save_freq == "epoch" else self.save_freq
        return builtin.Checkpoint(self._path(), resume=True, every_steps=steps, at_epochs=not steps, context=context)

    def _make(self, context: cnn.Context) -> Any:
        os.makedirs(self.backup_dir, exist_ok=True)
        return super()._make(context)

    def _finished(self) -> None:
        for path in (self._path(), self._path() + ".prev"):
            if self.delete_checkpoint and os.path.exists(path):
                os.remove(path)


class TerminateOnNaN(Builtin):
    """Stop training at the first batch whose running loss is NaN or infinite; `raise_error`: with an error.

    Examples
    --------
    >>> TerminateOnNaN()
    TerminateOnNaN()
    """

    _table: ClassVar[dict[str, Any]] = {"raise_error": False}
    raise_error: bool

    def _core(self, context: cnn.Context) -> Any:
        return builtin.TerminateOnNaN(self.raise_error, context=context)


class LearningRateScheduler(Builtin):
    """Ask a function for the rate of each epoch as it begins; adds "learning_rate" to the figures.

    Parameters
    ----------
    schedule : callable
        Gets the epoch, from 0, and the rate, or the epoch alone; returns the new rate, a float.
    verbose : {0, 1}
        1: it says so.

    Examples
    --------
    >>> LearningRateScheduler(abs, verbose=1)
    LearningRateScheduler(schedule=<built-in function abs>, verbose=1)
    """

    _table: ClassVar[dict[str, Any]] = {"schedule": REQUIRED, "verbose": 0}
    schedule: Callable[..., float]
    verbose: int

    def _core(self, context: cnn.Context) -> Any:
        # Of the function alone: C holds it, and would hold this object with it for ever.
        chosen = functools.partial(_chosen_rate, self.schedule)
        return builtin.LearningRateScheduler(chosen, verbose=self.verbose, context=context)


def _chosen_rate(schedule: Callable[..., float], epoch: int, rate: float) -> float:
    """The rate that a schedule of one or two arguments gives."""
    try:
        inspect.signature(schedule).bind(epoch, rate)
        given: tuple[Any, ...] = (epoch, rate)
    except TypeError:
        given = (epoch,)
    except ValueError:  # a function of C that tells nothing of its arguments
        given = (epoch, rate)
    chosen = schedule(*given)
    try:
        return float(chosen)
    except (TypeError, ValueError):
        raise ValueError(
            f"LearningRateScheduler: the schedule gave {chosen!r} for epoch {epoch}, expected a float") from None


class ProgbarLogger(Builtin):
    """The progress bar, at this place of the list. `fit` adds one by itself where `verbose` is not 0.

    Examples
    --------
    >>> ProgbarLogger()
    ProgbarLogger()
    """

    _lacks = _lacking.PROGRESS

    def _core(self, context: cnn.Context) -> Any:
        return builtin.Progress(context=context)


class LambdaCallback(Callback):
    """A callback of functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : callable, optional
        Get (epoch, logs).
    on_train_begin, on_train_end : callable, optional
        Get (logs).
    on_train_batch_begin, on_train_batch_end : callable, optional
        Get (batch, logs).
    **kwargs
        Any other method of `Callback`.

    Examples
    --------
    >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    """

    def __init__(self, on_epoch_begin: Optional[Callable[..., Any]] = None,
                 on_epoch_end: Optional[Callable[..., Any]] = None, on_train_begin: Optional[Callable[..., Any]] = None,
                 on_train_end: Optional[Callable[...,
                                                 Any]] = None, on_train_batch_begin: Optional[Callable[...,
                                                                                                       Any]] = None,
                 on_train_batch_end: Optional[Callable[..., Any]] = None, **kwargs: Callable[..., Any]) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin,
            "on_train_end": on_train_end, "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end, **kwargs
        }
        for name, function in given.items():
            if name not in HOOKS:
                raise TypeError(f"LambdaCallback: '{name}' is no method of Callback; there are: {', '.join(HOOKS)}")
            if function is not None:
                setattr(self, name, function)


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
