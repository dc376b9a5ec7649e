"""cnn.metrics against what scikit-learn counted and printed."""
from __future__ import annotations

import json
import pathlib
import warnings
from typing import Any

import numpy as np
import pytest

import cnn
from cnn.metrics import UndefinedMetricWarning, accuracy_score, classification_report, confusion_matrix

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "reference" / "text"
CASES: dict[str, Any] = {case["case"]: case for case in json.loads((FOLDER / "sklearn" / "cases.json").read_text())}
REFUSED = {"zero_division_1": "zero_division", "zero_division_nan": "zero_division", "labels_subset": "labels",
           "labels_superset": "labels"}


def labels(case: dict[str, Any]) -> tuple[list[int], list[int]]:
    """The labels of a case; where it gives none they are those of its matrix."""
    if "y_true" in case:
        return [int(x) for x in case["y_true"].split()], [int(x) for x in case["y_pred"].split()]
    pairs = [(row, column) for row, counts in enumerate(case["confusion_matrix"]) for column, count in enumerate(counts)
             for _ in range(count)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def arguments(case: dict[str, Any]) -> dict[str, Any]:
    given = dict(case["arguments"])
    if given.get("zero_division") == "nan":
        given["zero_division"] = float("nan")
    return given


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_confusion_matrix(name: str, normalize: Any) -> None:
    case = CASES[name]
    found = confusion_matrix(*labels(case), normalize=normalize, labels=case["arguments"].get("labels"))
    wanted = case["confusion_matrix" + ("_" + normalize if normalize else "")]
    assert found.dtype == (np.float64 if normalize else np.int64)
    np.testing.assert_allclose(found, wanted, rtol=1e-15)


@pytest.mark.parametrize("name", sorted(set(CASES) - set(REFUSED) - {"names_too_few"}))
def test_report(name: str) -> None:
    case = CASES[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        text = classification_report(*labels(case), **arguments(case))
        figures = classification_report(*labels(case), output_dict=True, **arguments(case))
    assert text == (FOLDER.parent / case["report_file"]).read_text()
    assert isinstance(figures, dict)
    assert list(figures) == list(case["report_dict"])
    for row, wanted in case["report_dict"].items():
        assert figures[row] == pytest.approx(wanted, rel=1e-14), row
    assert len(caught) == 2 * len(case["warnings"]) and all(w.category is UndefinedMetricWarning for w in caught)
    assert accuracy_score(*labels(case)) == case["accuracy"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_report_lacks(name: str) -> None:
    with pytest.raises(cnn.UnsupportedError, match=REFUSED[name]):
        classification_report(*labels(CASES[name]), **arguments(CASES[name]))


def test_names() -> None:
    with pytest.raises(ValueError, match="2 names for 4 classes"):
        classification_report(*labels(CASES["names_too_few"]), target_names=["a", "b"])
    text = classification_report([0, 1], [0, 1], target_names=["größer", "x"])
    assert "      größer       1.00" in str(text)


def test_the_notebooks_report() -> None:
    rows = np.genfromtxt(FOLDER / "notebook_prints_report_labels.csv", delimiter=",", names=True, dtype=int)
    true, predicted = (rows[name] for name in rows.dtype.names or ())
    text = classification_report(true, predicted, target_names=[str(i) for i in range(10)])
    assert str(text) in (FOLDER / "notebook_prints_report.txt").read_text()


def test_other_labels() -> None:
    true, predicted = ["b", "a", "c", "b"], np.array(["b", "a", "b", "c"])
    assert confusion_matrix(true, predicted).tolist() == [[1, 0, 0], [0, 1, 1], [0, 1, 0]]
    assert confusion_matrix(true, predicted, labels=["c", "a"]).tolist() == [[0, 0], [0, 1]]
    assert "           b       0.50" in str(classification_report(true, predicted))
    assert confusion_matrix([-1, 7, 7], [7, 7, -1]).tolist() == [[0, 1], [1, 1]]
    assert confusion_matrix([[1], [0]], [1.0, 0.0]).tolist() == [[1, 0], [0, 1]]
    assert confusion_matrix([True, False], [True, True]).tolist() == [[0, 1], [0, 1]]
    assert accuracy_score(true, predicted, normalize=False) == 2


def test_weights() -> None:
    true, predicted, weights = [0, 1, 1], [0, 0, 1], [1.0, 2.0, 0.5]
    found = confusion_matrix(true, predicted, sample_weight=weights)
    assert found.tolist() == [[1.0, 0.0], [2.0, 0.5]] and found.dtype == np.float64
    assert accuracy_score(true, predicted, sample_weight=weights) == pytest.approx(1.5 / 3.5)
    assert accuracy_score(true, predicted, sample_weight=weights, normalize=False) == 1.5
    with pytest.raises(cnn.UnsupportedError, match="sample_weight"):
        classification_report(true, predicted, sample_weight=weights)


@pytest.mark.parametrize("true, predicted, options, sentence", [
    ([0, 1], [0], {}, "y_true has 2 labels, but y_pred has 1"),
    ([], [], {}, "no samples"),
    ([0, 1], [[0.2, 0.8], [0.9, 0.1]], {}, "argmax"),
    ([0.5, 1], [0, 1], {}, "whole numbers"),
    (["a"], [1], {}, "cannot be compared"),
    ([0, 1], [0, 1], {"labels": [7]}, "none of them occurs in y_true"),
    ([0, 1], [0, 1], {"labels": [0, 0]}, "twice"),
    ([0, 1], [0, 1], {"labels": []}, "none are given"),
    ([0, 1], [0, 1], {"normalize": "rows"}, "normalize"),
    ([0, 1], [0, 1], {"sample_weight": [1]}, "sample_weight"),
    (list(range(5000)), list(range(5000)), {}, "5000"),
])
def test_refused(true: Any, predicted: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        confusion_matrix(true, predicted, **options)
    assert isinstance(caught.value, cnn.Error)


def test_digits_out_of_range() -> None:
    with pytest.raises(cnn.InvalidArgument):
        classification_report([0], [0], digits=10)
