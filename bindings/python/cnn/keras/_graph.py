"""Symbolic tensors, and the order of the layers that lie between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from ._lacking import TENSOR, Lacking

if TYPE_CHECKING:
    from .layers.base import Layer

Shape = tuple[Optional[int], ...]


class History(NamedTuple):
    """Which call of which layer made a tensor. A layer is called once and has one output, so the numbers are 0."""

    operation: Layer
    node_index: int = 0
    tensor_index: int = 0


class KerasTensor(Lacking):
    """What a layer will give, known by its shape alone: made by `Input` and by calling layers.

    Attributes
    ----------
    shape : tuple
        With the batch axis, which is None.
    dtype : str
        "float32".
    name : str

    Examples
    --------
    >>> from cnn import keras
    >>> x = keras.Input((28, 28, 1))
    >>> keras.layers.Conv2D(8, 3)(x).shape
    (None, 26, 26, 8)
    """

    _lacks = TENSOR
    sparse = ragged = False
    ragged_rank: None = None
    row_splits_dtype: None = None
    record_history = True

    def __init__(self, shape: Shape, name: str, layer: Layer, inputs: tuple[KerasTensor, ...] = ()) -> None:
        self.shape = shape
        self.dtype = "float32"
        self.name = name
        self._keras_history = History(layer)
        self._inputs = inputs

    @property
    def ndim(self) -> int:
        """Axes, that of the batch included."""
        return len(self.shape)

    def __add__(self, other: object) -> KerasTensor:
        if not isinstance(other, KerasTensor):
            return NotImplemented
        from .layers.merging import Add

        layer = Add()
        layer._operation = True
        made: KerasTensor = layer([self, other])
        return made

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, name={self.name}>"

    def __array__(self, *_: object, **__: object) -> None:
        raise TypeError(f"{self!r} has no values yet: make a Model of it and call predict")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no values yet and is neither true nor false")


def layers_between(source: KerasTensor, target: KerasTensor) -> list[Layer]:
    """The layers from an input to an output in Keras's order: those with the longest way to the output first, of equal
    ones in the order in which a search backwards from the output meets them.

    Raises
    ------
    ValueError
        The output depends on another input.
    """
    found: dict[KerasTensor, int] = {}
    finished: list[KerasTensor] = []
    _search(target, found, finished)
    others = [t for t in finished if not t._inputs and t is not source]
    if others:
        raise ValueError(f"Graph disconnected: the output depends on '{others[0]._keras_history.operation.name}', "
                         "which is not the input "
                         "of the model")
    if source not in found:
        raise ValueError(f"the output does not depend on the input '{source._keras_history.operation.name}'")
    depth = dict.fromkeys(finished, 0)
    for tensor in reversed(finished):
        for before in tensor._inputs:
            depth[before] = max(depth[before], depth[tensor] + 1)
    return [t._keras_history.operation for t in sorted(finished, key=lambda t: (-depth[t], found[t]))]


def _search(target: KerasTensor, found: dict[KerasTensor, int], finished: list[KerasTensor]) -> None:
    """Depth first without recursion, so that a chain of any length will do."""
    stack: list[tuple[KerasTensor, int]] = [(target, 0)]
    found[target] = 0
    while stack:
        tensor, at = stack.pop()
        if at == len(tensor._inputs):
            finished.append(tensor)
            continue
        stack.append((tensor, at + 1))
        before = tensor._inputs[at]
        if before not in found:
            found[before] = len(found)
            stack.append((before, 0))
