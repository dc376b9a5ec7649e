"""Initializers: what a layer's weights are at first. The distributions are Keras's, the numbers follow from the
context's seed.

Examples
--------
>>> from cnn.keras import initializers
>>> initializers.get("he_normal")
<HeNormal>
>>> initializers.RandomNormal(stddev=0.1)._text()
'random_normal(mean=0.0,stddev=0.1)'
"""

from __future__ import annotations

from typing import Any, Optional, Union

from ._arguments import number, only, refuse
from ._lacking import SCALED, Lacking
from ._missing import missing


class Initializer(Lacking):
    """Base of them all. `seed` is refused: a weight's values follow from the context's seed, the layer and the
    weight."""

    _name = ""
    seed: None = None

    def __init__(self, seed: Optional[int] = None) -> None:
        only(type(self).__name__, "seed", seed, (None,), "call keras.utils.set_random_seed before the model is made")

    def _numbers(self) -> dict[str, float]:
        return {}

    def _text(self) -> str:
        numbers = ",".join(f"{key}={value!r}" for key, value in self._numbers().items())
        return f"{self._name}({numbers})" if numbers else self._name

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Refused: values are drawn by the model that a layer is put into."""
        refuse(f"{type(self).__name__}: values are drawn when a layer gets its weights, from the context's seed; numpy.random "
               "draws arrays by themselves")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same one again."""
        return dict(self._numbers())

    def clone(self) -> Initializer:
        """One made of the same arguments."""
        return self.from_config(self.get_config())

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """One from what `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{key}={value}" for key, value in self._numbers().items())
        return f"<{type(self).__name__}{' ' + numbers if numbers else ''}>"


class Zeros(Initializer):
    """All 0.

    Examples
    --------
    >>> Zeros().get_config()
    {}
    """

    _name = "zeros"

    def __init__(self) -> None:
        super().__init__()


class Ones(Initializer):
    """All 1.

    Examples
    --------
    >>> Ones().get_config()
    {}
    """

    _name = "ones"

    def __init__(self) -> None:
        super().__init__()


class Constant(Initializer):
    """All `value`.

    Examples
    --------
    >>> Constant(0.5).get_config()
    {'value': 0.5}
    """

    _name = "constant"

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.value = number("Constant", "value", value)

    def _numbers(self) -> dict[str, float]:
        return {"value": self.value}


class RandomNormal(Initializer):
    """Normal numbers.

    Examples
    --------
    >>> RandomNormal(stddev=0.02).get_config()
    {'mean': 0.0, 'stddev': 0.02}
    """

    _name = "random_normal"

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Optional[int] = None) -> None:
        super().__init__(seed)
        self.mean = number("RandomNormal", "mean", mean)
        self.stddev = number("RandomNormal", "stddev", stddev)

    def _numbers(self) -> dict[str, float]:
        return {"mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Normal numbers without what lies beyond two deviations.

    Examples
    --------
    >>> TruncatedNormal(stddev=0.1).get_config()
    {'mean': 0.0, 'stddev': 0.1}
    """

    _name = "truncated_normal"


class RandomUniform(Initializer):
    """Uniform numbers in [minval, maxval).

    Examples
    --------
    >>> RandomUniform(-0.1, 0.1).get_config()
    {'minval': -0.1, 'maxval': 0.1}
    """

    _name = "random_uniform"

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Optional[int] = None) -> None:
        super().__init__(seed)
        self.minval = number("RandomUniform", "minval", minval)
        self.maxval = number("RandomUniform", "maxval", maxval)

    def _numbers(self) -> dict[str, float]:
        return {"minval": self.minval, "maxval": self.maxval}


class Orthogonal(Initializer):
    """`gain` times orthonormal rows or columns.

    Examples
    --------
    >>> Orthogonal(gain=0.5).get_config()
    {'gain': 0.5}
    """

    _name = "orthogonal"

    def __init__(self, gain: float = 1.0, seed: Optional[int] = None) -> None:
        super().__init__(seed)
        self.gain = number("Orthogonal", "gain", gain)

    def _numbers(self) -> dict[str, float]:
        return {"gain": self.gain}


class _Scaled(Initializer):
    _lacks = SCALED
    input_axes: None = None
    output_axes: None = None

    def __init__(self, seed: Optional[int] = None, input_axes: None = None, output_axes: None = None) -> None:
        super().__init__(seed)
        for name, value in (("input_axes", input_axes), ("output_axes", output_axes)):
            only(type(self).__name__, name, value, (None,), "the fans are counted as Keras counts them without it")


class GlorotUniform(_Scaled):
    """Uniform within sqrt(6 / (fan_in + fan_out)) of 0.

    Examples
    --------
    >>> GlorotUniform().get_config()
    {}
    """

    _name = "glorot_uniform"


class GlorotNormal(_Scaled):
    """Cut normal numbers of variance 2 / (fan_in + fan_out).

    Examples
    --------
    >>> GlorotNormal().get_config()
    {}
    """

    _name = "glorot_normal"


class HeUniform(_Scaled):
    """Uniform within sqrt(6 / fan_in) of 0.

    Examples
    --------
    >>> HeUniform().get_config()
    {}
    """

    _name = "he_uniform"


class HeNormal(_Scaled):
    """Cut normal numbers of variance 2 / fan_in.

    Examples
    --------
    >>> HeNormal().get_config()
    {}
    """

    _name = "he_normal"


class LecunUniform(_Scaled):
    """Uniform within sqrt(3 / fan_in) of 0.

    Examples
    --------
    >>> LecunUniform().get_config()
    {}
    """

    _name = "lecun_uniform"


class LecunNormal(_Scaled):
    """Cut normal numbers of variance 1 / fan_in.

    Examples
    --------
    >>> LecunNormal().get_config()
    {}
    """

    _name = "lecun_normal"


_CLASSES: tuple[type[Initializer], ...] = (Zeros, Ones, Constant, RandomNormal, TruncatedNormal, RandomUniform,
                                           Orthogonal, GlorotUniform,
                                           GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal)
_KNOWN: dict[str, type[Initializer]] = {key: c for c in _CLASSES for key in (c._name, c.__name__)}
_KNOWN.update({"normal": RandomNormal, "uniform": RandomUniform, "one": Ones, "zero": Zeros})

zeros, ones, constant = Zeros, Ones, Constant
random_normal, truncated_normal, random_uniform, orthogonal = RandomNormal, TruncatedNormal, RandomUniform, Orthogonal
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal


def get(identifier: Union[str, Initializer, type[Initializer], dict[str, Any], None]) -> Optional[Initializer]:
    """An initializer by its name, class or configuration; one that is given comes back.

    Raises
    ------
    UnsupportedError
        A name or a thing that libcnn does not know; the sentence lists what it does.

    Examples
    --------
    >>> get('he_normal')
    <HeNormal>
    """
    if identifier is None or isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, dict):
        return _of(identifier.get("class_name"), identifier.get("config", {}))
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    return _of(identifier, {})


def _of(name: object, config: dict[str, Any]) -> Initializer:
    if isinstance(name, str) and name in _KNOWN:
        return _KNOWN[name](**config)
    refuse(f"initializer {name!r} is not in libcnn, which has {', '.join(c._name for c in _CLASSES)}; other first "
           "values are set by "
           "layer.set_weights")


def serialize(initializer: Initializer) -> dict[str, Any]:
    """Name and arguments, as `get` takes them.

    Examples
    --------
    >>> serialize(RandomNormal(stddev=0.02))
    {'class_name': 'RandomNormal', 'config': {'mean': 0.0, 'stddev': 0.02}}
    """
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
