"""The callbacks that the library brings along, with Keras's rules and messages."""
from __future__ import annotations

import ctypes
import os
from typing import Any, Callable

from . import _abi, _companions
from ._calls import held, hold, release, trampoline
from ._errors import InvalidArgument, check
from ._handle import Handle, new
from ._library import lib
from ._options import options, text
from ._state import load_state, saved_state
from .context import Context, context_of

MODES = {"auto": _abi.CNN_MODE_AUTO, "min": _abi.CNN_MODE_MIN, "max": _abi.CNN_MODE_MAX}


def mode_of(mode: str) -> int:
    """The number of a mode."""
    if mode not in MODES:
        raise InvalidArgument(f"mode is {mode!r}, must be 'auto', 'min' or 'max'")
    return MODES[mode]


class BuiltinCallback(Handle):
    """Base of the callbacks below: given to `Model.fit` among those of one's own, called in the order of the list."""

    _context: Context

    @property
    def state(self) -> dict[str, Any]:
        """What a later run needs to go on: numbers and float32 arrays by name. It may be set."""
        return saved_state(self._handle, self._context)

    @state.setter
    def state(self, values: dict[str, Any]) -> None:
        load_state(self._handle, self._context, values)


class EarlyStopping(BuiltinCallback):
    """Stop when the monitored figure no longer improves.

    Parameters
    ----------
    monitor : str
        Name of the figure.
    min_delta : float
        An improvement must be larger than its size.
    patience : int
        Epochs without improvement before it stops.
    verbose : int
        1: it says so.
    mode : {"auto", "min", "max"}
        Which way is better; "auto" tells by the name.
    baseline : float, optional
        What must be passed within the patience.
    restore_best_weights : bool
        Take the weights of the best epoch at the end.
    start_from_epoch : int
        Epochs before that are not looked at.
    context : Context, optional
        Where it is made; None: the default context.

    Examples
    --------
    >>> import cnn
    >>> stop = cnn.EarlyStopping("val_loss", patience=3, restore_best_weights=True)
    >>> stop.stopped_epoch, stop.best_epoch
    (None, None)
    """

    def __init__(self, monitor: str = "val_loss", *, min_delta: float = 0, patience: int = 0, verbose: int = 0,
                 mode: str = "auto",
                 baseline: float | None = None, restore_best_weights: bool = False, start_from_epoch: int = 0,
                 context: Context | None = None) -> None:
        self._context = context_of(context)
        self._owner = new("cnn_callback", lib.cnn_early_stopping_new, self._context._handle, options(
            _abi.cnn_early_stopping_opts, monitor=monitor, min_delta=min_delta, patience=patience, verbose=verbose,
            mode=mode_of(mode),
            restore_best_weights=int(restore_best_weights), start_from_epoch=start_from_epoch, baseline=baseline,
            has_baseline=int(baseline is not None)))

    @property
    def stopped_epoch(self) -> int | None:
        """The epoch, from 0, at which it stopped training; None if it did not."""
        epoch = int(lib.cnn_early_stopping_stopped_epoch(self._handle))
        return None if epoch < 0 else epoch

    @property
    def best_epoch(self) -> int | None:
        """The best epoch so far, from 0; None before the first."""
        epoch = int(lib.cnn_early_stopping_best_epoch(self._handle))
        return None if epoch < 0 else epoch


class ReduceLROnPlateau(BuiltinCallback):
    """Multiply the rate by `factor` when the monitored figure no longer improves; adds "learning_rate" to the figures.

    Parameters
    ----------
    monitor, verbose, mode, context
        As `EarlyStopping`.
    factor : float
        In (0, 1).
    patience : int
        Epochs without improvement before that.
    min_delta : float
        An improvement must be larger.
    cooldown : int
        Epochs after it in which nothing is counted.
    min_lr : float
        The rate does not go below.

    Examples
    --------
    >>> ReduceLROnPlateau(factor=0.5, patience=3)
    ReduceLROnPlateau()
    """

    def __init__(self, monitor: str = "val_loss", *, factor: float = 0.1, patience: int = 10, verbose: int = 0,
                 mode: str = "auto",
                 min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0, context: Context | None = None) -> None:
        if not factor > 0:
            raise InvalidArgument(f"reduce_lr_on_plateau: factor is {factor}, must be above 0 and below 1")
        self._context = context_of(context)
        self._owner = new("cnn_callback", lib.cnn_reduce_lr_on_plateau_new, self._context._handle, options(
            _abi.cnn_reduce_lr_on_plateau_opts, monitor=monitor, factor=factor, patience=patience or _abi.CNN_ZERO_INT,
            verbose=verbose,
            mode=mode_of(mode), min_delta=min_delta or _abi.CNN_ZERO, cooldown=cooldown, min_lr=min_lr))


