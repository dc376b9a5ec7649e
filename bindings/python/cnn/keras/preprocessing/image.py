"""`ImageDataGenerator`: images changed at random and brought to one scale, by the library's augmenter.

>>> import numpy
>>> from cnn.keras.preprocessing.image import ImageDataGenerator
>>> generator = ImageDataGenerator(rotation_range=10, zoom_range=0.1)
>>> flow = generator.flow(numpy.zeros((5, 28, 28, 1)), [0, 1, 2, 3, 4], batch_size=2)
>>> len(flow), next(flow)[0].shape
(3, (2, 28, 28, 1))
"""

from __future__ import annotations

import itertools
import numbers
import warnings
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Union

import numpy as np

from ... import _abi
from ..._handle import new
from ..._library import lib
from ..._options import options
from ...augmenter import Augmenter
from ...context import Context, default_context
from ...dataset import Dataset
from ...tensor import Tensor, to_numpy
from .._arguments import channels_last, number, only, real, refuse
from .._missing import missing
from .iterator import NumpyArrayIterator, iterator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Images = NDArray[Any]
    Range = Union[float, Sequence[float]]

__all__ = ["ImageDataGenerator", "NumpyArrayIterator"]

# Names of a transform in Keras, and in the library where they are others.
_TRANSFORM = {
    "theta": "theta", "tx": "tx", "ty": "ty", "shear": "shear", "zx": "zx", "zy": "zy",
    "flip_horizontal": "flip_horizontal", "flip_vertical": "flip_vertical", "channel_shift_intensity": "channel_shift",
    "brightness": "brightness"
}
_FEATUREWISE = {"featurewise_center": "mean", "featurewise_std_normalization": "std"}  # settings and their statistics
_FILL_MODES = {"nearest": _abi.CNN_FILL_NEAREST, "constant": _abi.CNN_FILL_CONSTANT, "reflect": _abi.CNN_FILL_REFLECT,
               "wrap": _abi.CNN_FILL_WRAP}


def _pair(name: str, value: Any) -> tuple[float, float]:
    if len(value) != 2:
        raise ValueError(f"ImageDataGenerator: {name}={value!r} must be two numbers")
    return number("ImageDataGenerator", name, value[0]), number("ImageDataGenerator", name, value[1])


