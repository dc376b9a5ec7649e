"""How measured values went from epoch to epoch."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ._data import Array
from ._style import Style, palette, panels, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATES = ('learning_rate', 'lr')
ACCURACIES = ('accuracy', 'acc', 'sparse_categorical_accuracy', 'categorical_accuracy', 'binary_accuracy')
GROWING = ('acc', 'auc', 'precision', 'recall', 'f1', 'fbeta', 'iou', 'r2', 'similarity')


class Curves(NamedTuple):
    """Values by name, and the epochs they were measured at."""

    epochs: Array
    values: Dict[str, Array]


def training_history(history: Any, *, metrics: Optional[Sequence[str]] = None, learning_rate: bool = False,
                     best: Optional[str] = 'auto', best_is: str = 'auto', validation_freq: int = 1,
                     title: Optional[str] = None, ax: Any = None, style: Style = None) -> Figure:
    """A panel for each measured value over the epochs, training beside validation; the best epoch is marked.

    Parameters
    ----------
    history : a History (its `.history` and `.epoch`), a dict of lists, or a DataFrame, as of a CSV log; NaN leaves a
        gap.
    metrics : names of the panels in their order ('accuracy', 'loss'); None for all there are, accuracy first, loss
        last.
    learning_rate : one more panel for the rate, which the history must hold.
    best : the value whose best epoch is marked; 'auto' for 'val_loss', else 'loss'; None for no mark.
    best_is : 'min' or 'max'; 'auto' by the name (largest for accuracy, AUC, precision, recall and the like).
    validation_freq : epochs from one validation to the next, where the lists of validation are the shorter for it.
    title : of the figure.
    ax : None for a new figure, 7 x 5 inches a panel; a Figure or SubFigure to fill; or an array of Axes, one a panel.
    style : None for the rcParams in force; 'light', 'dark', or a mapping of rcParams.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import cnn.plot
    >>> figure = cnn.plot.training_history({'loss': [0.9, 0.4, 0.3], 'val_loss': [0.5, 0.3, 0.35]})
    >>> figure.axes[0].get_title()
    'Model Loss Over Epochs'
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['Training Loss', 'Validation Loss', 'Best Epoch: 1']
    """
    curves = as_curves(history, validation_freq)
    names = _panel_names(curves, metrics)
    if learning_rate:
        names.append(_rate_name(curves))
    marked = _best_epoch(curves, best, best_is)
    with panels('training_history', len(names), ax=ax, columns=min(3, len(names)), cell=(7, 5), title=title,
                style=style) as grid:
        for axes, name in zip(grid.axes, names):
            _draw(axes, curves, name, marked)
    return grid.figure


def as_curves(history: Any, validation_freq: int = 1) -> Curves:
    """Curves from whatever holds a history."""
    what = 'training_history'
    given = getattr(history, 'history', history)
    if not isinstance(given, Mapping) and not hasattr(given, 'columns'):
        raise TypeError(f"{what} 'history': {type(history).__name__} is no History, dict or DataFrame")
    values = {str(key): _numbers(str(key), given[key]) for key in given}
    epochs = values.pop('epoch', None)
    length = max((len(value) for value in values.values()), default=0)
    if not length:
        raise ValueError(f"{what} 'history': no epoch in it")
    if epochs is None:
        own = getattr(history, 'epoch', None)
        epochs = np.asarray(own if own is not None and np.shape(own) == (length,) else range(length), dtype=np.float64)
    return Curves(epochs, {key: _spread(key, value, length, validation_freq) for key, value in values.items()})


def _numbers(name: str, values: Any) -> Array:
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"training_history '{name}': values are no numbers") from None
    if numbers.ndim != 1:
        raise ValueError(f"training_history '{name}': shape {numbers.shape} must be [epochs]")
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _spread(name: str, values: Array, length: int, validation_freq: int) -> Array:
    """Values of every validation_freq-th epoch, at their epochs."""
    if len(values) == length:
        return values
    if validation_freq < 1 or not name.startswith('val_') or len(values) != length // validation_freq:
        raise ValueError(f"training_history '{name}': {len(values)} values for {length} epochs; "
                         "validation_freq= says how many epochs lie between validations")
    spread = np.full(length, np.nan)
    spread[validation_freq - 1::validation_freq] = values
    return spread


def _panel_names(curves: Curves, metrics: Optional[Sequence[str]]) -> List[str]:
    there = [name for name in curves.values if not name.startswith('val_') and name not in RATES]
    if metrics is None:
        names = sorted(there, key=lambda name: 0 if name in ACCURACIES else 2 if name == 'loss' else 1)
        if not names:
            raise ValueError("training_history 'history': neither loss nor metric in it")
        return names
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    if not names:
        raise ValueError("training_history 'metrics': empty")
    for name in names:
        if name not in there:
            raise ValueError(f"training_history 'metrics': no '{name}' in the history; it has {', '.join(there)}")
    return names


def _rate_name(curves: Curves) -> str:
    for name in RATES:
        if name in curves.values:
            return name
    raise ValueError("training_history 'learning_rate': the history holds none; a callback that sets the rate adds it")


def _best_epoch(curves: Curves, best: Optional[str], best_is: str) -> Optional[Tuple[float, str]]:
    """The epoch at which the value is best, and the value's name."""
    if best_is not in ('auto', 'min', 'max'):
        raise ValueError(f"training_history 'best_is': '{best_is}' is none of auto, min, max")
    if best is None:
        return None
    if best == 'auto':
        best = next((name for name in ('val_loss', 'loss') if name in curves.values), next(iter(curves.values)))
    if best not in curves.values:
        raise ValueError(f"training_history 'best': no '{best}' in the history; it has {', '.join(curves.values)}")
    values = curves.values[best]
    if np.isnan(values).all():
        return None
    grows = best_is == 'max' or (best_is == 'auto' and any(word in best.lower() for word in GROWING))
    return float(curves.epochs[np.nanargmax(values) if grows else np.nanargmin(values)]), best


