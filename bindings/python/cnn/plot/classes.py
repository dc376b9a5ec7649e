"""How many samples each class has."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ._data import Array, as_labels, as_names
from ._style import Style, axes_size, class_ticks, lay_out, palette, panel, plain, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def class_distribution(labels: Any, *, class_names: Optional[Sequence[Any]] = None,
                       title: Optional[str] = 'Class Distribution', xlabel: str = 'Class', ylabel: str = 'Frequency',
                       ax: Optional[Axes] = None, style: Style = None) -> Axes:
    """A bar for each class, as high as it has samples, with the count above.

    Parameters
    ----------
    labels : integers [N], one-hot rows [N, K], or a mapping of names to counts.
    class_names : a name for each class; None for the numbers. Classes named but without samples have a bar of 0.
    title, xlabel, ylabel : texts; None for no title.
    ax : Axes to draw on; None for a new figure of 10 x 5 inches.
    style : None for the rcParams in force; 'light', 'dark', or a mapping of rcParams.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import cnn.plot
    >>> axes = cnn.plot.class_distribution([0, 1, 1, 2], xlabel='Digit')
    >>> [text.get_text() for text in axes.texts]
    ['1', '2', '1']
    """
    counts, names = _counted(labels, class_names)
    with panel('class_distribution', ax=ax, size=(max(10.0, 0.3 * len(counts)), 5), style=style) as axes:
        colors = palette(axes)
        bars = axes.bar(range(len(counts)), counts, color=colors.bar, alpha=0.7, edgecolor=colors.edge)
        axes.set_xlabel(plain(xlabel), fontsize=12, fontweight='bold')
        axes.set_ylabel(plain(ylabel), fontsize=12, fontweight='bold')
        if title:
            axes.set_title(plain(title), fontsize=14, fontweight='bold')
        axes.grid(False, axis='x')
        axes.grid(True, axis='y', alpha=0.3)
        axes.set_axisbelow(True)
        axes.set_xlim(-1, len(counts))
        step = axes_size(axes)[0] / (len(counts) + 1)
        class_ticks(axes, 'x', names, step)
        _label_bars(axes, bars, [f'{count}' for count in counts], step)
    return axes


def _counted(labels: Any, class_names: Optional[Sequence[Any]]) -> Tuple[Array, List[str]]:
    what = 'class_distribution'
    if isinstance(labels, Mapping):
        counts = np.array([int(count) for count in labels.values()], dtype=np.int64)
        names = as_names(what, list(labels) if class_names is None else class_names, len(counts))
    else:
        classes = as_labels(what, labels)
        least = np.shape(labels)[1] if np.ndim(labels) == 2 and np.shape(labels)[1] > 1 else 0
        counts = np.bincount(classes, minlength=max(least, len(class_names or ())))
        names = as_names(what, class_names, len(counts))
    if not counts.sum() > 0:
        raise ValueError(f"{what} 'labels': no samples to count")
    if counts.min() < 0:
        raise ValueError(f"{what} 'labels': a count of {counts.min()} must not be below 0")
    return counts, names


def _label_bars(axes: Axes, bars: Any, texts: Sequence[str], step: float) -> None:
    """Counts above the bars: on end where they would touch; the axis ends where they do."""
    size, most = 9, max(bar.get_height() for bar in bars)
    widest = max(text_width(text, size) for text in texts)
    upright = widest <= 0.95 * step
    for bar, text in zip(bars, texts):
        axes.annotate(text, (bar.get_x() + bar.get_width() / 2, bar.get_height()), xytext=(0, 1 if upright else 3),
                      textcoords='offset points', ha='center', va='bottom', fontsize=size,
                      rotation=0 if upright else 90)
    lay_out(axes)  # long names of classes take from the height
    room = ((1.3 * size if upright else widest) + 5) / axes_size(axes)[1]
    axes.set_ylim(0, most / max(0.5, 1 - room))
