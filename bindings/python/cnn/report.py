"""Reports on a classifier: confusion matrix, precision, recall, F1, as scikit-learn counts and prints them."""
from __future__ import annotations

import ctypes
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple, Sequence

import numpy as np

from . import _abi, _arrays
from ._calls import call
from ._errors import InvalidArgument, check
from ._handle import Handle, new
from ._library import lib
from ._options import integer, options
from ._output import sink
from .context import Context, context_of
from .tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._arrays import Array


class Mistake(NamedTuple):
    """A sample whose prediction is not its label; `confidence` is NaN where predictions were classes."""

    sample: int
    label: int
    prediction: int
    confidence: float


class Report(Handle):
    """Labels counted against predictions.

    Parameters
    ----------
    labels : array_like
        Classes, whole numbers [N].
    predictions : array_like
        Classes [N], or float rows [N, K] whose first largest column counts.
    class_names : sequence of str, optional
        A name for each class; None: the numbers.
    classes : int, optional
        How many; None: as many as there are names, else the largest label or prediction + 1 (of rows: their columns).
    context : Context, optional
        Where it is made; None: the default context.

    Raises
    ------
    ShapeError
        Numbers of samples that differ.
    DataError
        A label out of range, NaN or infinity.

    Examples
    --------
    >>> import cnn
    >>> report = cnn.Report([0, 0, 1, 1], [0, 1, 1, 1], class_names=["cat", "dog"])
    >>> report
    Report(4 samples, 2 classes, accuracy 0.75)
    >>> report.confusion_matrix
    array([[1, 1],
           [0, 2]])
    >>> print(report.text())  # doctest: +NORMALIZE_WHITESPACE
                  precision    recall  f1-score   support
    <BLANKLINE>
             cat       1.00      0.50      0.67         2
             dog       0.67      1.00      0.80         2
    <BLANKLINE>
        accuracy                           0.75         4
       macro avg       0.83      0.75      0.73         4
    weighted avg       0.83      0.75      0.73         4
    """

    _context: Context

    def __init__(self, labels: Array, predictions: Array, *, class_names: Sequence[str] | None = None,
                 classes: int | None = None, context: Context | None = None) -> None:
        self._context = context_of(context)
        if class_names is not None and classes is not None and len(class_names) != classes:
            raise InvalidArgument(f"report: {len(class_names)} names for {classes} classes")
        if class_names is not None:
            classes = len(class_names)
        truth = _arrays.targets(labels, self._context, "labels")
        found = _arrays.targets(predictions, self._context, "predictions")
        names = None if class_names is None else [str(name) for name in class_names]
        self._names = names
        self._owner = new("cnn_report", lib.cnn_report_new, self._context._handle, truth._handle, found._handle,
                          options(_abi.cnn_report_opts, classes=classes, class_names=names))

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(lib.cnn_report_classes(self._handle))

    @property
    def class_names(self) -> list[str]:
        """A name for each class: those given, or the numbers."""
        return [str(number) for number in range(self.classes)] if self._names is None else list(self._names)

    @property
    def samples(self) -> int:
        """Number of samples."""
        return int(lib.cnn_report_samples(self._handle))

    @property
    def accuracy(self) -> float:
        """Share of samples that are predicted right."""
        return float(lib.cnn_report_accuracy(self._handle))

    @property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """Samples of each label (rows) by prediction (columns)."""
        handle, classes = self._handle, range(self.classes)
        return np.array([[lib.cnn_report_count(handle, label, prediction) for prediction in classes]
                         for label in classes], np.int64)

    def _of_classes(self, function: Any) -> NDArray[np.float64]:
        handle = self._handle
        return np.array([function(handle, label) for label in range(self.classes)], np.float64)

    @property
    def precision(self) -> NDArray[np.float64]:
        """Of each class, 0 where it is never predicted."""
        return self._of_classes(lib.cnn_report_precision)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Of each class, 0 where it has no samples."""
        return self._of_classes(lib.cnn_report_recall)

    @property
    def f1(self) -> NDArray[np.float64]:
        """Of each class, 0 where precision and recall are."""
        return self._of_classes(lib.cnn_report_f1)

    @property
    def class_accuracy(self) -> NDArray[np.float64]:
        """Of each class the share that is predicted right; NaN where it has no samples."""
        return self._of_classes(lib.cnn_report_class_accuracy)

    @property
    def support(self) -> NDArray[np.int64]:
        """Samples of each class."""
        return self._of_classes(lib.cnn_report_support).astype(np.int64)

    @property
    def most_confused(self) -> tuple[int, int, int] | None:
        """Label, prediction and count of the commonest mistake; None where there is none."""
        label, prediction = ctypes.c_int64(), ctypes.c_int64()
        count = int(lib.cnn_report_most_confused(self._handle, ctypes.byref(label), ctypes.byref(prediction)))
        return (label.value, prediction.value, count) if count else None

    @property
    def mistakes(self) -> list[Mistake]:
        """All samples that are predicted wrong, in their order."""
        found = []
        row = options(_abi.cnn_report_error)
        for number in range(lib.cnn_report_error_count(self._handle)):
            check(lib.cnn_report_error_at(self._handle, number, ctypes.byref(row)))
            found.append(Mistake(row.sample, row.label, row.prediction, row.confidence))
        return found

    def _written(self, function: Any, *arguments: Any) -> str:
        stream = io.StringIO()
        call(function, self._handle, sink(stream), *arguments)
        return stream.getvalue()

    def text(self, digits: int = 2) -> str:
        """The table of precision, recall, F1 and support, as scikit-learn's classification_report."""
        return self._written(lib.cnn_report_print, integer(digits, ctypes.c_int32, "digits"))

    def matrix_text(self) -> str:
        """The confusion matrix with heads of rows and columns."""
        return self._written(lib.cnn_report_print_matrix)

    def to_dict(self) -> dict[str, Any]:
        """All of it: "classes", "samples", "confusion_matrix", "classification_report", "class_accuracy",
        "most_confused", "errors"."""
        parsed: dict[str, Any] = json.loads(self._written(lib.cnn_report_json))
        return parsed

    def print(self, digits: int = 2) -> None:
        """Write the table where the context's text goes."""
        call(lib.cnn_report_print, self._handle, self._context.sink(), integer(digits, ctypes.c_int32, "digits"))

    def _describe(self) -> str:
        return f"{self.samples} samples, {self.classes} classes, accuracy {self.accuracy:.4g}"
