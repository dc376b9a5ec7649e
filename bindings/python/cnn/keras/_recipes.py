"""What `compile` was given, and the binding's objects that it makes of it."""

from __future__ import annotations

import itertools
import warnings
import weakref
from typing import TYPE_CHECKING, Any, Iterable, Optional, Sequence, Union

from ._arguments import refuse
from ._protocol import Bound, Recipe

if TYPE_CHECKING:
    import cnn

    from .layers.base import Layer

    Weights = frozenset[tuple[weakref.ref[Layer], str]]

# For each model of the binding the optimizer whose state it holds, and the weights that the state is for.
_holds: weakref.WeakKeyDictionary[cnn.Model, tuple[weakref.ref[Any], Weights]] = weakref.WeakKeyDictionary()


class Compiled:
    """Optimizer, loss and metrics.

    Attributes
    ----------
    optimizer
        An object of `cnn.keras.optimizers`.
    loss
        As it was given.
    names : list of str
        Metrics in the order of `compile`, as they are called in logs; known once a model is compiled.
    sparse : bool
        The loss takes class labels.
    """

    def __init__(self, optimizer: Any, loss: Any, metrics: Any, weighted_metrics: Any) -> None:
        from . import optimizers

        self.optimizer = optimizers.get(optimizer)
        self._given = (loss, metrics, weighted_metrics)
        self.loss = loss
        self._loss = _one_loss(loss)
        self._metrics = [_metric(given) for given in _listed(metrics, "metrics")]
        self._weighted = [_metric(given) for given in _listed(weighted_metrics, "weighted_metrics")]
        self.names: list[str] = []
        self._own_names: list[str] = []
        self._weights: Weights = frozenset()
        self.sparse = False

    def again(self) -> Compiled:
        """The same with an optimizer that has not trained."""
        return Compiled(type(self.optimizer).from_config(self.optimizer.get_config()), *self._given)

    def apply(self, core: cnn.Model, layers: Iterable[Layer]) -> None:
        """Compile a model of the binding, which has these layers."""
        import cnn

        context = core._context
        loss = cnn.Loss(self._loss, context=context) if isinstance(self._loss, str) else self._loss._make(context)
        metrics, weighted = [[_made(metric, context) for metric in listed] for listed in (self._metrics,
                                                                                          self._weighted)]
        own_names = [metric.name for metric in (*metrics, *weighted)]
        names = _told_apart(own_names, len(metrics))
        last = {name: number for number, name in enumerate(names)}
        renamed = [_renamed(metric, name) for metric, name in zip((*metrics, *weighted), names)]
        kept = [last[name] == number for number, name in enumerate(names)]
        if not all(kept):
            lost = names[kept.index(False)]
            warnings.warn(f"compile: two metrics come to the name '{lost}'; of these the last is kept, as in Keras. Name "
                          "each by name=", stacklevel=4)
        weights = trained(layers)
        keep = self._goes_on(core, weights)
        self._keep_rate()
        core.compile(self.optimizer._make(context), loss, keep_state=keep,
                     metrics=list(itertools.compress(renamed[:len(metrics)], kept)),
                     weighted_metrics=list(itertools.compress(renamed[len(metrics):], kept[len(metrics):])))
        self.adopt(core, loss.type, list(itertools.compress(names, kept)), weights)
        self._own_names = own_names

    def _goes_on(self, core: cnn.Model, weights: Weights) -> bool:
        """Does this model hold the optimizer's state for all of these weights? Where the optimizer has trained them and
        the state is gone, say so."""
        known = self.optimizer._known
        if known is None or not weights <= known:
            return False
        if core in _holds:
            holder, held = _holds[core]
            if holder() is self.optimizer and weights <= held:
                return True
        warnings.warn(f"compile: the state of {type(self.optimizer).__name__} for this model is gone: the model was compiled with "
                      "another optimizer, or made anew of changed layers, or a weight was frozen meanwhile. It begins "
                      "anew; learning_rate is as it was", stacklevel=5)
        return False

    def begin(self) -> None:
        """A step is about to be made.

        Raises
        ------
        ValueError
            The optimizer has trained other weights than these.
        """
        if self.optimizer._known is None:
            self.optimizer._known = self._weights
        unknown = [f"{getattr(layer(), 'path', '')}/{name}" for layer, name in self._weights - self.optimizer._known]
        if unknown:
            raise ValueError(f"Unknown variable: {min(unknown)}. The optimizer has trained other weights before, and "
                             "goes on with those alone: make a new one for this model, as type(optimizer).from_config("
                             "optimizer.get_config())")

    def _keep_rate(self) -> None:
        """An optimizer that has trained goes on with the rate that it has come to."""
        rate = self.optimizer.learning_rate
        if isinstance(self.optimizer, Bound):
            self.optimizer._bind(None)
        if isinstance(rate, float):
            self.optimizer.learning_rate = float(rate)

    def adopt(self, core: cnn.Model, loss_type: str, names: list[str], weights: Weights = frozenset()) -> None:
        """A model of the binding is compiled with these recipes, and trains these weights."""
        last = _holds[core][0]() if core in _holds else None
        if last is not None and last is not self.optimizer and last._model is core:
            last._bind(None)
        if isinstance(self.optimizer, Bound):
            self.optimizer._bind(core)
        _holds[core] = (weakref.ref(self.optimizer), weights)
        self._weights = weights
        self.sparse = loss_type == "sparse_categorical_crossentropy"
        self.names = names

    def figures(self, figures: dict[str, float], by_name: bool) -> Union[float, list[float], dict[str, float]]:
        """What evaluate and its like return. As Keras's, a list names a weighted metric first as it names itself, which
        gives the other's figure where one of that name counts without weights, and its own figure at the end."""
        if by_name:
            return dict(figures)
        if len(figures) == 1:
            return figures["loss"]
        own = self._own_names or self.names
        return [figures["loss"], *[figures[name] for name in own], *[figures[name] for name in sorted(self.names)
                                                                     if name not in own]]


