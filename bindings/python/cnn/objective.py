"""Losses and metrics: what training makes smaller, and what it tells of the way."""
from __future__ import annotations

from ._described import Described
from ._library import lib


class Loss(Described):
    """What training makes smaller.

    Parameters
    ----------
    type : str
        "categorical_crossentropy", "mean_squared_error" ...: see `Loss.types`; also Keras's short names ("mse") and
        class names.
    context : Context, optional
        Where it is made; None: the default context.
    **attributes
        Its settings by name, ``reduction="sum"`` for instance: see `Loss.attributes_of`.

    Raises
    ------
    NameError_
        No such type or attribute; the sentence names the nearest.
    InvalidArgument
        A value out of range.

    Examples
    --------
    >>> import cnn
    >>> cnn.Loss("categorical_crossentropy", label_smoothing=0.1)
    Loss('categorical_crossentropy', label_smoothing=0.1)
    """

    _family = "loss"


class Metric(Described):
    """A figure that training and evaluation tell besides the loss.

    Parameters
    ----------
    type : str
        "accuracy", "top_k_categorical_accuracy" ...: see `Metric.types`.
    context : Context, optional
        Where it is made; None: the default context.
    **attributes
        Its settings by name; ``name`` is what it is called in logs: see `Metric.attributes_of`.

    Raises
    ------
    NameError_
        No such type or attribute; the sentence names the nearest.
    InvalidArgument
        A value out of range.

    Examples
    --------
    >>> import cnn
    >>> cnn.Metric("top_k_categorical_accuracy", k=3, name="top3").name
    'top3'
    """

    _family = "metric"

    @property
    def name(self) -> str:
        """Its name in logs."""
        return str(lib.cnn_metric_name(self._handle).decode())