class ModelCheckpoint(BuiltinCallback):
    """Save the model at the end of epochs or every so many batches, always or only where it is the best so far.

    Parameters
    ----------
    path : str or path-like
        {epoch} (from 1) and {NAME} of a figure are replaced, with an optional format as in {epoch:02d} or
        {val_loss:.4f}; with `save_freq` also {batch}. Folders that are missing are made. The ending decides what is
        written, as in `Model.save`.
    monitor, verbose, mode, context
        As `EarlyStopping`.
    save_best_only : bool
        Only where the monitored figure is the best so far.
    save_weights_only : bool
        Leave out configuration and optimizer.
    save_freq : int or "epoch"
        Save after so many batches.
    initial_value_threshold : float, optional
        Save only what is better from the start.

    Raises
    ------
    FileError
        From fit: a file that cannot be written.
    NameError_
        From fit: the path names a figure that there is not.

    Examples
    --------
    >>> ModelCheckpoint('best.safetensors', save_best_only=True)
    ModelCheckpoint()
    """

    def __init__(self, path: str | os.PathLike[str], *, monitor: str = "val_loss", verbose: int = 0,
                 save_best_only: bool = False,
                 save_weights_only: bool = False, mode: str = "auto", save_freq: int | str = "epoch",
                 initial_value_threshold: float | None = None, context: Context | None = None) -> None:
        if isinstance(save_freq, str) and save_freq != "epoch" or save_freq == 0:
            raise InvalidArgument(f"model_checkpoint: save_freq is {save_freq!r}, must be 'epoch' or a count")
        self._context = context_of(context)
        _companions.for_writing(self._context, path)
        self._owner = new("cnn_callback", lib.cnn_model_checkpoint_new, self._context._handle, text(path, "path"),
                          options(
            _abi.cnn_model_checkpoint_opts, monitor=monitor, verbose=verbose, mode=mode_of(mode),
            save_best_only=int(save_best_only),
            save_weights_only=int(save_weights_only), save_freq=None if isinstance(save_freq, str) else save_freq,
            initial_value_threshold=initial_value_threshold,
            has_initial_value_threshold=int(initial_value_threshold is not None)))


class Checkpoint(BuiltinCallback):
    """Keep a training from being lost: a run that was stopped anywhere and resumed, as often as you like and with any
    number of threads, ends with the bits, the history and the decisions of callbacks of the run that never was.

    Parameters
    ----------
    path : str or path-like
        The file, in a folder that is there. It is never absent nor half written; the one before it stays as PATH.prev.
    resume : bool
        Go on where the file stands, if there is one; else begin anew.
    every_steps : int
        Save after so many batches; 0: not by batches.
    every_seconds : float
        Save when so many seconds have gone by; 0: not by time.
    at_epochs : bool
        Save at the end of each epoch. That at the end of the last one is always made.
    verbose : int
        1: it says each save.
    foreground : bool
        Training waits for the disk; else a thread writes a copy while it goes on.
    context : Context, optional
        Where it is made; None: the default context.

    Raises
    ------
    StateError
        From fit: the checkpoint is of another model, compilation, seed, data set or recipe; the text says in what.
    FileError, FormatError
        From fit: a save failed; the file and the one before it are damaged.

    Notes
    -----
    Callbacks of one's own begin anew unless they have `state_save` and `state_load`. Data of a Python generator are asked
    for again and left out.

    Examples
    --------
    >>> import cnn
    >>> keep = cnn.Checkpoint("run.safetensors", resume=True, every_seconds=30)
    >>> keep.resumed_epoch is None
    True
    """

    def __init__(self, path: str | os.PathLike[str], *, resume: bool = False, every_steps: int = 0,
                 every_seconds: float = 0, at_epochs: bool = True, verbose: int = 0, foreground: bool = False,
                 context: Context | None = None) -> None:
        self._context = context_of(context)
        self._owner = new("cnn_callback", lib.cnn_checkpoint_new, self._context._handle, text(path, "path"), options(
            _abi.cnn_checkpoint_opts, every_steps=every_steps, every_seconds=every_seconds,
            not_at_epochs=int(not at_epochs), resume=int(resume), verbose=verbose, foreground=int(foreground)))

    def request(self, stop: bool = False) -> None:
        """Ask for a save after the batch in hand; with `stop` training ends there, to be resumed. From any thread."""
        lib.cnn_checkpoint_request(self._handle, int(stop))

    @property
    def resumed_epoch(self) -> int | None:
        """The epoch, from 0, in or before which the last fit went on; None where it began anew."""
        epoch = int(lib.cnn_checkpoint_resumed_epoch(self._handle))
        return None if epoch < 0 else epoch


