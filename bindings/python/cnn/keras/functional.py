"""Functional models: what lies between two symbolic tensors, and views into a model."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from . import _data
from ._arguments import refuse
from ._assemble import assemble, tell_of_copies
from ._graph import KerasTensor, layers_between
from ._model import Model
from .layers import from_config, serialize
from .layers.base import Layer
from .layers.core import InputLayer


class Functional(Model):
    """What `Model(inputs, outputs)` makes.

    Where all of its layers stand in one model already, from that model's input on, it is a view into it: it shares the
    weights, and gives what those layers give. A view with the whole of a model's layers can be trained too.

    Examples
    --------
    >>> import numpy as np
    >>> from cnn import keras
    >>> layers = keras.layers
    >>> base = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3, name="conv"), layers.Flatten()])
    >>> features = keras.Model(base.inputs, base.get_layer("conv").output)
    >>> features.predict(np.zeros((5, 8, 8, 1)), verbose=0).shape
    (5, 6, 6, 4)
    """

    def __init__(self, inputs: Any = None, outputs: Any = None, name: Optional[str] = None,
                 trainable: bool = True) -> None:
        if inputs is None or outputs is None:
            refuse("Model() without inputs and outputs: libcnn runs models of its own layers; write it as Sequential "
                   "or Model(inputs, outputs)")
        source = _tensors(inputs, "inputs")
        targets = _tensors(outputs, "outputs")
        if len(source) > 1:
            refuse(f"Model: {len(source)} inputs; libcnn's models have one")
        if not isinstance(source[0]._keras_history.operation, InputLayer):
            refuse("Model: its input is a tensor from the middle of a graph; begin with an Input and call the layers "
                   "on it")
        self._source, self._targets = source[0], targets
        self._several = isinstance(outputs, (list, tuple)) and len(outputs) > 1
        self._view: Any = None
        self._begin(name, "functional", trainable)
        chains = [layers_between(self._source, target) for target in targets]
        found = dict.fromkeys(layer for chain in chains for layer in chain)
        self._all: list[Layer] = [layer for layer in found] if len(chains) > 1 else chains[0]
        self._check_names()
        self._make()

    def _check_names(self) -> None:
        names = [layer.name for layer in self._all]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f'The name "{name}" is used {names.count(name)} times in the model. All operation '
                                 'names should be unique.')

    def _make(self) -> None:
        base = self._all[-1]._core  # an input may stand in several models
        if base is not None and not self._all[-1]._alone and base.layers[0].name == self._all[0].name and all(
                layer._core is base for layer in self._all[1:]):
            self._view = base
            last = self._targets[-1]._keras_history.operation
            if not self._several and len(self._all) == len(base.layers) and last.name == base.layers[-1].name:
                self._core = base
            return
        if self._several:
            refuse(f"Model: {len(self._targets)} outputs; libcnn's models have one. (A view into a model that is made "
                   "already may have several.)")
        tell_of_copies(self.name, [layer for layer in self._all if layer._core is not None])
        self._core = assemble(self.name, self._all)

    @property
    def layers(self) -> list[Layer]:
        """Its layers, the input first, without what signs and functions have made (x + y)."""
        return [layer for layer in self._all if not layer._operation]

    @property
    def _operations(self) -> list[Layer]:
        return self._all

    @property
    def operations(self) -> list[Layer]:
        """`layers`, and what signs and functions have made between them."""
        return self._operations

    def build(self, input_shape: Optional[Sequence[Optional[int]]] = None) -> None:
        """Nothing: it is built. Raises ValueError for another shape than that of its input."""
        if input_shape is not None and tuple(input_shape)[1:] != self._source.shape[1:]:
            raise ValueError(f"model '{self.name}' has the input shape {self._source.shape}. You cannot build it with "
                             f"input_shape {tuple(input_shape)}")

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that its outputs come from."""
        return [tensor._keras_history.operation.name for tensor in self._targets]

    @property
    def built(self) -> bool:
        """Always."""
        return True

    @property
    def inputs(self) -> list[KerasTensor]:
        """Its input, as a list of symbolic tensors."""
        return [self._source]

    @property
    def outputs(self) -> list[KerasTensor]:
        """Its outputs: one, but for views."""
        return list(self._targets)

    @property
    def output(self) -> Any:
        """Its output; of a view with several a list."""
        return list(self._targets) if self._several else self._targets[0]

    @property
    def output_shape(self) -> Any:
        """Shape of its output with the batch axis; of a view with several a list."""
        return [t.shape for t in self._targets] if self._several else self._targets[0].shape

    def count_params(self) -> int:
        """How many numbers its weights hold."""
        return sum(layer.count_params() for layer in self._all)

    # ---- views ----

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """As every model's; of a view into a part of a model it is refused."""
        if self._core is None:
            refuse(f"model '{self.name}' is a view into a part of model '{self._view.name}': train that one")
        super().compile(*args, **kwargs)

    def predict(self, x: Any, batch_size: Optional[int] = None, verbose: Any = "auto", steps: Optional[int] = None,
                callbacks: Any = None) -> Any:
        """Outputs for all samples, float32; of a view with several outputs a list of arrays. A view into a part shows
        no bar, whatever `verbose` says."""
        if self._core is not None:
            return super().predict(x, batch_size, verbose, steps, callbacks)
        if callbacks or steps is not None or not _data.is_arrays(x):
            refuse(f"model '{self.name}' is a view into model '{self._view.name}': predict takes arrays, without steps "
                   "and callbacks")
        return self._seen(_data.floats(x), batch_size)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs for one batch."""
        return super().predict_on_batch(x) if self._core is not None else self._seen(_data.floats(x))

    def _seen(self, x: Any, batch_size: Optional[int] = None) -> Any:
        """What the layers give, in one pass."""
        names = [target._keras_history.operation.name for target in self._targets]
        seen = self._view.activations(names, x, batch_size=batch_size)
        return seen if self._several else seen[0]

    # ---- configuration ----

    def get_config(self) -> dict[str, Any]:
        """Name, layers with the names of those that they read, input and output."""
        if self._several:
            refuse(f"model '{self.name}' is a view with several outputs: it has no configuration of its own")
        layers = [{**serialize(layer), "operation": layer._operation,
                   "inbound": [t._keras_history.operation.name for t in layer.output._inputs]} for layer in self._all]
        return {"name": self.name, "trainable": self.trainable, "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: None = None) -> Functional:
        """A model with new weights from what `get_config` gave."""
        made: dict[str, KerasTensor] = {}
        for entry in config["layers"]:
            layer = from_config(entry)
            layer._operation = bool(entry.get("operation", False))
            read = [made[name] for name in entry["inbound"]]
            made[layer.name] = layer(read if layer._several else read[0]) if read else layer.output
        tensors = list(made.values())
        return cls(tensors[0], tensors[-1], config["name"], config.get("trainable", True))


def _tensors(given: Any, what: str) -> Sequence[KerasTensor]:
    parts = list(given.values()) if isinstance(given, dict) else list(given) if isinstance(given,
                                                                                           (list, tuple)) else [given]
    for part in parts:
        if not isinstance(part, KerasTensor):
            raise ValueError(f"All `{what}` values must be KerasTensors. Received: {what}={given!r}")
    if not parts:
        raise ValueError(f"Model: {what} is empty")
    return parts
