"""The diagram of a model: read, placed, drawn by matplotlib or Graphviz, written to files."""
from __future__ import annotations

import os
import pathlib
import shutil
from typing import Any, Iterator, List, Tuple

import matplotlib.pyplot as plt
import numpy as np
import pytest

import cnn
import cnn.plot
import keras_models
import pictures
from cnn.keras.utils import plot_model
from cnn.plot import _dot, _layers, diagram


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def notebook() -> cnn.Model:
    model = cnn.Model()
    model.add("input", shape=(28, 28, 1))
    for i, filters in ((1, 32), (2, 64)):
        model.add("conv2d", filters=filters, kernel_size=3, padding="same", activation="relu", name=f"conv{i}")
        model.add("batch_normalization", name=f"bn{i}")
        model.add("max_pooling2d", name=f"pool{i}")
        model.add("dropout", rate=0.25, name=f"dropout{i}")
    model.add("flatten", name="flatten")
    model.add("dense", units=128, activation="relu", name="dense1")
    model.add("dropout", rate=0.5, name="dropout3")
    model.add("dense", units=10, activation="softmax", name="output")
    return model


def branched() -> cnn.Model:
    model = cnn.Model()
    model.add("input", shape=(8, 8, 3), name="in")
    model.add("conv2d", filters=3, kernel_size=3, padding="same", name="c1")
    model.add("conv2d", filters=3, kernel_size=3, padding="same", name="c2")
    model.add("add", inputs=["in", "c2"], name="sum1")
    model.add("conv2d", filters=3, kernel_size=1, input="c1", name="side")
    model.add("add", inputs=["sum1", "side", "in"], name="sum2")
    model.add("flatten")
    model.add("dense", units=2)
    return model


LAYERS = [("conv1", "Conv2D", "(None, 28, 28, 1)", "(None, 28, 28, 32)"),
          ("bn1", "BatchNormalization", "(None, 28, 28, 32)", "(None, 28, 28, 32)"),
          ("pool1", "MaxPooling2D", "(None, 28, 28, 32)", "(None, 14, 14, 32)"),
          ("dropout1", "Dropout", "(None, 14, 14, 32)", "(None, 14, 14, 32)"),
          ("conv2", "Conv2D", "(None, 14, 14, 32)", "(None, 14, 14, 64)"),
          ("bn2", "BatchNormalization", "(None, 14, 14, 64)", "(None, 14, 14, 64)"),
          ("pool2", "MaxPooling2D", "(None, 14, 14, 64)", "(None, 7, 7, 64)"),
          ("dropout2", "Dropout", "(None, 7, 7, 64)", "(None, 7, 7, 64)"),
          ("flatten", "Flatten", "(None, 7, 7, 64)", "(None, 3136)"),
          ("dense1", "Dense", "(None, 3136)", "(None, 128)"),
          ("dropout3", "Dropout", "(None, 128)", "(None, 128)"), ("output", "Dense", "(None, 128)", "(None, 10)")]


def test_reading() -> None:
    graph = _dot.read_dot(notebook().diagram(dpi=150))
    assert (len(graph.boxes), graph.edges) == (12, [(i, i + 1) for i in range(11)])
    assert (graph.dpi, graph.left_to_right) == (150, False)
    head, shapes = graph.boxes[0]
    assert head == [_dot.Cell([("conv1", True), (" (Conv2D)", False)], 16, "black", "white", 2)]
    assert [cell.spans for cell in shapes] == [[("Input shape: ", False), ("(None, 28, 28, 1)", True)],
                                               [("Output shape: ", False), ("(None, 28, 28, 32)", True)]]
    graph = _dot.read_dot(branched().diagram(left_to_right=True, trainable=True))
    assert graph.left_to_right and len(graph.boxes) == 8
    assert sorted(graph.edges) == [(0, 1), (0, 3), (0, 5), (1, 2), (1, 4), (2, 3), (3, 5), (4, 5), (5, 6), (6, 7)]
    assert graph.boxes[1][1][2] == _dot.Cell([("Trainable", True)], 14, "forestgreen", "white", 1)
    for rows in graph.boxes:
        assert len({sum(cell.columns for cell in row) for row in rows}) == 1


def test_the_notebooks_model(tmp_path: Any) -> None:
    axes = cnn.plot.model_diagram(notebook(), engine="matplotlib")
    words = [text.get_text() for text in axes.texts if text.get_text()]
    expected = [word for name, kind, shape_in, shape_out in LAYERS
                for word in (name, f"({kind})", "Input shape:", shape_in, "Output shape:", shape_out)]
    assert words == expected
    bold = {text.get_text() for text in axes.texts if text.get_fontweight() == "bold"}
    assert bold == {word for layer in LAYERS for word in (layer[0], *layer[2:])}
    assert pictures.check_texts(axes.figure) == len(expected)
    assert sum(hasattr(text, "arrow_patch") for text in axes.texts) == 11
    assert plt.get_fignums() == [axes.figure.number]
    sizes = [text.get_fontsize() for text in axes.texts if text.get_text()]
    assert min(sizes) == pytest.approx(14, rel=0.01) and max(sizes) == pytest.approx(16, rel=0.01)


