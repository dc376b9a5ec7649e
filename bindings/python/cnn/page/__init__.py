"""The page of a run: what mnist_train left in its output folder, as one HTML file that needs nothing else.

>>> from cnn import page
>>> page.write("mnist-results")  # doctest: +SKIP
"""
from __future__ import annotations

import os
import pathlib
import re
import string
from typing import Optional, Sequence, Tuple, Union

from . import sections
from .markup import Markup, identifier, link, paragraph, text
from .results import Results, ResultsError, load

__all__ = ["Results", "ResultsError", "load", "write"]

NAME = "index.html"


def write(folder: Union[str, "os.PathLike[str]"], *, data: Optional[str] = None, processes: int = 1) -> Sequence[str]:
    """Write index.html into an output folder of mnist_train.

    Parameters
    ----------
    folder : that holds report.json; what is there already is written anew.
    data : folder of the data set's IDX files, or its .npz; None: the place that the report names.
    processes : that draw side by side; more than 1 are forked, which suits a program without threads of its own.

    Returns
    -------
    What is not on the page and why, a sentence each.

    Raises
    ------
    ResultsError : the folder holds no report, or a damaged one.
    OSError : a file cannot be written.
    """
    results = load(pathlib.Path(folder))
    pictures, notes = _pictures(results, data, processes)
    _replace(results.folder / NAME, page(results, pictures, notes))
    return notes


def _pictures(results: Results, place: Optional[str], processes: int) -> Tuple[sections.Pictures, Sequence[str]]:
    """Elements by name, and what is left out and why. matplotlib is loaded here and not before."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        return {}, [f"no pictures: matplotlib is not installed (Debian: python3-matplotlib; else pip install matplotlib): {error}"]
    from . import pictures, run
    return pictures.draw_all(run.Run(results, place), processes)


def page(results: Results, pictures: sections.Pictures, notes: Sequence[str]) -> str:
    """The page's HTML."""
    shown = [part for part in (make(results, pictures) for make in sections.SECTIONS) if part is not None]
    titles = [re.findall(r"<h2[^>]*>(.*?)</h2>", part)[0] for part in shown]
    name = sections.dataset_name(results)
    parts = {
        "title": text(f"{name}: {sections.percent(results.accuracy)} - libcnn"),
        "heading": text(f"Training run on {name}"),
        "lead": paragraph("A convolutional network trained and evaluated by libcnn."),
        "figures": sections.headline(results),
        "links": Markup("\n".join(f"<li>{link('#' + identifier(title), Markup(title))}</li>" for title in titles)),
        "notes": _notes(notes),
        "sections": Markup("\n".join(shown)),
        "closing": text(f"Made by python3 -m cnn plot; libcnn {results.fields.get('version', '')}."),
    }
    template = (pathlib.Path(__file__).parent / "template.html").read_text(encoding="utf-8")
    return string.Template(template).substitute(parts)


def _notes(notes: Sequence[str]) -> Markup:
    if not notes:
        return Markup("")
    return Markup('<div class="notes" role="note">\n' + "\n".join(map(paragraph, notes)) + "\n</div>")


def _replace(path: pathlib.Path, content: str) -> None:
    """A reader finds the old page or the new one."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(content, encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
