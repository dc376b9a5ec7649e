"""Pictures of predictions: samples with their verdict, bars of probability, the errors."""
from __future__ import annotations

from typing import Any, Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

import cnn.plot
import pictures

IMAGES, LABELS = pictures.mnist("t10k")
SCORES = pictures.predicted()
CLASSES = SCORES.argmax(axis=1)
ERRORS = np.flatnonzero(CLASSES != LABELS)
PICKED = [0, int(ERRORS[0]), 7, int(ERRORS[1]), 1234]
GREEN, RED = to_hex("green"), to_hex("red")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def titles(figure: Any) -> Any:
    return [axes.get_title() for axes in figure.axes]


def colors(figure: Any) -> Any:
    return [to_hex(axes.title.get_color()) for axes in figure.axes]


def verdict(i: int) -> str:
    sign = "✔" if CLASSES[i] == LABELS[i] else "✘"
    return f"True: {LABELS[i]}\n{sign} Pred: {CLASSES[i]}\nConf: {100 * SCORES[i].max():.1f}%"


def test_sample_predictions_of_the_notebook(tmp_path: Any) -> None:
    figure = cnn.plot.sample_predictions(IMAGES, LABELS, SCORES, indices=PICKED)
    assert titles(figure) == [verdict(i) for i in PICKED]
    assert colors(figure) == [GREEN, RED, GREEN, RED, GREEN]
    assert all(axes.title.get_weight() == "bold" and axes.title.get_fontsize() == 10 for axes in figure.axes)
    assert figure._suptitle.get_text() == "Sample Predictions with Confidence Scores"
    assert tuple(figure.get_size_inches()) == pytest.approx((15, 3))
    assert np.array_equal(figure.axes[3].images[0].get_array(), IMAGES[PICKED[3]])
    pictures.check_texts(figure)
    pictures.check_saved(figure, tmp_path, 10000)


def test_signs_are_in_the_fonts() -> None:
    import warnings
    with warnings.catch_warnings(), plt.rc_context({"font.family": "DejaVu Serif"}):
        warnings.simplefilter("error")
        cnn.plot.sample_predictions(IMAGES, LABELS, SCORES, indices=PICKED).canvas.draw()


def test_dark_colours_differ_from_light_ones() -> None:
    dark = colors(cnn.plot.sample_predictions(IMAGES, LABELS, SCORES, indices=PICKED, style="dark"))
    assert dark[0] != dark[1] and dark[0] not in (GREEN, RED) and dark[1] not in (GREEN, RED)


def test_classes_have_no_confidence() -> None:
    figure = cnn.plot.sample_predictions(IMAGES[:2], LABELS[:2], [LABELS[0], 3])
    assert titles(figure) == [f"True: {LABELS[0]}\n✔ Pred: {LABELS[0]}", f"True: {LABELS[1]}\n✘ Pred: 3"]
    whole = cnn.plot.sample_predictions(IMAGES[:2], LABELS[:2], np.array([7.0, 3.0]))
    assert titles(whole) == titles(figure)


def test_two_classes_of_one_output() -> None:
    figure = cnn.plot.sample_predictions(IMAGES[:3], [1, 0, 1], np.array([[0.75], [0.25], [0.125]]), class_names=["no", "yes"])
    assert titles(figure) == ["True: yes\n✔ Pred: yes\nConf: 75.0%", "True: no\n✔ Pred: no\nConf: 75.0%",
                              "True: yes\n✘ Pred: no\nConf: 87.5%"]
    assert titles(cnn.plot.sample_predictions(IMAGES[:1], [1], [0.75])) == ["True: 1\n✔ Pred: 1\nConf: 75.0%"]


@pytest.mark.parametrize("count, columns", [(1, 5), (5, 5), (10, 4), (10, 10)])
def test_long_names_fit(count: int, columns: int) -> None:
    for draw in (cnn.plot.sample_predictions, cnn.plot.misclassified):
        images, labels, scores = IMAGES[ERRORS[:count]], LABELS[ERRORS[:count]], SCORES[ERRORS[:count]]
        figure = draw(images, labels, scores, count=count, columns=columns, class_names=pictures.LONG_NAMES)
        assert len(figure.axes) == count
        pictures.check_texts(figure)


def test_misclassified_of_the_notebook(tmp_path: Any) -> None:
    figure = cnn.plot.misclassified(IMAGES, LABELS, SCORES)
    order = sorted(ERRORS, key=lambda i: -SCORES[i].max())[:10]
    assert len(ERRORS) == 62
    assert titles(figure) == [verdict(i).replace("\n✘", ", ✘") for i in order]
    assert colors(figure) == [RED] * 10
    assert all(axes.title.get_fontsize() == 9 for axes in figure.axes)
    assert all(np.array_equal(axes.images[0].get_array(), IMAGES[i]) for axes, i in zip(figure.axes, order))
    assert figure._suptitle.get_text() == "Misclassified Examples"
    assert tuple(figure.get_size_inches()) == pytest.approx((15, 6))
    pictures.check_texts(figure)
    pictures.check_saved(figure, tmp_path, 10000)


