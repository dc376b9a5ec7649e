"""Keras's losses, computed by the library.

>>> from cnn.keras import losses
>>> round(losses.MeanSquaredError()([[0.0, 1.0]], [[0.5, 1.0]]), 6)
0.125
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from ._lacking import LOSS, Lacking
from ._missing import missing
from ._names import snake_case
from ._objective import Function, each, figure, named
from ._settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    import cnn

_LAST_AXIS: dict[str, tuple[Any, str]] = {"axis": (-1, "the classes are in the last axis")}
_FLOAT32: dict[str, tuple[Any, str]] = {"dtype": (None, "figures are computed in float32")}


def _table(name: str, **own: Any) -> dict[str, Any]:
    return {**own, "reduction": "sum_over_batch_size", "name": name, "dtype": None}


class Loss(Settings, Lacking):
    """Base of all losses: a recipe for `compile`, and a function of arrays.

    reduction: "sum_over_batch_size" (the mean over samples), "sum" or "mean_with_sample_weight".

    Examples
    --------
    >>> loss: Loss = CategoricalCrossentropy(label_smoothing=0.1)
    >>> loss.name, loss.get_config()['label_smoothing']
    ('categorical_crossentropy', 0.1)
    """

    _lacks = LOSS
    _fixed = _FLOAT32
    name: str
    reduction: str

    @property
    def _type(self) -> str:
        return snake_case(type(self).__name__)

    def _set_up(self) -> None:
        self.reduction = "sum_over_batch_size" if self.reduction == "mean" else self.reduction

    def _attributes(self) -> dict[str, Any]:
        left_out = ("name", *self._fixed)
        return {
            name: getattr(self, name) for name in self._table
            if name not in left_out and getattr(self, name) is not None
        }

    def _make(self, context: cnn.Context) -> cnn.Loss:
        """The binding's loss."""
        import cnn

        return cnn.Loss(self._type, context=context, **self._attributes())

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: Optional[ArrayLike] = None) -> float:
        """The loss of predictions, over all samples. Targets are of the predictions' shape, or class labels where the
        loss takes them.
        """
        return figure(y_true, y_pred, sample_weight, loss=self)

    def call(self, y_true: ArrayLike, y_pred: ArrayLike) -> NDArray[np.float32]:
        """The loss of each sample, float32 [N]."""
        return each(self, y_true, y_pred)


class CategoricalCrossentropy(Loss):
    """-sum y log p; targets are rows, one for each sample.

    Examples
    --------
    >>> round(CategoricalCrossentropy()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.2877
    """

    _table = _table("categorical_crossentropy", from_logits=False, label_smoothing=0.0, axis=-1)
    _fixed = {**_FLOAT32, **_LAST_AXIS}


class SparseCategoricalCrossentropy(Loss):
    """-log p of the label; targets are class labels.

    Examples
    --------
    >>> round(SparseCategoricalCrossentropy()([1], [[0.25, 0.75]]), 4)
    0.2877
    """

    _table = {"from_logits": False, "ignore_class": None, "reduction": "sum_over_batch_size", "axis": -1,
              "name": "sparse_categorical_crossentropy", "dtype": None}
    _fixed = {**_FLOAT32, **_LAST_AXIS}


class BinaryCrossentropy(Loss):
    """-y log p - (1 - y) log(1 - p).

    Examples
    --------
    >>> round(BinaryCrossentropy()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.2877
    """

    _table = _table("binary_crossentropy", from_logits=False, label_smoothing=0.0, axis=-1)
    _fixed = {**_FLOAT32, **_LAST_AXIS}


class MeanSquaredError(Loss):
    """(p - y)^2.

    Examples
    --------
    >>> round(MeanSquaredError()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.0625
    """

    _table = _table("mean_squared_error")


class MeanAbsoluteError(Loss):
    """|p - y|.

    Examples
    --------
    >>> round(MeanAbsoluteError()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.25
    """

    _table = _table("mean_absolute_error")


class MeanAbsolutePercentageError(Loss):
    """100 |p - y| / |y|.

    Examples
    --------
    >>> round(MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.5, 4.0]]), 4)
    75.0
    """

    _table = _table("mean_absolute_percentage_error")