def trained(layers: Iterable[Layer]) -> Weights:
    """The weights that training changes, as the layers stand."""
    return frozenset((weakref.ref(layer), weight.name) for layer in layers for weight in layer.trainable_weights)


def _told_apart(names: Sequence[str], plain: int) -> list[str]:
    """Names of metrics as Keras has them in logs, of which the first `plain` count without weights: "accuracy",
    "accuracy_1"; then "weighted_accuracy"."""
    times: dict[str, int] = {}
    told = []
    for number, name in enumerate(names):
        if number >= plain and name in times:
            name = f"weighted_{name}"
        times[name] = times.get(name, 0) + 1
        told.append(name if times[name] == 1 else f"{name}_{times[name] - 1}")
    return told


def _renamed(metric: cnn.Metric, name: str) -> cnn.Metric:
    if metric.name == name:
        return metric
    return type(metric)(metric.type, context=metric._context, **{**metric.attributes, "name": name})


def _one_loss(loss: Any) -> Union[str, Recipe]:
    if isinstance(loss, (list, tuple, dict)) and len(loss) == 1:
        loss = next(iter(loss.values())) if isinstance(loss, dict) else loss[0]
    if loss is None:
        raise ValueError("compile: a loss is needed, as loss='categorical_crossentropy'")
    if isinstance(loss, (list, tuple, dict)):
        refuse(f"compile: {len(loss)} losses; libcnn's models have one output and one loss")
    return _named(loss, "loss", "losses", "cnn_loss_type_register")


def _metric(metric: Any) -> Union[str, Recipe]:
    return _named(metric, "metric", "metrics", "cnn_metric_type_register")


def _named(given: Any, noun: str, plural: str, register: str) -> Union[str, Recipe]:
    """A name, or an object that makes one; the functions of `cnn.keras.losses` and `metrics` stand for their names."""
    if isinstance(given, (str, Recipe)):
        return given
    name = getattr(given, "__name__", "")
    if callable(given) and (getattr(given, "__module__",
                                    "") or "").startswith(__package__ or "cnn.keras") and not isinstance(given, type):
        return str(name)
    if isinstance(given, type) and hasattr(given, "_make"):
        made = given()
        assert isinstance(made, Recipe)
        return made
    if callable(given):
        refuse(f"compile: {noun} '{name or given!r}' is a function of Python; libcnn takes names, the objects of "
               f"cnn.keras.{plural}, and functions "
               f"in C by {register}")
    raise ValueError(f"compile: {noun} {given!r} is neither a name nor an object of cnn.keras")


def _listed(metrics: Any, what: str) -> list[Any]:
    if metrics is None:
        return []
    if isinstance(metrics, dict):
        refuse(f"compile: {what} by output; libcnn's models have one output: give a list")
    if not isinstance(metrics, (list, tuple)):
        raise ValueError(f"compile: {what}={metrics!r} must be a list")
    return [metric for given in metrics for metric in (given if isinstance(given, (list, tuple)) else [given])]


def _made(metric: Union[str, Recipe], context: cnn.Context) -> cnn.Metric:
    import cnn

    made: Any = cnn.Metric(metric, context=context) if isinstance(metric, str) else metric._make(context)
    return made  # type: ignore[no-any-return]


