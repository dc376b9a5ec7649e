"""A confusion matrix as a heat map."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ._data import Array, as_names
from ._style import Style, axes_size, class_ticks, luminance, panel, plain, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_SIZE = 4.0  # points: smaller numbers are left out


def confusion_matrix(matrix: Any, *, normalize: bool = False, class_names: Optional[Sequence[Any]] = None,
                     title: Optional[str] = 'Confusion Matrix', cmap: Any = 'Blues', ax: Optional[Axes] = None,
                     style: Style = None) -> Axes:
    """Samples of each true class (row) by the class predicted (column), with the numbers.

    Parameters
    ----------
    matrix : counts [K, K], a row a true class: an array, a DataFrame, a Report, or a report's JSON as a dict.
    normalize : shares of each row in per cent instead of counts; a row without samples shows '-'.
    class_names : a name for each class; None for those of the report or DataFrame, else the numbers.
    title : None for none.
    cmap : a colour map, by name or itself; light for few.
    ax : Axes to draw on (the colour bar takes its place from them); None for a new figure of 10 x 8 inches, more for
        more than 15 classes.
    style : None for the rcParams in force; 'light', 'dark', or a mapping of rcParams.

    Returns
    -------
    Axes
        The colour bar is the last Axes of its figure.

    Examples
    --------
    >>> import cnn.plot
    >>> axes = cnn.plot.confusion_matrix([[9, 1], [0, 10]])
    >>> [text.get_text() for text in axes.texts]
    ['9', '1', '0', '10']
    >>> axes = cnn.plot.confusion_matrix([[9, 1], [0, 10]], normalize=True)
    >>> [text.get_text() for text in axes.texts]
    ['90.0%', '10.0%', '0.0%', '100.0%']
    """
    counts, known = _counts(matrix)
    names = as_names('confusion_matrix', class_names if class_names is not None else known, len(counts))[:len(counts)]
    values, texts = _shares(counts) if normalize else (counts, [f'{count}' for count in counts.ravel()])
    larger = max(1.0, len(counts) / 15)
    with panel('confusion_matrix', ax=ax, size=(min(40, 10 * larger), min(32, 8 * larger)), style=style) as axes:
        mesh = axes.pcolormesh(values, cmap=cmap, vmin=0, vmax=100 if normalize else max(1, values.max()))
        axes.set_ylim(len(counts), 0)
        _name_axes(axes, names)
        if title:
            axes.set_title(plain(title), fontsize=14, fontweight='bold')
        bar = axes.figure.colorbar(mesh, ax=axes)
        bar.outline.set_visible(False)
        bar.set_label('Share of True Label (%)' if normalize else 'Count')
        _write_numbers(axes, mesh, values, texts)
    return axes


def _counts(given: Any) -> Tuple[Array, Optional[List[Any]]]:
    """The matrix, and the names of its classes where it brings them."""
    what = 'confusion_matrix'
    names = getattr(given, 'class_names', None)
    if isinstance(given, Mapping):
        if 'confusion_matrix' not in given:
            raise ValueError(f"{what} 'matrix': a dict without the key 'confusion_matrix'")
        matrix = given['confusion_matrix']
    elif hasattr(given, 'confusion_matrix'):
        matrix = given.confusion_matrix() if callable(given.confusion_matrix) else given.confusion_matrix
    else:
        names = list(given.columns) if hasattr(given, 'columns') else None
        matrix = given
    counts = np.asarray(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"{what} 'matrix': shape {counts.shape} must be [K, K], a row and a column for each class")
    if counts.dtype.kind not in 'buif' or not np.isfinite(counts).all() or counts.min() < 0:
        raise ValueError(f"{what} 'matrix': entries must be counts, 0 or more")
    whole = counts.astype(np.int64)
    if (whole != counts).any():
        raise ValueError(f"{what} 'matrix': entries must be whole counts; normalize=True draws shares of them")
    return whole, None if names is None or callable(names) else list(names)


def _shares(counts: Array) -> Tuple[Array, List[str]]:
    rows = counts.sum(axis=1, keepdims=True)
    shares = 100 * counts / np.maximum(rows, 1)
    texts = [f'{share:.1f}%' if row else '-' for line, row in zip(shares, rows[:, 0]) for share in line]
    return shares, texts


def _name_axes(axes: Axes, names: Sequence[str]) -> None:
    width, height = axes_size(axes)
    class_ticks(axes, 'x', names, 0.85 * width / len(names), first=0.5)  # the colour bar takes the rest
    class_ticks(axes, 'y', names, height / len(names), first=0.5)
    axes.set_xlabel('Predicted Label', fontsize=12)
    axes.set_ylabel('True Label', fontsize=12)
    axes.grid(False)
    axes.spines[:].set_visible(False)


def _write_numbers(axes: Axes, mesh: Any, values: Array, texts: Sequence[str]) -> None:
    """In white on dark colours; of a size that fits the cells, and not at all where that is too small to read."""
    width, height = axes_size(axes)
    size = 10.0
    widest = max(text_width(text, size) for text in texts)
    size *= min(1.0, 0.9 * 0.85 * width / len(values) / widest, 0.7 * height / len(values) / size)
    if size < LEAST_SIZE:
        return
    colors = mesh.to_rgba(values.ravel())
    for i, (text, color) in enumerate(zip(texts, colors)):
        axes.text(i % len(values) + 0.5, i // len(values) + 0.5, text, ha='center', va='center', fontsize=size,
                  color='.15' if luminance(color) > 0.408 else 'white')
