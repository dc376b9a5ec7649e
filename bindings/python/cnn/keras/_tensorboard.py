"""Keras's TensorBoard."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from .. import tensorboard
from . import _lacking
from ._arguments import refuse, whole
from ._builtin import Builtin

if TYPE_CHECKING:
    import cnn


class TensorBoard(Builtin):
    """Write event files for TensorBoard: `tensorboard --logdir LOG_DIR` shows them. Needs libcnn-export.

    Parameters
    ----------
    log_dir : path
        The files are in its folders "train" and "validation".
    histogram_freq : int
        Write histograms of all weights every so many epochs; 0: none.
    write_graph : bool
        The model's layers and what each of them reads.
    write_images : bool
        With the histograms also the weights as pictures.
    write_steps_per_second : bool
        Of epochs, and of batches where those are written.
    update_freq : "epoch", "batch" or int
        Write the running figures also after every so many batches.
    profile_batch, embeddings_freq, embeddings_metadata
        As they stand: there is no profiler, and there are no embedding layers.

    Raises
    ------
    UnsupportedError
        libcnn-export is not there.

    Examples
    --------
    >>> from cnn.keras import callbacks
    >>> callbacks.TensorBoard("logs/first", histogram_freq=1)
    TensorBoard(log_dir='logs/first', histogram_freq=1)
    """

    _lacks = _lacking.TENSORBOARD
    _table: ClassVar[dict[str, Any]] = {
        "log_dir": "logs", "histogram_freq": 0, "write_graph": True, "write_images": False,
        "write_steps_per_second": False, "update_freq": "epoch", "profile_batch": 0, "embeddings_freq": 0,
        "embeddings_metadata": None
    }
    _fixed = {
        "profile_batch": (0, "write_steps_per_second=True tells how fast it is"),
        "embeddings_freq": (0, "there are no embedding layers; cnn.plot.embedding draws what a layer makes of the data"),
        "embeddings_metadata": (None, "there are no embedding layers"),
    }
    log_dir: Any
    update_freq: Any

    def _set_up(self) -> None:
        self.log_dir = os.fspath(self.log_dir)
        if self.update_freq != "epoch":
            given = 1 if self.update_freq == "batch" else self.update_freq
            self.update_freq = whole("TensorBoard", "update_freq", given, "'epoch', 'batch' or ")
        super()._set_up()

    def _core(self, context: cnn.Context) -> Any:
        return tensorboard.TensorBoard(self.log_dir, **{name: getattr(self, name) for name in (
            "update_freq", "histogram_freq", "write_graph", "write_images", "write_steps_per_second")}, context=context)

    def _used_in(self, where: str) -> None:
        if where == "evaluate":
            refuse("evaluate: TensorBoard writes what fit's validation finds; give it to fit with validation_data")
