"""Reads the DOT text that a model's diagram is: boxes of rows of cells, and which leads to which."""
from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Dict, List, NamedTuple, Optional, Tuple

NODE = re.compile(r'^\s*(\w+) \[[^\n]*?label=<(<table.*?</table>)>', re.M | re.S)
EDGE = re.compile(r'^\s*(\w+) -> (\w+)\b', re.M)


class Cell(NamedTuple):
    """A cell: its texts with whether they are bold, their size in points, and its colours."""

    spans: List[Tuple[str, bool]]
    size: float
    paper: str
    ink: str
    columns: int


class Graph(NamedTuple):
    """Boxes in the order of the layers, each of rows of cells; edges by index; how it was to be drawn."""

    boxes: List[List[List[Cell]]]
    edges: List[Tuple[int, int]]
    left_to_right: bool
    dpi: int


class _Table(HTMLParser):
    """The rows of one label."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: List[List[Cell]] = []
        self._bold = False

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        given = {key: value or '' for key, value in attrs}
        if tag == 'tr':
            self.rows.append([])
        elif tag == 'td' and self.rows:
            self.rows[-1].append(Cell([], 14.0, given.get('bgcolor', 'white'), 'black', int(given.get('colspan', 1))))
        elif tag == 'font' and self.rows and self.rows[-1]:
            self.rows[-1][-1] = self.rows[-1][-1]._replace(size=float(given.get('point-size', 14)),
                                                           ink=given.get('color', 'black'))
        elif tag == 'b':
            self._bold = True

    def handle_endtag(self, tag: str) -> None:
        if tag == 'b':
            self._bold = False

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1].spans.append((data, self._bold))


def _filled(rows: List[List[Cell]]) -> List[List[Cell]]:
    """Rows of equally many columns: the last cell of a shorter one takes the rest."""
    most = max((sum(cell.columns for cell in row) for row in rows), default=0)
    for row in rows:
        row[-1] = row[-1]._replace(columns=row[-1].columns + most - sum(cell.columns for cell in row))
    return rows


def read_dot(text: str) -> Graph:
    """The graph of a diagram's DOT text; ValueError for any other."""
    names: Dict[str, int] = {}
    boxes: List[List[List[Cell]]] = []
    for name, label in NODE.findall(text):
        table = _Table()
        table.feed(label)
        names[name] = len(boxes)
        boxes.append(_filled([row for row in table.rows if row]))
    edges = [(names[a], names[b]) for a, b in EDGE.findall(text) if a in names and b in names]
    if not boxes or not all(boxes):
        raise ValueError("model_diagram 'model': the text holds no boxes; give a Model, or what its diagram() returns")
    dpi = re.search(r'^\s*dpi=(\d+)', text, re.M)
    return Graph(boxes, edges, bool(re.search(r'^\s*rankdir=LR', text, re.M)), int(dpi.group(1)) if dpi else 200)
