"""Keras's optimizers, computed by the library.

>>> from cnn.keras import optimizers
>>> optimizers.Adam(learning_rate=0.002)
Adam(learning_rate=0.002)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Mapping, Optional, Union

import numpy as np

from .._lacking import OPTIMIZER, Lacking
from .._missing import missing
from .._settings import Settings
from . import schedules
from .schedules import LearningRateSchedule

if TYPE_CHECKING:
    import cnn

    from .._recipes import Weights

_COMMON: dict[str, Any] = {
    "weight_decay": None, "clipnorm": None, "clipvalue": None, "global_clipnorm": None, "use_ema": False,
    "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None,
    "gradient_accumulation_steps": None
}


def _table(name: str, **own: Any) -> dict[str, Any]:
    """Keras's arguments in Keras's order."""
    return {**own, **{key: value for key, value in _COMMON.items() if key not in own}, "name": name}


class Rate(float):
    """A learning rate as Keras gives it out: a number that can also be assigned to."""

    _owner: Optional[Optimizer] = None

    def assign(self, value: float) -> None:
        """Set the optimizer's rate."""
        assert self._owner is not None
        self._owner.learning_rate = value

    def numpy(self) -> np.float32:
        """As a NumPy number."""
        return np.float32(self)


class Count(int):
    """A number of steps as Keras gives it out."""

    def numpy(self) -> np.int64:
        """As a NumPy number."""
        return np.int64(self)


class Optimizer(Settings, Lacking):
    """Base of all optimizers: a recipe, and after `compile` the way to the model's rate and count of steps.

    Attributes
    ----------
    learning_rate : Rate or LearningRateSchedule
        Readable and, without a schedule, settable, also while the model trains.
    iterations : int
        Updates made to the model that was compiled with it.

    Examples
    --------
    >>> optimizer: Optimizer = SGD(0.1)
    >>> optimizer.learning_rate = 0.05
    >>> float(optimizer.learning_rate), optimizer.iterations, optimizer.built
    (0.05, 0, False)
    """

    _lacks = OPTIMIZER
    _type: ClassVar[str]
    _fixed = {"loss_scale_factor": (None, "losses are computed in float32, which needs no scaling")}
    _rate: Union[float, LearningRateSchedule]
    _model: Optional[cnn.Model] = None
    _excluded: tuple[str, ...] = ()
    _known: Optional[Weights] = None  # those that its first step was for; it takes no others
    name: str

    def _set_up(self) -> None:
        self.name = self.name or self._type

    @property
    def learning_rate(self) -> Any:
        """The rate, of the model that was compiled with this optimizer where there is one."""
        if isinstance(self._rate, LearningRateSchedule):
            return self._rate
        rate = Rate(self._rate if self._model is None else self._model.learning_rate)
        rate._owner = self
        return rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, LearningRateSchedule):
            if self._model is not None:
                raise TypeError(
                    "learning_rate: a schedule is chosen before compile; LearningRateScheduler sets rates later"
                )
            self._rate = value
            return
        if callable(value):
            raise TypeError(
                "learning_rate: a function is not taken here; callbacks.LearningRateScheduler asks one at each epoch")
        if self._model is not None:
            if isinstance(self._rate, LearningRateSchedule):
                raise TypeError("learning_rate: a schedule gives the rate of this optimizer, it cannot be set")
            self._model.learning_rate = float(value)
        self._rate = float(value)

    lr = learning_rate

    @property
    def iterations(self) -> Count:
        """Updates made; 0 before compile. With gradient_accumulation_steps each is of so many batches."""
        batches = 0 if self._model is None else self._model.iterations
        return Count(batches // (getattr(self, "gradient_accumulation_steps", None) or 1))

    @property
    def built(self) -> bool:
        """Has it trained?"""
        return self._known is not None

    def exclude_from_weight_decay(self, var_list: None = None, var_names: Optional[list[str]] = None) -> None:
        """Weights whose names hold one of these texts do not decay. `var_list` is refused: name the weights."""
        if var_list is not None:
            raise TypeError("var_list: weights are excluded by parts of their names here, var_names=['bias', 'gamma']")
        self._excluded = tuple(var_names or ())

    def _attributes(self) -> dict[str, Any]:
        values = {
            name: getattr(self, name) for name in self._table
            if name not in ("name", "learning_rate", "loss_scale_factor")
        }
        if isinstance(self._rate, LearningRateSchedule):
            values["learning_rate_schedule"] = self._rate.attribute_text
        else:
            values["learning_rate"] = float(self.learning_rate)
        if self._excluded:
            values["exclude_from_weight_decay"] = ",".join(self._excluded)
        return {name: value for name, value in values.items() if value is not None}

    def _make(self, context: cnn.Context) -> cnn.Optimizer:
        """The binding's optimizer."""
        import cnn

        return cnn.Optimizer(self._type, context=context, **self._attributes())

    def _bind(self, model: Optional[cnn.Model]) -> None:
        """From now on rate and steps are this model's."""
        self._model = model

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, or what is pickled, has the arguments and the rate and has not trained, as in Keras."""
        return (_again, (type(self), self.get_config(), self._excluded))

    def get_config(self) -> dict[str, Any]:
        """The arguments by name; a schedule as it is."""
        config = super().get_config()
        if isinstance(config["learning_rate"], Rate):
            config["learning_rate"] = float(config["learning_rate"])
        return config


def _again(kind: type[Optimizer], config: Mapping[str, Any], excluded: tuple[str, ...]) -> Optimizer:
    """An optimizer of what another was made of."""
    made = kind.from_config(config)
    made._excluded = excluded
    return made


class Adam(Optimizer):
    """Adam (Kingma, Ba 2015).

    Examples
    --------
    >>> Adam(learning_rate=0.002, clipnorm=1.0)
    Adam(learning_rate=0.002, clipnorm=1.0)
    """

    _type = "adam"
    _table = _table("adam", learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False)


class AdamW(Optimizer):
    """Adam with weight decay (Loshchilov, Hutter 2019).

    Examples
    --------
    >>> AdamW(0.001, weight_decay=0.01)
    AdamW(weight_decay=0.01)
    """

    _type = "adamw"
    _table = _table("adamw", learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7,
                    amsgrad=False)


class SGD(Optimizer):
    """Gradient descent, with momentum where it is given.

    Examples
    --------
    >>> SGD(0.1, momentum=0.9, nesterov=True)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=True)
    """

    _type = "sgd"
    _table = _table("SGD", learning_rate=0.01, momentum=0.0, nesterov=False)


class RMSprop(Optimizer):
    """RMSprop (Tieleman, Hinton 2012).

    Examples
    --------
    >>> RMSprop(0.001, centered=True)
    RMSprop(centered=True)
    """

    _type = "rmsprop"
    _table = _table("rmsprop", learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False)


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan, Singer 2011).

    Examples
    --------
    >>> Adagrad(0.01)
    Adagrad(learning_rate=0.01)
    """

    _type = "adagrad"
    _table = _table("adagrad", learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7)


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012).

    Examples
    --------
    >>> Adadelta(1.0, rho=0.9)
    Adadelta(learning_rate=1.0, rho=0.9)
    """

    _type = "adadelta"
    _table = _table("adadelta", learning_rate=0.001, rho=0.95, epsilon=1e-7)


class Adamax(Optimizer):
    """Adamax (Kingma, Ba 2015).

    Examples
    --------
    >>> Adamax(0.002)
    Adamax(learning_rate=0.002)
    """

    _type = "adamax"
    _table = _table("adamax", learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7)


class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2016).

    Examples
    --------
    >>> Nadam(0.002)
    Nadam(learning_rate=0.002)
    """

    _type = "nadam"
    _table = _table("nadam", learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7)


