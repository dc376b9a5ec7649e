"""What losses and metrics share: figures of arrays, by a model that hands its input on, and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, TypeVar

import numpy as np

from ._arguments import real
from ._names import snake_case

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Kind = TypeVar("Kind")


def figure(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: Optional[ArrayLike], *, loss: Any = None,
           metric: Any = None) -> float:
    """The loss, or else the metric, of predictions as they are: what a model shows whose output they are."""
    from .. import Model, Optimizer, default_context

    context = default_context()
    predicted: NDArray[np.float32] = np.asarray(real("y_pred", y_pred), dtype=np.float32)
    if not predicted.ndim or not len(predicted):
        raise ValueError(f"y_pred: shape {predicted.shape}, expected at least one sample along the first axis")
    predicted = predicted.reshape(len(predicted), -1) if predicted.ndim == 1 else predicted
    with Model(context=context) as model:
        model.add("input", shape=predicted.shape[1:])
        model.add("activation", activation="linear")
        made = [] if metric is None else [metric._make(context)]
        weighted = sample_weight is not None
        model.compile(Optimizer("sgd", context=context), "mean_squared_error" if loss is None else loss._make(context),
                      metrics=[] if weighted else made, weighted_metrics=made if weighted else [])
        figures: dict[str, float] = model.test_on_batch(predicted, _targets(y_true, predicted.shape),
                                                       sample_weight=sample_weight)
    return figures["loss"] if metric is None else next(value for name, value in figures.items() if name != "loss")


def _targets(y_true: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Class labels, one for each row of the predictions, or values of their shape."""
    targets = real("y_true", y_true)
    labels = targets.dtype.kind in "iu" and targets.shape != shape
    return targets if labels else targets.astype(np.float32, copy=False)


def named(noun: str, identifier: object, classes: Mapping[str, Kind], short: Mapping[str, str]) -> Kind:
    """The class of a name: Keras's class name, the same in small letters, or a short form."""
    if isinstance(identifier, Function):
        identifier = identifier.__name__
    if isinstance(identifier, str):
        name = short.get(identifier.lower(), identifier)
        found = classes.get(name) or classes.get(snake_case(name))
        if found is not None:
            return found
    raise ValueError(f"{noun} {identifier!r} is not known; there are: {', '.join(sorted({*classes, *short}))}")


def each(loss: Callable[..., float], y_true: ArrayLike, y_pred: ArrayLike) -> NDArray[np.float32]:
    """A loss's figure for each sample."""
    predicted = np.asarray(real("y_pred", y_pred), dtype=np.float32)
    true = _targets(y_true, predicted.shape)
    if len(true) != len(predicted):
        raise ValueError(f"y_true has {len(true)} samples, but y_pred has {len(predicted)}")
    return np.array([loss(true[i:i + 1], predicted[i:i + 1]) for i in range(len(true))], dtype=np.float32)


class Function:
    """Keras's function of a loss: given to `compile` it stands for its name; called with arrays it gives one figure for
    each sample.
    """

    def __init__(self, name: str, make: Callable[..., Callable[..., float]]) -> None:
        self.__name__, self._make_loss = name, make

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, **options: Any) -> NDArray[np.float32]:
        return each(self._make_loss(**options), y_true, y_pred)

    def __repr__(self) -> str:
        return f"<loss {self.__name__}>"
