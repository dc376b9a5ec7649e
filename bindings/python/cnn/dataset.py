"""Data sets: samples with their targets, from arrays or files."""
from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _abi, _arrays
from ._errors import check
from ._handle import Handle, Owner, Pointers, new
from ._library import lib
from ._options import integer, options, text
from .context import Context, context_of
from .tensor import DTYPES, Tensor, to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._arrays import Array


class Dataset(Handle):
    """Samples with their targets.

    Parameters
    ----------
    x : array_like, Tensor
        Inputs [N, ...]: float32 as they are, uint8 divided by `divisor` image by image when a batch is made; other
        numbers become float32. Images [N, H, W] get a channel axis.
    y : array_like, Tensor, optional
        Class labels (whole numbers, [N] or [N, 1], or one for each row of the model's output), or rows of values
        (floats, [N, ...]).
    sample_weight : array_like, optional
        What a sample counts in losses and weighted metrics, [N].
    classes : int, optional
        Of whole labels; None: largest label + 1.
    divisor : float, optional
        Of uint8 inputs; None: 255.
    context : Context, optional
        Where it is made; None: the default context.

    Raises
    ------
    ShapeError
        Types, axes or numbers of samples that do not fit.
    DataError
        NaN or infinity, with sample and position; a label out of range.

    Notes
    -----
    float32, uint8, int32 and int64 arrays in row-major order are not copied: their values must not change as long as
    the data set lives.

    Examples
    --------
    >>> import cnn, numpy
    >>> data = cnn.Dataset(numpy.zeros((6, 28, 28), numpy.uint8), [0, 1, 2, 0, 1, 2])
    >>> data
    Dataset(6 samples, uint8 (28, 28, 1), 3 classes)
    >>> validation = data.split(0.5)
    >>> len(data), len(validation)
    (3, 3)
    """

    _context: Context

    def __init__(self, x: Array, y: Array | None = None, *, sample_weight: Array | None = None,
                 classes: int | None = None, divisor: float | None = None, context: Context | None = None) -> None:
        self._context = context_of(context)
        inputs = [_arrays.inputs(x, self._context)]
        targets = [] if y is None else [_arrays.targets(y, self._context)]
        weights = None if sample_weight is None else _arrays.floats(sample_weight, self._context, "sample_weight")
        self._owner = new("cnn_dataset", lib.cnn_dataset_new, self._context._handle, 1, Pointers(inputs), len(targets),
                          Pointers(targets),
                          options(_abi.cnn_dataset_opts, classes=classes, divisor=divisor, sample_weights=weights))

    @classmethod
    def _adopt(cls, owner: Owner, context: Context) -> Dataset:
        dataset = cls.__new__(cls)
        dataset._owner, dataset._context = owner, context
        return dataset

    @classmethod
    def idx(cls, images: str | os.PathLike[str], labels: str | os.PathLike[str], *, classes: int | None = None,
            divisor: float | None = None, context: Context | None = None) -> Dataset:
        """Images and labels from two IDX files, each plain or gzip, as MNIST's are.

        Raises
        ------
        FileError, FormatError
            A file that cannot be read, or is damaged.
        """
        where = context_of(context)
        return cls._adopt(new("cnn_dataset", lib.cnn_dataset_load_idx, where._handle, text(images, "path"),
                              text(labels, "path"),
                              options(_abi.cnn_dataset_opts, classes=classes, divisor=divisor)), where)

    @classmethod
    def npz(cls, path: str | os.PathLike[str], *, classes: int | None = None, divisor: float | None = None,
            context: Context | None = None) -> tuple[Dataset, Dataset]:
        """Training and test data from an archive with x_train, y_train, x_test, y_test, as Keras's mnist.npz.

        Raises
        ------
        FileError, FormatError
            A file that cannot be read, is damaged, or lacks one of these.
        """
        where = context_of(context)
        test = ctypes.c_void_p()

        def load(out: Any, *arguments: Any) -> int:
            status: int = lib.cnn_dataset_load_npz(out, ctypes.byref(test), *arguments)
            return status

        train = new("cnn_dataset", load, where._handle, text(path, "path"),
                    options(_abi.cnn_dataset_opts, classes=classes, divisor=divisor))
        assert test.value is not None
        return cls._adopt(train, where), cls._adopt(Owner(test.value, lib.cnn_dataset_free), where)

    def split(self, fraction: float) -> Dataset:
        """Move the last part into a new data set, `fraction` in (0, 1) of the samples; nothing is copied.

        Raises
        ------
        InvalidArgument
            A fraction out of range, or that leaves a part empty.
        StateError
            A running fit uses the data set.
        """
        with self._changing() as handle:
            return self._adopt(new("cnn_dataset", lib.cnn_dataset_split, handle, float(fraction)), self._context)

    def __len__(self) -> int:
        return int(lib.cnn_dataset_count(self._handle))

    @property
    def classes(self) -> int:
        """Number of classes, or of columns of the targets."""
        return int(lib.cnn_dataset_classes(self._handle))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        extents = (ctypes.c_int64 * _abi.CNN_MAX_RANK)()
        return tuple(extents[: lib.cnn_dataset_input_shape(self._handle, extents)])

    @property
    def input_dtype(self) -> np.dtype[Any]:
        """Element type of the inputs as they are stored."""
        return DTYPES[lib.cnn_dataset_input_type(self._handle)]

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest input as it is stored."""
        low, high = ctypes.c_double(), ctypes.c_double()
        with self._reading() as handle:
            check(lib.cnn_dataset_range(handle, ctypes.byref(low), ctypes.byref(high)))
        return low.value, high.value

    def statistics(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each channel (of vectors: of each column), of the values as a model sees
        them."""
        features = self.input_shape[-1]
        mean, deviation = (ctypes.c_double * features)(), (ctypes.c_double * features)()
        with self._reading() as handle:
            check(lib.cnn_dataset_statistics(handle, features, mean, deviation))
        return np.array(mean), np.array(deviation)

    def class_counts(self) -> NDArray[np.int64]:
        """How many samples each class has."""
        counts = (ctypes.c_int64 * max(self.classes, 1))()
        with self._reading() as handle:
            check(lib.cnn_dataset_class_counts(handle, self.classes, counts))
        return np.array(counts[: self.classes], np.int64)

    def inputs(self, first: int = 0, count: int | None = None) -> NDArray[np.float32]:
        """Samples [first, first + count) as a model sees them, float32 [count, ...]; None: all from `first` on."""
        first = integer(first, what="first")
        wanted = len(self) - first if count is None else integer(count, what="count")
        with self._reading() as handle:
            return to_numpy(new("cnn_tensor", lib.cnn_dataset_inputs, handle, first, wanted))

    def labels(self) -> NDArray[np.int32]:
        """The class of each sample, int32 [N]; of rows of values the column of the largest.

        Raises
        ------
        StateError
            There are no targets.
        """
        with self._reading() as handle:
            return to_numpy(new("cnn_tensor", lib.cnn_dataset_labels, handle))

    def sample_weights(self) -> NDArray[np.float32]:
        """The samples' weights, float32 [N]. Raises StateError where there are none."""
        with self._reading() as handle:
            return to_numpy(new("cnn_tensor", lib.cnn_dataset_sample_weights, handle))

    def _describe(self) -> str:
        counted = f", {self.classes} classes" if self.classes else ""
        return f"{len(self)} samples, {self.input_dtype} {self.input_shape}{counted}"
