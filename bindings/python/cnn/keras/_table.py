"""Text in boxes, as Keras prints its summaries: cells wrapped at blanks, words that are too long cut with an ellipsis,
lines cut at the width of the terminal, colours on a terminal only."""

from __future__ import annotations

from itertools import groupby
from typing import Sequence

BOLD = "1"
Piece = tuple[str, str]  # text, and what stands in its escape sequence: "" for none

_HEAVY = ("┏━┳┓", "┃", "┡━╇┩")
_LIGHT = ("├─┼┤", "│", "└─┴┘")
_SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}


def styled(text: str, style: str, color: bool) -> str:
    """A piece of text for a terminal or for a file."""
    return f"\x1b[{style}m{text}\x1b[0m" if color and style and text else text


class Table:
    """Columns with headings, filled row by row.

    Parameters
    ----------
    heads, aligns
        Of each column; "left", "center" or "right".
    widths : sequence of int
        Between the rules, a blank at either side included.
    crop : int
        Where lines end, whatever the widths.
    color : bool
        With escape sequences.
    """

    def __init__(self, heads: Sequence[str], aligns: Sequence[str], widths: Sequence[int], crop: int,
                 color: bool) -> None:
        self._aligns, self._widths, self._crop, self._color = aligns, widths, crop, color
        self._lines = [self._rule(_HEAVY[0])]
        self._cells([[(head, BOLD)] for head in heads], _HEAVY[1], BOLD)
        self._lines.append(self._rule(_HEAVY[2]))
        self._first = True

    def row(self, cells: Sequence[Sequence[Piece]]) -> None:
        """Add a row."""
        if not self._first:
            self._lines.append(self._rule(_LIGHT[0]))
        self._first = False
        self._cells(cells, _LIGHT[1], "")

    def text(self) -> str:
        """All of it, with the last rule."""
        return "\n".join([*self._lines, self._rule(_LIGHT[2]), ""])

    def _rule(self, parts: str) -> str:
        lines = parts[2].join(parts[1] * width for width in self._widths)
        return (parts[0] + lines + parts[3])[:self._crop]

    def _cells(self, cells: Sequence[Sequence[Piece]], bar: str, style: str) -> None:
        wrapped = [_wrap(cell, width - 2) for cell, width in zip(cells, self._widths)]
        for number in range(max(len(lines) for lines in wrapped)):
            pieces: list[Piece] = []
            for lines, width, align in zip(wrapped, self._widths, self._aligns):
                pieces.append((bar, ""))
                pieces += _padded(lines[number], width - 2, align, style) if number < len(lines) else [(" " * width,
                                                                                                        style)]
            self._lines.append(self._cut([*pieces, (bar, "")]))

    def _cut(self, pieces: Sequence[Piece]) -> str:
        left, text = self._crop, ""
        for piece, style in pieces:
            text += styled(piece[:left], style, self._color)
            left -= len(piece[:left])
        return text


def _padded(line: list[Piece], room: int, align: str, style: str) -> list[Piece]:
    free = room - sum(len(text) for text, _ in line)
    before = int(free * _SHIFT[align])
    if style:
        return [(" ", style), (" " * before + "".join(text for text, _ in line) + " " * (free - before), style),
                (" ", style)]
    return [(" " * (1 + before), ""), *line, (" " * (free - before + 1), "")]


def _wrap(cell: Sequence[Piece], width: int) -> list[list[Piece]]:
    """The lines of a cell: as many words as fit, at least one."""
    letters = [(letter, style) for text, style in cell for letter in text]
    text = "".join(letter for letter, _ in letters)
    lines, begin = [], 0
    while begin < len(text):
        end = stop = begin
        while stop < len(text):
            word = text.find(" ", stop)
            word = len(text) if word < 0 else word
            if end > begin and word - begin > width:
                break
            end = stop = word
            while stop < len(text) and text[stop] == " ":
                stop += 1
        line = letters[begin:end]
        if len(line) > width:
            line = [*line[:width - 1], ("…", line[width - 1][1])]
        lines.append([("".join(letter for letter, _ in group), style) for style,
                      group in groupby(line, key=lambda pair: pair[1])])
        begin = stop
    return lines or [[]]


def widths(length: int, positions: Sequence[float]) -> list[int]:
    """Widths of columns whose inner edges stand at these fractions of a line; what they are too wide together is taken
    off in equal parts.

    Raises
    ------
    ValueError
        Fewer than 4 letters are left for a column.
    """
    edge, excess, result = 0, 3 * len(positions) + 1, []
    for number, position in enumerate(positions):
        wanted = int(position * length) - edge
        if wanted < 4:
            raise ValueError("Insufficient console width to print summary.")
        edge += wanted
        left = len(positions) - number
        cut = (2 * excess + left) // (2 * left)
        excess -= cut
        result.append(wanted + 2 - cut)
    return result
