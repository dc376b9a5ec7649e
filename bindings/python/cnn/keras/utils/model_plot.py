"""The picture of a model's layers in a file, as Keras's plot_model."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Union

from .._arguments import choice, only, refuse

if TYPE_CHECKING:
    import cnn


_SPLINES = ("ortho", "polyline", "curved", "spline", "line", "true", "false", "none")


def plot_model(model: Any, to_file: Union[str, os.PathLike[str]] = "model.png", show_shapes: bool = False,
               show_dtype: bool = False, show_layer_names: bool = False, rankdir: str = "TB",
               expand_nested: bool = False, dpi: int = 200, show_layer_activations: bool = False,
               show_trainable: bool = False, splines: str = "ortho", **kwargs: Any) -> Any:
    """Draw a model's layers, and what goes from one to the next, into a file.

    Parameters
    ----------
    model : Model
        One whose shapes are known.
    to_file : path
        Its ending says the kind: .png, .pdf, .svg (which matplotlib draws where Graphviz is not there) and what else
        Graphviz makes; .dot is Graphviz's own text. The folder must be there.
    show_shapes, show_layer_names, show_layer_activations, show_trainable : bool
        What each box says besides the layer's class.
    show_dtype : False
        Everything is float32.
    rankdir : {"TB", "LR"}
        From top to bottom, or from left to right.
    expand_nested : bool
        Models hold no models: there is nothing to expand.
    dpi : int
    splines : {"ortho", "polyline", "curved", "spline", "line", "true", "false", "none"}
        How Graphviz draws edges; without it they are straight.

    Returns
    -------
    IPython.display.Image or None
        An image in a notebook, else None.

    Raises
    ------
    ImportError
        Graphviz is not there, and matplotlib cannot stand in: it is not there either, or the kind is another.
    ValueError
        A model without shapes, or a kind of picture that Graphviz does not make.

    Examples
    --------
    >>> from cnn import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="dense")])
    >>> plot_model(model, "/dev/null/model.png")
    Traceback (most recent call last):
    FileNotFoundError: plot_model: there is no folder '/dev/null' for 'model.png'
    """
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
    only("plot_model", "show_dtype", show_dtype, (False,), "everything is float32")
    if rankdir not in ("TB", "LR"):
        refuse(f"plot_model: rankdir={rankdir!r} is not in libcnn; 'TB' and 'LR' are")
    if not model.built:
        raise ValueError("This model has not yet been built: its shapes are not known. Add an Input, or fit it first.")
    target = pathlib.Path(to_file)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"plot_model: there is no folder '{target.parent}' for '{target.name}'")
    text = model._core.diagram(dpi=dpi, shapes=bool(show_shapes), layer_names=bool(show_layer_names),
                               activations=bool(show_layer_activations), trainable=bool(show_trainable),
                               left_to_right=rankdir == "LR")
    text = text.replace("splines=ortho;", f"splines={choice('plot_model', 'splines', splines, _SPLINES)};", 1)
    kind = target.suffix[1:].lower() or "png"
    if kind == "dot":
        target.write_text(text, encoding="utf-8")
        return None
    program = shutil.which("dot")
    if program is None:
        _by_matplotlib(text, target, kind)
    else:
        _by_graphviz(program, text, target, kind)
    return _shown(target, kind)


def _by_matplotlib(text: str, target: pathlib.Path, kind: str) -> None:
    from ...plot import diagram
    if kind not in diagram.FORMATS:
        raise ImportError(
            f"plot_model: Graphviz, whose program 'dot' draws a .{kind}, is not there; matplotlib stands in for "
            f".{', .'.join(diagram.FORMATS)}")
    target.write_bytes(diagram.draw_file(text, kind))


def _by_graphviz(program: str, text: str, target: pathlib.Path, kind: str) -> None:
    done = subprocess.run([program, f"-T{kind}", "-o", os.fspath(target)], input=text.encode(), capture_output=True,
                          check=False)
    if done.returncode:
        raise ValueError(
            f"plot_model: Graphviz cannot write '{target}': {done.stderr.decode(errors='replace').strip()}")


def _shown(target: pathlib.Path, kind: str) -> Any:
    """The picture as a notebook shows it."""
    display = sys.modules.get("IPython.display")
    if kind == "pdf" or display is None or sys.modules["IPython"].get_ipython() is None:
        return None
    return (display.SVG if kind == "svg" else display.Image)(filename=os.fspath(target))
