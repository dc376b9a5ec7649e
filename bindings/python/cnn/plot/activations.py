"""What a layer makes of one image: a picture for each of its channels."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ._data import Array, as_images, chosen
from ._style import Style, add_scale, panels, set_titles, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def activation_maps(maps: Any, *, image: Optional[Any] = None, count: int = 16, indices: Optional[Any] = None,
                    columns: int = 6, title: Optional[str] = 'Activation Maps', ax: Any = None,
                    style: Style = None) -> Figure:
    """A panel for each channel of a layer's output, all on one scale; the image itself first where it is given.

    Parameters
    ----------
    maps : array [height, width, channels], or of one sample [1, height, width, channels], as
        `model.activations('conv1', x[:1])` gives it.
    image : what the layer's outputs are of: array [H, W], [H, W, 1], [H, W, 3 or 4], or a batch of it alone.
    count : how many channels, from the first on.
    indices : which channels to show, instead of the first `count`.
    columns, title, ax, style : as of `sample_images`.

    Returns
    -------
    Figure
        Its last Axes are the scale.

    Examples
    --------
    >>> import numpy as np, cnn.plot
    >>> figure = cnn.plot.activation_maps(np.zeros((6, 6, 4)), image=np.eye(8))
    >>> [axes.get_title() for axes in figure.axes[:3]]
    ['Input', 'Map 0: all 0', 'Map 1: all 0']
    """
    what = 'activation_maps'
    values = _as_maps(what, maps)
    picked = chosen(what, indices, values.shape[2], count)
    picture = None if image is None else _one_image(what, image)
    low, high = min(0.0, float(values.min())), max(float(values.max()), 0.0)
    first = int(picture is not None)
    texts = [f'Map {i % values.shape[2]}' + ('' if values[..., i].any() else ': all 0') for i in picked]
    with panels(what, first + len(picked), ax=ax, columns=columns, cell=(1.6, 1.75), title=title, style=style,
                scale='Activation') as grid:
        if picture is not None:
            show_image(grid.axes[0], picture)
        for axes, i in zip(grid.axes[first:], picked):
            shown = show_image(axes, values[..., i], cmap='viridis', vmin=low, vmax=high if high > low else low + 1)
        set_titles(grid.axes, ['Input'] * first + texts, grid.width, size=10)
        add_scale(grid, shown, 'Activation')
    return grid.figure


def _as_maps(what: str, value: Any) -> Array:
    maps = np.asarray(value)
    if maps.dtype.kind not in 'iuf':
        raise TypeError(f"{what} 'maps': values of type {maps.dtype} are no activations")
    if maps.ndim == 4 and len(maps) == 1:
        maps = maps[0]
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(f"{what} 'maps': shape {np.shape(value)} must be [height, width, channels], of one sample; "
                         'a layer whose outputs are a row of values has no maps')
    if not np.isfinite(maps).all():
        raise ValueError(f"{what} 'maps': NaN or infinity among the activations")
    return maps.astype(np.float64)


def _one_image(what: str, value: Any) -> Any:
    given = np.asarray(value)
    if given.ndim == 3 and given.shape[2] in (1, 3, 4):
        given = given[np.newaxis]
    images = as_images(what, given)
    if len(images) != 1:
        raise ValueError(f"{what} 'image': {len(images)} images; give the one that the maps are of")
    return images[0]
