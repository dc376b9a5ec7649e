"""What holds for every picture: whose figure it is, what is left as it was, what fits."""
from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Callable, Dict, Iterator

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

import cnn.plot
import pictures
from cnn.plot import _style

IMAGES = np.arange(6 * 28 * 28, dtype=np.float32).reshape(6, 28, 28) % 251
ONES = ["class_distribution", "confusion_matrix", "embedding"]
DRAW: Dict[str, Callable[..., Any]] = {
    "sample_images": lambda **more: cnn.plot.sample_images(IMAGES, [0, 1, 2, 3, 4, 5], **more),
    "augmentation": lambda **more: cnn.plot.augmentation(IMAGES[0], IMAGES[1:], **more),
    "class_distribution": lambda **more: cnn.plot.class_distribution([0, 1, 1], **more),
    "confusion_matrix": lambda **more: cnn.plot.confusion_matrix([[3, 1], [0, 2]], **more),
    "activation_maps": lambda **more: cnn.plot.activation_maps(IMAGES.transpose(1, 2, 0), count=5, image=IMAGES[0], **more),
    "embedding": lambda **more: cnn.plot.embedding(IMAGES, [0, 1, 2, 0, 1, 2], **more),
    "first_layer_kernels": lambda **more: cnn.plot.first_layer_kernels(IMAGES.transpose(1, 2, 0)[:, :, np.newaxis], **more),
    "reliability": lambda **more: cnn.plot.reliability([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], **more),
    "saliency": lambda **more: cnn.plot.saliency(IMAGES, IMAGES, count=3, **more),
    "sample_predictions": lambda **more: cnn.plot.sample_predictions(IMAGES[:5], [0, 1, 2, 3, 4], [0, 0, 0, 0, 0], **more),
    "misclassified": lambda **more: cnn.plot.misclassified(IMAGES[:5], [0, 1, 2, 3, 4], [0, 0, 0, 0, 0], **more),
    "probabilities": lambda **more: cnn.plot.probabilities(IMAGES[:2], [0, 1], np.full((2, 3), 0.25), **more),
    "training_history": lambda **more: cnn.plot.training_history({"loss": [2, 1], "accuracy": [0.5, 0.6]}, **more),
}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(params=list(DRAW))
def draw(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return DRAW[request.param]


def test_all_are_here() -> None:
    assert set(cnn.plot.__all__) == {*DRAW, "model_diagram", "save_diagram"}  # which have no style, and tests of their own


def test_one_figure_of_pyplot_and_nothing_else_changed(draw: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("show() was called"))
    before, backend = dict(matplotlib.rcParams), matplotlib.get_backend()
    made = draw(style="dark")
    assert len(plt.get_fignums()) == 1
    assert getattr(made, "figure", made) is plt.gcf()
    assert dict(matplotlib.rcParams) == before and matplotlib.get_backend() == backend


@pytest.mark.parametrize("name", list(DRAW))
def test_given_axes_are_used(name: str) -> None:
    figure, axes = plt.subplots(2, 3)
    made = DRAW[name](ax=axes[0, 0] if name in ONES else axes)
    assert getattr(made, "figure", made) is figure
    assert plt.get_fignums() == [figure.number]
    assert figure._suptitle is None
    assert axes[0, 0].images or axes[0, 0].lines or axes[0, 0].patches or axes[0, 0].collections


@pytest.mark.parametrize("name", sorted(set(DRAW) - set(ONES)))
def test_given_figure_is_filled(name: str) -> None:
    figure = plt.figure(figsize=(12, 6), layout="constrained")
    left, right = figure.subfigures(1, 2)
    assert DRAW[name](ax=left) is left
    assert left.axes and not right.axes
    assert plt.get_fignums() == [figure.number]


def test_style_colours(draw: Callable[..., Any]) -> None:
    for style, dark in (("light", False), ("dark", True)):
        made = draw(style=style)
        figure = getattr(made, "figure", made)
        title = figure.axes[0].title
        assert (_style.luminance(figure.get_facecolor()) < 0.1) == dark
        paper, ink = (_style.luminance(matplotlib.colors.to_rgb(color)) for color in (figure.get_facecolor(), title.get_color()))
        assert (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05) > 3.9
    with matplotlib.rc_context({"figure.facecolor": "#123456"}):
        made = draw()
    assert matplotlib.colors.to_hex(getattr(made, "figure", made).get_facecolor()) == "#123456"


@pytest.mark.parametrize("sheet", ["ggplot", "dark_background", "Solarize_Light2", "classic"])
def test_texts_fit_under_style_sheets(draw: Callable[..., Any], sheet: str) -> None:
    with plt.style.context(sheet):
        made = draw()
        pictures.check_texts(getattr(made, "figure", made))


def test_bad_keywords_leave_no_figure(draw: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="colour"):
        draw(colour="red")
    with pytest.raises(ValueError, match="style 'drak' is none of light, dark"):
        draw(style="drak")
    with pytest.raises(TypeError, match="'ax': str is no matplotlib Axes"):
        draw(ax="here")
    assert not plt.get_fignums()


def test_too_few_axes() -> None:
    _, axes = plt.subplots(1, 2)
    with pytest.raises(ValueError, match="2 Axes for 6 panels"):
        DRAW["sample_images"](ax=axes)


def test_a_figure_half_drawn_is_closed() -> None:
    with pytest.raises(ZeroDivisionError):
        with _style.panels("test", 3, ax=None, columns=2, cell=(1, 1), title=None, style=None):
            assert plt.get_fignums()
            raise ZeroDivisionError
    assert not plt.get_fignums()


def test_dollars_are_no_mathematics() -> None:
    for text in ("a $x$ b", "$", "$5 to $10", r"5\$ $"):
        figure = DRAW["sample_images"](title=text)
        title = next(t for t in figure.texts if t.get_fontsize() == 14)
        shown, mathematics = title._preprocess_math(title.get_text())
        assert (shown, bool(mathematics)) == (text, False)


def test_shortening() -> None:
    line = "a name that is too long for its place"
    for width in (5.0, 40.0, 100.0):
        short = _style.shortened(line, width, 10)
        assert short.endswith("...") and line.startswith(short[:-3])
        assert _style.text_width(short, 10) <= width or len(short) == 4
    assert _style.shortened(line, 1000, 10) == line
    texts, size = _style.fitted(["abc", line], 100, 10)
    assert texts[0] == "abc" and size == pytest.approx(7)
    assert _style.fitted(["abc"], 100, 10) == (["abc"], 10)


def run(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True)


def test_import_brings_no_matplotlib() -> None:
    code = "import sys, cnn.plot; print(sorted(name for name in sys.modules if 'matplotlib' in name or name == 'pandas'))"
    assert run(code).stdout == "[]\n"


def test_without_matplotlib_it_says_so() -> None:
    result = run("import sys; sys.modules['matplotlib'] = None\nimport cnn.plot\ncnn.plot.class_distribution([1])")
    assert "ImportError: cnn.plot: matplotlib is not installed" in result.stderr


def test_a_backend_that_needs_a_display_is_no_obstacle(tmp_path: Any) -> None:
    """Debian's matplotlibrc asks for Tk: without display, pictures still can be made and saved."""
    path = tmp_path / "x.png"
    code = f"import cnn.plot\ncnn.plot.class_distribution([1]).figure.savefig({str(path)!r})"
    result = run(code, MPLBACKEND="TkAgg", DISPLAY="", WAYLAND_DISPLAY="")
    assert result.returncode == 0, result.stderr
    assert path.stat().st_size > 1000
