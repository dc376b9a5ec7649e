"""`model.summary()`: the table that Keras prints, byte for byte."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

from .. import _output
from ._arguments import only
from ._table import BOLD, Piece, Table, styled, widths

if TYPE_CHECKING:
    from .layers.base import Layer
    from .models import Model

_NUMBER, _NONE, _CLASS, _YES, _NO = "38;5;34", "38;5;45", "38;5;33", "1;38;5;34", "1;91"
_PLAIN = {**{ord(corner): "+" for corner in "┏┳┓┡╇┩├┼┤└┴┘"}, **{ord(line): "-" for line in "━─"},
          **{ord(bar): "|" for bar in "┃│"}, ord("…"): "."}
_TOTALS = re.compile(r"^( .*params: )([\d,]+)( \(.*\))$", re.MULTILINE)


def print_summary(model: Model, line_length: Optional[int] = None, positions: Optional[Sequence[float]] = None,
                  print_fn: Optional[Callable[[str], Any]] = None, expand_nested: bool = False,
                  show_trainable: bool = False, layer_range: Optional[Sequence[str]] = None) -> None:
    """Print it, or give the whole text to `print_fn`."""
    only("summary", "expand_nested", expand_nested, (False, True), "models hold no models")
    columns = shutil.get_terminal_size().columns
    color = print_fn is None and _colored(sys.stdout)
    row = _is_row(model)
    heads = ["Layer (type)", "Output Shape", "Param #"] + ([] if row else ["Connected to"])
    aligns = ["left", "left", "right", "left"][:len(heads)]
    edges = list(positions or ([0.45, 0.80, 1.0] if row else [0.3, 0.56, 0.74, 1.0]))
    standard = 88 if row else 108
    if show_trainable:
        heads, aligns, edges, standard = [*heads, "Trainable"], [*aligns, "center"], [*[0.90 * p for p in edges],
                                                                                      1.0], standard + 12
    if len(edges) != len(heads):
        raise ValueError(f"summary: positions={positions!r} must give the ends of {len(heads) - int(show_trainable)} "
                         "columns")
    length = line_length or min(standard, columns - 4)
    table = Table(heads, aligns, widths(length, edges), columns, color)
    for layer in _ranged(_shown(model), layer_range):
        cells = [_name(layer), _shape(layer), _count(layer)] + ([] if row else [_connections(layer)])
        table.row(cells + ([_trainable(layer)] if show_trainable else []))
    title = styled(f'Model: "{model.name}"', BOLD, color)
    text = f"{title}\n{table.text()}{_totals(model, color)}"
    if print_fn is not None:
        print_fn(text)
    else:
        sys.stdout.write(text if _output._shows_unicode(sys.stdout) else text.translate(_PLAIN))
        sys.stdout.flush()


def _colored(stream: Any) -> bool:
    return _output._is_terminal(stream)


def _shown(model: Model) -> list[Layer]:
    return model._operations


def _is_row(model: Model) -> bool:
    """Does each layer read the one before, and no other?"""
    layers = _shown(model)
    before = [[tensor._keras_history.operation for tensor in layer._reads()] for layer in layers]
    return all(len(read) < 2 and (not read or at == 0 or read[0] is layers[at - 1]) for at, read in enumerate(before))


def _ranged(layers: list[Layer], layer_range: Optional[Sequence[str]]) -> list[Layer]:
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(f"layer_range must be two names, of the first and the last layer. Received: {layer_range}")
    found = [[at for at, layer in enumerate(layers) if re.match(name, layer.name)] for name in layer_range]
    if not all(found):
        raise ValueError(f"Passed layer_names do not match the layer names in the model. Received: {layer_range}")
    first, last = min(found[0]), max(found[1])
    if first > last:
        first, last = min(found[1]), max(found[0])
    return layers[first:last + 1]


def _name(layer: Layer) -> list[Piece]:
    return [(f"{layer.name} (", ""), (type(layer).__name__, _CLASS), (")", "")]


def _shape(layer: Layer) -> list[Piece]:
    if layer._output is None:
        return [("?", "")]
    pieces: list[Piece] = [("(", "")]
    for extent in layer._output.shape:
        pieces += [(", ", "")] if len(pieces) > 1 else []
        pieces.append((str(extent), _NONE if extent is None else _NUMBER))
    return [*pieces, (")", "")]


def _count(layer: Layer) -> list[Piece]:
    return [(f"{layer.count_params():,}", _NUMBER)] if layer.built else [("0", _NUMBER), (" (unbuilt)", "")]


def _connections(layer: Layer) -> list[Piece]:
    pieces: list[Piece] = []
    for tensor in layer._reads():
        pieces += [(", ", "")] if pieces else []
        pieces += [(f"{tensor._keras_history.operation.name}[", ""), ("0", _NUMBER), ("][", ""), ("0", _NUMBER),
                   ("]", "")]
    return pieces or [("-", "")]


def _trainable(layer: Layer) -> list[Piece]:
    if not layer.weights:
        return [("-", BOLD)]
    return [("Y", _YES) if layer.trainable else ("N", _NO)]


def _totals(model: Model, color: bool) -> str:
    """The lines below the table: the library counts, but for what is no model of its own."""
    if model._core is None:
        frozen = sum(weight.numpy().size for weight in model.non_trainable_weights)
        trained = sum(weight.numpy().size for weight in model.trainable_weights)
        counts = (("Total", trained + frozen), ("Trainable", trained), ("Non-trainable", frozen))
        plain = "".join(f" {what} params: {count:,} ({_memory(4 * count)})\n" for what, count in counts)
    else:
        text = model._core.summary_text()
        plain = text[text.index(" Total params"):]
    return _TOTALS.sub(lambda m: styled(m[1], BOLD, color) + styled(m[2], _NUMBER, color) + m[3], plain)


def _memory(size: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"
