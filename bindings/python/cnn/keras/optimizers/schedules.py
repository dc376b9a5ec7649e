"""Keras's learning-rate schedules.

>>> from cnn.keras.optimizers import schedules
>>> round(schedules.ExponentialDecay(0.1, decay_steps=1000, decay_rate=0.5)(2000), 6)
0.025
"""

from __future__ import annotations

from typing import Any, ClassVar

from ...schedule import Schedule
from .._missing import missing
from .._names import snake_case
from .._settings import REQUIRED, Settings


class LearningRateSchedule(Settings):
    """Base of all schedules. To compute rates by a function of one's own use `callbacks.LearningRateScheduler`, once an
    epoch. `name` is a label.

    Examples
    --------
    >>> schedule: LearningRateSchedule = CosineDecay(0.1, decay_steps=100)
    >>> schedule.get_config()['decay_steps'], round(schedule(50), 6)
    (100, 0.05)
    """

    def _set_up(self) -> None:
        if not self._table:
            raise TypeError(
                "LearningRateSchedule is a base; callbacks.LearningRateScheduler asks a function of one's own"
            )
        values = {key: getattr(self, key) for key in self._table if key != "name"}
        self._schedule = Schedule(snake_case(type(self).__name__), **values)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, or what is pickled, is made of the same arguments."""
        return (type(self).from_config, (self.get_config(),))

    @property
    def attribute_text(self) -> str:
        """How the library writes it, as an optimizer's learning_rate_schedule."""
        return self._schedule.attribute_text

    def __call__(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        return self._schedule(int(step))


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ^ (step / decay_steps).

    Examples
    --------
    >>> round(ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5, staircase=True)(25), 6)
    0.025
    """

    _table: ClassVar[dict[str, Any]] = {
        "initial_learning_rate": REQUIRED, "decay_steps": REQUIRED, "decay_rate": REQUIRED, "staircase": False,
        "name": "ExponentialDecay"
    }


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Examples
    --------
    >>> round(InverseTimeDecay(0.1, decay_steps=10, decay_rate=1)(30), 6)
    0.025
    """

    _table: ClassVar[dict[str, Any]] = {**ExponentialDecay._table, "name": "InverseTimeDecay"}


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] up to boundaries[i], then the last value.

    Examples
    --------
    >>> rate = PiecewiseConstantDecay([10, 20], [0.1, 0.05, 0.01])
    >>> [round(rate(step), 6) for step in (10, 11, 21)]
    [0.1, 0.05, 0.01]
    """

    _table: ClassVar[dict[str, Any]] = {"boundaries": REQUIRED, "values": REQUIRED, "name": "PiecewiseConstant"}


class PolynomialDecay(LearningRateSchedule):
    """From initial_learning_rate to end_learning_rate along a power of the steps left.

    Examples
    --------
    >>> round(PolynomialDecay(0.1, decay_steps=10, end_learning_rate=0.0)(5), 6)
    0.05
    """

    _table: ClassVar[dict[str, Any]] = {
        "initial_learning_rate": REQUIRED, "decay_steps": REQUIRED, "end_learning_rate": 0.0001, "power": 1.0,
        "cycle": False, "name": "PolynomialDecay"
    }


class CosineDecay(LearningRateSchedule):
    """Half a cosine from initial_learning_rate down to alpha of it, after a straight way up to warmup_target where that
    is given.

    Examples
    --------
    >>> rate = CosineDecay(0.0, decay_steps=90, warmup_target=0.1, warmup_steps=10)
    >>> [round(rate(step), 6) for step in (5, 10, 55, 100)]
    [0.05, 0.1, 0.05, 0.0]
    """

    _table: ClassVar[dict[str, Any]] = {
        "initial_learning_rate": REQUIRED, "decay_steps": REQUIRED, "alpha": 0.0, "name": "CosineDecay", "warmup_target": None,
        "warmup_steps": 0
    }


class CosineDecayRestarts(LearningRateSchedule):
    """Cosines one after the other, each t_mul times as long and m_mul times as high.

    Examples
    --------
    >>> rate = CosineDecayRestarts(0.1, first_decay_steps=10)
    >>> [round(rate(step), 6) for step in (0, 5, 10)]
    [0.1, 0.05, 0.1]
    """

    _table: ClassVar[dict[str, Any]] = {
        "initial_learning_rate": REQUIRED, "first_decay_steps": REQUIRED, "t_mul": 2.0, "m_mul": 1.0, "alpha": 0.0,
        "name": "SGDRDecay"
    }


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
