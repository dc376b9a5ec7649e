"""Sequential: layers one after another."""

from __future__ import annotations

from typing import Any, Iterable, Optional, Sequence

from . import _names
from ._assemble import append, assemble, tell_of_copies
from ._graph import KerasTensor, Shape
from ._model import Model
from .layers import from_config, serialize
from .layers.base import Layer
from .layers.core import InputLayer


class Sequential(Model):
    """Layers one after another.

    Parameters
    ----------
    layers : iterable of Layer, optional
        Perhaps with an `Input` first; else the shapes are found out when data come, or `build` is called.
    trainable : bool
    name : str, optional
        None: "sequential", "sequential_1" ...

    Examples
    --------
    >>> from cnn import keras
    >>> layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    >>> model = keras.Sequential(layers, name="small")
    >>> model.count_params()
    7850
    """

    def __init__(self, layers: Optional[Iterable[Any]] = None, trainable: bool = True,
                 name: Optional[str] = None) -> None:
        self._all: list[Layer] = []
        self._before: Any = None  # the model of the binding that the layers' weights stand in while there is none
        self._begin(name, "sequential", trainable)
        for layer in layers or ():
            self._put(layer)
        self._rebuild()

    @property
    def layers(self) -> list[Layer]:
        """Its layers in order, without its input."""
        return self._all[1:] if self._has_input() else self._all[:]

    def _has_input(self) -> bool:
        return bool(self._all) and isinstance(self._all[0], InputLayer)

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end. Weights of the others stay; a compiled model must be compiled again.

        Raises
        ------
        ValueError
            No layer, a name that is taken, a second input.
        ShapeError
            The layer does not suit the shape it would read; the model is as before.
        """
        before = self._all[:]
        self._put(layer)
        if not rebuild:
            self._drop()
            return
        try:
            self._rebuild()
        except BaseException:
            self._all = before
            raise

    def _put(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and isinstance(layer._keras_history.operation, InputLayer):
            layer = layer._keras_history.operation
        if isinstance(layer, Model):
            raise ValueError(f"model '{layer.name}' is added to a Sequential: libcnn's models hold no models; add its "
                             "layers one by one")
        if not isinstance(layer, Layer):
            raise ValueError(f"Only instances of `keras.Layer` can be added to a Sequential model. Received: {layer} "
                             f"(of type {type(layer)})")
        if not self._all and layer._input_shape_arg is not None and not isinstance(layer, InputLayer):
            self._all.append(InputLayer(shape=layer._input_shape_arg))
        if any(other.name == layer.name for other in self._all):
            raise ValueError(f"All layers added to a Sequential model should have unique names. Name '{layer.name}' is "
                             "already the name of a "
                             "layer in this model. Update the `name` argument to pass a unique name.")
        if isinstance(layer, InputLayer) and self._all:
            raise ValueError(f"Sequential model '{self.name}' has layers already: an Input comes first.")
        if layer._several:
            raise ValueError(f"layer '{layer.name}' reads several tensors: a Sequential has one after another, "
                             "Model(inputs, outputs) has branches")
        self._all.append(layer)

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away and return it."""
        if not self.layers:
            raise ValueError(f"Sequential model '{self.name}' has no layers to pop")
        self._drop()
        layer = self._all.pop()
        layer._output = None
        if rebuild:
            self._rebuild()
        return layer

    def build(self, input_shape: Optional[Sequence[Optional[int]]] = None) -> None:
        """Fix the shape of the input, with the batch axis: (None, 28, 28, 1)."""
        if input_shape is None:
            return
        shape = tuple(input_shape)
        if not self._all:
            raise ValueError(f"Sequential model {self.name} cannot be built because it has no layers. Call "
                             "`model.add(layer)`.")
        if isinstance(self._all[0], InputLayer):
            if self._all[0].batch_shape[1:] != shape[1:]:
                raise ValueError(f"Sequential model '{self.name}' has already been configured to use input shape "
                                 f"{self._all[0].batch_shape}. "
                                 f"You cannot build it with input_shape {shape}")
            return
        before = self._all
        self._all = [InputLayer(batch_shape=(None, *shape[1:])), *before]
        try:
            self._rebuild()
        except BaseException:
            self._all = before
            raise

    def _build_for(self, shape: Sequence[int]) -> None:
        self.build((None, *shape))

    def _drop(self) -> None:
        """Forget the model of the binding; layers keep theirs, and so their weights, until there is a new one."""
        self._before, self._core = self._core or self._before, None

    def _rebuild(self) -> None:
        if not self._has_input() or len(self._all) < 2:
            return
        _names.automatic("functional")  # the name that Keras's model within the model takes
        mine = (None, self._core, self._before)
        foreign = [layer for layer in self._all if layer._core not in mine]
        if self._core is not None and not self.compiled and not foreign and self._grow(self._core):
            return
        self._connect_all()
        tell_of_copies(self.name, foreign)
        core = assemble(self.name, self._all)
        self._core, self._before = core, None
        self._shapes()
        self._recompile()

    def _grow(self, core: Any) -> bool:
        """Add what is new at the end of a model that is not compiled; False where that is not all there is to do."""
        count = len(core.layers)
        if [layer.name for layer in core.layers] != [layer.name
                                                     for layer in self._all[:count]] or len(self._all) != count + 1:
            return False
        layer = self._all[-1]
        shape = layer.compute_output_shape(self._all[-2].output.shape)
        layer._scope = f"{self.name}/"
        layer._connect((self._all[-2].output,), shape)
        append(core, layer)
        layer._belong(core)
        return True

    def _connect_all(self) -> None:
        """Symbolic tensors from layer to layer; their shapes come with the model."""
        for layer in self._all:
            layer._scope = layer._scope or f"{self.name}/"
        for before, layer in zip(self._all, self._all[1:]):
            layer._connect((before.output,), (None,))

    def _shapes(self) -> None:
        assert self._core is not None
        for layer in self._all:
            layer.output.shape = (None, *self._core.layer(layer.name).output_shape)

    @property
    def inputs(self) -> list[KerasTensor]:
        """Its input, as a list of symbolic tensors."""
        self._need_shapes("inputs")
        return [self._all[0].output]

    @property
    def outputs(self) -> list[KerasTensor]:
        """Its output, as a list of symbolic tensors."""
        self._need_shapes("outputs")
        return [self._all[-1].output]

    @property
    def input_shape(self) -> Shape:
        """Shape of its input with the batch axis."""
        self._need_shapes("input shape")
        return self.inputs[0].shape

    @property
    def output_shape(self) -> Shape:
        """Shape of its output with the batch axis."""
        self._need_shapes("output shape")
        return self.outputs[0].shape

    def _need_shapes(self, what: str) -> None:
        if self._core is None:
            raise AttributeError(f"Sequential model '{self.name}' has no defined {what} yet.")

    def get_config(self) -> dict[str, Any]:
        """Name and layers."""
        return {"name": self.name, "trainable": self.trainable, "layers": [serialize(layer) for layer in self._all]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: None = None) -> Sequential:
        """A model with new weights from what `get_config` gave."""
        return cls([from_config(layer) for layer in config["layers"]], config.get("trainable", True), config["name"])


