"""What pictures are made of, checked: images, labels, predictions, names of classes."""
from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

Array = np.ndarray[Any, Any]


def as_images(what: str, value: Any) -> Array:
    """[N, H, W] or [N, H, W, 3 or 4], from those, [N, H, W, 1], or one image [H, W]; bytes, or floats of any range."""
    images = np.asarray(value)
    if images.dtype.kind not in 'buif':
        raise TypeError(f"{what} 'images': values of type {images.dtype} are no numbers")
    if images.ndim == 2:
        images = images[np.newaxis]
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in (3, 4)):
        raise ValueError(f"{what} 'images': shape {np.shape(value)} is none of [N, H, W], [N, H, W, 1] (grey), "
                         '[N, H, W, 3] or [N, H, W, 4] (colours), [H, W] (one image)')
    if 0 in images.shape:
        raise ValueError(f"{what} 'images': shape {np.shape(value)} holds nothing to show")
    return images if images.ndim == 3 or images.dtype == np.uint8 else _as_colours(images)


def _as_colours(images: Array) -> Array:
    """Colours that imshow takes as they are: floats from 0 to 1. Integers are of 255; floats that go beyond are
    stretched, from the smallest of all images to the largest."""
    if images.dtype.kind in 'biu':
        return np.clip(images.astype(np.float64) / 255, 0, 1)
    finite = images[np.isfinite(images)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    images = np.nan_to_num(images.astype(np.float64), nan=low, posinf=high, neginf=low)
    return images if low >= 0 and high <= 1 else (images - low) / (high - low or 1.0)


def as_labels(what: str, value: Any, count: Optional[int] = None, name: str = 'labels') -> Array:
    """Classes [N] from integers [N] or [N, 1], or from rows [N, K] with the largest entry at the class."""
    labels = np.asarray(value)
    if labels.dtype.kind not in 'buif':
        raise TypeError(f"{what} '{name}': values of type {labels.dtype} are no classes; "
                        'give integers, or one-hot rows')
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = labels.argmax(axis=1)
    elif labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(f"{what} '{name}': shape {np.shape(value)} must be [N] (classes) or [N, K] (one-hot rows)")
    if count is not None and len(labels) != count:
        raise ValueError(f"{what} '{name}': {len(labels)} for {count} images")
    whole = labels.astype(np.int64)
    wrong = np.flatnonzero((whole != labels) | (whole < 0))
    if wrong.size:
        raise ValueError(f"{what} '{name}': {labels[wrong[0]]} at {wrong[0]} is no class: 0, 1, 2 ...")
    return whole


def as_predictions(what: str, value: Any, count: int) -> Tuple[Array, Optional[Array]]:
    """Classes [N], and the probabilities [N, K] they are the largest of: None where classes were given. Floats [N, 1]
    or [N] are probabilities of class 1 beside class 0."""
    given = np.asarray(value)
    if given.dtype.kind != 'f':
        return as_labels(what, given, count, 'predictions'), None
    if given.ndim == 1 or (given.ndim == 2 and given.shape[1] == 1):
        one = given.reshape(-1)
        if len(one) != count or one.min(initial=0) < 0 or one.max(initial=0) > 1:
            return as_labels(what, one, count, 'predictions'), None
        given = np.stack([1 - one, one], axis=1)
    if given.ndim != 2 or given.shape[1] < 1 or len(given) != count:
        raise ValueError(f"{what} 'predictions': shape {np.shape(value)} must be [N, K] (a probability for each class) "
                         f'or [N] (classes), N being the {count} images')
    beyond = np.argwhere((given < -1e-4) | (given > 1 + 1e-4))
    if beyond.size:
        raise ValueError(f"{what} 'predictions': {given[tuple(beyond[0])]:g} of sample {beyond[0][0]} is no "
                         'probability; take the softmax first, or give classes as integers')
    return given.argmax(axis=1), given


def as_names(what: str, class_names: Optional[Sequence[Any]], classes: int) -> List[str]:
    """A name for each of so many classes: the given ones, or the numbers."""
    if class_names is None:
        return [str(i) for i in range(classes)]
    names = [' '.join(str(name).split()) for name in class_names]
    if len(names) < classes:
        raise ValueError(f"{what} 'class_names': {len(names)} names for {classes} classes")
    return names


def chosen(what: str, indices: Optional[Any], samples: int, count: int) -> List[int]:
    """Which samples to show: those named, else the first `count`."""
    if count < 1:
        raise ValueError(f"{what} 'count': {count} must be 1 or more")
    if indices is None:
        return list(range(min(samples, count)))
    picked = [int(i) for i in np.asarray(indices).reshape(-1)]
    if not picked:
        raise ValueError(f"{what} 'indices': empty")
    for i in picked:
        if not -samples <= i < samples:
            raise ValueError(f"{what} 'indices': {i} is none of {samples} samples")
    return picked
