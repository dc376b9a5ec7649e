"""What `compile` was given, and the binding's objects that it makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

from ._arguments import refuse
from ._protocol import Bound, Recipe

if TYPE_CHECKING:
    import cnn


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
        self.sparse = False

    def again(self) -> Compiled:
        """The same with an optimizer that has not trained."""
        return Compiled(type(self.optimizer).from_config(self.optimizer.get_config()), *self._given)

    def apply(self, core: cnn.Model) -> None:
        """Compile a model of the binding."""
        import cnn

        context = core._context
        loss = cnn.Loss(self._loss, context=context) if isinstance(self._loss, str) else self._loss._make(context)
        metrics, weighted = [[_made(metric, context) for metric in listed] for listed in (self._metrics,
                                                                                          self._weighted)]
        self._keep_rate()
        core.compile(self.optimizer._make(context), loss, metrics=metrics, weighted_metrics=weighted)
        self.adopt(core, loss.type, [metric.name for metric in metrics] + [_weighted_name(metric.name, metrics)
                                                                           for metric in weighted])
        self._own_names = [metric.name for metric in (*metrics, *weighted)]

    def _keep_rate(self) -> None:
        """An optimizer that has trained goes on with the rate that it has come to."""
        rate = self.optimizer.learning_rate
        if isinstance(self.optimizer, Bound):
            self.optimizer._bind(None)
        if isinstance(rate, float):
            self.optimizer.learning_rate = float(rate)

    def adopt(self, core: cnn.Model, loss_type: str, names: list[str]) -> None:
        """A model of the binding is compiled with these recipes."""
        if isinstance(self.optimizer, Bound):
            self.optimizer._bind(core)
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
        return [figures["loss"], *[figures[name] for name in own], *[figures[name] for name in self.names
                                                                     if name not in own]]


def _weighted_name(name: str, metrics: Sequence[Any]) -> str:
    return f"weighted_{name}" if any(metric.name == name for metric in metrics) else name


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


