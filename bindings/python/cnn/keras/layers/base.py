"""What all layers have in common."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

import numpy as np

from .. import _lacking, _names, initializers, regularizers
from .._arguments import no_more, only, real, refuse
from .._dtypes import Float32
from .._graph import KerasTensor, Shape
from .._variable import Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import cnn


_LEFT_OUT = {"bias": "use_bias", "gamma": "scale", "beta": "center"}  # weights, and the arguments that leave them out


class Layer(Float32):
    """A layer in Keras's words. Its weights live in the model that it belongs to.

    Parameters
    ----------
    name : str, optional
        None: made of the class and a number, "conv2d_1".
    trainable : bool
        May training change its weights?
    dtype : str, optional
        None or "float32".
    input_shape, input_dim
        Of the first layer of a Sequential, in the place of an `Input` before it.

    Attributes
    ----------
    input, output : KerasTensor
        Where the layer has been called, or stands in a model that is built.
    """

    _type = ""
    _state: tuple[str, ...] = ()  # weights that training does not change, though the layer is trainable
    _unbuilt: tuple[str, ...] = ()  # weights that are None before there are any; of others the name is not there then
    _several = False              # reads several tensors
    _operation = False            # made by a sign or function, as x + y: not among a model's layers
    _tensor_name: Optional[str] = None
    _scope = ""                   # what stands before its name in the paths of weights
    _alone = False                # a copy, in a model of its own until it is put into another
    _lacks = _lacking.LAYER

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("call", "build", "add_weight"):
            if name in cls.__dict__:
                refuse(f"{cls.__name__}.{name}: libcnn runs layers of its own; one of somebody else's is written in C "
                       "(docs/adding-a-layer.md)")

    def __init__(self, *, name: Optional[str] = None, trainable: bool = True, dtype: Optional[str] = None,
                 autocast: bool = True, activity_regularizer: None = None, **kwargs: Any) -> None:
        where = type(self).__name__
        only(where, "dtype", dtype, (None, "float32"), "all is float32")
        only(where, "autocast", autocast, (True,), "all is float32")
        only(where, "activity_regularizer", activity_regularizer, (None,), "kernel_regularizer is the nearest")
        shape = kwargs.pop("input_shape", None)
        features = kwargs.pop("input_dim", None)
        if shape is None and features is not None:
            shape = (features,)
        self._input_shape_arg: Optional[tuple[int, ...]] = None if shape is None else tuple(shape)
        no_more(where, kwargs)
        self.name = _names.checked(name, _names.snake_case(where))
        self._trainable = bool(trainable)
        self._output: Optional[KerasTensor] = None
        self._core: Optional[cnn.Model] = None
        self._core_name = ""

    # ---- how libcnn makes it ----

    def _attributes(self) -> dict[str, Any]:
        """Attributes of libcnn's layer type, name and inputs left out."""
        return {}

    def _append(self, core: cnn.Model, inputs: Sequence[Layer]) -> None:
        """Add it to a model of the binding, reading these layers."""
        attributes = self._attributes()
        if self._several:
            attributes["inputs"] = ",".join(layer.name for layer in inputs)
        elif inputs and inputs[0].name != core.layers[-1].name:
            attributes["input"] = inputs[0].name
        if self._input_shape_arg is not None and inputs:
            read = core.layer(inputs[0].name).output_shape
            if read != self._input_shape_arg:
                raise ValueError(f"layer '{self.name}': input_shape={self._input_shape_arg}, but it reads {read}")
        layer = core.add(self._type, name=self.name, **attributes)
        if not self._trainable:
            layer.trainable = False

    def _belong(self, core: Optional[cnn.Model]) -> None:
        self._core, self._core_name, self._alone = core, self.name, False

    # ---- calling it ----

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer on a symbolic tensor, or on a list of them where it reads several.

        Raises
        ------
        UnsupportedError
            Called a second time (libcnn shares no weights between places), or on values instead of a symbolic tensor.
        ShapeError
            The tensor's shape does not suit the layer.
        """
        if kwargs.pop("training", None) is not None:
            refuse(f"layer '{self.name}': training=... of one call is not in libcnn: layers train in fit and infer in "
                   "predict; "
                   "a batch normalisation with trainable=False uses its moving statistics in both")
        if args or kwargs:
            no_more(f"{type(self).__name__}.__call__", {**{str(i): a for i, a in enumerate(args)}, **kwargs})
        if self._output is not None:
            refuse(f"layer '{self.name}' is called a second time: libcnn shares no layer between places of a model; "
                   "make another "
                   f"{type(self).__name__}")
        tensors = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
        if not tensors or not all(isinstance(tensor, KerasTensor) for tensor in tensors):
            refuse(f"layer '{self.name}' is called on values: make a Model of it and call predict")
        if len(tensors) > 1 and not self._several:
            raise ValueError(f"Layer '{self.name}' expects 1 input(s), but it received {len(tensors)} input tensors.")
        shapes = [tensor.shape for tensor in tensors]
        return self._connect(tensors, self.compute_output_shape(shapes if self._several else shapes[0]))

    def _connect(self, inputs: tuple[KerasTensor, ...], shape: Shape) -> KerasTensor:
        name = self._tensor_name or _names.automatic("keras_tensor")
        self._output = KerasTensor(shape, name, self, inputs)
        return self._output

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The shape of what it gives for an input of this shape, both with the batch axis; of several inputs a list of
        shapes.

        Examples
        --------
        >>> from cnn.keras import layers
        >>> layers.MaxPooling2D().compute_output_shape((None, 28, 28, 3))
        (None, 14, 14, 3)
        """
        import cnn

        shapes = input_shape if self._several else [input_shape]
        if any(tuple(shape) != tuple(shapes[0]) for shape in shapes):
            raise ValueError(f"layer '{self.name}': its inputs have different shapes: "
                             f"{', '.join(str(tuple(s)) for s in shapes)}")
        with cnn.Model(context=cnn.default_context()) as probe:
            source = InputShape(shapes[0])
            probe.add("input", name="input" if self.name != "input" else "source", shape=source.extents)
            attributes = self._attributes()
            if self._several:
                attributes["inputs"] = ",".join([probe.layers[0].name] * len(shapes))
            return (source.batch, *probe.add(self._type, name=self.name, **attributes).output_shape)

    def _reads(self) -> tuple[KerasTensor, ...]:
        """The tensors that it has been called on; none before."""
        return () if self._output is None else self._output._inputs

    @property
    def output(self) -> KerasTensor:
        """What it gives, as a symbolic tensor."""
        if self._output is None:
            raise AttributeError(f"The layer {self.name} has never been called and thus has no defined output.")
        return self._output

    @property
    def input(self) -> Union[KerasTensor, list[KerasTensor]]:
        """What it reads."""
        inputs = self.output._inputs
        return inputs[0] if len(inputs) == 1 else list(inputs)

    # ---- weights ----

    @property
    def path(self) -> str:
        """Its name, of a Sequential's layer after the model's: "sequential/conv1"."""
        return f"{self._scope}{self.name}"

    def build(self, input_shape: Optional[Sequence[Optional[int]]] = None) -> None:
        """Nothing where it stands in a model already, which has made its weights.

        Raises
        ------
        UnsupportedError
            It stands in no model: libcnn's layers get their weights there.
        ValueError
            Another shape than that of what it reads.
        """
        if self._core is None:
            refuse(f"layer '{self.name}' is built by the model that it is put into, once that knows its input shape")
        read = tuple(tensor.shape for tensor in self._reads())
        if input_shape is not None and not self._several and read and tuple(input_shape)[1:] != read[0][1:]:
            raise ValueError(f"layer '{self.name}' reads {read[0]}. You cannot build it with input_shape "
                             f"{tuple(input_shape)}")

    @property
    def losses(self) -> list[float]:
        """What its regularizers add to the loss."""
        rules = ((weight, weight.regularizer) for weight in self.weights)
        return [rule(weight.numpy()) for weight, rule in rules if rule is not None]

    @property
    def metrics(self) -> list[Any]:
        """None: layers have no metrics of their own."""
        return []

    @property
    def built(self) -> bool:
        """Does it stand in a model whose shapes are known?"""
        return self._core is not None

    @property
    def weights(self) -> list[Variable]:
        """Its weights: parameters first, then moving statistics; none before it stands in a model."""
        if self._core is None:
            return []
        begin = self._core_name + "/"
        return [Variable(self, name[len(begin):]) for name in self._core.weights if name.startswith(begin)]

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that training changes."""
        return [weight for weight in self.weights if weight.trainable]

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those that it leaves alone."""
        return [weight for weight in self.weights if not weight.trainable]

    non_trainable_variables = non_trainable_weights

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies of its weights, float32, in the order of `weights`."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all of its weights.

        Raises
        ------
        ValueError
            Another count, or a shape that does not fit; nothing is changed then.
        """
        set_all(self.name, self.weights, weights)

    def count_params(self) -> int:
        """How many numbers its weights hold."""
        if self._core is None:
            raise ValueError(f"You tried to call `count_params` on layer '{self.name}', but the layer isn't built. You "
                             "can build it manually "
                             "by putting it into a model whose input shape is known.")
        return int(self._core.layer(self._core_name).parameters)

    @property
    def trainable(self) -> bool:
        """May training change its weights? A change after the first step takes effect at the next `compile`. A batch
        normalisation that is not trainable uses its moving statistics in training too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        if self._core is not None:
            self._core.layer(self._core_name).trainable = self._trainable

    def __getattr__(self, name: str) -> Any:
        core = self.__dict__.get("_core")
        if core is not None and not name.startswith("_") and f"{self._core_name}/{name}" in core.weights:
            return Variable(self, name)
        if name in ("input", "output") and self.__dict__.get("_output") is None:
            raise AttributeError(f"The layer {self.__dict__.get('name')} has never been called and thus has "
                                 f"no defined {name}.")
        if core is None and name in self._unbuilt:
            return None
        if core is not None and name in _LEFT_OUT and self.__dict__.get(_LEFT_OUT[name]) is False:
            return None
        raise _lacking.lacking(self, name)

    # ---- configuration ----

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer again.

        Examples
        --------
        >>> from cnn.keras import layers
        >>> layers.Dropout(0.25, name="drop").get_config()
        {'name': 'drop', 'trainable': True, 'dtype': 'float32', 'rate': 0.25, 'noise_shape': None, 'seed': None}
        """
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        for key, parameter in inspect.signature(type(self).__init__).parameters.items():
            if key not in ("self", "name", "kwargs"):
                config[key] = plain(getattr(self, key, parameter.default))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer from what `get_config` gave."""
        return cls(**config)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as a layer by itself, with weights of its own."""
        from .._assemble import restored

        shape = None
        if self._core is not None and self._type != "input" and not self._several:
            reads = self._reads()
            shape = reads[0].shape[1:] if reads else self._core.layers[0].output_shape
        return restored, (type(self), self.get_config(), shape, [weight.numpy() for weight in self.weights])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


class InputShape:
    """A shape with its batch axis, taken apart."""

    def __init__(self, shape: Sequence[Optional[int]]) -> None:
        self.batch = shape[0]
        if any(extent is None for extent in shape[1:]):
            refuse(f"shape {tuple(shape)}: an extent that is None; libcnn's shapes are all given but for the batch")
        self.extents = tuple(int(extent) for extent in shape[1:] if extent is not None)


def plain(value: Any) -> Any:
    """An argument as JSON can hold it."""
    from .. import activations

    if isinstance(value, activations.Activation):
        return activations.serialize(value)
    if isinstance(value, initializers.Initializer):
        return initializers.serialize(value)
    if isinstance(value, regularizers.Regularizer):
        return regularizers.serialize(value)
    return value


def set_all(name: str, variables: Sequence[Variable], values: Sequence[Any]) -> None:
    """All of the weights of the layer or model `name`, or none: count and shapes are looked at first, and values come back
    if one is refused."""
    if len(values) != len(variables):
        raise ValueError(f"You called `set_weights(weights)` on layer '{name}' with a weight list of length {len(values)}, "
                         f"but the layer was expecting {len(variables)} weights.")
    arrays = [np.asarray(real("set_weights", value), np.float32) for value in values]
    for variable, array in zip(variables, arrays):
        if variable.shape != array.shape:
            raise ValueError(f"Layer weight shape {variable.shape} of '{variable.path}' is not compatible with "
                             f"provided weight shape {array.shape}.")
    before = [variable.numpy() for variable in variables]
    try:
        for variable, array in zip(variables, arrays):
            variable.assign(array)
    except BaseException:
        for variable, array in zip(variables, before):
            variable.assign(array)
        raise