@pytest.mark.parametrize("options", [{}, {"shapes": False}, {"layer_names": False}, {"left_to_right": True},
                                     {"activations": True, "trainable": True}])
def test_branches(options: Any) -> None:
    axes = cnn.plot.model_diagram(branched(), engine="matplotlib", **options)
    words = [text.get_text() for text in axes.texts]
    assert ("sum2" in words) == options.get("layer_names", True)
    assert ("Output shape:" in words) == options.get("shapes", True)
    assert words.count("Trainable") == (4 if options.get("trainable") else 0)
    assert sum(hasattr(text, "arrow_patch") for text in axes.texts) == 10
    pictures.check_texts(axes.figure)


def test_given_axes() -> None:
    figure, panels = plt.subplots(1, 2, figsize=(28, 16))
    assert cnn.plot.model_diagram(branched(), engine="matplotlib", ax=panels[0]) is panels[0]
    assert cnn.plot.model_diagram(notebook().diagram(), engine="matplotlib", ax=panels[1]) is panels[1]
    pictures.check_texts(figure)
    assert plt.get_fignums() == [figure.number]


def test_names_with_signs() -> None:
    model = cnn.Model()
    model.add("input", shape=(4,))
    model.add("dense", units=2, name="a<b>&\"$x$'")
    axes = cnn.plot.model_diagram(model, engine="matplotlib")
    text = next(text for text in axes.texts if text.get_text())
    assert text._preprocess_math(text.get_text()) == ("a<b>&\"$x$'", False)


def random_graph(random: Any, count: int) -> Tuple[List[Tuple[float, float]], List[Tuple[int, int]]]:
    sizes = [(float(random.randint(40, 200)), float(random.randint(20, 60))) for _ in range(count)]
    edges = {(int(random.randint(max(0, i - 4), i)), i) for i in range(1, count) for _ in range(random.randint(1, 4))}
    return sizes, sorted(edges)


@pytest.mark.parametrize("seed", range(8))
def test_places(seed: int) -> None:
    """Boxes apart and in the picture, lines from the bottom of one to the top of the other and through none."""
    sizes, edges = random_graph(np.random.RandomState(seed), 3 + 4 * seed)
    placed = _layers.place(sizes, edges)
    boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(placed.centres, sizes)]
    for i, (x0, y0, x1, y1) in enumerate(boxes):
        assert x0 > -1e-6 and y0 > -1e-6 and x1 < placed.size[0] + 1e-6 and y1 < placed.size[1] + 1e-6
        for u0, v0, u1, v1 in boxes[:i]:
            assert x1 < u0 or u1 < x0 or y1 < v0 or v1 < y0
    for (start, end), line in zip(edges, placed.lines):
        assert line[0] == pytest.approx((placed.centres[start][0], boxes[start][3]))
        assert line[-1] == pytest.approx((placed.centres[end][0], boxes[end][1]))
        for a, b in zip(line, line[1:]):
            assert b[1] > a[1] - 1e-6
            for share in np.linspace(0, 1, 40):
                x, y = a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
                assert not any(x0 + 1 < x < x1 - 1 and y0 + 1 < y < y1 - 1 for x0, y0, x1, y1 in boxes)


def test_rows_are_straight() -> None:
    placed = _layers.place([(100.0, 30.0), (60.0, 30.0), (140.0, 30.0)], [(0, 1), (1, 2)])
    assert [x for x, _ in placed.centres] == pytest.approx([70, 70, 70])
    assert all(len(line) == 2 for line in placed.lines)
    with pytest.raises(ValueError, match="lead back to themselves"):
        _layers.place([(1, 1), (1, 1)], [(0, 1), (1, 0)])


def fake_dot(folder: pathlib.Path, script: str) -> str:
    program = folder / "bin" / "dot"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n" + script, encoding="utf-8")
    program.chmod(0o755)
    return f"{program.parent}:/usr/bin:/bin"


def test_graphviz_is_called(tmp_path: Any, monkeypatch: Any) -> None:
    png = tmp_path / "canned.png"
    plt.imsave(png, np.zeros((30, 60, 3)))
    monkeypatch.setenv("PATH", fake_dot(tmp_path, f'echo "$@" > {tmp_path}/said; cat > {tmp_path}/input; cat {png}\n'))
    text = branched().diagram()
    axes = cnn.plot.model_diagram(branched())
    assert (tmp_path / "said").read_text() == "-Tpng -Gdpi=150\n" and (tmp_path / "input").read_text() == text
    assert axes.images[0].get_array().shape[:2] == (30, 60) and not axes.axison
    assert tuple(axes.figure.get_size_inches()) == pytest.approx((0.4, 0.2))
    cnn.plot.save_diagram(branched(), tmp_path / "x.svg")
    assert (tmp_path / "said").read_text() == "-Tsvg\n" and (tmp_path / "x.svg").read_bytes() == png.read_bytes()


