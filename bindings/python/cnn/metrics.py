"""Figures of a classifier, with scikit-learn's names, arguments and output; counted by the library's report.

>>> from cnn.metrics import confusion_matrix, accuracy_score
>>> confusion_matrix([0, 1, 2, 2], [0, 2, 2, 2])
array([[1, 0, 0],
       [0, 0, 1],
       [0, 0, 2]])
>>> accuracy_score([0, 1, 2, 2], [0, 2, 2, 2])
0.75
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

import numpy as np

from ._errors import InvalidArgument, ShapeError, UnsupportedError
from .report import Report

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["UndefinedMetricWarning", "accuracy_score", "classification_report", "confusion_matrix"]


class UndefinedMetricWarning(UserWarning):
    """A figure is 0 because what it is divided by is 0."""


def _labels(values: ArrayLike, what: str) -> NDArray[Any]:
    """One label a sample, as a vector."""
    array: NDArray[Any] = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ShapeError(f"{what}: shape {array.shape}, expected one label a sample, (n,)"
                         + ("; argmax(axis=1) makes labels of rows of probabilities" if array.ndim == 2 else ""))
    if array.dtype.kind == "f" and not bool(np.all(array == np.floor(array))):
        raise InvalidArgument(f"{what}: labels must be whole numbers or texts, not all of these floats are")
    return array


def _pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    true, predicted = _labels(y_true, "y_true"), _labels(y_pred, "y_pred")
    if len(true) != len(predicted):
        raise ShapeError(f"y_true has {len(true)} labels, but y_pred has {len(predicted)}")
    if not len(true):
        raise ShapeError("y_true: no samples")
    if (true.dtype.kind in "OSU") != (predicted.dtype.kind in "OSU"):
        raise InvalidArgument(f"y_true is of {true.dtype}, but y_pred of {predicted.dtype}: texts and numbers cannot be compared")
    return true, predicted


def _weights(sample_weight: ArrayLike, samples: int) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (samples,):
        raise ShapeError(f"sample_weight: shape {weights.shape}, expected ({samples},)")
    return weights


class _Coded:
    """Labels as 0 .. K-1, which is what the library counts: the places of their values among `values`, sorted."""

    def __init__(self, true: NDArray[Any], predicted: NDArray[Any], labels: Optional[ArrayLike]) -> None:
        self.given = None if labels is None else _labels(labels, "labels")
        every = [true, predicted] + ([] if self.given is None else [self.given])
        self.values = np.unique(np.concatenate(every))
        self.true = np.searchsorted(self.values, true).astype(np.int32)
        self.predicted = np.searchsorted(self.values, predicted).astype(np.int32)
        if self.given is None:
            self.order: NDArray[Any] = np.arange(len(self.values))
            return
        if not len(self.given):
            raise InvalidArgument("labels: none are given; None stands for all that occur")
        self.order = np.searchsorted(self.values, self.given)
        if len(np.unique(self.order)) != len(self.order):
            raise InvalidArgument("labels: one is given twice")
        if not bool(np.isin(self.order, self.true).any()):
            raise InvalidArgument("labels: none of them occurs in y_true")

    def report(self, names: Optional[Sequence[str]] = None) -> Report:
        return Report(self.true, self.predicted, classes=len(self.values), class_names=names)


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, *, labels: Optional[ArrayLike] = None,
                     sample_weight: Optional[ArrayLike] = None, normalize: Optional[str] = None) -> NDArray[Any]:
    """How many samples of each class were predicted as each.

    Parameters
    ----------
    y_true, y_pred : array_like, (n,)
        Labels: whole numbers or texts.
    labels : array_like, optional
        The classes in the order of rows and columns; others are left out. None: all that occur, sorted.
    sample_weight : array_like, (n,), optional
        What each sample counts.
    normalize : {"true", "pred", "all"}, optional
        Divide by the sum of the row, of the column, or of all; where that is 0 the share is 0.

    Returns
    -------
    ndarray, (classes, classes)
        Rows: true, columns: predicted. int64; float64 with weights or shares.

    Raises
    ------
    ShapeError, InvalidArgument
        Labels that do not fit each other, labels of which none is in y_true, another word for `normalize`; both are ValueErrors.

    Examples
    --------
    >>> confusion_matrix(["cat", "dog", "dog"], ["cat", "cat", "dog"], labels=["dog", "cat"])
    array([[1, 1],
           [0, 1]])
    """
    if normalize not in (None, "true", "pred", "all"):
        raise InvalidArgument(f"normalize: {normalize!r}, expected 'true', 'pred', 'all' or None")
    true, predicted = _pair(y_true, y_pred)
    coded = _Coded(true, predicted, labels)
    if sample_weight is None:
        matrix: NDArray[Any] = coded.report().confusion_matrix
    else:
        count = len(coded.values)
        places = coded.true.astype(np.int64) * count + coded.predicted
        matrix = np.bincount(places, _weights(sample_weight, len(true)), count * count).reshape(count, count)
    matrix = matrix[np.ix_(coded.order, coded.order)]
    if normalize is None:
        return matrix
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    sums = matrix.sum(axis=axis, keepdims=True)
    shares: NDArray[Any] = np.divide(matrix, sums, out=np.zeros(matrix.shape), where=sums != 0)
    return shares


def accuracy_score(y_true: ArrayLike, y_pred: ArrayLike, *, normalize: bool = True,
                   sample_weight: Optional[ArrayLike] = None) -> float:
    """The share of samples whose prediction is right.

    Parameters
    ----------
    y_true, y_pred : array_like, (n,)
        Labels: whole numbers or texts.
    normalize : bool
        False: how many are right, or the sum of their weights, instead of the share.
    sample_weight : array_like, (n,), optional
        What each sample counts.

    Returns
    -------
    float

    Examples
    --------
    >>> accuracy_score([1, 0, 1, 1], [1, 0, 0, 1], normalize=False)
    3.0
    """
    true, predicted = _pair(y_true, y_pred)
    weights = None if sample_weight is None else _weights(sample_weight, len(true))
    if weights is not None:
        right = float(weights[true == predicted].sum())
        return right / float(weights.sum()) if normalize else right
    report = _Coded(true, predicted, None).report()
    return float(report.accuracy) if normalize else float(np.trace(report.confusion_matrix))


def _refuse(option: str, value: object, nearest: str) -> UnsupportedError:
    return UnsupportedError(f"classification_report '{option}': {value!r} is not done here; {nearest}")


def _check_classes(coded: _Coded) -> None:
    """The printed report is of all classes that occur, in their order."""
    if coded.given is None:
        return
    occurring = np.union1d(coded.true, coded.predicted)
    if len(occurring) != len(coded.order) or not bool(np.all(coded.order == occurring)):
        raise _refuse("labels", coded.given.tolist(), "the report is of all classes that occur, sorted: "
                      f"{coded.values[occurring].tolist()}; confusion_matrix takes any labels")


def _warn_undefined(matrix: NDArray[Any]) -> None:
    for what, axis, lacks in (("precision", 0, "predicted"), ("recall", 1, "true")):
        if not bool(matrix.sum(axis=axis).all()):
            warnings.warn(f"{what} is set to 0 for classes without {lacks} samples; zero_division=0 says that this is known",
                          UndefinedMetricWarning, stacklevel=3)


def classification_report(y_true: ArrayLike, y_pred: ArrayLike, *, labels: Optional[ArrayLike] = None,
                          target_names: Optional[Sequence[str]] = None, sample_weight: Optional[ArrayLike] = None,
                          digits: int = 2, output_dict: bool = False,
                          zero_division: Union[str, float] = "warn") -> Union[str, dict[str, Any]]:
    """Precision, recall, F1 and support of each class, and their averages.

    Parameters
    ----------
    y_true, y_pred : array_like, (n,)
        Labels: whole numbers or texts.
    labels : array_like, optional
        All classes that occur, in their order; other lists are refused.
    target_names : sequence of str, optional
        A name for each class; None: the labels.
    sample_weight : None
        Refused otherwise: the library's report counts samples.
    digits : int
        0 to 9 decimals.
    output_dict : bool
        A dict of dicts instead of text.
    zero_division : {"warn", 0}
        A figure whose denominator is 0 is 0, with a warning or without; other values are refused.

    Returns
    -------
    str or dict

    Raises
    ------
    UnsupportedError
        What the library's report lacks; the sentence names the nearest thing.
    InvalidArgument
        Another number of names than of classes, digits out of range.

    Examples
    --------
    >>> print(classification_report([0, 1, 1, 0], [0, 1, 0, 0], target_names=["cat", "dog"]))
                  precision    recall  f1-score   support
    <BLANKLINE>
             cat       0.67      1.00      0.80         2
             dog       1.00      0.50      0.67         2
    <BLANKLINE>
        accuracy                           0.75         4
       macro avg       0.83      0.75      0.73         4
    weighted avg       0.83      0.75      0.73         4
    <BLANKLINE>
    """
    if sample_weight is not None:
        raise _refuse("sample_weight", "an array", "confusion_matrix and accuracy_score take weights")
    if isinstance(zero_division, str) and zero_division != "warn" or not isinstance(zero_division, str) and (
            math.isnan(zero_division) or zero_division != 0):
        raise _refuse("zero_division", zero_division, "figures whose denominator is 0 are 0: give 'warn' or 0")
    coded = _Coded(*_pair(y_true, y_pred), labels)
    _check_classes(coded)
    occurring = coded.values
    names = [str(value) for value in occurring] if target_names is None else [str(name) for name in target_names]
    if len(names) != len(occurring):
        raise InvalidArgument(f"target_names: {len(names)} names for {len(occurring)} classes: {occurring.tolist()}")
    report = coded.report(names)
    if zero_division == "warn":
        _warn_undefined(report.confusion_matrix)
    return report.to_dict()["classification_report"] if output_dict else report.text(digits)
