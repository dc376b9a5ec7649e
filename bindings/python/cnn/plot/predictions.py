"""Predictions beside their images: right or wrong, how sure, and which went wrong with most confidence.

Right and wrong are told by a sign and by colour.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

import numpy as np

from ._data import Array, as_images, as_labels, as_names, as_predictions, chosen
from ._style import (
    Style, axes_size, class_ticks, families, fitted, palette, panels, plain, set_titles, show_image, text_width)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RIGHT, WRONG = '\N{HEAVY CHECK MARK}', '\N{HEAVY BALLOT X}'


class Predicted:
    """Images, labels and predictions that belong together."""

    def __init__(self, what: str, images: Any, labels: Any, predictions: Any,
                 class_names: Optional[Sequence[Any]]) -> None:
        self.images = as_images(what, images)
        self.labels = as_labels(what, labels, len(self.images))
        self.classes, self.scores = as_predictions(what, predictions, len(self.images))
        count = int(max(self.labels.max(), self.classes.max())) + 1
        if self.scores is not None and count > self.scores.shape[1]:
            raise ValueError(f"{what} 'labels': class {count - 1} has no probability; predictions have "
                             f'{self.scores.shape[1]} columns')
        self.names = as_names(what, class_names, count if self.scores is None else self.scores.shape[1])

    def right(self, i: int) -> bool:
        """Whether sample i is predicted as its label says."""
        return bool(self.classes[i] == self.labels[i])

    def confidence(self, i: int) -> float:
        """Probability of the predicted class; NaN where only classes are known."""
        return float('nan') if self.scores is None else float(self.scores[i, self.classes[i]])

    def lines(self, i: int, word: str = 'Pred') -> Tuple[str, str, str]:
        """What is true, what was predicted, how surely ('' where that is not known)."""
        sign = RIGHT if self.right(i) else WRONG
        sure = '' if self.scores is None else f'Conf: {100 * self.confidence(i):.1f}%'
        return f'True: {self.names[self.labels[i]]}', f'{sign} {word}: {self.names[self.classes[i]]}', sure


def _set_verdicts(axes: Sequence[Axes], data: Predicted, picked: Sequence[int], texts: Sequence[str], width: float,
                  size: float) -> None:
    colors = [palette(panel).right if data.right(i) else palette(panel).wrong for panel, i in zip(axes, picked)]
    set_titles(axes, texts, width, size=size, weight='bold', colors=colors)


def _on_one_line(parts: Sequence[Tuple[str, str, str]], width: float, size: float) -> List[str]:
    """Truth and prediction side by side where that fits in all panels, else one below the other."""
    between = ', ' if max(text_width(f'{true}, {said}', size, 'bold') for true, said, _ in parts) <= width else '\n'
    return [f'{true}{between}{said}' + (f'\n{sure}' if sure else '') for true, said, sure in parts]


def sample_predictions(images: Any, labels: Any, predictions: Any, *, count: int = 5, indices: Optional[Any] = None,
                       columns: int = 5, class_names: Optional[Sequence[Any]] = None,
                       title: Optional[str] = 'Sample Predictions with Confidence Scores', ax: Any = None,
                       style: Style = None) -> Figure:
    """A grid of images with true class, predicted class and confidence: green with a tick, or red with a cross.

    Parameters
    ----------
    images : array [N, H, W], [N, H, W, 1], [N, H, W, 3] or [N, H, W, 4], bytes or floats.
    labels : true classes [N], or one-hot rows [N, K].
    predictions : probabilities [N, K] (what `predict` returns; [N, 1] is of class 1 beside class 0), or classes [N],
        which have no confidence.
    count : how many samples, from the first on.
    indices : which samples to show, instead of the first `count`.
    columns : panels in a row.
    class_names : a name for each class; None for the numbers.
    title : of the figure; None for none.
    ax : None for a new figure; a Figure or SubFigure to fill; or an array of Axes, at least as many as samples shown.
    style : None for the rcParams in force; 'light', 'dark', or a mapping of rcParams.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError, TypeError
        Shapes or values that do not fit, said in one sentence; nothing is drawn.

    Examples
    --------
    >>> import numpy as np, cnn.plot
    >>> figure = cnn.plot.sample_predictions(np.ones((1, 28, 28)), [1], [[0.25, 0.75]])
    >>> print(figure.axes[0].get_title())
    True: 1
    ✔ Pred: 1
    Conf: 75.0%
    """
    what = 'sample_predictions'
    data = Predicted(what, images, labels, predictions, class_names)
    picked = chosen(what, indices, len(data.images), count)
    texts = ['\n'.join(line for line in data.lines(i) if line) for i in picked]
    with panels(what, len(picked), ax=ax, columns=columns, cell=(3, 3), title=title, style=style) as grid:
        for axes, i in zip(grid.axes, picked):
            show_image(axes, data.images[i])
        _set_verdicts(grid.axes, data, picked, texts, grid.width, 10)
    return grid.figure


def misclassified(images: Any, labels: Any, predictions: Any, *, count: int = 10, columns: int = 5,
                  class_names: Optional[Sequence[Any]] = None, title: Optional[str] = 'Misclassified Examples',
                  ax: Any = None, style: Style = None) -> Figure:
    """The images that were predicted wrongly, those of most confidence first.

    Parameters
    ----------
    images, labels, predictions : as of `sample_predictions`; where predictions are classes, errors keep their order.
    count : how many errors at most.
    columns, class_names, title, ax, style : as of `sample_predictions`.

    Returns
    -------
    Figure
        With one panel that says so where no sample is misclassified.

    Examples
    --------
    >>> import numpy as np, cnn.plot
    >>> scores = [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]
    >>> figure = cnn.plot.misclassified(np.ones((3, 28, 28)), [1, 1, 0], scores)
    >>> [axes.get_title().replace('\\n', '; ') for axes in figure.axes]
    ['True: 1, ✘ Pred: 0; Conf: 90.0%', 'True: 0, ✘ Pred: 1; Conf: 70.0%']
    """
    what = 'misclassified'
    data = Predicted(what, images, labels, predictions, class_names)
    wrong = [int(i) for i in np.flatnonzero(data.classes != data.labels)]
    if data.scores is not None:
        wrong.sort(key=lambda i: -float(np.nan_to_num(data.confidence(i), nan=-1.0)))
    picked = wrong[:len(chosen(what, None, max(1, len(wrong)), count))]
    with panels(what, max(1, len(picked)), ax=ax, columns=columns, cell=(3, 3), title=title, style=style) as grid:
        if not picked:
            _say(grid.axes[0], f'{RIGHT} none of {len(data.labels)}', grid.width)
        for axes, i in zip(grid.axes, picked):
            show_image(axes, data.images[i])
        if picked:
            texts = _on_one_line([data.lines(i) for i in picked], grid.width, 9)
            _set_verdicts(grid.axes, data, picked, texts, grid.width, 9)
    return grid.figure


def _say(axes: Axes, text: str, width: float) -> None:
    axes.axis('off')
    shown, size = fitted([text], width, 12)
    axes.text(0.5, 0.5, shown[0], transform=axes.transAxes, ha='center', va='center', fontsize=size,
              fontfamily=families())


def probabilities(images: Any, labels: Any, predictions: Any, *, count: int = 5, indices: Optional[Any] = None,
                  class_names: Optional[Sequence[Any]] = None,
                  title: Optional[str] = 'Detailed Predictions: Images and Probability Distributions',
                  xlabel: str = 'Class', ax: Any = None, style: Style = None) -> Figure:
    """Images beside the probability of each class; the true one's bar is green and hatched, its name bold.

    Parameters
    ----------
    images, labels : as of `sample_predictions`.
    predictions : probabilities [N, K], or [N, 1] of class 1 beside class 0.
    count, indices, class_names, title, style : as of `sample_predictions`.
    xlabel : what a class is.
    ax : None for a new figure; a Figure or SubFigure to fill; or an array of Axes, two for each sample shown.

    Returns
    -------
    Figure
        An image and its bars in turn.

    Examples
    --------
    >>> import numpy as np, cnn.plot
    >>> figure = cnn.plot.probabilities(np.ones((1, 28, 28)), [0], [[0.25, 0.75]])
    >>> figure.axes[0].get_title(), [float(bar.get_height()) for bar in figure.axes[1].patches]
    ('True: 0, ✘ Predicted: 1', [0.25, 0.75])
    """
    what = 'probabilities'
    data = Predicted(what, images, labels, predictions, class_names)
    if data.scores is None:
        raise ValueError(f"{what} 'predictions': classes without probabilities; give rows [N, K]")
    picked = chosen(what, indices, len(data.images), count)
    with panels(what, 2 * len(picked), ax=ax, columns=2, cell=(6, 3), title=title, style=style, ratios=(1, 2)) as grid:
        pictures, bars = grid.axes[::2], grid.axes[1::2]
        for axes, i in zip(pictures, picked):
            show_image(axes, data.images[i])
        parts = [(*data.lines(i, 'Predicted')[:2], '') for i in picked]
        _set_verdicts(pictures, data, picked, _on_one_line(parts, grid.width, 12), grid.width, 12)
        for axes, i in zip(bars, picked):
            _draw_bars(axes, data.scores[i], int(data.labels[i]), data.names, xlabel)
    return grid.figure


def _draw_bars(axes: Axes, scores: Array, label: int, names: Sequence[str], xlabel: str) -> None:
    colors, classes = palette(axes), len(scores)
    bars = axes.bar(range(classes), scores, alpha=0.7,
                    color=[colors.right if j == label else colors.bar for j in range(classes)])
    bars[label].set(hatch='//', edgecolor=colors.edge)
    axes.set_title('Prediction Confidence', fontsize=10, fontweight='bold')
    axes.set_title('hatched, bold: true', fontsize=8, loc='right')
    axes.set_xlabel(plain(xlabel), fontsize=10)
    axes.set_ylabel('Probability', fontsize=10)
    axes.set_xlim(-0.8, classes - 0.2)
    axes.set_ylim(0, 1)
    axes.grid(False, axis='x')
    axes.grid(True, axis='y', alpha=0.3)
    axes.set_axisbelow(True)
    class_ticks(axes, 'x', names[:classes], axes_size(axes)[0] / (classes + 1), size=9)
    for tick, name in zip(axes.get_xticks(), axes.get_xticklabels()):
        if tick == label:
            name.set_fontweight('bold')
