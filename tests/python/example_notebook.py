"""Runs examples/mnist.ipynb, and on request writes it with what it showed:

    PYTHONPATH=bindings/python LIBCNN=build/lib/libcnn.so.0 /usr/bin/python3 tests/python/example_notebook.py --write

Times and places of the machine are taken out of what is written. It is meant to be run with as many epochs as the
notebook asks for."""
from __future__ import annotations

import os
import pathlib
import re
import sys
from typing import Any

import nbformat
from nbclient import NotebookClient

import cnn

NOTEBOOK = pathlib.Path(__file__).resolve().parents[2] / "examples" / "mnist.ipynb"


def executed(epochs: int | None = None) -> Any:
    """The notebook with the outputs of a run in its own folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    os.environ.pop("MPLBACKEND", None)  # the kernel's own is the one that shows pictures
    os.environ.update(PYTHONPATH=str(pathlib.Path(cnn.__file__).resolve().parents[1]),
                      LIBCNN=os.path.abspath(cnn.library_path), PYDEVD_DISABLE_FILE_VALIDATION="1")
    if epochs is not None:
        os.environ["CNN_EPOCHS"] = str(epochs)
    NotebookClient(notebook, timeout=1800, kernel_name="python3",
                   resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    return notebook


def last_state(text: str) -> str:
    """Printed text as it stands at last on a screen, without colours: lines that were drawn again are there once."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\x08", "", text)
    return "\n".join(line.split("\r")[-1] for line in plain.split("\n"))


def cleaned(notebook: Any) -> Any:
    """The notebook without what belongs to this run and machine."""
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type != "code":
            continue
        merged: list[Any] = []
        for output in cell.outputs:
            if output.output_type == "stream" and merged and merged[-1].get("name") == output.name:
                merged[-1].text += output.text
            else:
                merged.append(output)
        for output in merged:
            if output.output_type == "stream":
                output.text = re.sub(r"\b\d+s (- )?\d+(ms|us)/step", "…", last_state(output.text))
            if "data" in output:
                output.metadata = {}
        cell.outputs = merged
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                         "language_info": {"name": "python"}}
    return notebook


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    nbformat.write(cleaned(executed()), NOTEBOOK)
