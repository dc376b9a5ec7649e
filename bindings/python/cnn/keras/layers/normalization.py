"""BatchNormalization."""

from __future__ import annotations

from typing import Any, Sequence, Union

from .. import initializers, regularizers
from .._arguments import number, only
from .base import Layer

_RECIPES = ("beta_initializer", "gamma_initializer", "moving_mean_initializer", "moving_variance_initializer",
            "beta_regularizer", "gamma_regularizer")


class BatchNormalization(Layer):
    """Normalisation of each channel over the batch.

    Parameters
    ----------
    axis : int
        The last one.
    momentum : float
        The weight of the old moving value.
    epsilon : float
        Above 0.
    center, scale : bool
        Add beta; multiply by gamma.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer
        See `cnn.keras.initializers`.
    beta_regularizer, gamma_regularizer
        See `cnn.keras.regularizers`.

    Notes
    -----
    Weights: gamma, beta, moving_mean, moving_variance, all [C]; the last two are not trained.

    Examples
    --------
    >>> from cnn import keras
    >>> model = keras.Sequential([keras.Input((28, 28, 32)), keras.layers.BatchNormalization()])
    >>> [weight.name for weight in model.layers[0].weights]
    ['gamma', 'beta', 'moving_mean', 'moving_variance']
    """

    _type = "batch_normalization"
    _state = ("moving_mean", "moving_variance")
    _unbuilt = ("gamma", "beta", *_state)
    beta_constraint: None = None
    gamma_constraint: None = None
    renorm = synchronized = False
    renorm_clipping: None = None
    renorm_momentum = 0.99

    def __init__(self, axis: Union[int, Sequence[int]] = -1, momentum: float = 0.99, epsilon: float = 0.001,
                 center: bool = True, scale: bool = True, beta_initializer: Any = "zeros",
                 gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
                 moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
                 beta_constraint: None = None, gamma_constraint: None = None, renorm: bool = False,
                 renorm_clipping: None = None, renorm_momentum: float = 0.99, synchronized: bool = False,
                 **kwargs: Any) -> None:
        given = dict(locals())
        where = "BatchNormalization"
        super().__init__(**kwargs)
        for name in ("beta_constraint", "gamma_constraint"):
            only(where, name, given[name], (None,), "a callback may set weights at the end of a batch")
        only(where, "renorm", renorm, (False,), "moving statistics are those of the batches")
        only(where, "renorm_clipping", renorm_clipping, (None,), "there is no renorm")
        only(where, "renorm_momentum", renorm_momentum, (0.99,), "there is no renorm")
        only(where, "synchronized", synchronized, (False,), "one process sees the whole batch")
        self.axis = axis
        self.momentum = number(where, "momentum", momentum)
        self.epsilon = number(where, "epsilon", epsilon)
        self.center, self.scale = bool(center), bool(scale)
        for name in _RECIPES:
            setattr(self, name, (initializers if name.endswith("initializer")
                     else regularizers).get(given[name]))

    def _attributes(self) -> dict[str, Any]:
        attributes = {"momentum": self.momentum, "epsilon": self.epsilon, "center": self.center, "scale": self.scale}
        return {**attributes, **{name: recipe._text() for name in _RECIPES if (recipe := getattr(self,
                                                                                                 name)) is not None}}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape. Raises UnsupportedError where `axis` is not the last one."""
        self._check_axis(len(input_shape))
        return super().compute_output_shape(input_shape)

    def _append(self, core: Any, inputs: Any) -> None:
        self._check_axis(len(core.layer(inputs[0].name).output_shape) + 1)
        super()._append(core, inputs)

    def _check_axis(self, rank: int) -> None:
        axis = self.axis[0] if isinstance(self.axis, (list, tuple)) and len(self.axis) == 1 else self.axis
        only("BatchNormalization", "axis", axis, (-1, rank - 1), "statistics are those of the last axis, the channels")


__all__ = ["BatchNormalization"]
