"""How each picture of a run is drawn, for desk and for phone, by cnn.plot; and what it says to those who do not see it."""
from __future__ import annotations

import pathlib
from typing import Any, Dict, List

import numpy as np

from .. import plot
from .canvas import Canvas
from .results import Results
from .run import Run

SAMPLES, AUGMENTED, SHOWN, WRONG, KERNELS, MAPS, POINTS = 15, 9, 5, 10, 64, 16, 2000
EXTREMES = 6  # images with saliency maps


def is_mnist(results: Results) -> bool:
    return pathlib.PurePath(results.data or "").stem.lower() == "mnist"


def _title(run: Run, of_mnist: str, of_others: str) -> str:
    return of_mnist if is_mnist(run.results) else of_others


def _class_word(run: Run) -> str:
    return "Digit" if is_mnist(run.results) else "Class"


def _columns(canvas: Canvas, wide: int, narrow: int) -> int:
    return wide if canvas.wide else narrow


def _height(panels: int, columns: int, cell: float, more: float = 0.5) -> float:
    return -(-panels // columns) * cell + more


def sample_images(run: Run, canvas: Canvas) -> Any:
    count = min(SAMPLES, len(run.train))
    columns = _columns(canvas, 5, 3)
    return plot.sample_images(run.train.inputs(0, count), run.train.labels()[:count], count=count, columns=columns,
                              title=_title(run, "Sample MNIST Images", "Sample Images"), style=canvas.style,
                              ax=canvas.figure(_height(count, columns, 1.6)))


def class_distribution(run: Run, canvas: Canvas) -> Any:
    counts = {str(i): int(n) for i, n in enumerate(run.train.class_counts())}
    return plot.class_distribution(counts, xlabel=_class_word(run), title="Class Distribution in Training Set",
                                   ax=canvas.axes(3.2), style=canvas.style)


def augmentation(run: Run, canvas: Canvas) -> Any:
    image = run.train.inputs(0, 1)[0]
    columns = _columns(canvas, 5, 3)
    changed = np.stack([run.augmenter.apply(image, pass_=i) for i in range(AUGMENTED)])
    return plot.augmentation(image, changed, columns=columns, style=canvas.style,
                             ax=canvas.figure(_height(1 + AUGMENTED, columns, 1.6)))


def training_history(run: Run, canvas: Canvas) -> Any:
    history: Dict[str, Any] = {"epoch": [row["epoch"] for row in run.results.epochs], **run.results.history}
    return plot.training_history(history, metrics=("accuracy", "loss"), ax=canvas.axes(6.4, 2), style=canvas.style)


def confusion_matrix(run: Run, canvas: Canvas) -> Any:
    return plot.confusion_matrix(np.array(run.results.matrix), style=canvas.style, ax=canvas.axes(3.9),
                                 title=_title(run, "Confusion Matrix - MNIST CNN", "Confusion Matrix"))


def history_words(run: Run) -> str:
    first, last = run.results.epochs[0], run.results.epochs[-1]
    parts = [f"{name.replace('val_', 'validation ')} from {first[name]:.4f} to {last[name]:.4f}"
             for name in ("accuracy", "val_accuracy", "loss", "val_loss") if name in run.results.metrics]
    return f"Curves over {len(run.results.epochs)} epochs: {', '.join(parts)}. The table of epochs has all values."


def distribution_words(run: Run) -> str:
    counts = run.train.class_counts()
    return "Bars: " + ", ".join(f"{n} images of class {i}" for i, n in enumerate(counts)) + "."


def labels_words(run: Run) -> str:
    labels = ", ".join(map(str, run.train.labels()[:SAMPLES]))
    return f"The first images of the training set, each under its label: {labels}."


def matrix_words(run: Run) -> str:
    right = run.results.samples - run.results.errors
    return (f"Heat map: {right} of {run.results.samples} test images lie on the diagonal, that is, are predicted right. "
            "The table below has all counts.")


def shown(run: Run) -> List[int]:
    """Test images that the seed picks."""
    count = min(SHOWN, len(run.labels))
    return [int(i) for i in np.random.default_rng(run.results.seed).choice(len(run.labels), count, replace=False)]


def _test_images(run: Run, indices: List[int]) -> Any:
    return np.concatenate([run.test.inputs(i, 1) for i in indices])


def sample_predictions(run: Run, canvas: Canvas) -> Any:
    picked = shown(run)
    columns = _columns(canvas, 5, 2)
    title = "Sample Predictions with Confidence Scores" if canvas.wide else "Sample Predictions"
    return plot.sample_predictions(_test_images(run, picked), run.labels[picked], run.probabilities[picked],
                                   title=title, columns=columns, ax=canvas.figure(_height(len(picked), columns, 2.6)),
                                   style=canvas.style)


def probabilities(run: Run, canvas: Canvas) -> Any:
    picked = shown(run)
    title = "Detailed Predictions: Images and Probability Distributions"
    figure = plot.probabilities(_test_images(run, picked), run.labels[picked], run.probabilities[picked],
                                xlabel=_class_word(run), title=title if canvas.wide else "Detailed Predictions",
                                ax=canvas.figure(_height(len(picked), 1, 2.1)), style=canvas.style)
    if not canvas.wide:  # no room for two titles; the page's caption says what hatching means
        for axes in figure.axes[1::2]:
            axes.set_title("", loc="right")
    return figure


def wrong(run: Run) -> List[int]:
    """The test images that were predicted wrongly, those of most confidence first."""
    taken = run.probabilities.argmax(axis=1)
    missed = np.flatnonzero(taken != run.labels)
    order = np.argsort(-run.probabilities[missed, taken[missed]], kind="stable")
    return [int(i) for i in missed[order][:WRONG]]


def misclassified(run: Run, canvas: Canvas) -> Any:
    picked = wrong(run) or [0]
    columns = _columns(canvas, 5, 2)
    return plot.misclassified(_test_images(run, picked), run.labels[picked], run.probabilities[picked], columns=columns,
                              ax=canvas.figure(_height(len(picked), columns, 2.5)), style=canvas.style)


def calibration(run: Run, canvas: Canvas) -> Any:
    return plot.reliability(run.labels, run.probabilities, ax=canvas.axes(7, 2), style=canvas.style)


def kernels(run: Run, canvas: Canvas) -> Any:
    weights = run.model.weight(f"{run.convolution}/kernel")
    columns = _columns(canvas, 8, 6)
    height = _height(min(KERNELS, weights.shape[3]), columns, 0.75, 1.0)
    return plot.first_layer_kernels(weights, count=KERNELS, columns=columns, ax=canvas.figure(height),
                                    style=canvas.style)


def activations(run: Run, canvas: Canvas) -> Any:
    image, layer = _test_images(run, shown(run)[:1]), run.convolution
    maps = run.model.activations(layer, image)
    columns = _columns(canvas, 6, 4)
    return plot.activation_maps(maps, image=image, count=MAPS, columns=columns, title=f"Activation Maps of {layer}",
                                ax=canvas.figure(_height(1 + min(MAPS, maps.shape[3]), columns, 1.05, 1.0)),
                                style=canvas.style)


def saliency(run: Run, canvas: Canvas) -> Any:
    picked = (shown(run) + [i for i in wrong(run) if i not in shown(run)])[:EXTREMES]
    images = _test_images(run, picked)
    columns = _columns(canvas, 3, 1)
    return plot.saliency(images, run.model.input_gradient(images), labels=run.labels[picked],
                         predictions=run.probabilities[picked], columns=columns,
                         ax=canvas.figure(_height(len(picked), columns, 2.2, 1.0)), style=canvas.style)


def _hidden(run: Run) -> str:
    """The last layer whose outputs are vectors, before the one that predicts; dropout passes them on as they are."""
    vectors = [layer.name for layer in run.model.layers[:-1] if len(layer.output_shape) == 1 and layer.type != "dropout"]
    return vectors[-1]


def embedding(run: Run, canvas: Canvas) -> Any:
    count = min(POINTS, len(run.labels))
    points = run.model.activations(_hidden(run), run.test.inputs(0, count))
    return plot.embedding(points, run.labels[:count], title=f"Embedding of {_hidden(run)} (PCA)", ax=canvas.axes(4.3),
                          style=canvas.style)


def model_diagram(run: Run, canvas: Canvas) -> Any:
    """The same on light and dark, phone and desk: it is narrow, and has its own paper."""
    return plot.model_diagram(run.model)


def verdicts(run: Run, picked: List[int]) -> str:
    taken = run.probabilities.argmax(axis=1)
    return "; ".join(f"{run.labels[i]} predicted as {taken[i]} with {run.probabilities[i, taken[i]] * 100:.1f} per cent"
                     for i in picked)


def diagram_words(run: Run) -> str:
    return "The layers in a row from input to output: " + ", ".join(layer.name for layer in run.model.layers) + "."
