"""Pieces of HTML. Whatever comes from outside goes through `text`."""
from __future__ import annotations

import html
import re
from typing import Iterable, NamedTuple, Optional, Sequence, Tuple, Union

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Markup(str):
    """Text that is HTML already."""


Text = Union[str, Markup]


def text(value: Text) -> Markup:
    """Text as HTML shows it; of characters that HTML may not hold, U+FFFD."""
    return value if isinstance(value, Markup) else Markup(html.escape(_CONTROL.sub("\ufffd", value)))


def identifier(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def link(target: str, label: Text) -> Markup:
    return Markup(f'<a href="{text(target)}">{text(label)}</a>')


def paragraph(*parts: Text) -> Markup:
    return Markup(f"<p>{''.join(map(text, parts))}</p>")


def facts(rows: Iterable[Tuple[str, Text]], style: str) -> Markup:
    """Names and values, as a list of definitions."""
    lines = [f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in rows]
    return Markup(f'<dl class="{style}">\n' + "\n".join(lines) + "\n</dl>")


class Row(NamedTuple):
    """A row of a table: its first cell is its heading."""

    cells: Sequence[Text]
    style: str = ""


def table(caption: str, head: Sequence[str], rows: Iterable[Row], *, words: Sequence[int] = (),
          diagonal: bool = False) -> Markup:
    """A table that scrolls by itself where the page is too narrow. `words`: columns that are no numbers."""
    name = identifier(caption)
    lines = ['<div class="scroll" role="region" tabindex="0" aria-labelledby="%s">' % name,
             f'<table>\n<caption id="{name}">{text(caption)}</caption>',
             "<thead><tr>", *(_cell("th", cell, ' scope="col"', i in words) for i, cell in enumerate(head)),
             "</tr></thead>", "<tbody>"]
    for number, row in enumerate(rows):
        lines.append(f'<tr class="{row.style}">' if row.style else "<tr>")
        lines.append(f'<th scope="row">{text(row.cells[0])}</th>')
        for column, cell in enumerate(row.cells[1:], 1):
            style = ' class="diagonal"' if diagonal and column == number + 1 else ""
            lines.append(_cell("td", cell, style, column in words))
        lines.append("</tr>")
    lines.append("</tbody>\n</table>\n</div>")
    return Markup("\n".join(lines))


def _cell(tag: str, content: Text, attributes: str, words: bool) -> str:
    return f"<{tag}{attributes}" + (' class="text"' if words else "") + f">{text(content)}</{tag}>"


def details(summary: str, *parts: Text) -> Markup:
    return Markup(f"<details>\n<summary>{text(summary)}</summary>\n" + "\n".join(map(text, parts)) + "\n</details>")


def beside(*parts: Text) -> Markup:
    return Markup('<div class="beside">\n' + "\n".join(map(text, parts)) + "\n</div>")


def section(title: str, *parts: Optional[Text]) -> Markup:
    """A section with its heading; parts that are None are left out."""
    name = identifier(title)
    inside = "\n".join(text(part) for part in parts if part is not None)
    return Markup(f'<section id="{name}" aria-labelledby="{name}-title">\n<h2 id="{name}-title">{text(title)}</h2>\n'
                  f"{inside}\n</section>")
