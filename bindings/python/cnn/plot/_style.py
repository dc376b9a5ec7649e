"""What all pictures share: where they are drawn, in which colours, and texts that fit.

A picture of several panels starts with

    with panels('kernels', count, ax=ax, columns=8, cell=(1.5, 1.5), title='Kernels', style=style) as grid:
        for axes, kernel in zip(grid.axes, kernels):
            show_image(axes, kernel)
        set_titles(grid.axes, texts, grid.width)
    return grid.figure

and one of a single panel with `panel(...)`, which gives its Axes. Neither touches rcParams for longer than it draws.
"""
from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Style = Union[None, str, Mapping[str, Any]]

_INK = ('text.color', 'axes.labelcolor', 'axes.edgecolor', 'xtick.color', 'ytick.color')
_PAPER = ('figure.facecolor', 'axes.facecolor', 'legend.facecolor')
_LIGHT = {**dict.fromkeys(_INK, 'black'), **dict.fromkeys(_PAPER, 'white'), 'grid.color': '#b0b0b0',
          'legend.edgecolor': '0.8'}
_DARK = {**dict.fromkeys(_INK, '#e6e6e6'), **dict.fromkeys(_PAPER, '#16181d'), 'grid.color': '#8a8f98',
         'legend.edgecolor': '#8a8f98'}
STYLES: Mapping[str, Mapping[str, Any]] = {'light': _LIGHT, 'dark': _DARK}

TITLE: Dict[str, Any] = {'fontsize': 14, 'fontweight': 'bold'}
TITLE_ROOM = 16.0  # points beside a figure's title, at both sides together
MARGIN = 0.08      # inches around everything
SCALE = 0.8        # height of a scale of colours by that of the panels beside it
_AROUND = 60.0     # points above and below the panels, for titles
SMALLEST = 0.7     # of a text's size: what is longer even so is cut


class Palette(NamedTuple):
    """Colours that can be told from the paper: of right, wrong, bars, and the first and second line of a plot."""

    right: str
    wrong: str
    bar: str
    edge: str
    first: str
    second: str
    third: str


ON_LIGHT = Palette('green', 'red', 'steelblue', 'black', 'tab:blue', 'tab:orange', '#555555')
ON_DARK = Palette('#4cc38a', '#ff7b72', '#6ca6d9', '#e6e6e6', '#5aa9e6', '#ffab4a', '#b5bac2')


class Panels(NamedTuple):
    """A figure, the axes of its panels in reading order, and how wide a panel's title may be in points."""

    figure: Figure
    axes: Sequence[Axes]
    width: float


