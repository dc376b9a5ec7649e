"""Grids of images: samples with their labels, and one image with what augmentation makes of it."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence

import numpy as np

from ._data import as_images, as_labels, as_names, chosen
from ._style import Style, panels, set_titles, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sample_images(images: Any, labels: Optional[Any] = None, *, count: int = 15, indices: Optional[Any] = None,
                  columns: int = 5, class_names: Optional[Sequence[Any]] = None, title: Optional[str] = 'Sample Images',
                  ax: Any = None, style: Style = None) -> Figure:
    """A grid of images, each under its label.

    Parameters
    ----------
    images : array [N, H, W], [N, H, W, 1], [N, H, W, 3] or [N, H, W, 4], bytes or floats; or one image [H, W].
    labels : integers [N], or one-hot rows [N, K]; None for no titles.
    count : how many of the images, from the first on.
    indices : which images to show, instead of the first `count`.
    columns : panels in a row.
    class_names : a name for each class; None for the numbers.
    title : of the figure; None for none.
    ax : None for a new figure; a Figure or SubFigure to fill; or an array of Axes, at least as many as images shown.
    style : None for the rcParams in force; 'light', 'dark', or a mapping of rcParams.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError, TypeError
        Shapes or values that are no images or labels, said in one sentence; nothing is drawn.

    Examples
    --------
    >>> import numpy as np, cnn.plot
    >>> figure = cnn.plot.sample_images(np.eye(28)[np.newaxis].repeat(3, axis=0), [7, 0, 4])
    >>> [axes.get_title() for axes in figure.axes]
    ['Label: 7', 'Label: 0', 'Label: 4']
    """
    what = 'sample_images'
    pixels = as_images(what, images)
    picked = chosen(what, indices, len(pixels), count)
    texts = []
    if labels is not None:
        classes = as_labels(what, labels, len(pixels))
        names = as_names(what, class_names, int(classes.max()) + 1)
        texts = [f'Label: {names[classes[i]]}' for i in picked]
    with panels(what, len(picked), ax=ax, columns=columns, cell=(2.4, 8 / 3), title=title, style=style) as grid:
        for axes, i in zip(grid.axes, picked):
            show_image(axes, pixels[i])
        set_titles(grid.axes, texts, grid.width)
    return grid.figure


def augmentation(original: Any, augmented: Any, *, columns: int = 5,
                 title: Optional[str] = 'Data Augmentation Examples', ax: Any = None, style: Style = None) -> Figure:
    """An image, and beside it what an augmenter makes of it.

    Parameters
    ----------
    original : the image: array [H, W], [H, W, 3 or 4] or [H, W, 1], or a batch of this one image.
    augmented : images of the same form [N, H, W], [N, H, W, 1], [N, H, W, 3 or 4]; or a sequence of such batches.
    columns, title, ax, style : as of `sample_images`; N + 1 panels.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import numpy as np, cnn.plot
    >>> image = np.eye(28)
    >>> figure = cnn.plot.augmentation(image, [np.roll(image, i, axis=1) for i in range(1, 10)])
    >>> len(figure.axes), figure.axes[0].get_title(), figure.axes[9].get_title()
    (10, 'Original', 'Augmented 9')
    """
    what = 'augmentation'
    first, others = _one_image(what, original), as_images(what, _joined(augmented))
    if first.shape[1:] != others.shape[1:]:
        raise ValueError(f"{what} 'augmented': images of shape {others.shape[1:]} beside an original of "
                         f'{first.shape[1:]}')
    with panels(what, 1 + len(others), ax=ax, columns=columns, cell=(2.4, 2.5), title=title, style=style) as grid:
        for axes, image in zip(grid.axes, [first[0], *others]):
            show_image(axes, image)
        set_titles(grid.axes[:1], ['Original'], grid.width, size=12, weight='bold')
        set_titles(grid.axes[1:], [f'Augmented {i + 1}' for i in range(len(others))], grid.width, size=12)
    return grid.figure


def _one_image(what: str, original: Any) -> Any:
    given = np.asarray(original)
    if given.ndim == 3 and given.shape[2] in (1, 3, 4) and given.shape[0] != 1:
        given = given[np.newaxis]
    image = as_images(what, given)
    if len(image) != 1:
        raise ValueError(f"{what} 'original': {len(image)} images; give one")
    return image


def _joined(augmented: Any) -> Any:
    """A sequence of batches of one image each, as iterators of batches give them, is one batch."""
    if isinstance(augmented, (list, tuple)) and augmented and np.ndim(augmented[0]) == 4:
        return np.concatenate([np.asarray(batch) for batch in augmented])
    return augmented