def _title(name: str) -> str:
    """accuracy -> Accuracy; top_k -> Top K; AUC stays."""
    return ' '.join(word[:1].upper() + word[1:] for word in name.split('_'))


def _draw(axes: Axes, curves: Curves, name: str, best: Optional[Tuple[float, str]]) -> None:
    from matplotlib.ticker import MaxNLocator
    colors, rate, word = palette(axes), name in RATES, 'Learning Rate' if name in RATES else _title(name)
    lines = [(name, word if rate else f'Training {word}', colors.first, 'o'),
             ('val_' + name, f'Validation {word}', colors.second, 's')]
    for key, label, color, marker in lines:
        if key in curves.values:
            axes.plot(curves.epochs, curves.values[key], label=plain(label), linewidth=2, marker=marker, color=color)
    if best is not None:
        axes.axvline(best[0], color=colors.third, linestyle='--', linewidth=1.2, zorder=1,
                     label=f'Best Epoch: {best[0]:g}')
    axes.set_xlabel('Epoch', fontsize=12, fontweight='bold')
    axes.set_ylabel(plain(word), fontsize=12, fontweight='bold')
    axes.set_title(plain(word if rate else f'Model {word}') + ' Over Epochs', fontsize=13, fontweight='bold')
    axes.xaxis.set_major_locator(MaxNLocator('auto', integer=True, steps=[1, 2, 5, 10]))
    shown = np.concatenate([curves.values[key] for key, _, _, _ in lines if key in curves.values])
    if np.isnan(shown).all():
        axes.text(0.5, 0.5, 'no finite value', transform=axes.transAxes, ha='center', va='center')
    elif rate and np.nanmin(shown) > 0 and np.nanmax(shown) > 4 * np.nanmin(shown):
        axes.set_yscale('log')
    growing = any(part in name.lower() for part in GROWING)
    axes.legend(loc='lower right' if growing else 'upper right', framealpha=1)  # the mark passes behind it
    axes.grid(True, alpha=0.3)
