"""The iterator that `ImageDataGenerator.flow` gives."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np

from ...context import Context
from ...dataset import Dataset
from .._arguments import real
from .._lacking import FLOW, Lacking
from .._protocol import Batches

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .image import ImageDataGenerator

    Batch = Union[NDArray[Any], tuple[NDArray[Any], ...]]


class NumpyArrayIterator(Lacking):
    """Batches of images, by hand without end: `next(it)`, or `it[i]` of the present pass.

    Attributes
    ----------
    n, batch_size, shuffle, seed
        As given; n: number of samples.
    batch_index, total_batches_seen : int
        The next batch of this pass; batches given out so far.
    """

    _lacks = FLOW
    data_format, dtype = "channels_last", "float32"

    def __init__(self, x: NDArray[Any], y: Optional[NDArray[Any]], image_data_generator: ImageDataGenerator,
                 batch_size: int, shuffle: bool, sample_weight: Optional[NDArray[Any]], seed: Optional[int]) -> None:
        self.x, self.y, self.sample_weight = x, y, sample_weight
        self.image_data_generator = image_data_generator
        self.n, self.batch_size, self.shuffle, self.seed = len(x), batch_size, bool(shuffle), seed
        self.total_batches_seen = self.batch_index = 0
        self.index_array: Optional[NDArray[Any]] = None
        self.lock = threading.Lock()
        self._context = image_data_generator._seeded(seed)

    @property
    def num_batches(self) -> int:
        """Batches of a pass, the last one short."""
        return -(-self.n // self.batch_size)

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> NumpyArrayIterator:
        return self

    def __next__(self) -> Batch:
        with self.lock:
            if self.batch_index == 0 or self.index_array is None:
                self._draw_order()
            first = self.batch_index * self.batch_size
            self.batch_index = (self.batch_index + 1) % len(self)
            return self._batch(first)

    next = __next__

    def __getitem__(self, idx: int) -> Batch:
        if not -len(self) <= idx < len(self):
            raise ValueError(f"batch {idx} of an iterator that has {len(self)}")
        with self.lock:
            if self.index_array is None:
                self._draw_order()
            return self._batch((idx % len(self)) * self.batch_size)

    def reset(self) -> None:
        """Begin a new pass with the next batch."""
        self.batch_index = 0

    def on_epoch_end(self) -> None:
        """Draw a new order for `it[i]`."""
        self._draw_order()

    def _draw_order(self) -> None:
        if not self.shuffle:
            self.index_array = np.arange(self.n)
        elif self.seed is None:
            self.index_array = np.random.permutation(self.n)
        else:
            self.index_array = np.random.RandomState((self.seed + self.total_batches_seen) % 2**32).permutation(self.n)

    def _batch(self, first: int) -> Batch:
        """The batch that begins at this place of the order. Its number is the pass that the augmenter draws by."""
        assert self.index_array is not None
        chosen = self.index_array[first:first + self.batch_size]
        drawn = next(self.image_data_generator._draws) if self.seed is None else self.total_batches_seen
        self.total_batches_seen += 1
        images = self._images(chosen, drawn)
        if self.y is None:
            return images
        weights = () if self.sample_weight is None else (self.sample_weight[chosen],)
        return (images, self.y[chosen], *weights)

    def _images(self, chosen: NDArray[Any], drawn: int) -> NDArray[np.float32]:
        generator = self.image_data_generator
        generator._warn_unmeasured()
        augmenter = generator._augmenter(self._context)
        images = np.empty((len(chosen), *self.x.shape[1:]), dtype=np.float32)
        for place, sample in enumerate(chosen):
            image = self.x[sample].astype(np.float32)
            if generator.preprocessing_function is None:
                images[place] = augmenter.apply(image, drawn, int(sample))
            else:
                images[place] = generator.standardize(generator.apply_transform(
                    image, generator._transform(augmenter, self.x.shape[1:3], drawn, int(sample))))
        return images

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.n} images {self.x.shape[1:]} in batches of {self.batch_size}>"


class LibraryIterator(NumpyArrayIterator):
    """One whose batches the library can make without Python."""

    _kept: Optional[tuple[Context, Dataset]] = None

    @property
    def _augments(self) -> bool:
        """Does it change images at random, or only bring them to scale?"""
        return bool(self.image_data_generator._moves())

    def _batches(self, context: Context) -> Batches:
        self.image_data_generator._warn_unmeasured()
        if self._kept is None or self._kept[0] is not context:
            self._kept = (context, Dataset(self.x, self.y, sample_weight=self.sample_weight, divisor=1,
                                           context=context))
        augmenter = self.image_data_generator._augmenter(context if self.seed is None else self._context)
        return Batches(self._kept[1], augmenter, self.batch_size, self.shuffle)


def _targets(y: ArrayLike) -> NDArray[Any]:
    """Labels stay whole numbers; rows of whole numbers, which are one-hot, become float32 like all others."""
    targets = real("y", y)
    return targets if targets.dtype.kind in "iu" and (targets.ndim < 2 or targets.shape[1] == 1) else targets.astype(
        np.float32, copy=False)


def _part(generator: ImageDataGenerator, subset: str, y: Optional[NDArray[Any]], count: int,
          ignore_class_split: bool) -> slice:
    """The samples of a subset."""
    if subset not in ("training", "validation"):
        raise ValueError(f"flow: subset={subset!r} must be 'training' or 'validation'")
    bound = int(count * generator._validation_split)
    if not 0 < bound < count:
        raise ValueError(
            f"flow: subset={subset!r} of {count} samples with validation_split={generator._validation_split!r} "
            "is empty, or all"
        )
    if y is not None and not ignore_class_split and not np.array_equal(np.unique(y[:bound], axis=0),
                                                                       np.unique(y[bound:], axis=0)):
        raise ValueError(
            f"flow: the first {bound} samples have other classes than the rest; shuffle x and y together before")
    return slice(0, bound) if subset == "validation" else slice(bound, None)


def iterator(x: ArrayLike, y: Optional[ArrayLike], generator: ImageDataGenerator, batch_size: int, shuffle: bool,
             sample_weight: Optional[ArrayLike], seed: Optional[int], ignore_class_split: bool,
             subset: Optional[str]) -> NumpyArrayIterator:
    """What `flow` gives, after checks."""
    from .image import _images

    images = _images(x, 4)
    targets = None if y is None else _targets(y)
    weights: Optional[NDArray[Any]] = None if sample_weight is None else np.asarray(real("sample_weight", sample_weight), dtype=np.float32)
    if weights is not None and targets is None:
        raise ValueError("flow: sample_weight without y")
    for name, value in (("y", targets), ("sample_weight", weights)):
        if value is not None and len(value) != len(images):
            raise ValueError(f"flow: x has {len(images)} samples, but {name} has {len(value)}")
    if batch_size < 1 or not len(images):
        raise ValueError(f"flow: {len(images)} images in batches of {batch_size}, expected at least one of each")
    if subset is not None:
        part = _part(generator, subset, targets, len(images), ignore_class_split)
        images, targets, weights = images[
            part], None if targets is None else targets[part], None if weights is None else weights[part]
    kind = LibraryIterator if generator.preprocessing_function is None else NumpyArrayIterator
    return kind(images, targets, generator, batch_size, shuffle, weights, seed)
