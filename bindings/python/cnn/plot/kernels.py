"""What a network's first layer looks for: its kernels as pictures."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ._data import Array
from ._style import Style, add_scale, panels, set_titles, show_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def first_layer_kernels(kernels: Any, *, channel: int = 0, count: int = 64, columns: int = 8,
                        title: Optional[str] = 'First-Layer Kernels', ax: Any = None, style: Style = None) -> Figure:
    """A panel for each filter, all on one scale: of one channel in grey, of three in their colours.

    Dark is negative, light positive, zero the middle grey.

    Parameters
    ----------
    kernels : array [height, width, channels, filters], as `model.weight('conv1/kernel')` gives it.
    channel : which one to show where there are neither 1 nor 3.
    count : how many filters, from the first on.
    columns : panels in a row.
    title : of the figure; None for none.
    ax : None for a new figure; a Figure or SubFigure to fill; or an array of Axes, at least as many as filters shown.
    style : None for the rcParams in force; 'light', 'dark', or a mapping of rcParams.

    Returns
    -------
    Figure
        Where the kernels are grey, its last Axes are the scale.

    Examples
    --------
    >>> import numpy as np, cnn.plot
    >>> figure = cnn.plot.first_layer_kernels(np.random.default_rng(1).normal(size=(3, 3, 1, 16)))
    >>> len(figure.axes), figure.axes[15].get_title()
    (17, '15')
    """
    what = 'first_layer_kernels'
    weights = _as_kernels(what, kernels)
    if count < 1:
        raise ValueError(f"{what} 'count': {count} must be 1 or more")
    channels, filters = weights.shape[2], min(count, weights.shape[3])
    most = float(np.abs(weights).max()) or 1.0
    colours = channels == 3
    if not colours and not -channels <= channel < channels:
        raise ValueError(f"{what} 'channel': {channel} is none of {channels} channels")
    if title and channels not in (1, 3):
        title = f'{title} (Channel {channel % channels} of {channels})'
    with panels(what, filters, ax=ax, columns=columns, cell=(1.15, 1.3), title=title, style=style,
                scale='' if colours else 'Weight') as grid:
        for i, axes in enumerate(grid.axes):
            if colours:
                show_image(axes, 0.5 + weights[..., i] / (2 * most))
            else:
                shown = show_image(axes, weights[:, :, channel, i], vmin=-most, vmax=most)
        set_titles(grid.axes, [str(i) for i in range(filters)], grid.width, size=9)
        if not colours:
            add_scale(grid, shown, 'Weight')
    return grid.figure


def _as_kernels(what: str, value: Any) -> Array:
    weights = np.asarray(value)
    if weights.dtype.kind not in 'iuf':
        raise TypeError(f"{what} 'kernels': values of type {weights.dtype} are no weights")
    if weights.ndim != 4 or 0 in weights.shape:
        raise ValueError(f"{what} 'kernels': shape {weights.shape} must be [height, width, channels, filters]")
    if not np.isfinite(weights).all():
        raise ValueError(f"{what} 'kernels': NaN or infinity among the weights")
    return weights.astype(np.float64)