def need_matplotlib() -> Any:
    """matplotlib.pyplot, or an ImportError that says what to install."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError('cnn.plot: matplotlib is not installed; pictures need it (pip install matplotlib, or '
                          f'python3-matplotlib of the distribution): {error}') from error
    return pyplot


def style_parameters(style: Style) -> Mapping[str, Any]:
    """The rcParams of a style: None (the user's own), 'light', 'dark', or a mapping."""
    if style is None:
        return {}
    if isinstance(style, str):
        if style not in STYLES:
            raise ValueError(f"style '{style}' is none of {', '.join(STYLES)}; or give a mapping of rcParams")
        return STYLES[style]
    return style


def palette(axes: Axes) -> Palette:
    """The colours for axes whose labels are dark (paper is light) or light."""
    from matplotlib.colors import to_rgb
    return ON_DARK if luminance(to_rgb(axes.xaxis.label.get_color())) > 0.5 else ON_LIGHT


def luminance(rgb: Sequence[float]) -> float:
    """Relative luminance of sRGB from 0 (black) to 1 (white), by WCAG 2."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb[:3]]
    bright: float = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return bright


def _new_figure(pyplot: Any, size: Tuple[float, float]) -> Figure:
    """Through pyplot, so that notebooks show it; where pyplot's backend cannot start (no display), one of no window."""
    from matplotlib.figure import Figure
    try:
        figure: Figure = pyplot.figure(figsize=size, layout='constrained')
    except ImportError:
        figure = Figure(figsize=size, layout='constrained')
    return figure


@contextlib.contextmanager
def _figure(style: Style, size: Tuple[float, float]) -> Iterator[Figure]:
    """A new figure, closed again where drawing fails."""
    pyplot = need_matplotlib()
    with pyplot.rc_context(dict(style_parameters(style))):
        figure = _new_figure(pyplot, size)
        engine: Any = figure.get_layout_engine()
        engine.set(w_pad=MARGIN, h_pad=MARGIN)
        try:
            yield figure
        except BaseException:
            pyplot.close(figure)
            raise


@contextlib.contextmanager
def panel(what: str, *, ax: Any, size: Tuple[float, float], style: Style) -> Iterator[Axes]:
    """The Axes of a picture of one panel: the given one, or the only one of a new figure of that size in inches."""
    if ax is None:
        with _figure(style, size) as figure:
            yield figure.add_subplot()
        return
    if not hasattr(ax, 'transAxes'):
        raise TypeError(f"{what} 'ax': {type(ax).__name__} is no matplotlib Axes")
    with need_matplotlib().rc_context(dict(style_parameters(style))):
        yield ax


@contextlib.contextmanager
def panels(what: str, count: int, *, ax: Any, columns: int, cell: Tuple[float, float], title: Optional[str],
           style: Style, ratios: Optional[Sequence[float]] = None, scale: str = '') -> Iterator[Panels]:
    """`count` panels in rows of `columns`, each of `cell` inches.

    Parameters
    ----------
    ax : None for a new figure; a Figure or SubFigure to fill; or Axes (an array or sequence, or one) to draw on.
    title : of the figure; none is set over axes that were given.
    ratios : of the columns' widths.
    scale : what will be written along a scale (`add_scale`): a new figure is high enough for it.
    """
    if columns < 1:
        raise ValueError(f"{what} 'columns': {columns} must be 1 or more")
    columns = min(columns, count)
    if ax is None:
        width = max(cell[0] * columns, (text_width(title or '', 14, 'bold') + TITLE_ROOM) / 72)
        height = cell[1] * math.ceil(count / columns)
        if scale:
            with need_matplotlib().rc_context(dict(style_parameters(style))):
                width += max(0.0, 2 * (_points('axes.labelsize') + 2 * _points('ytick.labelsize') - 30) / 72)
                height = max(height, (text_width(scale, _points('axes.labelsize')) / SCALE + _AROUND) / 72)
        with _figure(style, (width, height)) as figure:
            yield _fill(figure, count, columns, title, ratios, scale)
        return
    with need_matplotlib().rc_context(dict(style_parameters(style))):
        if hasattr(ax, 'add_subplot'):
            _choose_layout(ax)
            yield _fill(ax, count, columns, title, ratios, scale)
        else:
            given = _given_axes(what, ax, count)
            owner: Any = given[0].figure
            yield Panels(owner, given, min(axes_size(axes)[0] for axes in given))


def _choose_layout(figure: Any) -> None:
    """An empty figure of the user's for which no layout was chosen gets one, or titles lie on each other where it is
    small."""
    if hasattr(figure, 'set_layout_engine') and figure.get_layout_engine() is None and not figure.axes:
        figure.set_layout_engine('constrained')


def add_scale(grid: Panels, shown: Any, label: str) -> None:
    """A scale of colours at the right of all panels; where they are low its texts are smaller, and fewer."""
    from matplotlib.ticker import MaxNLocator
    boxes = [axes.get_window_extent() for axes in grid.axes]
    high = SCALE * 72 * (max(box.y1 for box in boxes) - min(box.y0 for box in boxes)) / grid.figure.dpi
    (text,), size = fitted([label], high, _points('axes.labelsize'))
    bar = grid.figure.colorbar(shown, ax=list(grid.axes), shrink=SCALE, aspect=30)
    bar.set_label(plain(text), fontsize=size)
    room = int(high / (2 * _points('ytick.labelsize')))
    if room < 7:
        bar.locator = MaxNLocator(max(1, room), steps=[1, 2, 5, 10], min_n_ticks=1)
        bar.update_ticks()


def _points(name: str) -> float:
    """A size of the rcParams, which may be a word, in points."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties
    settings: Mapping[Any, Any] = rcParams  # newer hints know its keys by name
    return float(FontProperties(size=settings[name]).get_size_in_points())


def _given_axes(what: str, ax: Any, count: int) -> Sequence[Axes]:
    given = [axes for axes in np.ravel(np.asarray(ax, dtype=object))]
    for axes in given:
        if not hasattr(axes, 'transAxes'):
            raise TypeError(f"{what} 'ax': {type(axes).__name__} is no matplotlib Axes, Figure or array of Axes")
    if len(given) < count:
        raise ValueError(f"{what} 'ax': {len(given)} Axes for {count} panels; give as many, or a Figure, or none")
    return given[:count]


def _fill(figure: Any, count: int, columns: int, title: Optional[str], ratios: Optional[Sequence[float]],
          scale: str) -> Panels:
    grid = figure.add_gridspec(math.ceil(count / columns), columns, width_ratios=ratios)
    axes = [figure.add_subplot(grid[i // columns, i % columns]) for i in range(count)]
    if title:
        (shown,), size = fitted([title], 72 * figure_size(figure)[0] - TITLE_ROOM, 14, 'bold')
        figure.suptitle(plain(shown), **{**TITLE, 'fontsize': size})
    # what stands beside the axes of unequal columns moves their middles outwards
    narrowest = 0.85 * min(ratios) / sum(ratios) if ratios else 0.94 / columns
    beside = 3 * _points('axes.labelsize') + 3 * _points('ytick.labelsize') if scale else 0
    return Panels(figure, axes, (72 * figure_size(figure)[0] - beside) * narrowest)


def figure_size(figure: Any) -> Tuple[float, float]:
    """Width and height of a Figure or SubFigure in inches."""
    box = figure.bbox
    return box.width / figure.dpi, box.height / figure.dpi


def axes_size(axes: Axes) -> Tuple[float, float]:
    """Width and height of axes in points, before their figure's layout has been worked out."""
    box = axes.get_window_extent()
    dpi: float = axes.figure.dpi
    return 72 * box.width / dpi, 72 * box.height / dpi


def lay_out(axes: Axes) -> None:
    """Work out the layout of the figure now, so that sizes of axes are those that will be drawn."""
    axes.figure.canvas.figure.draw_without_rendering()


def plain(text: str) -> str:
    """Text of the user's without what matplotlib would take for mathematics, and on one line a line."""
    return text.replace('$', r'\$')


def families() -> List[str]:
    """The user's fonts, then matplotlib's own, which has the signs that they may lack."""
    from matplotlib import rcParams
    return [*rcParams['font.family'], 'DejaVu Sans']


def text_width(text: str, size: float, weight: str = 'normal') -> float:
    """Width of the widest line in points."""
    need_matplotlib()
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath
    font = FontProperties(family=families(), size=size, weight=weight)
    measure = TextToPath().get_text_width_height_descent
    return max(float(measure(line, font, ismath=False)[0]) if line else 0.0 for line in text.split('\n'))


def shortened(line: str, width: float, size: float, weight: str = 'normal') -> str:
    """A line cut to so many points, its end then three dots."""
    if text_width(line, size, weight) <= width:
        return line
    least, most = 1, len(line)  # characters: the least always stays
    while least < most:
        middle = (least + most + 1) // 2
        if text_width(line[:middle].rstrip() + '...', size, weight) <= width:
            least = middle
        else:
            most = middle - 1
    return line[:least].rstrip() + '...'


def fitted(texts: Sequence[str], width: float, size: float, weight: str = 'normal') -> Tuple[Sequence[str], float]:
    """Texts and the one size at which all of them are no wider: smaller first, then cut."""
    widest = max((text_width(text, size, weight) for text in texts), default=0.0)
    if widest <= width:
        return texts, size
    smaller = size * max(SMALLEST, width / widest)
    return ['\n'.join(shortened(line, width, smaller, weight) for line in text.split('\n')) for text in texts], smaller


def set_titles(axes: Sequence[Axes], texts: Sequence[str], width: float, *, size: float = 10, weight: str = 'normal',
               colors: Optional[Sequence[str]] = None) -> None:
    """Titles of panels, all of one size that fits; in `families()`."""
    texts, size = fitted(texts, width, size, weight)
    for i, (panel_axes, text) in enumerate(zip(axes, texts)):
        more: Dict[str, Any] = {} if colors is None else {'color': colors[i]}
        panel_axes.set_title(plain(text), fontsize=size, fontweight=weight, fontfamily=families(), **more)


def set_labels(axes: Axes, x: str, y: str, size: float = 12) -> None:
    """Labels of both axes, no longer than these; and numbers so far from the axis that those at a corner stand apart."""
    setters: List[Callable[..., Any]] = [axes.set_xlabel, axes.set_ylabel]
    for set_label, text, room in zip(setters, (x, y), axes_size(axes)):
        (shown,), fits = fitted([text], room, size)
        set_label(plain(shown), fontsize=fits)
    from matplotlib import rcParams
    outside = 0.0 if rcParams['xtick.direction'] == 'in' else rcParams['xtick.major.size']
    axes.tick_params(axis='x', pad=max(rcParams['xtick.major.pad'], 0.6 * _points('ytick.labelsize') - outside))


def show_image(axes: Axes, image: np.ndarray[Any, Any], **options: Any) -> Any:
    """An image [H, W] in grey, or [H, W, 3 or 4] in its colours, without frame or ticks."""
    shown = axes.imshow(image, **{'cmap': 'gray', **options})
    axes.axis('off')
    return shown


def class_ticks(axes: Axes, which: str, names: Sequence[str], step: float, first: float = 0,
                size: float = 10) -> None:
    """Names of the x or y axis at first, first + 1 ..., `step` points apart: upright where they fit, else slanted, else
    on end; where even that is too close, only every so many."""
    line = 1.25 * size
    names = [shortened(name, 12 * size, size) for name in names]
    widest = max(text_width(name, size) for name in names)
    turn = 0 if which == 'y' or widest <= 0.9 * step else 45 if step >= 1.45 * line else 90
    every = 1 if turn == 0 and which == 'x' else max(1, math.ceil(line / step))
    shown = range(0, len(names), every)
    slanted: Dict[str, Any] = {'rotation': turn, 'ha': 'right', 'rotation_mode': 'anchor'}
    more = {45: slanted, 90: {**slanted, 'va': 'center'}}.get(turn, {})
    set_ticks, set_labels = getattr(axes, f'set_{which}ticks'), getattr(axes, f'set_{which}ticklabels')
    set_ticks([first + i for i in shown])
    set_labels([plain(names[i]) for i in shown], fontsize=size, **more)
