"""What stands on the page: a section a subject, each from the results and the pictures that there are."""
from __future__ import annotations

import math
from pathlib import Path, PurePath
from typing import Any, Callable, Iterator, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import quote

from .markup import Markup, Row, Text, beside, details, facts, link, section, table
from .results import Results, Score

Pictures = Mapping[str, Markup]  # figure elements by name; what was not drawn is not there

FILES = {
    "report.json": "all results of the run, for programs",
    "report.txt": "what the program printed",
    "history.csv": "the figures of each epoch",
    "best.safetensors": "the model with the best validation accuracy",
    "final.safetensors": "the model that was evaluated",
    "model.dot": "the model's diagram, for Graphviz",
}


def percent(share: float) -> str:
    return f"{share * 100:.2f} %" if math.isfinite(share) else "not a number"


def whole(count: int) -> str:
    return f"{count:,}"


def figure(value: float) -> str:
    """Four digits after the point; small numbers with an exponent, as Keras prints them."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:.4f}" if value == 0 or abs(value) >= 1e-3 else f"{value:.4e}"


def duration(seconds: float) -> str:
    if not math.isfinite(seconds) or seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def titled(name: str) -> str:
    """'val_accuracy' as a heading of a column."""
    return name.replace("val_", "validation ", 1).replace("_", " ").capitalize()


def dataset_name(results: Results) -> str:
    """The last part of the data set's place; the page names no folders of a machine."""
    return PurePath(results.data).name if results.data else "a data set"


def headline(results: Results) -> Markup:
    """The figures that one looks for first."""
    rows: List[Tuple[str, Text]] = [
        ("Test accuracy", percent(results.accuracy)),
        ("Test loss", figure(results.loss)),
        ("Errors", f"{whole(results.errors)} of {whole(results.samples)}"),
        ("Epochs", str(len(results.epochs))),
    ]
    figures = (("Time", "seconds", duration), ("Images per second", "images_per_second", lambda n: f"{n:,.0f}"))
    for name, key, shown in figures:
        value = results.fields.get(key)
        if isinstance(value, (int, float)):
            rows.append((name, shown(value)))
    return facts(rows, "figures")


def _run_facts(results: Results) -> Iterator[Tuple[str, Text]]:
    fields = results.fields
    data, build, parameters = (_members(fields.get(key)) for key in ("data", "build", "parameters"))
    yield "Data set", dataset_name(results)
    for name, key in (("Training images", "training"), ("Validation images", "validation"), ("Test images", "test")):
        if isinstance(data.get(key), int):
            yield name, whole(data[key])
    if isinstance(data.get("shape"), list):
        yield "Shape of an image", " × ".join(map(str, data["shape"]))
    yield "Classes", str(results.classes)
    yield from _given(parameters, (("Parameters", "total"), ("of them trainable", "trainable")))
    yield from _given(fields, (("Recipe", "recipe"), ("Epochs at most", "max_epochs"),
                               ("Steps per epoch", "steps_per_epoch"), ("Batch size", "batch_size"),
                               ("Learning rate", "learning_rate")))
    if "augmentation" in fields:
        done = str(fields.get("augmenter") or "on").replace(" ", ", ").replace("=", " = ")
        yield "Augmentation", done if fields["augmentation"] else "off"
    if results.best_epoch is not None:
        yield "Best epoch", str(results.best_epoch)
    stopped = fields.get("stopped_epoch")
    yield "Stopped early", f"after epoch {stopped}" if stopped is not None else "no"
    if fields.get("interrupted"):
        yield "Interrupted", "yes: the best weights until then were evaluated"
    yield from _given(fields, (("Seed", "seed"), ("Threads", "threads")))
    yield from _given(build, (("Instruction set", "instruction_set"), ("Matrix products", "gemm"), ("BLAS", "blas")))
    if isinstance(fields.get("peak_rss_bytes"), int):
        yield "Memory at most", f"{fields['peak_rss_bytes'] / 2**20:.0f} MiB"
    yield from _given(fields, (("Hash of the weights", "model_hash"), ("libcnn", "version")))


