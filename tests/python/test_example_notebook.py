"""examples/mnist.ipynb runs on the real data, shows what it should, and is kept with the output of a full run."""
from __future__ import annotations

import base64
import getpass
import json
import re
import socket
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
import cnn.plot  # noqa: E402
import example_notebook  # noqa: E402

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def run() -> Any:
    """A run of two epochs: after the first one the moving averages of batch normalisation are still on their way."""
    return example_notebook.executed(epochs=2)


@pytest.fixture(scope="module")
def kept() -> Any:
    """As it stands in the repository."""
    return nbformat.read(example_notebook.NOTEBOOK, as_version=4)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell: Any) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")


def pictures(cell: Any) -> list[bytes]:
    return [
        base64.b64decode(output.data["image/png"]) for output in cell.outputs if "image/png" in output.get("data", {})
    ]


def the(notebook: Any, words: str) -> Any:
    """The cell with these words."""
    (found,) = (cell for cell in code(notebook) if words in cell.source)
    return found


def test_every_cell_runs_without_a_word_of_complaint(run: Any) -> None:
    for cell in code(run):
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr", output


def test_it_learns(run: Any) -> None:
    accuracy = re.search(r"accuracy (\d+\.\d+)%", printed(the(run, "model.evaluate")))
    assert accuracy and float(accuracy.group(1)) > 97
    first, second = printed(the(run, "hashes = trained(1), trained(0)")).split()
    assert first == second and len(first) == 32


def test_each_call_of_plot_shows_one_picture(run: Any, kept: Any) -> None:
    for notebook in (run, kept):
        for cell in code(notebook):
            calls = len(re.findall(r"cnn\.plot\.\w+\(", cell.source)) + cell.source.count("utils.plot_model(")
            assert [picture[:8] for picture in pictures(cell)] == [PNG] * calls, cell.source


def test_it_shows_all_of_the_pictures(kept: Any) -> None:
    source = "\n".join(cell.source for cell in code(kept))
    shown = set(re.findall(r"cnn\.plot\.(\w+)\(", source))
    assert set(cnn.plot.__all__) - {"save_diagram"} <= shown and "plot_model(" in source


def test_it_is_kept_with_the_output_of_a_full_run(run: Any, kept: Any) -> None:
    assert example_notebook.NOTEBOOK.stat().st_size < 1_500_000
    assert [cell.execution_count for cell in code(kept)] == list(range(1, len(code(kept)) + 1))
    for mine, now in zip(code(kept), code(run)):
        kinds = [[
            output.output_type for output in example_notebook.cleaned(
                nbformat.from_dict({"cells": [cell], "metadata": {}})).cells[0].outputs
        ] for cell in (mine, now)]
        assert kinds[0] == kinds[1], mine.source
    epochs = re.search(r'"CNN_EPOCHS", (\d+)', "\n".join(cell.source for cell in code(kept)))
    assert epochs and f"Epoch {epochs.group(1)}/{epochs.group(1)}" in printed(the(kept, "history = model.fit("))
    accuracy = re.search(r"accuracy (\d+\.\d+)%", printed(the(kept, "model.evaluate")))
    assert accuracy and float(accuracy.group(1)) > 99


def test_what_does_not_depend_on_epochs_is_as_kept(run: Any, kept: Any) -> None:
    for words in ("load_data()", "model.summary()", "attributes_of"):
        assert printed(the(run, words)) == printed(the(kept, words))


def test_it_tells_nothing_of_the_machine(kept: Any) -> None:
    text = example_notebook.NOTEBOOK.read_text(encoding="utf-8")
    outputs = json.dumps([[output for output in cell.outputs] for cell in code(kept)])
    outputs = re.sub(r'"image/png": "[^"]*"', "", outputs)
    assert not re.search(r"(/home/|/root|/tmp|/usr/|/work/|site-packages|ms/step)", outputs)
    for name in (socket.gethostname(), getpass.getuser()):
        assert not re.search(rf"\b{re.escape(name)}\b", outputs)
    assert all(not cell.metadata for cell in kept.cells)
    assert '"execution":' not in text
