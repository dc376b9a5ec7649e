"""What mnist_train left in a folder: its report, checked, before anything is made of it."""
from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence

MOST_BYTES = 64 * 2**20  # of a report; one of a thousand classes and ten thousand epochs is smaller


class ResultsError(Exception):
    """The folder is no output folder of mnist_train, or its report is damaged. The text says what is wrong."""


@dataclass(frozen=True)
class Score:
    """A row of the classification report."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Results:
    """A run as report.json tells it. `fields` is all of it; the rest is what tables and pictures stand on, checked."""

    folder: pathlib.Path
    fields: Mapping[str, Any]
    epochs: Sequence[Mapping[str, float]]  # each with 'epoch', counted from 1
    matrix: Sequence[Sequence[int]]        # rows: true classes
    scores: Sequence[Score]                # of the classes
    averages: Sequence[Score]
    loss: float
    accuracy: float
    seed: int
    best_epoch: Optional[int]

    @property
    def classes(self) -> int:
        return len(self.matrix)

    @property
    def samples(self) -> int:
        """Images of the test set."""
        return sum(sum(row) for row in self.matrix)

    @property
    def errors(self) -> int:
        return self.samples - sum(row[i] for i, row in enumerate(self.matrix))

    @property
    def metrics(self) -> Sequence[str]:
        """Names of the figures that every epoch has, in the order of the report, without number and time."""
        first = self.epochs[0] if self.epochs else {}
        return [name for name in first if name not in ("epoch", "seconds") and all(name in row for row in self.epochs)]

    @property
    def history(self) -> Mapping[str, Sequence[float]]:
        """The figures of all epochs by name, as Keras's History has them."""
        return {name: [row[name] for row in self.epochs] for name in self.metrics}

    def confused(self, most: int) -> Sequence[tuple[int, int, int]]:
        """(true, predicted, times) of the pairs mistaken most often, at most so many."""
        pairs = [(i, j, n) for i, row in enumerate(self.matrix) for j, n in enumerate(row) if i != j and n > 0]
        return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))[:most]

    @property
    def data(self) -> Optional[str]:
        """The data set's folder or archive, where the report names one."""
        data = self.fields.get("data")
        place = data.get("place") if isinstance(data, dict) else None
        return place if isinstance(place, str) else None


def load(folder: pathlib.Path) -> Results:
    """The results in an output folder of mnist_train. Raises ResultsError."""
    path = folder / "report.json"
    if not folder.is_dir():
        raise ResultsError(f"{folder}: no such folder; give the one that mnist_train wrote to (--output)")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ResultsError(f"{path}: {path.stat().st_size} bytes are no report; at most {MOST_BYTES} are read")
        # names of files may be of any bytes
        fields = json.loads(path.read_bytes().decode("utf-8", "surrogateescape"))
    except FileNotFoundError:
        raise ResultsError(f"{path}: no such file; a run of mnist_train writes it at its end") from None
    except OSError as error:
        raise ResultsError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path}: no JSON: {error}") from None
    try:
        return _checked(folder, _object(fields, "the report"))
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}") from None


def _checked(folder: pathlib.Path, fields: Mapping[str, Any]) -> Results:
    epochs = [{name: _number(row[name], f"epochs, {name}") for name in _object(row, "epochs")}
              for row in _list(fields, "epochs")]
    if any("epoch" not in row for row in epochs):
        raise ResultsError("'epochs': one has no 'epoch'")
    matrix = [[_count(n, "confusion_matrix") for n in row] if isinstance(row, list) else []
              for row in _list(fields, "confusion_matrix")]
    if not matrix or any(len(row) != len(matrix) for row in matrix):
        raise ResultsError("'confusion_matrix' is not square")
    report = _object(fields.get("classification_report"), "classification_report")
    best = fields.get("best_epoch")
    return Results(folder, fields, epochs, matrix, [_score(report, str(i)) for i in range(len(matrix))],
                   [_score(report, name) for name in ("macro avg", "weighted avg")],
                   _number(fields.get("test_loss"), "test_loss"), _number(fields.get("test_accuracy"), "test_accuracy"),
                   _count(fields.get("seed"), "seed"), None if best is None else _count(best, "best_epoch"))


def _score(report: Mapping[str, Any], name: str) -> Score:
    row = _object(report.get(name), f"classification_report, {name}")
    precision, recall, f1 = (_number(row.get(key), f"classification_report, {name}, {key}")
                             for key in ("precision", "recall", "f1-score"))
    return Score(name, precision, recall, f1, _count(row.get("support"), f"classification_report, {name}, support"))


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ResultsError(f"'{what}' is missing or no object")
    return value


def _list(fields: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = fields.get(key)
    if not isinstance(value, list):
        raise ResultsError(f"'{key}' is missing or no list")
    return value


def _count(value: Any, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ResultsError(f"'{what}' is missing or no whole number of at least 0")
    return value


def _number(value: Any, what: str) -> float:
    """A number; NaN and infinities stand as text."""
    if value in ("nan", "inf", "-inf") or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return float(value)
    raise ResultsError(f"'{what}' is missing or no number")