class Lamb(Optimizer):
    """LAMB (You et al. 2020).

    Examples
    --------
    >>> Lamb(0.01)
    Lamb(learning_rate=0.01)
    """

    _type = "lamb"
    _table = _table("lamb", learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7)


class Lion(Optimizer):
    """Lion (Chen et al. 2023).

    Examples
    --------
    >>> Lion(1e-4, weight_decay=0.1)
    Lion(learning_rate=0.0001, weight_decay=0.1)
    """

    _type = "lion"
    _table = _table("lion", learning_rate=0.001, beta_1=0.9, beta_2=0.99)


class Ftrl(Optimizer):
    """FTRL (McMahan et al. 2013).

    Examples
    --------
    >>> Ftrl(0.1, l1_regularization_strength=0.01)
    Ftrl(learning_rate=0.1, l1_regularization_strength=0.01)
    """

    _type = "ftrl"
    _table = _table("ftrl", learning_rate=0.001, learning_rate_power=-0.5, initial_accumulator_value=0.1,
                    l1_regularization_strength=0.0, l2_regularization_strength=0.0,
                    l2_shrinkage_regularization_strength=0.0, beta=0.0)


_CLASSES: Mapping[str, type[Optimizer]] = {kind._type: kind for kind in (
    Adam, AdamW, SGD, RMSprop, Adagrad, Adadelta, Adamax, Nadam, Lamb, Lion, Ftrl)}


def get(identifier: Union[str, Optimizer]) -> Optimizer:
    """An optimizer by its name, in any letters; an object is given back as it is.

    Examples
    --------
    >>> get("adam"), get("SGD")
    (Adam(), SGD())
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if not isinstance(identifier, str) or identifier.lower() not in _CLASSES:
        raise ValueError(f"optimizer {identifier!r} is not known; there are: {', '.join(sorted(_CLASSES))}")
    return _CLASSES[identifier.lower()]()


__all__ = [kind.__name__ for kind in _CLASSES.values()] + ["Optimizer", "get", "schedules"]


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
