"""Augmentation: images changed at random, the same way for the same (seed, pass, sample), and brought to one scale."""
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _abi, _arrays, _text
from ._counts import count
from ._errors import ShapeError, check
from ._handle import Handle, new
from ._library import lib
from ._options import integer, options
from ._text import Attribute
from .context import Context, context_of
from .dataset import Dataset
from .tensor import Tensor, to_numpy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._arrays import Array


class Statistics(NamedTuple):
    """Mean and deviation of each channel, float64."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]


class Augmenter(Handle):
    """What is done to each training image, and, of that, the standardisation of validation images: Keras's
    ImageDataGenerator.

    Parameters
    ----------
    context : Context, optional
        Where it is made; None: the default context.
    **attributes
        ``rotation_range`` (degrees), ``zoom_range``, ``width_shift_range`` ..., by name: see `Augmenter.attributes_of`.
        Values are those that a model sees: uint8 images have been divided by 255.

    Raises
    ------
    NameError_
        No such attribute; the sentence names the nearest.
    InvalidArgument
        A value out of range.

    Examples
    --------
    >>> import cnn, numpy
    >>> augmenter = cnn.Augmenter(rotation_range=10, zoom_range=0.1)
    >>> augmenter
    Augmenter(rotation_range=10.0, zoom_range=0.1)
    >>> image = numpy.random.default_rng(0).random((28, 28, 1), numpy.float32)
    >>> changed = augmenter.apply(image, pass_=0, sample=7)
    >>> changed.shape, bool((changed == augmenter.apply(image, pass_=0, sample=7)).all())
    ((28, 28, 1), True)
    """

    _context: Context

    def __init__(self, context: Context | None = None, **attributes: Any) -> None:
        self._context = context_of(context)
        given = _text.attributes(_text.table("augmenter"), attributes)
        self._owner = new("cnn_augmenter", lib.cnn_augmenter_new_text, self._context._handle, given)

    @property
    def attributes(self) -> dict[str, Any]:
        """All attributes with their values, defaults included."""
        return {row.key: _text.read(_text.attribute("augmenter", self._handle, row.key), row.kind)
                for row in _text.table("augmenter")}

    @classmethod
    def attributes_of(cls) -> tuple[Attribute, ...]:
        """What may be given by keyword: key, kind, default, range, choices and help of each."""
        return _text.table("augmenter")

    def apply(self, image: Array, pass_: int = 0, sample: int = 0) -> NDArray[np.float32]:
        """One image [H, W, C] or [H, W], transformed and standardised as that sample would be in that pass.

        Returns
        -------
        ndarray
            float32, of the image's shape.

        Raises
        ------
        ShapeError
            No image.
        DataError
            NaN or infinity.
        StateError
            Featurewise standardisation without statistics: see `fit`.
        """
        tensor, shape = self._image(image)
        number, place = integer(pass_, ctypes.c_uint32, "pass_"), integer(sample, what="sample")
        with self._reading() as handle:
            changed = to_numpy(new("cnn_tensor", lib.cnn_augmenter_apply, handle, tensor._handle, number, place))
        return changed.reshape(shape)

    def transform(self, height: int, width: int, pass_: int = 0, sample: int = 0) -> dict[str, float]:
        """The transform that a sample gets in a pass: "theta" (degrees), "tx" and "ty" (pixels), "zx" and "zy"
        (factors), "shear" (degrees), "channel_shift", "brightness", "flip_horizontal" ... For images of height x width
        pixels."""
        out = options(_abi.cnn_transform)
        check(lib.cnn_augmenter_transform(self._handle, ctypes.byref(out), integer(height, what="height"),
                                          integer(width, what="width"),
                                          integer(pass_, ctypes.c_uint32, "pass_"), integer(sample, what="sample")))
        return {name: getattr(out, name) for name, *_ in _abi.cnn_transform._fields_
                if name not in ("size", "reserved")}

    def standardize(self, images: Array) -> NDArray[np.float32]:
        """Images [N, H, W, C] or [H, W, C] standardised and nothing else, as validation images are.

        Raises
        ------
        ShapeError, DataError, StateError
            As `apply`.
        """
        tensor = _arrays.inputs(images, self._context, "images")
        with self._reading() as handle:
            return to_numpy(new("cnn_tensor", lib.cnn_augmenter_standardize, handle, tensor._handle))

    def fit(self, images: Array | Dataset, augment: bool = False, rounds: int = 1) -> Statistics:
        """Measure mean and deviation of each channel, for the featurewise settings.

        Parameters
        ----------
        images : array_like, Tensor, Dataset
            [N, H, W, C].
        augment : bool
            Of transformed images, `rounds` times each.

        Raises
        ------
        StateError
            A running fit uses the augmenter.
        """
        data = images if isinstance(images, Dataset) else Dataset(images, context=self._context)
        with data._reading() as measured, self._changing() as handle:
            check(lib.cnn_augmenter_fit(handle, measured, options(_abi.cnn_augmenter_fit_opts, augment=int(augment),
                                                                  rounds=count(rounds, "rounds"))))
        return self.statistics

    @property
    def statistics(self) -> Statistics:
        """Mean and deviation of each channel. They may be set to a pair of sequences, as where a model is used that was
        trained with them.

        Raises
        ------
        StateError
            There are none yet.
        """
        channels = int(lib.cnn_augmenter_channels(self._handle))
        mean, deviation = (ctypes.c_double * max(channels, 1))(), (ctypes.c_double * max(channels, 1))()
        check(lib.cnn_augmenter_statistics(self._handle, channels, mean, deviation))
        return Statistics(np.array(mean), np.array(deviation))

    @statistics.setter
    def statistics(self, value: tuple[ArrayLike, ArrayLike | None]) -> None:
        mean, deviation = value
        means = [float(number) for number in np.ravel(mean)]
        deviations = None if deviation is None else [float(number) for number in np.ravel(deviation)]
        if deviations is not None and len(deviations) != len(means):
            raise ShapeError(f"statistics: {len(means)} means and {len(deviations)} deviations")
        doubles = ctypes.c_double * max(len(means), 1)
        with self._changing() as handle:
            check(lib.cnn_augmenter_set_statistics(handle, len(means), doubles(*means),
                                                   None if deviations is None else doubles(*deviations)))

    def _image(self, image: Array) -> tuple[Tensor, tuple[int, ...]]:
        """One with a channel axis, and the shape that it came in."""
        tensor = _arrays.inputs(image, self._context, "image")
        shape = tensor.shape
        return (_arrays.inputs(tensor.numpy()[..., None], self._context, "image") if len(shape) == 2 else tensor), shape

    def _describe(self) -> str:
        standard = {row.key: _text.read(row.standard, row.kind) for row in _text.table("augmenter")}
        return ", ".join(f"{key}={value!r}" for key, value in self.attributes.items() if value != standard[key])
