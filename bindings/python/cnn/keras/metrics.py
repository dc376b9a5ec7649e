"""Keras's metrics, computed by the library.

>>> from cnn.keras import metrics
>>> accuracy = metrics.SparseCategoricalAccuracy()
>>> accuracy.update_state([1, 0], [[0.1, 0.9], [0.2, 0.8]])
>>> accuracy.result()
0.5
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Mapping, Optional, Union

import numpy as np

from ._lacking import METRIC, Lacking
from ._missing import missing
from ._names import snake_case
from ._objective import Function, figure, named
from ._settings import Settings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    import cnn

_FIXED: dict[str, tuple[Any, str]] = {
    "dtype": (None, "figures are computed in float32"), "axis": (-1, "the classes are in the last axis"),
    "ignore_class": (None, "the loss of this name takes it"),
    "from_sorted_ids": (False, "give predictions for each class")}


def _table(name: str, **own: Any) -> dict[str, Any]:
    return {**own, "name": name, "dtype": None}


class Metric(Settings, Lacking):
    """Base of all metrics: a recipe for `compile`, and a mean over what it was shown.

    Examples
    --------
    >>> metric: Metric = SparseCategoricalAccuracy(name='right')
    >>> metric.name, metric.result()
    ('right', 0.0)
    """

    _lacks = METRIC
    _fixed = _FIXED
    _left_out: ClassVar[tuple[str, ...]] = tuple(_FIXED)
    name: str
    _total: float
    _count: float

    @property
    def _type(self) -> str:
        return snake_case(type(self).__name__)

    def _set_up(self) -> None:
        self.reset_state()

    def _attributes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._table if name not in self._left_out}

    def _make(self, context: cnn.Context) -> cnn.Metric:
        """The binding's metric."""
        import cnn

        return cnn.Metric(self._type, context=context, **self._attributes())

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: Optional[ArrayLike] = None) -> None:
        """Take samples into the mean."""
        count = float(
            len(np.asarray(y_pred)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64).sum())
        self._total += self._share(figure(y_true, y_pred, sample_weight, metric=self)) * count
        self._count += count

    def _share(self, value: float) -> float:
        """What is added up."""
        return value

    @property
    def total(self) -> float:
        """The sum of the figures so far, each counted by its weight."""
        return self._total

    @property
    def count(self) -> float:
        """How many samples there were, or their weights' sum."""
        return self._count

    def result(self) -> float:
        """The mean so far; 0 without samples."""
        return self._total / self._count if self._count else 0.0

    def reset_state(self) -> None:
        """Forget all samples."""
        self._total = self._count = 0.0

    reset_states = reset_state

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: Optional[ArrayLike] = None) -> float:
        """`update_state`, then `result`."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()


class CategoricalAccuracy(Metric):
    """The share of rows whose largest value is where the target's is.

    Examples
    --------
    >>> round(CategoricalAccuracy()([[1, 0], [0, 1]], [[0.9, 0.1], [0.8, 0.2]]), 4)
    0.5
    """

    _table = _table("categorical_accuracy")


class SparseCategoricalAccuracy(Metric):
    """The share of rows whose largest value is the label's.

    Examples
    --------
    >>> round(SparseCategoricalAccuracy()([0, 1], [[0.9, 0.1], [0.8, 0.2]]), 4)
    0.5
    """

    _table = _table("sparse_categorical_accuracy")


class BinaryAccuracy(Metric):
    """The share of values on the target's side of the threshold.

    Examples
    --------
    >>> round(BinaryAccuracy(threshold=0.7)([[1], [0]], [[0.6], [0.2]]), 4)
    0.5
    """

    _table = {"name": "binary_accuracy", "dtype": None, "threshold": 0.5}


class TopKCategoricalAccuracy(Metric):
    """The share of rows where the right class is among the k largest.

    Examples
    --------
    >>> round(TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.1, 0.5, 0.4]]), 4)
    1.0
    """

    _table = {"k": 5, "name": "top_k_categorical_accuracy", "dtype": None}
    _type = "top_k_categorical_accuracy"


class SparseTopKCategoricalAccuracy(Metric):
    """The same for labels.

    Examples
    --------
    >>> round(SparseTopKCategoricalAccuracy(k=2)([2], [[0.1, 0.5, 0.4]]), 4)
    1.0
    """

    _table = {"k": 5, "name": "sparse_top_k_categorical_accuracy", "dtype": None, "from_sorted_ids": False}
    _type = "sparse_top_k_categorical_accuracy"


class CategoricalCrossentropy(Metric):
    """The loss of that name, as a metric.

    Examples
    --------
    >>> round(CategoricalCrossentropy()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.2877
    """

    _table = {"name": "categorical_crossentropy", "dtype": None, "from_logits": False, "label_smoothing": 0, "axis": -1}


class SparseCategoricalCrossentropy(Metric):
    """The loss of that name, as a metric.

    Examples
    --------
    >>> round(SparseCategoricalCrossentropy()([1], [[0.25, 0.75]]), 4)
    0.2877
    """

    _table = {"name": "sparse_categorical_crossentropy", "dtype": None, "from_logits": False, "ignore_class": None,
              "axis": -1}


class BinaryCrossentropy(Metric):
    """The loss of that name, as a metric.

    Examples
    --------
    >>> round(BinaryCrossentropy()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.2877
    """

    _table = {"name": "binary_crossentropy", "dtype": None, "from_logits": False, "label_smoothing": 0}


class MeanSquaredError(Metric):
    """(p - y)^2.

    Examples
    --------
    >>> round(MeanSquaredError()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.0625
    """

    _table = _table("mean_squared_error")


class RootMeanSquaredError(Metric):
    """The root of the mean of (p - y)^2.

    Examples
    --------
    >>> round(RootMeanSquaredError()([[1.0], [2.0]], [[4.0], [6.0]]), 4)
    3.5355
    """

    _table = _table("root_mean_squared_error")

    def _share(self, value: float) -> float:
        return value * value

    def result(self) -> float:
        return float(np.sqrt(super().result()))


class MeanAbsoluteError(Metric):
    """|p - y|.

    Examples
    --------
    >>> round(MeanAbsoluteError()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.25
    """

    _table = _table("mean_absolute_error")


class MeanAbsolutePercentageError(Metric):
    """100 |p - y| / |y|.

    Examples
    --------
    >>> round(MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.5, 4.0]]), 4)
    75.0
    """

    _table = _table("mean_absolute_percentage_error")


class MeanSquaredLogarithmicError(Metric):
    """(log(1 + p) - log(1 + y))^2.

    Examples
    --------
    >>> round(MeanSquaredLogarithmicError()([[1.0, 2.0]], [[1.5, 4.0]]), 4)
    0.1554
    """

    _table = _table("mean_squared_logarithmic_error")


class Poisson(Metric):
    """p - y log p.

    Examples
    --------
    >>> round(Poisson()([[1.0, 2.0]], [[1.5, 4.0]]), 4)
    1.161
    """

    _table = _table("poisson")


class KLDivergence(Metric):
    """y log(y / p).

    Examples
    --------
    >>> round(KLDivergence()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.2877
    """

    _table = _table("kl_divergence")
    _type = "kl_divergence"


class CosineSimilarity(Metric):
    """The cosine of the angle between rows.

    Examples
    --------
    >>> round(CosineSimilarity()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.9487
    """

    _table = {"name": "cosine_similarity", "dtype": None, "axis": -1}


class Hinge(Metric):
    """max(0, 1 - y p).

    Examples
    --------
    >>> round(Hinge()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.75
    """

    _table = _table("hinge")


class SquaredHinge(Metric):
    """max(0, 1 - y p)^2.

    Examples
    --------
    >>> round(SquaredHinge()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.8125
    """

    _table = _table("squared_hinge")


class CategoricalHinge(Metric):
    """max(0, 1 + the greatest wrong - the right).

    Examples
    --------
    >>> round(CategoricalHinge()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.5
    """

    _table = _table("categorical_hinge")


_LISTED = (CategoricalAccuracy, SparseCategoricalAccuracy, BinaryAccuracy, TopKCategoricalAccuracy,
           SparseTopKCategoricalAccuracy, CategoricalCrossentropy, SparseCategoricalCrossentropy, BinaryCrossentropy,
           MeanSquaredError, RootMeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError,
           MeanSquaredLogarithmicError, Poisson, KLDivergence, CosineSimilarity, Hinge, SquaredHinge, CategoricalHinge)
_CLASSES: Mapping[str, type[Metric]] = {**{str(kind._table["name"]): kind for kind in _LISTED},
                                        **{kind.__name__: kind for kind in _LISTED}}
_SHORT = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
          "msle": "mean_squared_logarithmic_error", "bce": "binary_crossentropy", "kld": "kl_divergence",
          "rmse": "root_mean_squared_error"}


def get(identifier: Union[str, Metric, Function]) -> Metric:
    """A metric by its name, Keras's class name or short name; an object is given back as it is. "accuracy" has no class
    of its own: which one it is follows from the targets, and `compile` takes the word.

    Examples
    --------
    >>> get("TopKCategoricalAccuracy")
    TopKCategoricalAccuracy()
    """
    if isinstance(identifier, Metric):
        return identifier
    return named("metric", identifier, _CLASSES, _SHORT)()


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
