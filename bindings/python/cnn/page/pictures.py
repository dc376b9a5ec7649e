"""The pictures of a run: what each needs, its caption, and what it says to those who do not see it."""
from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .. import Error
from . import drawing
from .canvas import CANVASES, Canvas, Encoded, close, element, encode, save
from .markup import Markup, link, text
from .run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PRINT = 300  # dots an inch, of what is meant to be printed; of the others half


class Picture(NamedTuple):
    """One picture. `needs`: attributes of Run that must be there; `canvases`: forms that differ, a desk's light one last;
    `file`: what its file is called where not as the picture."""

    name: str
    needs: Sequence[str]
    draw: Callable[[Run, Canvas], Any]
    alternative: Callable[[Run], str]
    caption: str
    dpi: int = PRINT // 2
    canvases: Sequence[Canvas] = CANVASES
    file: str = ""


PICTURES: Sequence[Picture] = (
    Picture("sample_images", ["train"], drawing.sample_images, drawing.labels_words, "Images of the training set with their labels."),
    Picture("class_distribution", ["train"], drawing.class_distribution, drawing.distribution_words,
            "How many images of each class the training set has, validation images among them."),
    Picture("augmentation", ["train", "augmenter"], drawing.augmentation,
            lambda run: f"The first training image, and {drawing.AUGMENTED} images that the augmenter made of it: turned, shifted, zoomed.",
            "An image, and what augmentation makes of it in nine passes."),
    Picture("model_diagram", ["model"], drawing.model_diagram, drawing.diagram_words,
            "The layers of the model with the shapes of what they read and give.", canvases=CANVASES[-1:],
            file="model"),  # as mnist_train calls what Graphviz draws for it
    Picture("training_history", [], drawing.training_history, drawing.history_words,
            "Accuracy and loss over the epochs; the dashed line is the epoch with the least validation loss.", PRINT),
    Picture("confusion_matrix", [], drawing.confusion_matrix, drawing.matrix_words,
            "Test images by their true class (rows) and the class predicted (columns).", PRINT),
    Picture("sample_predictions", ["probabilities"], drawing.sample_predictions,
            lambda run: f"Test images that the seed picked: {drawing.verdicts(run, drawing.shown(run))}.",
            "Test images with true class, predicted class and confidence."),
    Picture("probabilities", ["probabilities"], drawing.probabilities,
            lambda run: f"The same images beside bars of all probabilities: {drawing.verdicts(run, drawing.shown(run))}.",
            "The same images beside the probability of each class; the bar of the true class is hatched."),
    Picture("misclassified", ["probabilities"], drawing.misclassified,
            lambda run: f"Misclassified test images: {drawing.verdicts(run, drawing.wrong(run)) or 'there is none'}.",
            "Misclassified test images, those of most confidence first."),
    Picture("calibration", ["probabilities"], drawing.calibration,
            lambda run: "Share of right predictions by confidence, beside the line on which both are equal; and how many "
                        "predictions have which confidence.",
            "How often predictions are right by how sure they are; bars span 95 %."),
    Picture("kernels", ["convolution"], drawing.kernels,
            lambda run: "The weights of each filter of the first convolution as a small image, dark negative, light positive.",
            "The filters of the first convolution."),
    Picture("activations", ["convolution", "probabilities"], drawing.activations,
            lambda run: "A test image, and the outputs of the first filters of the first convolution for it as images.",
            "What the first convolution makes of a test image, filter by filter."),
    Picture("saliency", ["probabilities"], drawing.saliency,
            lambda run: "Test images, each beside a map of how much its pixels move the score of the predicted class.",
            "Which pixels the predicted class hangs on: the gradient for the input."),
    Picture("embedding", ["probabilities"], drawing.embedding,
            lambda run: "Test images as points marked by their class, in the plane in which the last hidden layer differs most.",
            "Test images by the outputs of the last hidden layer, in two dimensions; each is marked as its class."),
)


def draw_all(run: Run, processes: int = 1) -> Tuple[Dict[str, Markup], List[str]]:
    """Every picture that can be drawn, as files in the run's folder and as elements of the page; and what cannot, and
    why. Several processes are forked when all that they need is loaded."""
    wanted = [picture for picture in PICTURES if all(map(run.has, picture.needs))]
    notes = list(run.reasons)
    found = _side_by_side(run, wanted, processes) if processes > 1 and len(wanted) > 1 else [
        _attempt(run, picture) for picture in wanted]
    elements = {picture.name: made for picture, (made, _) in zip(wanted, found) if made is not None}
    return elements, notes + [note for _, note in found if note]


Found = Tuple[Optional[Markup], str]
_work: List[Tuple[Run, Sequence[Picture]]] = []  # what forked processes find


def _side_by_side(run: Run, wanted: Sequence[Picture], processes: int) -> List[Found]:
    _work.append((run, wanted))
    try:
        with ProcessPoolExecutor(min(processes, len(wanted)), mp_context=multiprocessing.get_context("fork")) as pool:
            return list(pool.map(_numbered, range(len(wanted))))
    finally:
        _work.pop()


def _numbered(number: int) -> Found:
    run, wanted = _work[-1]
    return _attempt(run, wanted[number])


def _attempt(run: Run, picture: Picture) -> Found:
    """The element, or why there is none."""
    try:
        return _drawn(run, picture), ""
    except (ValueError, TypeError, Error) as error:
        return None, f"{picture.name} is left out: {error}"


def _drawn(run: Run, picture: Picture) -> Markup:
    path = run.results.folder / f"{picture.file or picture.name}.png"
    encoded: Dict[Canvas, Encoded] = {}
    for canvas in picture.canvases:
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