def _members(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _given(fields: Mapping[str, Any], names: Sequence[Tuple[str, str]]) -> Iterator[Tuple[str, Text]]:
    for name, key in names:
        value = fields.get(key)
        if isinstance(value, int) and key != "seed":
            yield name, whole(value)
        elif isinstance(value, float):
            yield name, f"{value:g}"
        elif value is not None:
            yield name, str(value)


def run(results: Results, pictures: Pictures) -> Markup:
    return section("Run", facts(_run_facts(results), "facts"))


def data(results: Results, pictures: Pictures) -> Optional[Markup]:
    return _pictured("Data", pictures, "sample_images", "class_distribution", "augmentation")


def model(results: Results, pictures: Pictures) -> Optional[Markup]:
    return _pictured("Model", pictures, "model_diagram")


def _pictured(title: str, pictures: Pictures, *names: str) -> Optional[Markup]:
    shown = [pictures[name] for name in names if name in pictures]
    return section(title, *shown) if shown else None


def training(results: Results, pictures: Pictures) -> Optional[Markup]:
    if not results.epochs:
        return None
    best = results.best_epoch

    def row(values: Mapping[str, float]) -> Row:
        number = int(values["epoch"])
        label = f"{number} (best)" if number == best else str(number)
        cells = [label, *(figure(values[name]) for name in results.metrics), duration(values.get("seconds", math.nan))]
        return Row(cells, "best" if number == best else "")

    head = ["Epoch", *map(titled, results.metrics), "Time"]
    return section("Training", pictures.get("training_history"), table("Epochs", head, map(row, results.epochs)))


def evaluation(results: Results, pictures: Pictures) -> Markup:
    total = Row(["accuracy", "", "", f"{results.accuracy:.2f}", whole(results.samples)], "total")
    report = table("Classification report", ["Class", "Precision", "Recall", "F1-score", "Support"],
                   [*map(_score, results.scores), total, *map(_score, results.averages)])
    names = [str(i) for i in range(results.classes)]
    matrix = table("Confusion matrix: rows are true classes, columns predicted ones", ["True", *names],
                   [Row([name, *map(whole, row)]) for name, row in zip(names, results.matrix)], diagonal=True)
    return section("Evaluation", pictures.get("confusion_matrix"), details("The confusion matrix as a table", matrix),
                   beside(report, _class_table(results)), pictures.get("calibration"))


def _score(score: Score) -> Row:
    return Row([score.name, f"{score.precision:.2f}", f"{score.recall:.2f}", f"{score.f1:.2f}", whole(score.support)])


def _class_table(results: Results) -> Markup:
    def row(true: int) -> Row:
        counts = results.matrix[true]
        wrong = [0 if i == true else n for i, n in enumerate(counts)]
        taken = max(range(len(wrong)), key=wrong.__getitem__)
        often = f"{taken} ({whole(wrong[taken])})" if wrong[taken] else "none"
        total = sum(counts)
        share = percent(counts[true] / total) if total else "no samples"
        return Row([str(true), whole(counts[true]), whole(total), share, often])

    return table("Accuracy of each class", ["Class", "Right", "Of", "Accuracy", "Most often mistaken for"],
                 map(row, range(results.classes)))


def predictions(results: Results, pictures: Pictures) -> Optional[Markup]:
    return _pictured("Predictions", pictures, "sample_predictions", "probabilities")


def errors(results: Results, pictures: Pictures) -> Markup:
    share = results.errors / results.samples if results.samples else math.nan
    said = Markup(f"<p>{whole(results.errors)} of {whole(results.samples)} test images are misclassified: an error "
                  f"rate of {percent(share)}.</p>")
    pairs = results.confused(10)
    if not pairs:
        return section("Errors", Markup("<p>No test image is misclassified.</p>"))
    true, predicted, count = pairs[0]
    most = Markup(f"<p>Most confused pair: {true} mistaken as {predicted}, {whole(count)} "
                  f"{'time' if count == 1 else 'times'}.</p>")
    rows = [Row([f"{a} mistaken as {b}", whole(n), percent(n / sum(results.matrix[a]))]) for a, b, n in pairs]
    return section("Errors", said, most, pictures.get("misclassified"),
                   table("Pairs confused most often", ["Pair", "Times", "Of its images"], rows))


def inside(results: Results, pictures: Pictures) -> Optional[Markup]:
    return _pictured("Inside the network", pictures, "kernels", "activations", "saliency", "embedding")


def files(results: Results, pictures: Pictures) -> Markup:
    rows = [Row([link(quote(path.name), path.name), _size(path), what], "") for path, what in _files(results.folder)]
    return section("Files", Markup("<p>Beside this page, as long as it stays in its folder:</p>"),
                   table("Files of the run", ["File", "Size", "What it is"], rows, words=[2]))


def _files(folder: Path) -> Iterator[Tuple[Path, str]]:
    for name, what in FILES.items():
        if (folder / name).is_file():
            yield folder / name, what
    for path in sorted(folder.glob("*.png")):
        yield path, "a picture of this page, for print" if path.name != "model.png" else "the model's diagram"


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{max(1, round(size / 1024)):,} KiB"


SECTIONS: Sequence[Callable[[Results, Pictures], Optional[Markup]]] = (
    run, data, model, training, evaluation, predictions, errors, inside, files)