class CSVLogger(BuiltinCallback):
    """Write a row of figures for each epoch, flushed at once.

    Parameters
    ----------
    path : str or path-like
        The file.
    separator : str
        Between two values.
    append : bool
        Go on with a file that is there.

    Raises
    ------
    FileError
        From fit: it cannot be written.

    Examples
    --------
    >>> CSVLogger('history.csv')
    CSVLogger()
    """

    def __init__(self, path: str | os.PathLike[str], *, separator: str = ",", append: bool = False,
                 context: Context | None = None) -> None:
        self._context = context_of(context)
        self._owner = new("cnn_callback", lib.cnn_csv_logger_new, self._context._handle, text(path, "path"),
                          options(_abi.cnn_csv_logger_opts, separator=separator, append=int(append)))


class JSONLogger(BuiltinCallback):
    """Write a JSON object for each epoch, one a line, flushed at once: "epoch", "batch" (of a batch), the figures,
    "learning_rate", "seconds" since the epoch began and "time" of the day; NaN and infinities are the strings "nan",
    "inf", "-inf".

    Parameters
    ----------
    path : str or path-like
        The file.
    every_batches : int
        A line also after every so many batches of an epoch; 0: none.
    append : bool
        Go on behind what stands in the file.

    Raises
    ------
    FileError
        From fit: it cannot be written.

    Examples
    --------
    >>> JSONLogger('history.jsonl', every_batches=100)
    JSONLogger()
    """

    def __init__(self, path: str | os.PathLike[str], *, every_batches: int = 0, append: bool = False,
                 context: Context | None = None) -> None:
        self._context = context_of(context)
        self._owner = new("cnn_callback", lib.cnn_json_logger_new, self._context._handle, text(path, "path"),
                          options(_abi.cnn_json_logger_opts, every_batches=every_batches, append=int(append)))


class TerminateOnNaN(BuiltinCallback):
    """Stop training at the first batch whose running loss is NaN or infinite. `raise_error`: fit then raises
    DataError.

    Examples
    --------
    >>> TerminateOnNaN()
    TerminateOnNaN()
    """

    def __init__(self, raise_error: bool = False, *, context: Context | None = None) -> None:
        self._context = context_of(context)
        self._owner = new("cnn_callback", lib.cnn_terminate_on_nan_new, self._context._handle,
                          options(_abi.cnn_terminate_on_nan_opts, raise_error=int(raise_error)))


class Progress(BuiltinCallback):
    """The progress bar. fit adds one by itself where `verbose` is not 0; in its list it stands where one wants it.
    `color`: None where the output is a terminal.

    Examples
    --------
    >>> Progress()
    Progress()
    """

    def __init__(self, color: bool | None = None, *, context: Context | None = None) -> None:
        self._context = context_of(context)
        self._owner = new("cnn_callback", lib.cnn_progress_new, self._context._handle,
                          options(_abi.cnn_progress_opts, color=0 if color is None else 1 if color else -1))


@trampoline(_abi.cnn_learning_rate_scheduler_new_schedule)
def _rate(user: int, epoch: int, rate: float) -> Any:
    return float(held(user)(epoch, rate))


@trampoline(_abi.cnn_learning_rate_scheduler_opts_free)
def _free(user: int) -> None:
    release(user)


class LearningRateScheduler(BuiltinCallback):
    """Ask a function for the rate of each epoch as it begins; adds "learning_rate" to the figures.

    Parameters
    ----------
    schedule : callable
        Gets the epoch, from 0, and the rate as it stands; returns the new one.
    verbose : int
        1: it says so.

    Examples
    --------
    >>> import cnn
    >>> halves = cnn.LearningRateScheduler(lambda epoch, rate: rate if epoch == 0 else rate / 2)
    """

    def __init__(self, schedule: Callable[[int, float], float], *, verbose: int = 0,
                 context: Context | None = None) -> None:
        self._context = context_of(context)
        number = hold(schedule)
        try:
            self._owner = new("cnn_callback", lib.cnn_learning_rate_scheduler_new, self._context._handle, _rate,
                              options(_abi.cnn_learning_rate_scheduler_opts, user=number, free=_free, verbose=verbose))
        except BaseException:
            release(number)
            raise
