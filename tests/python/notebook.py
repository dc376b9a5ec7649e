"""The MNIST notebook that the library is measured by: its cells with the lines changed that a user changes, and a run
of them.
"""
from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import re
import sys
from typing import Any

REFERENCE = pathlib.Path(__file__).resolve().parents[1] / "reference" / "notebook"
CHANGES = (("import tensorflow as tf", "import cnn.keras as tf"),
           ("from tensorflow import keras", "from cnn import keras"), ("tensorflow.keras",
                                                                       "cnn.keras"), ("sklearn.metrics", "cnn.metrics"))
EPOCHS = "EPOCHS = 30"


def cells(epochs: int) -> list[str]:
    """Its code, cell by cell."""
    text = (REFERENCE / "cells.txt").read_text(encoding="utf-8")
    for before, after in CHANGES:
        assert before in text, before
        text = text.replace(before, after)
    assert text.count(EPOCHS) == 1
    return [cell.strip("\n") for cell in text.replace(EPOCHS, f"EPOCHS = {epochs}").split("In [None]:\n")[1:]]


def folders(root: pathlib.Path) -> pathlib.Path:
    """The empty folder that it runs in, beside those that it writes to."""
    here = root / "notebooks"
    for folder in (here, root / "models", root / "reports" / "figures" / "model_architectures"):
        folder.mkdir(parents=True)
    return here


def described(figure: Any) -> dict[str, Any]:
    """What a figure says and shows."""
    return {
        "title": figure._suptitle.get_text() if figure._suptitle else "",
        "axes": [{
            "title": axes.get_title(), "labels": [axes.get_xlabel(), axes.get_ylabel()], "images": len(axes.images),
            "bars": len(axes.patches), "lines": [line.get_label() for line in axes.lines],
            "texts": [text.get_text() for text in axes.texts]
        } for axes in figure.axes],
    }


class Screen(io.StringIO):
    """Keeps what is printed, and says that it is a terminal, where the bar of an epoch is redrawn in its line as in a
    notebook.
    """

    def isatty(self) -> bool:
        return True


def run(epochs: int) -> dict[str, Any]:
    """Run the cells in the current folder; what they printed, and the figures in the order in which they were shown."""
    import matplotlib.pyplot as plt

    shown: list[dict[str, Any]] = []

    def show() -> None:
        shown.extend(described(plt.figure(number)) for number in plt.get_fignums())
        plt.close("all")

    plt.show = show
    printed = Screen()
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(printed):
        for number, cell in enumerate(cells(epochs)):
            exec(compile(cell, f"<cell {number + 1}>", "exec"), names)
    figures = {"test_accuracy": float(names["test_accuracy"]), "epochs": len(names["history"].epoch),
               "history": names["history"].history}
    return {"printed": printed.getvalue(), "shown": shown, **figures}


def last_state(line: str) -> str:
    """A line as it stands at last on a screen."""
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\x08", "", line.split("\r")[-1]).rstrip()


def masked(line: str) -> str:
    """A line without what differs from run to run: numbers, times, the saved file's ending."""
    line = last_state(line)
    line = re.sub(r"mnist_model\.\w+", "mnist_model.FILE", line)
    line = re.sub(r"\d+(\.\d+)*(e[-+]\d+)?", "#", line)
    line = re.sub(r"#(ms|us|s)/step", "#/step", line)
    return re.sub(r" +", " ", line)


if __name__ == "__main__":  # notebook.py EPOCHS RESULT.json: run in the current folder
    os.environ.setdefault("MPLBACKEND", "Agg")
    pathlib.Path(sys.argv[2]).write_text(json.dumps(run(int(sys.argv[1]))), encoding="utf-8")
