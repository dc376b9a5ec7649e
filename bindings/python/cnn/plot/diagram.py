"""A model's layers as boxes, as Keras's plot_model draws them: by Graphviz where it is there, else by matplotlib."""
from __future__ import annotations

import io
import os
import pathlib
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple, Union

from ._dot import Cell, Graph, read_dot
from ._layers import Placed, place
from ._style import axes_size, lay_out, need_matplotlib, panel, plain, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENGINES = ('auto', 'dot', 'matplotlib')
FORMATS = ('png', 'svg', 'pdf')
PADDING, BORDER = 10.0, 1.5  # points: around a text, of a cell
EDGE = 6.0                   # points around the whole
MOST_PIXELS = 32000.0        # of a side: what both ways of drawing can do
PATIENCE = 120.0             # seconds for dot


def model_diagram(model: Any, *, engine: str = 'auto', ax: Optional[Axes] = None, **options: Any) -> Axes:
    """The layers of a model as boxes with their names, types and shapes, joined as they read each other.

    Parameters
    ----------
    model : a Model, or the DOT text that its `diagram()` returns.
    engine : 'dot' (Graphviz), 'matplotlib', or 'auto' for Graphviz where it is installed and works.
    ax : Axes to draw on; None for a new figure as large as the diagram.
    options : of `Model.diagram`: shapes, layer_names, activations, trainable, left_to_right.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import cnn, cnn.plot
    >>> model = cnn.Model()
    >>> _ = model.add("input", shape=(8, 8, 1)), model.add("flatten"), model.add("dense", units=3)
    >>> axes = cnn.plot.model_diagram(model, engine="matplotlib")
    >>> axes.axison
    False
    """
    text = _dot_text(model, options)
    picture = _by_dot(text, 'png', 150, engine)
    if picture is not None:
        return _show(picture, ax)
    graph = read_dot(text)
    placed, sizes = _placed(graph)
    width, height = _turned(placed.size, graph)
    inches = min(1.0, MOST_PIXELS / 150 / (max(width, height) / 72)) / 72
    with panel('model_diagram', ax=ax, size=((width + 2 * EDGE) * inches, (height + 2 * EDGE) * inches),
               style='light' if ax is None else None) as axes:
        _draw(axes, graph, placed, sizes, own=ax is None)
    return axes


def save_diagram(model: Any, path: Union[str, os.PathLike[str]], *, dpi: Optional[int] = None, engine: str = 'auto',
                 **options: Any) -> None:
    """Write a model's diagram to a file.

    Parameters
    ----------
    model, engine, options : as of `model_diagram`.
    path : name.png, name.svg or name.pdf; name.dot writes the text for Graphviz.
    dpi : pixels an inch of a PNG; None for what the DOT text says, which is 200.

    Raises
    ------
    ValueError
        Another ending, an unknown engine, or `engine='dot'` where Graphviz is not installed or fails.
    OSError
        The file cannot be written.

    Examples
    --------
    >>> import cnn, cnn.plot, os, tempfile
    >>> model = cnn.Model()
    >>> _ = model.add("input", shape=(8,)), model.add("dense", units=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cnn.plot.save_diagram(model, os.path.join(folder, "model.png"), dpi=96)
    ...     os.listdir(folder)
    ['model.png']
    """
    text, target = _dot_text(model, options), pathlib.Path(path)
    form = target.suffix[1:].lower()
    if form not in (*FORMATS, 'dot'):
        raise ValueError(f"save_diagram 'path': '{target.name}' must end in .{', .'.join(FORMATS)} or .dot")
    if dpi is not None and not 1 <= dpi <= 10000:
        raise ValueError(f"save_diagram 'dpi': {dpi} must be 1 to 10000")
    data = text.encode('utf-8') if form == 'dot' else _by_dot(text, form, dpi, engine)
    target.write_bytes(draw_file(text, form, dpi) if data is None else data)


def _dot_text(model: Any, options: Any) -> str:
    if isinstance(model, str):
        if options:
            raise TypeError(f"model_diagram '{next(iter(options))}': DOT text is drawn as it is; give it to diagram()")
        return model
    if not callable(getattr(model, 'diagram', None)):
        raise TypeError(f"model_diagram 'model': {type(model).__name__} is no Model, nor the text of its diagram()")
    return str(model.diagram(**options))


def _by_dot(text: str, form: str, dpi: Optional[int], engine: str) -> Optional[bytes]:
    """What Graphviz makes of the text; None where it is not to, or cannot."""
    if engine not in ENGINES:
        raise ValueError(f"model_diagram 'engine': '{engine}' is none of {', '.join(ENGINES)}")
    if engine == 'matplotlib':
        return None
    program = shutil.which('dot')
    if program is None:
        if engine == 'dot':
            raise ValueError("model_diagram 'engine': Graphviz's 'dot' is not installed; 'matplotlib' draws without it")
        return None
    command = [program, f'-T{form}', *([] if dpi is None else [f'-Gdpi={dpi}'])]
    try:
        return subprocess.run(command, input=text.encode('utf-8'), capture_output=True, check=True,
                              timeout=PATIENCE).stdout
    except (OSError, subprocess.SubprocessError) as error:
        if engine == 'auto':
            return None
        said = getattr(error, 'stderr', None) or str(error).encode()
        said = ' '.join(said.decode('utf-8', 'replace').split())
        raise ValueError(f"model_diagram 'engine': dot failed: {said}") from None