def test_graphviz_that_fails_or_is_not_there(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", fake_dot(tmp_path, "echo no plugin >&2; exit 3\n"))
    assert cnn.plot.model_diagram(branched()).texts
    with pytest.raises(ValueError, match="dot failed: no plugin"):
        cnn.plot.model_diagram(branched(), engine="dot")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cnn.plot.model_diagram(branched()).texts
    with pytest.raises(ValueError, match="'dot' is not installed"):
        cnn.plot.model_diagram(branched(), engine="dot")
    cnn.plot.save_diagram(branched(), tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 5000


def test_keras_draws_without_graphviz(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, magic in (("model.png", b"\x89PNG"), ("model.svg", b"<?xml"), ("model.pdf", b"%PDF"), ("noend", b"\x89PNG")):
        plot_model(keras_models.residual(), to_file=tmp_path / name, show_shapes=True, dpi=60)
        assert (tmp_path / name).read_bytes().startswith(magic)
    with pytest.raises(ImportError, match="'dot' draws a .jpg, is not there; matplotlib stands in for .png, .svg, .pdf"):
        plot_model(keras_models.residual(), to_file=tmp_path / "model.jpg")


def sizes(path: pathlib.Path) -> Tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


@pytest.mark.parametrize("engine", ["matplotlib", "dot"])
def test_files(engine: str, tmp_path: Any) -> None:
    assert engine != "dot" or shutil.which("dot"), "no Graphviz: scripts/test installs Debian's 'graphviz'"
    model = notebook()
    for dpi, name in ((None, "a.png"), (100, "b.PNG"), (None, "c.svg"), (72, "d.pdf")):
        cnn.plot.save_diagram(model, tmp_path / name, dpi=dpi, engine=engine)
    wide, half = sizes(tmp_path / "a.png"), sizes(tmp_path / "b.PNG")
    assert wide[0] == pytest.approx(2 * half[0], abs=3) and wide[1] > 2 * wide[0]
    assert wide[0] == pytest.approx(1505, rel=0.05) and wide[1] == pytest.approx(3923, rel=0.1)  # of plot_model at 200 dpi
    assert b"<svg" in (tmp_path / "c.svg").read_bytes() and (tmp_path / "d.pdf").read_bytes().startswith(b"%PDF")
    assert not plt.get_fignums()


def test_files_of_text(tmp_path: Any) -> None:
    cnn.plot.save_diagram(branched(), os.path.join(tmp_path, "x.dot"), left_to_right=True)
    assert (tmp_path / "x.dot").read_text() == branched().diagram(left_to_right=True)


def test_a_model_of_many_layers(tmp_path: Any) -> None:
    model = cnn.Model()
    model.add("input", shape=(4,))
    for _ in range(400):
        model.add("dropout", rate=0.5)
    cnn.plot.save_diagram(model, tmp_path / "x.png", engine="matplotlib")
    assert sizes(tmp_path / "x.png")[1] <= diagram.MOST_PIXELS + 1


@pytest.mark.parametrize("model, options, error, message", [
    (3, {}, TypeError, "int is no Model"), ("digraph {}", {}, ValueError, "holds no boxes"),
    ("digraph {}", {"shapes": False}, TypeError, "'shapes': DOT text is drawn as it is"),
    ("digraph {}", {"engine": "neato"}, ValueError, "'neato' is none of auto, dot, matplotlib")])
def test_refused(model: Any, options: Any, error: Any, message: str, tmp_path: Any) -> None:
    with pytest.raises(error, match=message):
        cnn.plot.model_diagram(model, **{"engine": "matplotlib", **options})
    with pytest.raises(error, match=message):
        cnn.plot.save_diagram(model, tmp_path / "x.png", **{"engine": "matplotlib", **options})
    assert not plt.get_fignums() and not list(tmp_path.iterdir())


def test_paths_refused(tmp_path: Any) -> None:
    with pytest.raises(TypeError, match="colour"):
        cnn.plot.model_diagram(branched(), colour=1)
    for name in ("x.bmp", "x"):
        with pytest.raises(ValueError, match=f"'{name}' must end in .png, .svg, .pdf or .dot"):
            cnn.plot.save_diagram(branched(), tmp_path / name)
    with pytest.raises(ValueError, match="'dpi': 0 must be 1 to 10000"):
        cnn.plot.save_diagram(branched(), tmp_path / "x.png", dpi=0)
    with pytest.raises(FileNotFoundError):
        cnn.plot.save_diagram(branched(), tmp_path / "none" / "x.png", engine="matplotlib")
