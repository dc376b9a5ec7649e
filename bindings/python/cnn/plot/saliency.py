"""Which pixels a prediction hangs on."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Sequence

import numpy as np

from ._data import Array, as_images, as_labels, as_names, as_predictions, chosen
from ._style import Style, add_scale, panels, set_titles, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def saliency(images: Any, gradients: Any, *, labels: Optional[Any] = None, predictions: Optional[Any] = None,
             count: int = 6, indices: Optional[Any] = None, columns: int = 3,
             class_names: Optional[Sequence[Any]] = None, title: Optional[str] = 'Input-Gradient Saliency',
             ax: Any = None, style: Style = None) -> Figure:
    """Images, each beside the absolute gradient of its class for its pixels (of several channels the largest).

    Each map goes from 0 (dark) to its own largest value (light); a thin line in it is the outline of what is lighter
    than the middle in a grey image.

    Parameters
    ----------
    images : array [N, H, W], [N, H, W, 1], [N, H, W, 3] or [N, H, W, 4], bytes or floats.
    gradients : array [N, H, W] or [N, H, W, channels], as `model.input_gradient(x)` gives it.
    labels : true classes, integers [N] or one-hot rows; None for none in the titles.
    predictions : probabilities [N, K] or classes [N]; None for none in the titles.
    count : how many of the images, from the first on.
    indices : which images to show, instead of the first `count`.
    columns : pairs of panels in a row.
    class_names, title, ax, style : as of `sample_images`; two panels an image.

    Returns
    -------
    Figure
        Its last Axes are the scale.

    Examples
    --------
    >>> import numpy as np, cnn.plot
    >>> images = np.eye(8)[np.newaxis].repeat(2, axis=0)
    >>> figure = cnn.plot.saliency(images, -images, labels=[3, 5])
    >>> [axes.get_title() for axes in figure.axes[:4]]
    ['True: 3', 'Saliency', 'True: 5', 'Saliency']
    """
    what = 'saliency'
    pixels = as_images(what, images)
    maps = _as_maps(what, gradients, pixels)
    picked = chosen(what, indices, len(pixels), count)
    texts = _titles(what, len(pixels), labels, predictions, class_names)
    if columns < 1:
        raise ValueError(f"{what} 'columns': {columns} must be 1 or more")
    lines = 1 + max((text.count('\n') for text in texts), default=0)
    with panels(what, 2 * len(picked), ax=ax, columns=2 * min(columns, len(picked)), cell=(1.75, 1.8 + 0.18 * lines),
                title=title, style=style, scale='Relative Gradient') as grid:
        for i, image_axes, map_axes in zip(picked, grid.axes[::2], grid.axes[1::2]):
            show_image(image_axes, pixels[i])
            shown = show_image(map_axes, maps[i], cmap='inferno', vmin=0, vmax=1)
            _outline(map_axes, pixels[i])
        over = [part for i in picked for part in (texts[i], 'Saliency')]
        set_titles(grid.axes, over, grid.width, size=10)
        add_scale(grid, shown, 'Relative Gradient')
    return grid.figure


def _as_maps(what: str, gradients: Any, images: Array) -> Array:
    """From 0 to 1 each."""
    given = np.asarray(gradients)
    if given.dtype.kind not in 'iuf':
        raise TypeError(f"{what} 'gradients': values of type {given.dtype} are no gradients")
    if given.shape[:3] != images.shape[:3] or given.ndim not in (3, 4) or 0 in given.shape:
        raise ValueError(f"{what} 'gradients': shape {given.shape} beside images of shape {images.shape}; must be "
                         '[N, H, W] or [N, H, W, channels] of the same images')
    if not np.isfinite(given).all():
        raise ValueError(f"{what} 'gradients': NaN or infinity among them")
    maps = np.abs(given.astype(np.float64))
    maps = maps.max(axis=3) if maps.ndim == 4 else maps
    most = maps.max(axis=(1, 2), keepdims=True)
    return np.asarray(maps / np.where(most > 0, most, 1))


def _titles(what: str, samples: int, labels: Any, predictions: Any, class_names: Optional[Sequence[Any]]) -> List[str]:
    true = None if labels is None else as_labels(what, labels, samples)
    classes, shares = (None, None) if predictions is None else as_predictions(what, predictions, samples)
    most = max((int(given.max()) + 1 for given in (true, classes) if given is not None), default=0)
    names = as_names(what, class_names, most)
    texts = [[] for _ in range(samples)]  # type: List[List[str]]
    for i, lines in enumerate(texts):
        if true is not None:
            lines.append(f'True: {names[true[i]]}')
        if classes is not None:
            confidence = '' if shares is None else f' ({100 * shares[i].max():.1f}%)'
            lines.append(f'Pred: {names[classes[i]]}{confidence}')
    return ['\n'.join(lines) for lines in texts]


def _outline(axes: Any, image: Array) -> None:
    """Where the strokes of a grey image are; images that are all of one value have none."""
    if image.ndim != 2 or min(image.shape) < 2:
        return
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    if high > low and np.isfinite([low, high]).all():
        axes.contour(image, levels=[low + (high - low) / 2], colors='white', linewidths=0.7, alpha=0.8)
