"""Optimizers: how gradients become new weights."""
from __future__ import annotations

from typing import Any

from ._described import Described
from .context import Context
from .schedule import Schedule


class Optimizer(Described):
    """A way to make new weights of gradients.

    Parameters
    ----------
    type : str
        "adam", "sgd", "adamw" ...: see `Optimizer.types`.
    context : Context, optional
        Where it is made; None: the default context.
    **attributes
        Its settings by name: see `Optimizer.attributes_of`. ``learning_rate`` may be a `Schedule`.

    Raises
    ------
    NameError_
        No such type or attribute; the sentence names the nearest.
    InvalidArgument
        A value out of range.

    Examples
    --------
    >>> import cnn
    >>> cnn.Optimizer("sgd", learning_rate=0.1, momentum=0.9, nesterov=True)
    Optimizer('sgd', learning_rate=0.1, momentum=0.9, nesterov=True)
    >>> cnn.Optimizer("adam", learning_rat=0.1)
    Traceback (most recent call last):
    ...
    cnn._errors.NameError_: adam: unknown attribute 'learning_rat'; did you mean 'learning_rate'?
    """

    _family = "optimizer"
    _type_getter = "name"

    def __init__(self, type: str, context: Context | None = None, **attributes: Any) -> None:
        if isinstance(attributes.get("learning_rate"), Schedule):
            attributes["learning_rate_schedule"] = attributes.pop("learning_rate").attribute_text
        super().__init__(type, context, **attributes)
