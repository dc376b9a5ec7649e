"""Dropout."""

from __future__ import annotations

from typing import Any

from .._arguments import number, only
from .base import Layer


class Dropout(Layer):
    """In training each element is 0 with probability `rate`, else divided by 1 - rate.

    Parameters
    ----------
    rate : float
        [0, 1].
    noise_shape, seed
        None: each element is drawn for itself, from the context's seed (`keras.utils.set_random_seed`).

    Examples
    --------
    >>> from cnn import keras
    >>> keras.layers.Dropout(0.5).rate
    0.5
    """

    _type = "dropout"

    def __init__(self, rate: float, noise_shape: None = None, seed: None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = number("Dropout", "rate", rate)
        if not 0 <= self.rate <= 1:
            raise ValueError(f"Invalid value received for argument `rate`. Expected a float value between 0 and 1. "
                             f"Received: rate={rate}")
        only("Dropout", "noise_shape", noise_shape, (None,), "each element is drawn for itself")
        only("Dropout", "seed", seed, (None,), "the mask follows from the seed of keras.utils.set_random_seed, "
                                               "whatever the number of threads")
        self.noise_shape, self.seed = noise_shape, seed

    def _attributes(self) -> dict[str, Any]:
        return {"rate": self.rate}


__all__ = ["Dropout"]
