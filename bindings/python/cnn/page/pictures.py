"""The pictures of a run: what each shows, what it needs, how it is drawn, and what it says to those who do not see it."""
from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from .. import Error, plot
from .canvas import CANVASES, Canvas, Encoded, close, element, encode, save
from .markup import Markup, link, text
from .results import Results
from .run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SAMPLES, AUGMENTED = 15, 9
PRINT = 300  # dots an inch, of what is meant to be printed; of the others half


class Picture(NamedTuple):
    """One picture. `needs`: attributes of Run that must be there."""

    name: str
    needs: Sequence[str]
    draw: Callable[[Run, Canvas], Any]
    alternative: Callable[[Run], str]
    caption: str
    dpi: int = PRINT // 2


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


def _history_words(run: Run) -> str:
    first, last = run.results.epochs[0], run.results.epochs[-1]
    parts = [f"{name.replace('val_', 'validation ')} from {first[name]:.4f} to {last[name]:.4f}"
             for name in ("accuracy", "val_accuracy", "loss", "val_loss") if name in run.results.metrics]
    return f"Curves over {len(run.results.epochs)} epochs: {', '.join(parts)}. The table of epochs has all values."


def _distribution_words(run: Run) -> str:
    counts = run.train.class_counts()
    return "Bars: " + ", ".join(f"{n} images of class {i}" for i, n in enumerate(counts)) + "."


def _labels_words(run: Run) -> str:
    labels = ", ".join(map(str, run.train.labels()[:SAMPLES]))
    return f"The first images of the training set, each under its label: {labels}."


def _matrix_words(run: Run) -> str:
    right = run.results.samples - run.results.errors
    return (f"Heat map: {right} of {run.results.samples} test images lie on the diagonal, that is, are predicted right. "
            "The table below has all counts.")


PICTURES: Sequence[Picture] = (
    Picture("sample_images", ["train"], sample_images, _labels_words, "Images of the training set with their labels."),
    Picture("class_distribution", ["train"], class_distribution, _distribution_words,
            "How many images of each class the training set has, validation images among them."),
    Picture("augmentation", ["train", "augmenter"], augmentation,
            lambda run: f"The first training image, and {AUGMENTED} images that the augmenter made of it: turned, shifted, zoomed.",
            "An image, and what augmentation makes of it in nine passes."),
    Picture("training_history", [], training_history, _history_words,
            "Accuracy and loss over the epochs; the dashed line is the epoch with the least validation loss.", PRINT),
    Picture("confusion_matrix", [], confusion_matrix, _matrix_words,
            "Test images by their true class (rows) and the class predicted (columns).", PRINT),
)


def draw_all(run: Run) -> Tuple[Dict[str, Markup], List[str]]:
    """Every picture that can be drawn, as files in the run's folder and as elements of the page; and what cannot, and
    why."""
    elements: Dict[str, Markup] = {}
    notes = list(run.reasons)
    for picture in PICTURES:
        if not all(map(run.has, picture.needs)):
            continue
        try:
            elements[picture.name] = _drawn(run, picture)
        except (ValueError, TypeError, Error) as error:
            notes.append(f"{picture.name} is left out: {error}")
    return elements, notes


def _drawn(run: Run, picture: Picture) -> Markup:
    path = run.results.folder / f"{picture.name}.png"
    encoded: Dict[Canvas, Encoded] = {}
    for canvas in CANVASES:
        figure = _figure(picture.draw(run, canvas))
        try:
            encoded[canvas] = encode(figure, canvas.wide)
            if canvas.wide and canvas.style == "light":
                save(figure, path, picture.dpi)
        finally:
            close(figure)
    caption = Markup(f"{text(picture.caption)} {link(path.name, f'As a file, {picture.dpi} dots an inch')}")
    return element(encoded, picture.name, picture.alternative(run), caption)


def _figure(drawn: Any) -> Figure:
    """Of one panel, functions of cnn.plot give the Axes."""
    figure: Figure = getattr(drawn, "figure", None) or drawn
    return figure
