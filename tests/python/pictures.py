"""What the tests of cnn.plot share: real data, and whether the texts of a picture can be read."""
from __future__ import annotations

import gzip
import json
import os
import pathlib
from typing import Any, Dict, List, Tuple

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG_NAMES = ["an ankle boot whose name goes on and on, over the edge of any picture", "T-shirt/top", "$5 to $10", "x",
              "Łódź", "two\nlines", "", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "under_score ^2", "%d {brace}"]


def idx(name: str, offset: int) -> Any:
    with gzip.open(ROOT / "examples" / "data" / "mnist" / f"{name}.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


def mnist(part: str = "train") -> Tuple[Any, Any]:
    """Images [N, 28, 28] and labels [N] of "train" or "t10k"."""
    return idx(f"{part}-images-idx3-ubyte", 16).reshape(-1, 28, 28), idx(f"{part}-labels-idx1-ubyte", 8)


def predicted() -> Any:
    """What the notebook's network makes of the test images: [10000, 10]."""
    data = (ROOT / "tests" / "reference" / "notebook" / "predictions.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    entry = next(value for key, value in header.items() if not key.startswith("__"))
    begin, end = entry["data_offsets"]
    return np.frombuffer(data[8 + length + begin:8 + length + end], np.float32).reshape(entry["shape"])


def history() -> Dict[str, List[float]]:
    """The notebook's own."""
    text = (ROOT / "tests" / "reference" / "notebook" / "history.json").read_text(encoding="utf-8")
    return {str(key): list(value) for key, value in json.loads(text).items()}


def confusion() -> Any:
    """The matrix [10, 10] of predicted()."""
    matrix = np.zeros((10, 10), dtype=np.int64)
    np.add.at(matrix, (mnist("t10k")[1], predicted().argmax(axis=1)), 1)
    return matrix


def _hidden(axes: Any) -> List[Any]:
    """Tick labels that are not drawn: of axes without axis, or outside the limits."""
    found = []
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            slack = 1e-9 * (high - low)
            if not axes.axison or not low - slack <= tick.get_loc() <= high + slack:
                found += [tick.label1, tick.label2]
        if not axes.axison:
            found += [axis.label, axis.offsetText]
    return found


def texts(figure: Any) -> List[Tuple[str, Any, Any]]:
    """The texts drawn: what they say, their upright box and the four corners of their own, in pixels."""
    from matplotlib.text import Text
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    hidden = {id(text) for axes in figure.findobj(lambda artist: hasattr(artist, "axison")) for text in _hidden(axes)}
    found = []
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible() and id(text) not in hidden:
            found.append((text.get_text(), text.get_window_extent(renderer).extents, _corners(text, renderer)))
    return found


def _corners(text: Any, renderer: Any) -> Any:
    turn = text.get_rotation()
    if turn % 90 == 0:
        x0, y0, x1, y1 = text.get_window_extent(renderer).extents
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    assert text.get_rotation_mode() == "anchor"
    text.set_rotation(0)
    x0, y0, x1, y1 = text.get_window_extent(renderer).extents
    text.set_rotation(turn)
    anchor = text.get_transform().transform(text.get_position())
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return (np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) - anchor) @ np.array([[cos, sin], [-sin, cos]]) + anchor


def _overlap(a: Any, b: Any) -> bool:
    """Whether two rectangles of any direction have more than a few pixels in common."""
    slack = _slack()
    for corners in (a, b):
        for i in range(2):
            normal = corners[i + 1] - corners[i]
            normal = normal / (np.hypot(*normal) or 1)
            if min((a @ normal).max(), (b @ normal).max()) - max((a @ normal).min(), (b @ normal).min()) <= slack:
                return False
    return True


def _slack() -> float:
    """Pixels: newer ones than matplotlib 3.6 set the smallest letters up to a fourteenth wider."""
    import matplotlib
    return 1.0 if matplotlib.__version__.startswith("3.6.") else 1.5


def check_texts(figure: Any, smallest: float = 4.0) -> int:
    """Every text lies inside the figure, on no other, and is large enough; how many there are."""
    slack = _slack()
    from matplotlib.text import Text
    found = texts(figure)
    width, height = figure.bbox.width, figure.bbox.height
    for words, box, _ in found:
        assert min(box[0], box[1], width - box[2], height - box[3]) >= -slack, f"clipped: {words!r}"
    x0, y0, x1, y1 = np.array([box for _, box, _ in found]).T
    for i, (words, _, corners) in enumerate(found):
        near = (x0[:i] < x1[i]) & (x0[i] < x1[:i]) & (y0[:i] < y1[i]) & (y0[i] < y1[:i])
        for other, _, others in [found[j] for j in np.flatnonzero(near)]:
            assert not _overlap(corners, others), f"{words!r} lies on {other!r}"
    assert all(text.get_fontsize() >= smallest for text in figure.findobj(Text) if text.get_text().strip())
    return len(found)


def check_saved(figure: Any, folder: Any, least: int) -> None:
    """savefig as the notebook calls it writes a PNG at 300 dpi, nearly as wide as the figure."""
    path = os.path.join(folder, "picture.png")
    figure.savefig(path, dpi=300, bbox_inches="tight")
    with open(path, "rb") as file:
        head = file.read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n" and os.path.getsize(path) > least
    width = int.from_bytes(head[16:20], "big")
    assert 0.8 < width / 300 / figure.get_size_inches()[0] < 1.05
