"""Layers of a model: what they are called, what they give, what they hold."""
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Sequence

from . import _abi, _text
from ._errors import check
from ._handle import Handle, Owner
from ._library import lib
from ._options import text
from ._text import Attribute

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._network import Network


class Layer(Handle):
    """A layer of a model, as `Model.add`, `Model.layers` and `Model.layer` give it; it keeps its model alive.

    Examples
    --------
    >>> import cnn
    >>> model = cnn.Model()
    >>> model.add("input", shape=(28, 28, 1))
    Layer('input' input: (28, 28, 1))
    >>> conv = model.add("conv2d", filters=8, kernel_size=3, activation="relu", name="conv1")
    >>> conv
    Layer('conv1' conv2d: (26, 26, 8), 80 parameters)
    >>> conv.attributes["kernel_size"], conv.weights
    ((3, 3), ('conv1/kernel', 'conv1/bias'))
    """

    model: Network

    def __init__(self, model: Network, pointer: int) -> None:
        self.model = model
        self._owner = Owner(pointer, parent=model._handle)

    @property
    def name(self) -> str:
        """Its name; where none was given the type, then type_1, type_2 ..."""
        return str(lib.cnn_layer_name(self._handle).decode())

    @property
    def type(self) -> str:
        """The name of its type, "conv2d"."""
        return str(lib.cnn_layer_type(self._handle).decode())

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of what it gives, without the batch axis."""
        extents = (ctypes.c_int64 * _abi.CNN_MAX_RANK)()
        return tuple(extents[: lib.cnn_layer_output_shape(self._handle, extents)])

    @property
    def parameters(self) -> int:
        """Number of its weights."""
        return int(lib.cnn_layer_parameters(self._handle))

    @property
    def trainable_parameters(self) -> int:
        """Number of those that training changes."""
        return int(lib.cnn_layer_trainable_parameters(self._handle))

    @property
    def flops(self) -> int:
        """Floating-point operations of one sample forward; a multiply-add counts two."""
        return int(lib.cnn_layer_flops(self._handle))

    @property
    def trainable(self) -> bool:
        """May training change its weights? Setting it takes effect at the next `Model.compile`."""
        return bool(lib.cnn_layer_trainable(self._handle))

    @trainable.setter
    def trainable(self, value: bool) -> None:
        with self.model._changing():
            check(lib.cnn_layer_set_trainable(self._handle, int(bool(value))))

    @property
    def attributes(self) -> dict[str, Any]:
        """Its attributes with their values, defaults included."""
        rows = _text.table("layer", self.type)
        return {row.key: _text.read(_text.attribute("layer", self._handle, row.key), row.kind) for row in rows}

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of its weight arrays, as `Model.weight` takes them."""
        begin = f"{self.name}/"
        return tuple(name for name in self.model.weights if name.startswith(begin))

    def get_weights(self) -> list[NDArray[Any]]:
        """Copies of its weight arrays, float32, in the order of `weights`."""
        return [self.model.weight(name) for name in self.weights]

    def set_weights(self, values: Sequence[ArrayLike]) -> None:
        """Replace its weight arrays, in the order of `weights`. Of wrong ones none is taken.

        Raises
        ------
        ShapeError
            Another number of arrays, or other shapes.
        DataError
            NaN or infinity.
        """
        self.model.set_weights(dict(self.model._paired(self.weights, values, f"layer '{self.name}'")))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layer):
            return NotImplemented
        return self._handle.value == other._handle.value

    def __hash__(self) -> int:
        return hash(self._handle.value)

    def _describe(self) -> str:
        counted = f", {self.parameters:,} parameters" if self.parameters else ""
        return f"{self.name!r} {self.type}: {self.output_shape}{counted}"

    @classmethod
    def types(cls) -> list[str]:
        """The names of the types that there are."""
        return _text.types("layer")

    @classmethod
    def help(cls, type: str) -> str:
        """What a type does, in one sentence; "" where there is no such type."""
        sentence = lib.cnn_layer_type_help(text(type, "type"))
        return str(sentence.decode()) if sentence else ""

    @classmethod
    def attributes_of(cls, type: str) -> tuple[Attribute, ...]:
        """What may be given to a type by keyword: key, kind, default, range, choices and help of each. Besides these
        all take ``name``, and ``input`` or ``inputs`` for the layers to read."""
        return _text.table("layer", type)
