"""The model of the binding that a chain or graph of layers stands for."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Optional, Sequence

if TYPE_CHECKING:
    import cnn

    from .layers.base import Layer


def assemble(name: str, layers: Sequence[Layer]) -> cnn.Model:
    """A new model of these layers, input first, each after those it reads. Layers that stood in a model before bring
    their weights along.

    Raises
    ------
    ShapeError, InvalidArgument, NameError_
        A layer does not fit; the sentence is libcnn's.
    """
    import cnn

    core = cnn.Model(name, context=cnn.default_context())
    try:
        for layer in layers:
            append(core, layer)
        held = [values_of(layer) for layer in layers]
        for layer, values in zip(layers, held):
            for key, value in values.items():
                core.set_weight(f"{layer.name}/{key}", value)
    except BaseException:
        core.close()
        raise
    for layer in layers:
        layer._belong(core)
    return core


def restored(kind: type[Layer], config: dict[str, Any], shape: Optional[Sequence[int]],
             values: Sequence[Any]) -> Layer:
    """A copied layer: one of this class with these weights, in a model of its own where it was built."""
    import cnn

    from .layers.core import InputLayer

    layer: Layer = kind.from_config(config)
    if shape is not None:
        core = cnn.Model(layer.name, context=cnn.default_context())
        source = InputLayer(shape, name=f"{layer.name}_input")
        source._append(core, [])
        layer._append(core, [source])
        layer._belong(core)
        layer._alone = True
        layer.set_weights(values)
    return layer


def append(core: cnn.Model, layer: Layer) -> None:
    """Add a layer that is connected."""
    layer._append(core, [tensor._keras_history.operation for tensor in layer.output._inputs])


def values_of(layer: Layer) -> dict[str, Any]:
    """Its weights by name; none before it stands in a model."""
    return {weight.name: weight.numpy() for weight in layer.weights}


def tell_of_copies(name: str, layers: Sequence[Layer]) -> None:
    """Say that layers that are taken over from another model are not shared with it."""
    taken = [layer for layer in layers if layer.weights and not layer._alone]
    if taken:
        warnings.warn(f"model '{name}' takes layers of another model, '{taken[0].name}' among them: libcnn's models "
                      "share no weights, so it "
                      "begins with copies of them, and the layers are its own from now on", stacklevel=4)