class ImageDataGenerator:
    """Makes batches of images, each changed in its own way; Keras's arguments with Keras's meaning.

    Parameters
    ----------
    featurewise_center, featurewise_std_normalization : bool
        Subtract the mean of each channel over a data set, divide by its deviation: see `fit`.
    samplewise_center, samplewise_std_normalization : bool
        The same with each image's own.
    rotation_range : float
        Degrees to either side.
    width_shift_range, height_shift_range : float or int
        Below 1 a share of the size, else pixels; an int n: a whole number of pixels, less than n.
    brightness_range : (float, float), optional
        Factors; by way of 8-bit pixels, as Keras: for images of 0 to 255.
    shear_range : float
        Degrees to either side.
    zoom_range : float or (float, float)
        z: factors in [1 - z, 1 + z]; rows and columns apart.
    channel_shift_range : float
        Added to all values.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}
        What is shown from outside the image; `cval` for "constant".
    horizontal_flip, vertical_flip : bool
        Flip every second image.
    rescale : float, optional
        Factor of every value, after the transform. uint8 images are not scaled without it.
    preprocessing_function : callable, optional
        Takes and gives back one image. It is Python: `fit` then takes batches one by one, at Python's speed.
    validation_split : float
        The share of samples that `flow(subset="validation")` takes, from the beginning.
    interpolation_order : {0, 1}
        The nearest pixel, or between four.

    Raises
    ------
    UnsupportedError
        zca_whitening, lists of shifts, splines, channels_first, types other than float32; the sentence says what to do.
    InvalidArgument
        A value out of range.

    Examples
    --------
    >>> datagen = ImageDataGenerator(rotation_range=10, zoom_range=0.1)
    >>> x, y = next(datagen.flow(np.ones((5, 8, 8, 1)), [0, 1, 2, 3, 4], batch_size=4))
    >>> x.shape, y.shape
    ((4, 8, 8, 1), (4,))
    """

    row_axis, col_axis, channel_axis = 1, 2, 3
    zca_whitening_matrix: None = None

    def __init__(self, featurewise_center: bool = False, samplewise_center: bool = False,
                 featurewise_std_normalization: bool = False, samplewise_std_normalization: bool = False,
                 zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0,
                 width_shift_range: Range = 0.0, height_shift_range: Range = 0.0,
                 brightness_range: Optional[Sequence[float]] = None, shear_range: float = 0.0, zoom_range: Range = 0.0,
                 channel_shift_range: float = 0.0, fill_mode: str = "nearest", cval: float = 0.0,
                 horizontal_flip: bool = False, vertical_flip: bool = False, rescale: Optional[float] = None,
                 preprocessing_function: Optional[Callable[[Images], ArrayLike]] = None,
                 data_format: Optional[str] = None, validation_split: float = 0.0, interpolation_order: int = 1,
                 dtype: Any = None) -> None:
        where = "ImageDataGenerator"
        only(where, "zca_whitening", zca_whitening, (False, None, 0),
             "whiten the images before they are given, by NumPy's linalg.svd")
        only(where, "zca_epsilon", zca_epsilon, (1e-6,), "there is no zca_whitening that it would be of")
        only(where, "dtype", None if dtype is None else np.dtype(dtype).name, (None, "float32"), "images are float32")
        self.data_format = channels_last(where, data_format)
        self.dtype = "float32"
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(f"{where}: validation_split={validation_split!r} must be between 0 and 1")
        for std, center in ((featurewise_std_normalization, featurewise_center),
                            (samplewise_std_normalization, samplewise_center)):
            if std and not center:
                warnings.warn(f"{where}: std_normalization subtracts the mean too, as if center were set", stacklevel=2)
        self.featurewise_center = featurewise_center or featurewise_std_normalization
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.channel_shift_range = channel_shift_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.brightness_range = brightness_range
        scalar = isinstance(zoom_range, numbers.Number)
        self.zoom_range: Any = zoom_range if scalar else list(_pair("zoom_range", zoom_range))
        self.fill_mode, self.cval, self.rescale = fill_mode, cval, rescale
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.preprocessing_function = preprocessing_function
        self.interpolation_order = interpolation_order
        self._validation_split = validation_split
        # Of the featurewise settings, (1, 1, channels): of fit, or set by hand.
        self.mean: Optional[NDArray[Any]] = None
        self.std: Optional[NDArray[Any]] = None
        self._made: Optional[tuple[Any, Augmenter]] = None
        self._draws = itertools.count()
        self._augmenter(default_context())

    # ---- the augmenter ----

    def _shifts(self) -> dict[str, Any]:
        shifts = {"width_shift_range": self.width_shift_range, "height_shift_range": self.height_shift_range}
        for name, value in shifts.items():
            if not isinstance(value, numbers.Number):
                refuse(f"ImageDataGenerator: {name}={value!r} is a list of shifts, which libcnn does not draw from; "
                       "an int n draws from 0 .. n - 1, a float from a range")
        whole = [isinstance(value, numbers.Integral) for value in shifts.values() if value]
        if any(whole) and not all(whole):
            refuse(
                f"ImageDataGenerator: {shifts} mix whole and broken shifts, which libcnn does not; "
                "give both as int or both as float"
            )
        return {**shifts, "whole_shifts": any(whole)}

    def _moves(self) -> dict[str, Any]:
        """The attributes of the random transform that are not at rest."""
        values: dict[str, Any] = {
            "rotation_range": self.rotation_range, "shear_range": self.shear_range,
            "channel_shift_range": self.channel_shift_range, "horizontal_flip": bool(self.horizontal_flip),
            "vertical_flip": bool(self.vertical_flip), **self._shifts()
        }
        if isinstance(self.zoom_range, numbers.Number):
            values["zoom_range"] = self.zoom_range
        else:
            values["zoom_lower"], values["zoom_upper"] = _pair("zoom_range", self.zoom_range)
        if self.brightness_range is not None:
            values["brightness_lower"], values["brightness_upper"] = _pair("brightness_range", self.brightness_range)
            values["brightness_8bit"] = True
        return {name: value for name, value in values.items() if value}

    def _standards(self) -> dict[str, Any]:
        """The attributes of standardisation that are not at rest."""
        values = {name: bool(getattr(self, name)) for name in (
            "samplewise_center", "samplewise_std_normalization", "featurewise_center", "featurewise_std_normalization")}
        return {
            **{name: value for name, value in values.items() if value},
            **({"rescale": self.rescale} if self.rescale else {})
        }

    def _augmenter(self, context: Context) -> Augmenter:
        """The library's augmenter for the settings as they are now."""
        attributes = {**self._moves(), **self._standards(), "fill_mode": self.fill_mode, "cval": self.cval,
                      "interpolation_order": self.interpolation_order}
        for name in self._unmeasured():
            attributes.pop(name)
        mean = np.zeros_like(self.std) if self.mean is None and self.std is not None else self.mean
        statistics = tuple(None if value is None else np.asarray(value, dtype=np.float64).ravel()
                           for value in (mean, self.std))
        key = (context, tuple(attributes.items()),
               tuple(None if value is None else value.tobytes() for value in statistics))
        if self._made is None or self._made[0] != key:
            augmenter = Augmenter(context, **attributes)
            if (attributes.keys() & set(_FEATUREWISE)) and statistics[0] is not None:
                any_values: Any = augmenter  # the property takes more than it gives
                any_values.statistics = (statistics[0], statistics[1])
            self._made = (key, augmenter)
        return self._made[1]

    def _unmeasured(self) -> list[str]:
        """Featurewise settings that have no statistics: they do nothing."""
        return [name for name, kept in _FEATUREWISE.items() if getattr(self, name) and getattr(self, kept) is None]

    def _warn_unmeasured(self) -> None:
        for name in self._unmeasured():
            warnings.warn(f"ImageDataGenerator: {name} does nothing before fit(x) has measured images", stacklevel=3)

    @staticmethod
    def _seeded(seed: Optional[int]) -> Context:
        return default_context() if seed is None else Context(seed=seed, threads=1)

    # ---- batches ----

    def flow(self, x: ArrayLike, y: Optional[ArrayLike] = None, batch_size: int = 32, shuffle: bool = True,
             sample_weight: Optional[ArrayLike] = None, seed: Optional[int] = None, save_to_dir: None = None,
             save_prefix: str = "", save_format: str = "png", ignore_class_split: bool = False,
             subset: Optional[str] = None) -> NumpyArrayIterator:
        """Batches of these images, without end; given to `fit`, the library makes them by itself.

        Parameters
        ----------
        x : array_like, (n, height, width, channels)
        y, sample_weight : array_like, (n, ...), optional
        batch_size : int
        shuffle : bool
            Draw the order of each pass.
        seed : int, optional
            Of the order and the transforms of this iterator alone: two with the same seed go the same way. In `fit` the
            order is the model's.
        subset : {"training", "validation"}, optional
            With validation_split: the part behind it, or the part before it.
        ignore_class_split : bool
            Do not check that both parts have the same classes.

        Returns
        -------
        NumpyArrayIterator
        """
        only("flow", "save_to_dir", save_to_dir, (None,), "matplotlib.image.imsave writes the images of a batch")
        only("flow", "save_prefix", save_prefix, ("",), "there is no save_to_dir")
        only("flow", "save_format", save_format, ("png",), "there is no save_to_dir")
        return iterator(x, y, self, batch_size, shuffle, sample_weight, seed, ignore_class_split, subset)

    def flow_from_directory(self, *arguments: Any, **keywords: Any) -> None:
        """Refused."""
        refuse("flow_from_directory: libcnn reads no image files; read them into an array and use flow(x, y)")

    def flow_from_dataframe(self, *arguments: Any, **keywords: Any) -> None:
        """Refused."""
        refuse("flow_from_dataframe: libcnn reads no image files; read them into an array and use flow(x, y)")

    # ---- statistics ----

    def fit(self, x: ArrayLike, augment: bool = False, rounds: int = 1, seed: Optional[int] = None) -> None:
        """Measure mean and deviation of each channel, for the featurewise settings; without one nothing is kept.

        Parameters
        ----------
        x : array_like, (n, height, width, channels)
        augment : bool
            Measure transformed images, `rounds` of each.
        seed : int, optional
            Of these transforms.
        """
        images = _images(x, 4)
        if not self.featurewise_center:
            return
        context = self._seeded(seed)
        augmenter = Augmenter(
            context, **{
                **self._moves(), **self._standards(), "fill_mode": self.fill_mode, "cval": self.cval,
                "interpolation_order": self.interpolation_order
            })
        mean, std = augmenter.fit(Dataset(images, divisor=1, context=context), augment=augment, rounds=rounds)
        self.mean = mean.astype(np.float32).reshape(1, 1, -1)
        if self.featurewise_std_normalization:
            self.std = std.astype(np.float32).reshape(1, 1, -1)

    # ---- one image ----

    def get_random_transform(self, img_shape: Sequence[int], seed: Optional[int] = None) -> dict[str, Any]:
        """What a random transform of an image of this shape would do.

        Returns
        -------
        dict
            theta and shear in degrees, tx and ty in pixels, zx and zy factors, flip_horizontal, flip_vertical,
            channel_shift_intensity and brightness, the last two None where they are not asked for.
        """
        return self._transform(self._augmenter(self._seeded(seed)), img_shape,
                               next(self._draws) if seed is None else 0, 0)

    def _transform(self, augmenter: Augmenter, shape: Sequence[int], drawn: int, sample: int) -> dict[str, Any]:
        """What a sample gets, in Keras's names."""
        drawn_values = augmenter.transform(int(shape[0]), int(shape[1]), drawn, sample)
        values: dict[str, Any] = {name: drawn_values[ours] for name, ours in _TRANSFORM.items()}
        for name in ("flip_horizontal", "flip_vertical"):
            values[name] = bool(values[name])
        if not self.channel_shift_range:
            values["channel_shift_intensity"] = None
        if self.brightness_range is None:
            values["brightness"] = None
        return values

    def apply_transform(self, x: ArrayLike, transform_parameters: dict[str, Any]) -> NDArray[np.float32]:
        """An image under given parameters; those that are left out do nothing.

        Parameters
        ----------
        x : array_like, (height, width, channels)
        transform_parameters : dict
            As `get_random_transform` gives them.
        """
        unknown = [name for name in transform_parameters if name not in _TRANSFORM]
        if unknown:
            raise ValueError(
                f"apply_transform: parameter '{unknown[0]}' is not known; there are: {', '.join(_TRANSFORM)}")
        given = {
            _TRANSFORM[name]: _literal(name, value) for name, value in transform_parameters.items() if value is not None
        }
        rest = {"fill_mode": _FILL_MODES[self.fill_mode], "cval": self.cval, "brightness_8bit": 1,
                "interpolation_order": self.interpolation_order or _abi.CNN_ZERO_INT}
        tensor = Tensor(_float_image(x))
        return to_numpy(
            new("cnn_tensor", lib.cnn_image_transform, tensor._handle, options(_abi.cnn_transform, **given, **rest)))

    def random_transform(self, x: ArrayLike, seed: Optional[int] = None) -> NDArray[np.float32]:
        """An image under a random transform, not standardised; x: (height, width, channels)."""
        image = _float_image(x)
        return self.apply_transform(image, self.get_random_transform(image.shape, seed))

    def standardize(self, x: ArrayLike) -> NDArray[np.float32]:
        """An image, or several, brought to scale: preprocessing_function, rescale, samplewise, featurewise; a new
        array. Featurewise settings do nothing, and a warning says so, before `fit` has measured images.
        """
        self._warn_unmeasured()
        images = np.asarray(real("x", x), dtype=np.float32)
        if self.preprocessing_function is not None:
            images = np.asarray(self.preprocessing_function(images), dtype=np.float32)
        return self._augmenter(default_context()).standardize(images)


def _literal(name: str, value: Any) -> Any:
    """A brightness of 0 is black; to the library's struct 0 is none."""
    return _abi.CNN_ZERO if name == "brightness" and value == 0 else value


def _images(x: ArrayLike, rank: int) -> Images:
    """Images as uint8 or float32."""
    images: Images = real("x", x)
    if images.ndim != rank:
        expected = "(n, height, width, channels)" if rank == 4 else "(height, width, channels)"
        raise ValueError(f"images of shape {images.shape}, expected {expected}")
    return images if images.dtype == np.uint8 else np.asarray(images, dtype=np.float32)


def _float_image(x: ArrayLike) -> NDArray[np.float32]:
    return np.asarray(_images(x, 3), dtype=np.float32)


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
