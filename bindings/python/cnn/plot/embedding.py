"""Where samples lie in what a layer makes of them, in two dimensions."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

import numpy as np

from ._data import Array, as_labels, as_names
from ._style import Style, axes_size, luminance, panel, plain, set_labels, set_titles, shortened, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHAPES = 'osD^vP*X<>hp'


def principal_components(features: Any) -> Tuple[Array, Array]:
    """Samples along the two directions in which they differ most, and the share of the variance in each.

    Parameters
    ----------
    features : array [N, ...], N >= 2; the axes after the first are taken as one.

    Returns
    -------
    (points [N, 2], shares [2])
        The sign of each direction is such that its largest weight is positive.

    Examples
    --------
    >>> import numpy as np
    >>> points, shares = principal_components(np.outer([0, 1, 2], [3, 4]))
    >>> points[:, 0].round(6).tolist(), shares.round(6).tolist()
    ([-5.0, 0.0, 5.0], [1.0, 0.0])
    """
    what = 'embedding'
    values = np.asarray(features)
    if values.dtype.kind not in 'buif':
        raise TypeError(f"{what} 'features': values of type {values.dtype} are no numbers")
    if values.ndim < 2 or len(values) < 2 or 0 in values.shape:
        raise ValueError(f"{what} 'features': shape {values.shape} must be [N, features], N at least 2")
    rows = values.reshape(len(values), -1).astype(np.float64)
    if not np.isfinite(rows).all():
        raise ValueError(f"{what} 'features': NaN or infinity among them")
    rows = rows - rows.mean(axis=0)
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    directions = directions[:2]
    largest = directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)]
    directions = directions * np.sign(largest)[:, np.newaxis]
    points = np.zeros((len(rows), 2))
    points[:, :len(directions)] = rows @ directions.T
    shares = np.zeros(2)
    shares[:len(directions)] = sizes[:2] ** 2 / ((sizes ** 2).sum() or 1.0)
    return points, shares


def embedding(features: Any, labels: Any, *, class_names: Optional[Sequence[Any]] = None, limit: int = 2000,
              title: Optional[str] = 'Embedding (PCA)', ax: Optional[Axes] = None, style: Style = None) -> Axes:
    """Samples in the plane of their two principal components, each marked as its class, classes named at their middles.

    Names of one or two letters or digits are the markers themselves; for longer ones each class has a shape.

    Parameters
    ----------
    features : array [N, ...]: outputs of the last hidden layer, as `model.activations('dense1', x)` gives them.
    labels : classes, integers [N] or one-hot rows [N, K].
    class_names : a name for each class; None for the numbers.
    limit : of more samples only so many are drawn, evenly chosen; the components are of all.
    title : None for none.
    ax : Axes to draw on; None for a new figure of 9 x 8 inches.
    style : None for the rcParams in force; 'light', 'dark', or a mapping of rcParams.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import numpy as np, cnn.plot
    >>> axes = cnn.plot.embedding(np.eye(4)[[0, 1, 2, 0, 1, 2]], [0, 1, 2, 0, 1, 2])
    >>> [text.get_text() for text in axes.texts]
    ['0', '1', '2']
    """
    what = 'embedding'
    points, shares = principal_components(features)
    classes = as_labels(what, labels, len(points))
    names = as_names(what, class_names, int(classes.max()) + 1)
    if limit < 1:
        raise ValueError(f"{what} 'limit': {limit} must be 1 or more")
    drawn = np.unique(np.linspace(0, len(points) - 1, min(limit, len(points))).astype(np.int64))
    with panel(what, ax=ax, size=(9, 8), style=style) as axes:
        present = [int(c) for c in np.unique(classes)]
        colors = _colors(axes, len(names))
        for c in present:
            mine = points[drawn[classes[drawn] == c]]
            axes.scatter(mine[:, 0], mine[:, 1], s=34, marker=_marker(names, c), color=colors[c], linewidths=0.3,
                         alpha=0.8)
        _name_middles(axes, points, classes, present, names, colors)
        first, second = [f'{which} Component ({100 * share:.1f}% of the Variance)'
                         for share, which in zip(shares, ('First', 'Second'))]
        set_labels(axes, first, second)
        if title:
            set_titles([axes], [title], axes_size(axes)[0], size=14, weight='bold')
        axes.grid(True, alpha=0.3)
        axes.set_axisbelow(True)
    return axes


def _marker(names: Sequence[str], c: int) -> str:
    """The name itself where all are short, else a shape; after twelve they begin anew, and the names tell."""
    if all(len(name) <= 2 and name.isalnum() and name.isascii() for name in names):
        return f'$\\mathrm{{{names[c]}}}$'
    return SHAPES[c % len(SHAPES)]


def _colors(axes: Axes, count: int) -> List[Any]:
    """One for each class, dark enough for light paper or light enough for dark."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb
    wanted = luminance(to_rgb(axes.get_facecolor())) < 0.5
    named: Any = colormaps['tab10' if count <= 10 else 'tab20']
    table = named.colors
    shades = []
    for c in range(count):
        rgb = np.array(table[c % len(table)])
        shades.append(tuple(rgb + 0.35 * (1 - rgb)) if wanted else tuple(0.8 * rgb))
    return shades


def _apart(at: Array, sizes: Array) -> Array:
    """Middles of boxes, moved until none lies on another: two that do part in the direction that takes less."""
    at = at.astype(np.float64)
    for _ in range(1000):
        moved = False
        for i in range(len(at)):
            for j in range(i):
                between, reach = at[i] - at[j], (sizes[i] + sizes[j]) / 2
                missing = reach - np.abs(between)
                if (missing <= 0).any():
                    continue
                axis = int(missing.argmin())
                step = (missing[axis] + 0.5) / 2 * (1 if between[axis] >= 0 else -1)
                at[i, axis] += step
                at[j, axis] -= step
                moved = True
        if not moved:
            break
    return at


def _name_middles(axes: Axes, points: Array, classes: Array, present: Sequence[int], names: Sequence[str],
                  colors: Sequence[Any]) -> None:
    """A name at the median of each class, in a box."""
    width, height = axes_size(axes)
    size = min(13.0, max(6.0, min(width, height) / 25))
    low = np.array([axes.get_xlim()[0], axes.get_ylim()[0]])
    span = np.array([axes.get_xlim()[1], axes.get_ylim()[1]]) - low
    shown = [shortened(names[c], 0.3 * width, size, 'bold') for c in present]
    middles = np.array([np.median(points[classes == c], axis=0) for c in present])
    boxes = np.array([(text_width(name, size, 'bold') + size, 2 * size) for name in shown])
    place = _apart((middles - low) / span * (width, height), boxes) / (width, height) * span + low
    for c, name, (x, y) in zip(present, shown, place):
        box = {'boxstyle': 'round,pad=0.25', 'facecolor': axes.get_facecolor(), 'edgecolor': colors[c], 'linewidth': 2,
               'alpha': 0.9}
        axes.text(x, y, plain(name), ha='center', va='center', fontsize=size, fontweight='bold', bbox=box, zorder=5,
                  color=axes.title.get_color())
