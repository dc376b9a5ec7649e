"""Schedules: learning rates that follow from the number of steps."""
from __future__ import annotations

from . import _text
from ._described import Described
from ._errors import InvalidArgument
from ._library import lib
from ._options import integer


class Schedule(Described):
    """A learning rate that follows from the number of steps, to be given to an optimizer as its ``learning_rate``.

    Parameters
    ----------
    type : str
        "cosine_decay", "exponential_decay" ...: see `Schedule.types`.
    context : Context, optional
        Where it is made; None: the default context.
    **attributes
        Its settings by name: see `Schedule.attributes_of`.

    Raises
    ------
    NameError_
        No such type or attribute; the sentence names the nearest.
    InvalidArgument
        A value that is missing or out of range.

    Examples
    --------
    >>> import cnn
    >>> cosine = cnn.Schedule("cosine_decay", initial_learning_rate=0.1, decay_steps=100)
    >>> cosine
    Schedule('cosine_decay', initial_learning_rate=0.1, decay_steps=100)
    >>> round(cosine(50), 4)
    0.05
    """

    _family = "schedule"
    _type_getter = "name"

    def __call__(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        if step < 0:
            raise InvalidArgument(f"schedule: step is {step}, must be 0 or more")
        return float(lib.cnn_schedule_rate(self._handle, integer(step, what="schedule: step")))

    @property
    def attribute_text(self) -> str:
        """As the value of an optimizer's attribute: "cosine_decay(initial_learning_rate=0.1,decay_steps=100)"."""
        given = _text.attributes(_text.table("schedule", self.type), self._given()).decode()
        return f"{self.type}({given.replace(' ', ',')})"
