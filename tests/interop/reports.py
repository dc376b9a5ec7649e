"""cnn.metrics beside scikit-learn: text and dict, letter by letter and number by number."""
from __future__ import annotations

from typing import Any, Callable

import numpy as np

from comparing import Case, labels

TRUE, PREDICTED = labels(1, 300, 5), np.where(labels(2, 300, 4) > 0, labels(1, 300, 5), labels(3, 300, 5))
NAMES = ["zero", "one", "two", "three", "a long name of a class"]
WEIGHTS = np.linspace(0.1, 2, 300)
REPORTS: list[tuple[str, tuple[Any, Any], dict[str, Any]]] = [
    ("plain", (TRUE, PREDICTED), {}),
    ("named", (TRUE, PREDICTED), {"target_names": NAMES}),
    ("four digits", (TRUE, PREDICTED), {"digits": 4}),
    ("a class that is never predicted", (TRUE, np.where(PREDICTED == 2, 1, PREDICTED)), {"zero_division": 0}),
    ("all right", (TRUE, TRUE), {}),
    ("chosen labels", (TRUE, PREDICTED), {"labels": [0, 1, 2, 3, 4]}),
    ("numbers apart", (TRUE * 3 + 1, PREDICTED * 3 + 1), {}),
]
MATRICES: list[tuple[str, tuple[Any, Any], dict[str, Any]]] = [
    ("plain", (TRUE, PREDICTED), {}),
    ("a class more", (TRUE, PREDICTED), {"labels": [0, 1, 2, 3, 4, 5]}),
    *((f"normalize={how}", (TRUE, PREDICTED), {"normalize": how}) for how in ("true", "pred", "all")),
    ("lists", (TRUE.tolist(), PREDICTED.tolist()), {}),
]


def report(data: tuple[Any, Any], words: dict[str, Any]) -> Callable[[Any], Any]:
    return lambda m: {"text": m.classification_report(*data, **words), "dict": m.classification_report(*data, output_dict=True, **words)}


CASES = [
    *(Case(f"classification_report {name}", report(data, words), 1e-9) for name, data, words in REPORTS),
    *(Case(f"confusion_matrix {name}", lambda m, d=data, w=words: m.confusion_matrix(*d, **w), 1e-9) for name, data, words in MATRICES),
    Case("accuracy_score", lambda m: [m.accuracy_score(TRUE, PREDICTED), m.accuracy_score(TRUE, PREDICTED, normalize=False)], 1e-9),
    Case("accuracy_score weighted", lambda m: m.accuracy_score(TRUE, PREDICTED, sample_weight=WEIGHTS), 1e-9),
]