def test_errors_few_none_and_of_classes() -> None:
    end = ERRORS[1] + 1
    few = cnn.plot.misclassified(IMAGES[:end], LABELS[:end], SCORES[:end], title="All Errors")
    assert sorted(titles(few)) == sorted(verdict(i).replace("\n✘", ", ✘") for i in ERRORS[:2])
    none = cnn.plot.misclassified(IMAGES[:3], LABELS[:3], SCORES[:3])
    assert [text.get_text() for text in none.axes[0].texts] == ["✔ none of 3"]
    pictures.check_texts(none)
    known = cnn.plot.misclassified(IMAGES, LABELS, CLASSES, count=3)
    assert titles(known) == [f"True: {LABELS[i]}, ✘ Pred: {CLASSES[i]}" for i in ERRORS[:3]]
    lost = np.full((3, 10), 0.1, np.float32)
    lost[0, 3], lost[1, 0] = np.nan, 0.9
    figure = cnn.plot.misclassified(IMAGES[:3], [1, 1, 1], lost)
    assert [title.split()[-1] for title in titles(figure)] == ["90.0%", "10.0%", "nan%"]


def test_probabilities_of_the_notebook(tmp_path: Any) -> None:
    figure = cnn.plot.probabilities(IMAGES, LABELS, SCORES, indices=PICKED, xlabel="Digit")
    images, bars = figure.axes[::2], figure.axes[1::2]
    assert [axes.get_title() for axes in images] == [verdict(i).replace("Pred", "Predicted").replace("\n", ", ", 1).split("\n")[0]
                                                     for i in PICKED]
    assert [to_hex(axes.title.get_color()) for axes in images] == [GREEN, RED, GREEN, RED, GREEN]
    for axes, i in zip(bars, PICKED):
        assert np.allclose([bar.get_height() for bar in axes.patches], SCORES[i])
        true = [j == LABELS[i] for j in range(10)]
        assert [to_hex(bar.get_facecolor()) == GREEN for bar in axes.patches] == true
        assert [bool(bar.get_hatch()) for bar in axes.patches] == true
        assert [name.get_fontweight() == "bold" for name in axes.get_xticklabels()] == true
        assert to_hex(axes.patches[(LABELS[i] + 1) % 10].get_facecolor()) == to_hex("steelblue")
        assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_ylim()) == ("Digit", "Probability", (0, 1))
        assert (axes.get_title(), axes.get_title(loc="right")) == ("Prediction Confidence", "hatched, bold: true")
    assert figure._suptitle.get_text() == "Detailed Predictions: Images and Probability Distributions"
    assert tuple(figure.get_size_inches()) == pytest.approx((12, 15))
    pictures.check_texts(figure)
    pictures.check_saved(figure, tmp_path, 20000)


@pytest.mark.parametrize("classes, long, count", [(2, False, 1), (10, True, 5), (26, False, 3), (26, True, 3), (200, False, 2)])
def test_probabilities_fit(classes: int, long: bool, count: int) -> None:
    scores = np.random.RandomState(3).dirichlet(np.ones(classes), size=count)
    names = [f"{i} {pictures.LONG_NAMES[i % 10]}" for i in range(classes)] if long else None
    figure = cnn.plot.probabilities(IMAGES[:count], np.arange(count), scores, class_names=names)
    assert len(figure.axes) == 2 * count and len(figure.axes[1].patches) == classes
    pictures.check_texts(figure)
    assert all(axes.get_window_extent().height > 40 for axes in figure.axes)


def test_probabilities_on_given_axes() -> None:
    figure, axes = plt.subplots(2, 2, figsize=(10, 6), layout="constrained")
    assert cnn.plot.probabilities(IMAGES, LABELS, SCORES, count=2, ax=axes) is figure
    assert axes[1, 0].images and axes[1, 1].patches and figure._suptitle is None
    pictures.check_texts(figure)


@pytest.mark.parametrize("labels, predictions, options, message", [
    (LABELS[:2], SCORES[:3], {}, r"'predictions': shape \(3, 10\) must be \[N, K\]"),
    (LABELS[:3], SCORES[:2], {}, "'labels': 3 for 2 images"), (LABELS[:2], [1], {}, "'predictions': 1 for 2 images"),
    (LABELS[:2], [[-3.5, 1.0]] * 2, {}, "-3.5 of sample 0 is no probability"), ([0, 2], [[0.5, 0.5]] * 2, {}, "class 2 has no prob"),
    (LABELS[:2], SCORES[:2], {"class_names": list("abc")}, "3 names for 10 classes"),
    (LABELS[:2], SCORES[:2], {"count": 0}, "'count': 0 must be 1 or more"), (LABELS[:2], np.zeros((2, 2, 2)), {}, "must be"),
    (LABELS[:2], ["a", "b"], {}, "are no classes")])
@pytest.mark.parametrize("name", ["sample_predictions", "misclassified", "probabilities"])
def test_predictions_refused(name: str, labels: Any, predictions: Any, options: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"{name}.*{message}"):
        getattr(cnn.plot, name)(IMAGES[:2], labels, predictions, **options)
    assert not plt.get_fignums()


def test_bars_need_probabilities() -> None:
    with pytest.raises(ValueError, match="classes without probabilities"):
        cnn.plot.probabilities(IMAGES[:2], [1, 2], [1, 2])
