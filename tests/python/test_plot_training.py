"""Pictures of training and its outcome: history, confusion matrix."""
from __future__ import annotations

from typing import Any, Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas
import pytest
from matplotlib.colors import to_hex

import cnn
import cnn.plot
import pictures

HISTORY = pictures.history()
MATRIX = pictures.confusion()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def legend(axes: Any) -> Any:
    return [text.get_text() for text in axes.get_legend().get_texts()]


class History:
    """As fit returns it."""

    def __init__(self, history: Any, epoch: Any) -> None:
        self.history, self.epoch = history, epoch


def test_history_of_the_notebook(tmp_path: Any) -> None:
    figure = cnn.plot.training_history(HISTORY)
    accuracy, loss = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["Model Accuracy Over Epochs", "Model Loss Over Epochs"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["Accuracy", "Loss"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["Epoch", "Epoch"]
    assert legend(accuracy) == ["Training Accuracy", "Validation Accuracy", "Best Epoch: 28"]
    assert legend(loss) == ["Training Loss", "Validation Loss", "Best Epoch: 28"]
    assert int(np.argmin(HISTORY["val_loss"])) == 28
    assert tuple(figure.get_size_inches()) == (14, 5)
    for axes, name in ((accuracy, "accuracy"), (loss, "loss")):
        training, validation, mark = axes.lines
        assert np.array_equal(training.get_ydata(), HISTORY[name])
        assert np.array_equal(validation.get_ydata(), HISTORY["val_" + name])
        assert np.array_equal(training.get_xdata(), np.arange(30))
        assert (training.get_marker(), validation.get_marker(), mark.get_linestyle()) == ("o", "s", "--")
        assert (to_hex(training.get_color()), to_hex(validation.get_color())) == ("#1f77b4", "#ff7f0e")
        assert list(mark.get_xdata()) == [28, 28]
        assert axes.get_legend().get_frame().get_alpha() == 1  # the mark passes behind it
    pictures.check_texts(figure)
    figure.canvas.draw()
    assert [tick for tick in accuracy.get_xticks() if 0 <= tick <= 30] == [0, 5, 10, 15, 20, 25, 30]
    pictures.check_saved(figure, tmp_path, 50000)


def test_forms_of_history() -> None:
    frame = pandas.DataFrame(HISTORY)
    logged = frame.assign(epoch=range(10, 40))
    for given, first in ((frame, 0), (logged, 10), (History(HISTORY, list(range(5, 35))), 5), (History(HISTORY, []), 0),
                         ({key: np.float32(value) for key, value in HISTORY.items()}, 0)):
        figure = cnn.plot.training_history(given)
        assert len(figure.axes) == 2
        assert np.array_equal(figure.axes[0].lines[0].get_xdata(), np.arange(first, first + 30))
        assert legend(figure.axes[0])[2] == f"Best Epoch: {first + 28}"


def test_panels_and_learning_rate() -> None:
    figure = cnn.plot.training_history({**HISTORY, "top_k": HISTORY["accuracy"]}, learning_rate=True)
    assert [axes.get_ylabel() for axes in figure.axes] == ["Accuracy", "Top K", "Loss", "Learning Rate"]
    rate = figure.axes[3]
    assert rate.get_title() == "Learning Rate Over Epochs" and rate.get_yscale() == "log"
    assert np.array_equal(rate.lines[0].get_ydata(), HISTORY["learning_rate"])
    assert legend(rate) == ["Learning Rate", "Best Epoch: 28"]
    pictures.check_texts(figure)
    only = cnn.plot.training_history(HISTORY, metrics=["loss"], best=None)
    assert [axes.get_ylabel() for axes in only.axes] == ["Loss"] and len(only.axes[0].lines) == 2
    with pytest.raises(ValueError, match="the history holds none"):
        cnn.plot.training_history({"loss": [1]}, learning_rate=True)


@pytest.mark.parametrize("best, best_is, epoch", [("auto", "auto", 1), ("val_accuracy", "auto", 2), ("loss", "auto", 3),
                                                  ("loss", "max", 0), ("val_accuracy", "min", 3)])
def test_best_epoch(best: str, best_is: str, epoch: int) -> None:
    history = {"loss": [4, 3, 2, 1], "val_loss": [np.nan, 1, 2, 3], "accuracy": [0, 0, 0, 0], "val_accuracy": [.5, .5, .9, .4]}
    figure = cnn.plot.training_history(history, best=best, best_is=best_is)
    assert legend(figure.axes[0])[-1] == f"Best Epoch: {epoch}"


def test_history_with_gaps() -> None:
    nan, inf = float("nan"), float("inf")
    figure = cnn.plot.training_history({"loss": [1.0, nan, 0.5], "val_loss": [inf, 0.7, -inf], "accuracy": [nan] * 3})
    accuracy, loss = figure.axes
    assert [text.get_text() for text in accuracy.texts] == ["no finite value"]
    assert legend(loss)[-1] == "Best Epoch: 1"
    pictures.check_texts(figure)
    nothing = cnn.plot.training_history({"loss": [nan, nan]})
    assert legend(nothing.axes[0]) == ["Training Loss"]
    single = cnn.plot.training_history({"loss": [0.5]})
    assert single.axes[0].lines[0].get_marker() == "o"
    pictures.check_texts(single)


def test_history_of_rarer_validation() -> None:
    history = {"loss": [5, 4, 3, 2, 1], "val_loss": [2.0, 1.0]}
    with pytest.raises(ValueError, match="'val_loss': 2 values for 5 epochs; validation_freq="):
        cnn.plot.training_history(history)
    figure = cnn.plot.training_history(history, validation_freq=2)
    drawn = figure.axes[0].lines[1].get_ydata()
    assert np.array_equal(drawn, [np.nan, 2, np.nan, 1, np.nan], equal_nan=True)
    assert legend(figure.axes[0])[-1] == "Best Epoch: 3"


@pytest.mark.parametrize("history, options, message", [
    ({}, {}, "no epoch in it"), ({"loss": []}, {}, "no epoch in it"), (3, {}, "int is no History, dict or DataFrame"),
    ({"loss": ["a"]}, {}, "'loss': values are no numbers"), ({"loss": [[1]]}, {}, r"shape \(1, 1\) must be \[epochs\]"),
    ({"val_loss": [1]}, {}, "neither loss nor metric"), ({"loss": [1]}, {"metrics": ["acc"]}, "no 'acc' in the history; it has loss"),
    ({"loss": [1]}, {"metrics": []}, "'metrics': empty"), ({"loss": [1]}, {"best": "auc"}, "no 'auc' in the history"),
    ({"loss": [1]}, {"best_is": "large"}, "'large' is none of auto, min, max"),
    ({"loss": [1, 2], "accuracy": [1]}, {}, "'accuracy': 1 values for 2 epochs")])
def test_history_refuses(history: Any, options: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        cnn.plot.training_history(history, **options)
    assert not plt.get_fignums()


def test_confusion_of_the_notebook(tmp_path: Any) -> None:
    axes = cnn.plot.confusion_matrix(MATRIX, title="Confusion Matrix - MNIST CNN")
    bar = axes.figure.axes[-1]
    assert [text.get_text() for text in axes.texts] == [str(count) for count in MATRIX.ravel()]
    assert np.trace(MATRIX) == 9938 and MATRIX[0, 6] == 5 and MATRIX[9, 4] == 7
    assert (axes.get_xlabel(), axes.get_ylabel(), bar.get_ylabel()) == ("Predicted Label", "True Label", "Count")
    assert axes.get_title() == "Confusion Matrix - MNIST CNN"
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == [str(i) for i in range(10)]
    mesh = axes.collections[0]
    assert mesh.get_cmap().name == "Blues" and mesh.get_clim() == (0, 1129)
    assert np.array_equal(np.ravel(mesh.get_array()), MATRIX.ravel())
    white = [text.get_color() == "white" for text in axes.texts]
    assert white == list(np.eye(10, dtype=bool).ravel())
    zero, nine = axes.transData.transform((0.5, 0.5)), axes.transData.transform((9.5, 9.5))
    assert zero[0] < nine[0] and zero[1] > nine[1]  # class 0 at the top left
    pictures.check_texts(axes.figure)
    pictures.check_saved(axes.figure, tmp_path, 50000)


def test_shares() -> None:
    axes = cnn.plot.confusion_matrix([[3, 1, 0], [0, 0, 0], [0, 0, 7]], normalize=True)
    assert [text.get_text() for text in axes.texts] == ["75.0%", "25.0%", "0.0%", "-", "-", "-", "0.0%", "0.0%", "100.0%"]
    assert axes.figure.axes[-1].get_ylabel() == "Share of True Label (%)"
    assert axes.collections[0].get_clim() == (0, 100)


def test_forms_of_matrices() -> None:
    report = cnn.Report(pictures.mnist("t10k")[1], pictures.predicted(), class_names=[f"digit {i}" for i in range(10)])
    assert report.class_names[9] == "digit 9" and cnn.Report([0, 2], [0, 1]).class_names == ["0", "1", "2"]

    class Method:
        def confusion_matrix(self) -> Any:
            return MATRIX

    frame = pandas.DataFrame(MATRIX, columns=[f"digit {i}" for i in range(10)])
    for given, name in ((report, "digit 0"), (frame, "digit 0"), (Method(), "0"), (report.to_dict(), "0"),
                        ({"confusion_matrix": MATRIX.tolist()}, "0"),
                        (MATRIX.astype(float), "0")):
        axes = cnn.plot.confusion_matrix(given)
        assert axes.get_yticklabels()[0].get_text() == name and axes.texts[0].get_text() == "973"


@pytest.mark.parametrize("classes, long, largest", [(1, False, 3), (2, True, 9), (10, True, 60000), (26, False, 2000),
                                                    (26, True, 2000), (40, False, 90)])
@pytest.mark.parametrize("normalize", [False, True])
def test_matrices_fit(classes: int, long: bool, largest: int, normalize: bool) -> None:
    matrix = np.random.RandomState(1).randint(0, largest + 1, size=(classes, classes))
    names = [f"{i} {pictures.LONG_NAMES[i % 10]}" for i in range(classes)] if long else None
    axes = cnn.plot.confusion_matrix(matrix, class_names=names, normalize=normalize)
    assert len(axes.texts) == classes * classes
    pictures.check_texts(axes.figure)
    cell = axes.transData.transform((1, 0)) - axes.transData.transform((0, 1))
    assert all(text.get_window_extent().width <= cell[0] for text in axes.texts)


def test_numbers_too_small_to_read_are_left_out() -> None:
    _, axes = plt.subplots(figsize=(2, 2))
    cnn.plot.confusion_matrix(np.full((30, 30), 1000), ax=axes)
    assert not axes.texts


@pytest.mark.parametrize("matrix, message", [
    (np.zeros((2, 3)), r"shape \(2, 3\) must be \[K, K\]"), (np.zeros((0, 0)), r"shape \(0, 0\)"), ([[-1]], "0 or more"),
    ([[np.nan]], "0 or more"), ([[0.5]], "whole counts"), ([["a"]], "must be counts"), ({"matrix": 1}, "without the key")])
def test_matrices_refused(matrix: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cnn.plot.confusion_matrix(matrix)
    with pytest.raises(ValueError, match="1 names for 2 classes"):
        cnn.plot.confusion_matrix([[1, 0], [0, 1]], class_names=["a"])
    assert not plt.get_fignums()
