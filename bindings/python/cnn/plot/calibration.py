"""Whether a classifier is right as often as it says."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, NamedTuple, Optional

import numpy as np

from ._data import Array, as_labels, as_predictions
from ._style import Style, palette, panels, set_labels, set_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Bins(NamedTuple):
    """Of each bin: how many predictions it holds, their mean confidence, and what share of them is right (0 where there
    are none); and the edges, one more than bins."""

    counts: Array
    confidence: Array
    accuracy: Array
    edges: Array

    @property
    def error(self) -> float:
        """Expected calibration error: the mean over all samples of their bin's gap (Guo, Pleiss, Sun, Weinberger 2017,
        arXiv:1706.04599)."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float((self.counts * gaps).sum() / self.counts.sum())


def reliability(labels: Any, probabilities: Any, *, bins: int = 10, few: int = 20, title: Optional[str] = 'Reliability',
                ax: Any = None, style: Style = None) -> Figure:
    """How often predictions are right by how sure they are; beside it how many predictions that rests on.

    The confidence is the probability of the predicted class. Bars span 95 % (Wilson's interval); bins of few samples
    have a hollow marker, and their columns on the right are hatched.

    Parameters
    ----------
    labels : true classes, integers [N] or one-hot rows [N, K].
    probabilities : of each class [N, K], as `model.predict(x)` gives them; or of class 1 beside class 0, [N] or [N, 1].
    bins : so many of equal width from 0 to 1.
    few : bins of less samples are marked so.
    title : of the panel on the left, before the expected calibration error (ECE); None for no titles.
    ax : None for a new figure; a Figure or SubFigure to fill; or two Axes.
    style : None for the rcParams in force; 'light', 'dark', or a mapping of rcParams.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import cnn.plot
    >>> figure = cnn.plot.reliability([0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.4, 0.6]])
    >>> [axes.get_title() for axes in figure.axes]
    ['Reliability (ECE 25.0 %)', 'Samples by Confidence']
    """
    what = 'reliability'
    if bins < 1:
        raise ValueError(f"{what} 'bins': {bins} must be 1 or more")
    filled = _fill(what, labels, probabilities, bins)
    with panels(what, 2, ax=ax, columns=2, cell=(6, 5.2), title=None, style=style) as grid:
        _draw_curve(grid.axes[0], filled, few)
        _draw_counts(grid.axes[1], filled, few)
        if title:
            texts = [f'{title} (ECE {100 * filled.error:.2g} %)' if filled.error < 0.1 else
                     f'{title} (ECE {100 * filled.error:.1f} %)', 'Samples by Confidence']
            set_titles(grid.axes, texts, 0.8 * grid.width, size=13, weight='bold')  # axes stand right of their labels
    return grid.figure


def _fill(what: str, labels: Any, probabilities: Any, bins: int) -> Bins:
    true = as_labels(what, labels)
    classes, shares = as_predictions(what, np.asarray(probabilities, dtype=np.float64), len(true))
    if shares is None or not len(true):
        raise ValueError(f"{what} 'probabilities': shape {np.shape(probabilities)} must be [N, K], N being "
                         f'{len(true)}: a probability for each class')
    if not np.isfinite(shares).all() or shares.min() < 0 or shares.max() > 1 + 1e-5:
        raise ValueError(f"{what} 'probabilities': values must lie in [0, 1]; of logits take the softmax first")
    sure, right = np.minimum(shares.max(axis=1), 1), classes == true
    edges = np.linspace(0, 1, bins + 1)
    which = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(which, minlength=bins)
    total = np.maximum(counts, 1)
    return Bins(counts, np.bincount(which, sure, bins) / total, np.bincount(which, right, bins) / total, edges)


def _interval(share: Array, count: Array) -> Array:
    """Ends of Wilson's interval for shares of so many, of 95 %."""
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return np.stack([middle - half, middle + half])


def _draw_curve(axes: Axes, bins: Bins, few: int) -> None:
    colors, there = palette(axes), bins.counts > 0
    x, y, count = bins.confidence[there], bins.accuracy[there], bins.counts[there]
    low, high = _interval(y, count)
    axes.plot([0, 1], [0, 1], linestyle='--', color=colors.third, linewidth=1.2, label='Perfect')
    axes.errorbar(x, y, yerr=[np.maximum(y - low, 0), np.maximum(high - y, 0)], fmt='none', ecolor=colors.first,
                  elinewidth=1.2, capsize=3)
    axes.plot(x, y, color=colors.first, linewidth=1.5, zorder=2)
    for hollow, label in ((False, f'Bins of {few} or More'), (True, f'Bins of Fewer than {few}')):
        chosen = (count < few) == hollow
        if chosen.any():
            axes.plot(x[chosen], y[chosen], linestyle='none', marker='o', markersize=8, color=colors.first, zorder=3,
                      label=label, markerfacecolor=axes.get_facecolor() if hollow else colors.first)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    set_labels(axes, 'Confidence (Mean of Bin)', 'Share Predicted Right')
    axes.grid(True, alpha=0.3)
    axes.legend(loc='best')


def _draw_counts(axes: Axes, bins: Bins, few: int) -> None:
    colors, width = palette(axes), bins.edges[1] - bins.edges[0]
    columns = axes.bar(bins.edges[:-1], bins.counts, width=width, align='edge', color=colors.bar, alpha=0.7,
                       edgecolor=colors.edge)
    texts: Dict[str, Any] = {'fontsize': 9} if len(columns) <= 12 else {'fontsize': 7, 'rotation': 90}
    for column, count in zip(columns, bins.counts):
        if count < few:
            column.set(hatch='///', facecolor='none', alpha=1)
        axes.annotate(f'{count}', (column.get_x() + width / 2, column.get_height()), xytext=(0, 2),
                      textcoords='offset points', ha='center', va='bottom', **texts)
    axes.set_yscale('symlog', linthresh=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 4 * max(1, bins.counts.max()))
    set_labels(axes, 'Confidence', 'Samples')
    axes.grid(True, axis='y', alpha=0.3)
    axes.set_axisbelow(True)
