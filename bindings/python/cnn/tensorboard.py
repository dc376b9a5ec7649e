"""TensorBoard's event files, by the companion library libcnn-export."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Sequence

from . import _abi, _arrays, _companions
from ._counts import count
from ._errors import InvalidArgument
from ._expect import expect
from ._handle import new
from ._options import options, text
from .augmenter import Augmenter
from .builtin import BuiltinCallback
from .context import Context, context_of

if TYPE_CHECKING:
    from ._arrays import Array

_OFTEN = {"epoch": 0, "batch": 1}


def _every(update_freq: int | str) -> int:
    """After how many batches; 0: at the end of epochs alone."""
    if isinstance(update_freq, str):
        if update_freq not in _OFTEN:
            raise InvalidArgument(f"tensorboard: update_freq is {update_freq!r}, must be 'epoch', 'batch' or a count")
        return _OFTEN[update_freq]
    return update_freq


class TensorBoard(BuiltinCallback):
    """Write event files for TensorBoard, with the tags and steps of Keras's own callback: figures of epochs, batches and
    validations, histograms and pictures of the weights, the graph of the model; of `images` samples and a confusion matrix
    as pictures. docs/export.md has the list of tags. Needs libcnn-export.

    Parameters
    ----------
    folder : str or path-like
        Where TensorBoard looks: the files are in its folders "train" and "validation". Made as training begins.
    update_freq : int or "epoch" or "batch"
        Write the running figures also after every so many batches.
    histogram_freq : int
        Write histograms of all weights every so many epochs; 0: none.
    write_graph : bool
        The model's layers and what each of them reads.
    write_images : bool
        With the histograms also the weights as pictures.
    write_steps_per_second : bool
        Of epochs, and of batches where those are written.
    images : array_like, optional
        Samples that are shown: [N, H, W] or [N, H, W, 1 or 3], float32 in [0, 1] or uint8.
    labels : array_like of int, optional
        Their classes [N]: then there is a confusion matrix of all of them.
    class_names : sequence of str, optional
        None: the numbers.
    image_freq : int
        Draw every so many epochs.
    image_count : int
        How many of the images are shown, the first ones.
    augmenter : Augmenter, optional
        Standardises the images as the model wants them.
    context : Context, optional
        Where it is made; None: the default context.

    Raises
    ------
    UnsupportedError
        libcnn-export is not there.
    ShapeError
        Images or labels of another shape.
    FileError
        From fit: a file cannot be written.

    Notes
    -----
    A training that goes on from a `Checkpoint` goes on in a new file, without writing a step twice.

    Examples
    --------
    >>> import tempfile, pathlib, cnn
    >>> model = cnn.Model()
    >>> layers = [model.add("input", shape=4), model.add("dense", units=2)]
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as logs:
    ...     history = model.fit([[1.0, 2, 3, 4]], [[1.0, 2]], verbose=0, callbacks=[cnn.TensorBoard(logs)])
    ...     len(list(pathlib.Path(logs, "train").iterdir()))
    1
    """

    def __init__(self, folder: str | os.PathLike[str], *, update_freq: int | str = "epoch", histogram_freq: int = 0,
                 write_graph: bool = True, write_images: bool = False, write_steps_per_second: bool = False,
                 images: Array | None = None, labels: Array | None = None, class_names: Sequence[str] | None = None,
                 image_freq: int = 1, image_count: int = 10, augmenter: Augmenter | None = None,
                 context: Context | None = None) -> None:
        self._context = context_of(context)
        given: dict[str, Any] = {
            "update_freq": _every(update_freq), "histogram_freq": histogram_freq,
            "write_graph": int(write_graph), "write_images": int(write_images),
            "write_steps_per_second": int(write_steps_per_second), "image_freq": count(image_freq, "image_freq"),
            "image_count": count(image_count, "image_count")}
        if images is not None:
            given["images"] = _arrays.inputs(images, self._context, "images")
        if labels is not None:
            given["labels"] = _arrays.targets(labels, self._context, "labels")
        if class_names is not None:
            given.update(class_names=[str(name) for name in class_names], classes=len(class_names))
        if augmenter is not None:
            given["augmenter"] = expect(augmenter, Augmenter, "augmenter")
        library = _companions.needed("export", "tensorboard")
        self._owner = new("cnn_callback", library.cnn_tensorboard_new, self._context._handle, text(folder, "path"),
                          options(_abi.cnn_tensorboard_opts, **given))
        if augmenter is not None:
            self._owner._parent = augmenter._handle  # C borrows it