class MeanSquaredLogarithmicError(Loss):
    """(log(1 + p) - log(1 + y))^2.

    Examples
    --------
    >>> round(MeanSquaredLogarithmicError()([[1.0, 2.0]], [[1.5, 4.0]]), 4)
    0.1554
    """

    _table = _table("mean_squared_logarithmic_error")


class Huber(Loss):
    """Squares up to delta, beyond it a straight line.

    Examples
    --------
    >>> round(Huber()([[1.0, 2.0]], [[1.5, 4.0]]), 4)
    0.8125
    """

    _table = _table("huber_loss", delta=1.0)


class LogCosh(Loss):
    """log cosh(p - y).

    Examples
    --------
    >>> round(LogCosh()([[1.0, 2.0]], [[1.5, 4.0]]), 4)
    0.7226
    """

    _table = _table("log_cosh")


class Poisson(Loss):
    """p - y log p.

    Examples
    --------
    >>> round(Poisson()([[1.0, 2.0]], [[1.5, 4.0]]), 4)
    1.161
    """

    _table = _table("poisson")


class KLDivergence(Loss):
    """y log(y / p).

    Examples
    --------
    >>> round(KLDivergence()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.2877
    """

    _table = _table("kl_divergence")
    _type = "kl_divergence"


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between rows.

    Examples
    --------
    >>> round(CosineSimilarity()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    -0.9487
    """

    _table = {"axis": -1, **_table("cosine_similarity")}
    _fixed = {**_FLOAT32, **_LAST_AXIS}


class Hinge(Loss):
    """max(0, 1 - y p).

    Examples
    --------
    >>> round(Hinge()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.75
    """

    _table = _table("hinge")


class SquaredHinge(Loss):
    """max(0, 1 - y p)^2.

    Examples
    --------
    >>> round(SquaredHinge()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.8125
    """

    _table = _table("squared_hinge")


class CategoricalHinge(Loss):
    """max(0, 1 + the greatest wrong - the right).

    Examples
    --------
    >>> round(CategoricalHinge()([[1.0, 0.0]], [[0.75, 0.25]]), 4)
    0.5
    """

    _table = _table("categorical_hinge")


_LISTED = (CategoricalCrossentropy, SparseCategoricalCrossentropy, BinaryCrossentropy, MeanSquaredError,
           MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, Huber, LogCosh, Poisson,
           KLDivergence, CosineSimilarity, Hinge, SquaredHinge, CategoricalHinge)
_CLASSES: Mapping[str, type[Loss]] = {**{snake_case(kind.__name__): kind for kind in _LISTED},
                                      **{kind.__name__: kind for kind in _LISTED}, "kl_divergence": KLDivergence}
_SHORT = {
    "mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error", "bce": "binary_crossentropy", "kld": "kl_divergence",
    "logcosh": "log_cosh"
}


categorical_crossentropy = Function("categorical_crossentropy", CategoricalCrossentropy)
sparse_categorical_crossentropy = Function("sparse_categorical_crossentropy", SparseCategoricalCrossentropy)
binary_crossentropy = Function("binary_crossentropy", BinaryCrossentropy)
mean_squared_error = mse = Function("mean_squared_error", MeanSquaredError)
mean_absolute_error = mae = Function("mean_absolute_error", MeanAbsoluteError)
mean_absolute_percentage_error = mape = Function("mean_absolute_percentage_error", MeanAbsolutePercentageError)
mean_squared_logarithmic_error = msle = Function("mean_squared_logarithmic_error", MeanSquaredLogarithmicError)
huber = Function("huber", Huber)
log_cosh = Function("log_cosh", LogCosh)
poisson = Function("poisson", Poisson)
kl_divergence = Function("kl_divergence", KLDivergence)
cosine_similarity = Function("cosine_similarity", CosineSimilarity)
hinge = Function("hinge", Hinge)
squared_hinge = Function("squared_hinge", SquaredHinge)
categorical_hinge = Function("categorical_hinge", CategoricalHinge)


def get(identifier: Union[str, Loss, Function]) -> Loss:
    """A loss by its name, Keras's class name or short name; an object is given back as it is.

    Examples
    --------
    >>> get("mse"), get("CategoricalCrossentropy")
    (MeanSquaredError(), CategoricalCrossentropy())
    """
    if isinstance(identifier, Loss):
        return identifier
    return named("loss", identifier, _CLASSES, _SHORT)()


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