def draw_file(text: str, form: str, dpi: Optional[int] = None) -> bytes:
    """The file as matplotlib writes it, from a figure that is gone afterwards."""
    pyplot = need_matplotlib()
    figure: Any = model_diagram(text, engine='matplotlib').figure
    try:
        wanted = min(dpi or read_dot(text).dpi, MOST_PIXELS / max(figure.get_size_inches()))
        stream = io.BytesIO()
        figure.savefig(stream, format=form, dpi=wanted)
        return stream.getvalue()
    finally:
        pyplot.close(figure)


def _show(png: bytes, ax: Optional[Axes]) -> Axes:
    need_matplotlib()
    from matplotlib.image import imread
    pixels = imread(io.BytesIO(png), format='png')
    size = pixels.shape[1] / 150, pixels.shape[0] / 150
    with panel('model_diagram', ax=ax, size=size, style='light' if ax is None else None) as axes:
        axes.imshow(pixels, interpolation='antialiased')
        axes.axis('off')
        if ax is None:
            axes.set_position((0, 0, 1, 1))
    return axes


def _turned(pair: Tuple[float, float], graph: Graph) -> Tuple[float, float]:
    """Across and down as x and y: the other way round from left to right."""
    return (pair[1], pair[0]) if graph.left_to_right else pair


def _span_widths(cell: Cell) -> List[float]:
    return [text_width(words, cell.size, 'bold' if bold else 'normal') for words, bold in cell.spans]


def _placed(graph: Graph) -> Tuple[Placed, List[List[float]]]:
    """Where boxes and lines are, and the widths of each box's columns."""
    columns = []
    for rows in graph.boxes:
        widths = [0.0] * sum(cell.columns for cell in rows[0])
        for row in sorted(rows, key=len, reverse=True):  # cells of one column first
            at = 0
            for cell in row:
                span = slice(at, at + cell.columns)
                lack = sum(_span_widths(cell)) + 2 * PADDING - sum(widths[span])
                widths[span] = [width + max(0.0, lack) / cell.columns for width in widths[span]]
                at += cell.columns
        columns.append(widths)
    sizes = [(sum(widths), sum(_row_height(row) for row in rows)) for widths, rows in zip(columns, graph.boxes)]
    return place([_turned(size, graph) for size in sizes], graph.edges), columns


def _row_height(row: Sequence[Cell]) -> float:
    return max(1.2 * cell.size for cell in row) + 2 * PADDING


def _draw(axes: Axes, graph: Graph, placed: Placed, columns: Sequence[Sequence[float]], own: bool) -> None:
    width, height = _turned(placed.size, graph)
    width, height = width + 2 * EDGE, height + 2 * EDGE
    axes.axis('off')
    if own:
        axes.set_position((0, 0, 1, 1))
    else:
        lay_out(axes)
    scale = min(axes_size(axes)[0] / width, axes_size(axes)[1] / height)
    axes.set_xlim(-EDGE, width - EDGE)
    axes.set_ylim(height - EDGE, -EDGE)
    axes.set_aspect('equal')
    for line in placed.lines:
        points = [_turned(point, graph) for point in line]
        axes.plot(*zip(*points), color='black', linewidth=2 * scale, solid_joinstyle='round')
        axes.annotate('', points[-1], points[-2], arrowprops={
            'arrowstyle': '-|>', 'color': 'black', 'linewidth': 2 * scale, 'mutation_scale': 16 * scale, 'shrinkA': 0,
            'shrinkB': 0})
    for centre, rows, widths in zip(placed.centres, graph.boxes, columns):
        _draw_box(axes, _turned(centre, graph), rows, widths, scale)


def _draw_box(axes: Axes, centre: Tuple[float, float], rows: Sequence[Sequence[Cell]], widths: Sequence[float],
              scale: float) -> None:
    from matplotlib.patches import Rectangle
    left, y = centre[0] - sum(widths) / 2, centre[1] - sum(_row_height(row) for row in rows) / 2
    axes.add_patch(Rectangle((left, y), sum(widths), sum(_row_height(row) for row in rows), color='black', zorder=3))
    for row in rows:
        at, x, height = 0, left, _row_height(row)
        for cell in row:
            width = sum(widths[at:at + cell.columns])
            axes.add_patch(Rectangle((x + BORDER, y + BORDER), width - 2 * BORDER, height - 2 * BORDER, linewidth=0,
                                     color=cell.paper, zorder=4))
            _write(axes, cell, x + width / 2, y + height / 2, scale)
            at, x = at + cell.columns, x + width
        y += height


def _write(axes: Axes, cell: Cell, x: float, y: float, scale: float) -> None:
    """The texts of a cell, one after the other, around its middle."""
    widths = _span_widths(cell)
    x -= sum(widths) / 2
    for (words, bold), width in zip(cell.spans, widths):
        if words.strip():
            lead = text_width('x' + words[:len(words) - len(words.lstrip())], cell.size) - text_width('x', cell.size)
            axes.text(x + (lead if words != words.lstrip() else 0), y, plain(words.strip()), ha='left',
                      va='center_baseline', fontsize=cell.size * scale, fontweight='bold' if bold else 'normal',
                      color=cell.ink, zorder=5)
        x += width
