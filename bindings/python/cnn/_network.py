"""The layers of a model with their weights; looked at, saved and loaded."""
from __future__ import annotations

import ctypes
import io
import os
import threading
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence, TypeVar

import numpy as np

from . import _abi, _arrays, _companions, _export, _text
from ._calls import call
from ._counts import count
from ._errors import ShapeError, StateError, check, failure
from ._gate import Gate, Pass
from ._handle import Handle, Owner, new
from ._library import lib
from ._options import options, text
from ._output import sink
from .context import Context, context_of
from .layer import Layer
from .tensor import Tensor, to_numpy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._arrays import Array

Self = TypeVar("Self", bound="Network")


class Network(Handle):
    """The layers of a model with their weights: the part of `Model` that needs no training."""

    _context: Context

    def __init__(self, name: str | None = None, context: Context | None = None) -> None:
        self._begin(context_of(context))
        self._owner = new("cnn_model", lib.cnn_model_new, self._context._handle,
                          options(_abi.cnn_model_opts, name=name))

    def _begin(self, context: Context) -> None:
        self._context = context
        self._structure = Gate()

    # ---- layers ----

    def _looking(self) -> Pass[Owner]:
        """For `with`: the owner, for a look at the layers, which `add` alone changes; other threads may train
        meanwhile."""
        return Pass(self._structure, self._handle, type(self).__name__, False)

    def add(self, type: str, **attributes: Any) -> Layer:
        """Add a layer, which reads the one before, or those that ``input`` or ``inputs`` name.

        Parameters
        ----------
        type : str
            "conv2d", "dense" ...: see `Layer.types`.
        **attributes
            Its settings by name: see `Layer.attributes_of`; ``name``; ``input``, a layer or its name; ``inputs``,
            several of them.

        Raises
        ------
        NameError_
            No such type, attribute, choice or layer; the sentence names the nearest.
        InvalidArgument
            A value that is missing or out of range.
        ShapeError
            The input does not fit.
        StateError
            The model is compiled.
        """
        given = _text.attributes(_text.table("layer", type), attributes)
        with self._changing() as handle, Pass(self._structure, handle, self.__class__.__name__, True):
            pointer = lib.cnn_layer_add(handle, text(type, "type"), given)
            if not pointer:
                refusal = failure(lib.cnn_model_status(handle) or _abi.CNN_ESTATE)
                lib.cnn_model_forget_error(handle)
                raise refusal
        return Layer(self, pointer)

    @property
    def name(self) -> str:
        """Its name."""
        return str(lib.cnn_model_name(self._handle).decode())

    @property
    def layers(self) -> list[Layer]:
        """Its layers in the order of making, the input among them."""
        with self._looking() as handle:
            return [Layer(self, lib.cnn_model_layer_at(handle, number))
                    for number in range(lib.cnn_model_layer_count(handle))]

    def layer(self, name: str) -> Layer:
        """The layer of this name. Raises NameError_, with the nearest name."""
        with self._looking() as handle:
            pointer = lib.cnn_model_layer(handle, text(name, "name"))
            if not pointer:
                raise failure(_abi.CNN_ENAME)
        return Layer(self, pointer)

    def _shape(self, function: Any) -> tuple[int, ...] | None:
        extents = (ctypes.c_int64 * _abi.CNN_MAX_RANK)()
        with self._looking() as handle:
            rank = function(handle, 0, extents)
        return None if rank < 0 else tuple(extents[:rank])

    def _counted(self, function: Any) -> int:
        with self._looking() as handle:
            return int(function(handle))

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of an input, without the batch axis; None before the first layer."""
        return self._shape(lib.cnn_model_input_shape)

    @property
    def output_shape(self) -> tuple[int, ...] | None:
        """Shape of an output, without the batch axis; None before the first layer."""
        return self._shape(lib.cnn_model_output_shape)

    @property
    def parameters(self) -> int:
        """Number of all weights."""
        return self._counted(lib.cnn_model_parameters)

    @property
    def trainable_parameters(self) -> int:
        """Number of those that training changes."""
        return self._counted(lib.cnn_model_trainable_parameters)

    @property
    def flops(self) -> int:
        """Floating-point operations of one sample forward; a multiply-add counts two."""
        return self._counted(lib.cnn_model_flops)

    @property
    def training_flops(self) -> int:
        """The same of one sample in a training step."""
        return self._counted(lib.cnn_model_training_flops)

    # ---- weights ----

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weight arrays, in the order of the layers: "conv1/kernel", "bn1/moving_mean" ..."""
        with self._looking() as handle:
            return tuple(lib.cnn_model_weight_name(handle, number).decode()
                         for number in range(lib.cnn_model_weight_count(handle)))

    def weight(self, name: str) -> NDArray[np.float32]:
        """A copy of a weight array, float32. Raises NameError_, with the nearest name."""
        with self._reading():
            return to_numpy(new("cnn_tensor", lib.cnn_model_weight, self._handle, text(name, "name")))

    def set_weight(self, name: str, value: Array) -> None:
        """Replace a weight array.

        Raises
        ------
        NameError_
            No such weight.
        ShapeError
            Another shape.
        DataError
            NaN or infinity, with its position. Nothing is changed.
        """
        tensor = _arrays.floats(value, self._context, f"weight '{name}'")
        with self._changing():
            check(lib.cnn_model_set_weight(self._handle, text(name, "name"), tensor._handle))

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies of all weight arrays, in the order of `weights`."""
        return [self.weight(name) for name in self.weights]

    def set_weights(self, values: Mapping[str, ArrayLike] | Sequence[ArrayLike]) -> None:
        """Replace weight arrays: those that a mapping names, or all in the order of `weights`. On an error nothing is
        changed.

        Raises
        ------
        NameError_, ShapeError, DataError
            As `set_weight`; ShapeError also for another number of arrays.
        """
        if not isinstance(values, Mapping):
            values = dict(self._paired(self.weights, values, f"model '{self.name}'"))
        with self._changing():
            before = {name: self.weight(name) for name in values}
            try:
                for name, value in values.items():
                    self.set_weight(name, value)
            except BaseException:
                for name, value in before.items():
                    self.set_weight(name, value)
                raise

    @staticmethod
    def _paired(names: Sequence[str], values: Sequence[ArrayLike], what: str) -> Iterable[tuple[str, ArrayLike]]:
        if len(names) != len(values):
            raise ShapeError(f"{what}: {len(values)} arrays for {len(names)} weights")
        return zip(names, values)

    @property
    def hash(self) -> str:
        """32 hex digits that stand for the bits of all weights: equal runs have equal hashes."""
        buffer = ctypes.create_string_buffer(33)
        with self._reading():
            return str(lib.cnn_model_hash(self._handle, buffer).decode())

    # ---- to look at ----

    def summary(self, *, line_length: int | None = None, show_trainable: bool = False) -> None:
        """Write the table of layers, shapes and parameters where the context's text goes.

        Raises
        ------
        InvalidArgument
            A line_length that is too narrow.
        """
        self._summary(self._context.sink(), line_length, show_trainable)

    def summary_text(self, *, line_length: int | None = None, show_trainable: bool = False) -> str:
        """The same table as a text."""
        stream = io.StringIO()
        self._summary(sink(stream), line_length, show_trainable)
        return stream.getvalue()

    def _summary(self, place: _abi.cnn_sink, line_length: int | None, show_trainable: bool) -> None:
        chosen = options(_abi.cnn_summary_opts, line_length=count(line_length, "line_length"),
                         show_trainable=int(show_trainable))
        with self._looking() as handle:
            call(lib.cnn_model_summary, handle, place, chosen)

    def diagram(self, *, dpi: int | None = None, shapes: bool = True, layer_names: bool = True,
                activations: bool = False, trainable: bool = False, left_to_right: bool = False) -> str:
        """The graph as Graphviz DOT text."""
        stream = io.StringIO()
        chosen = options(_abi.cnn_diagram_opts, dpi=count(dpi, "dpi"), no_shapes=int(not shapes),
                         no_layer_names=int(not layer_names), show_activations=int(activations),
                         show_trainable=int(trainable), left_to_right=int(left_to_right))
        with self._looking() as handle:
            call(lib.cnn_model_diagram, handle, sink(stream), chosen)
        return stream.getvalue()

    # ---- files ----

    def save(self, path: str | os.PathLike[str], *, weights_only: bool = False, optimizer: bool = True) -> None:
        """Write the model to a file. At any moment, a crash included, `path` holds the old file or the new one, whole.

        Parameters
        ----------
        path : str or path-like
            The file. Its ending decides what it becomes: .h5, .keras or .weights.h5 for Keras, where libcnn-keras is
            installed; .onnx, .tflite, .c or .npz as `export` writes them, where libcnn-export is; else safetensors.
        weights_only : bool
            Leave out configuration, compilation and optimizer state.
        optimizer : bool
            False: leave out the optimizer's state.

        Raises
        ------
        FileError
            It cannot be written.
        UnsupportedError
            The form has no place for something in the model, or what writes it is not installed.
        """
        _companions.for_writing(self._context, path)
        with self._reading():
            check(lib.cnn_model_save(self._handle, text(path, "path"), self._save_options(weights_only, optimizer)))

    def export(self, path: str | os.PathLike[str], *, format: str | None = None, nchw: bool = False,
               int8: bool = False, batch_size: int | None = None, name: str | None = None) -> None:
        """Write the model for other programs, which only predict with it. Needs libcnn-export; docs/export.md tells
        what each form holds.

        Parameters
        ----------
        path : str or path-like
            The file.
        format : {"onnx", "tflite", "c", "npz"}, optional
            None: by the path's ending.
        nchw : bool
            "onnx": images come in as [N, C, H, W].
        int8 : bool
            "tflite", "c": large kernels as int8 with scales; the outputs are near those of `predict`, no longer equal.
        batch_size : int, optional
            "onnx": samples of a call; None: any number.
        name : str, optional
            "c": what every name in the file begins with; None: made of the model's name.

        Raises
        ------
        InvalidArgument
            An option of another format.
        UnsupportedError
            A layer of a type of one's own; libcnn-export is not there.
        FileError, DataError
            It cannot be written; a weight is NaN or infinite.
        """
        _export.write(self, path, format, nchw=nchw, int8=int8, batch_size=batch_size, name=name)

    def to_bytes(self, *, weights_only: bool = False, optimizer: bool = True) -> bytes:
        """The file that `save` would write: the way to copy a model, and to send it to another process."""
        chosen = self._save_options(weights_only, optimizer)
        size = ctypes.c_size_t()
        with self._reading():
            check(lib.cnn_model_save_memory(self._handle, None, 0, ctypes.byref(size), chosen))
            buffer = ctypes.create_string_buffer(size.value)
            check(lib.cnn_model_save_memory(self._handle, buffer, size.value, ctypes.byref(size), chosen))
        return buffer.raw

    @staticmethod
    def _save_options(weights_only: bool, optimizer: bool) -> _abi.cnn_save_opts:
        return options(_abi.cnn_save_opts, weights_only=int(weights_only), no_optimizer=int(not optimizer))

    @classmethod
    def load(cls: type[Self], path: str | os.PathLike[str], *, optimizer: bool = True, max_bytes: int | None = None,
             context: Context | None = None) -> Self:
        """A model from a file of `save`, or of Keras's own where libcnn-keras is installed: it predicts and goes on
        training, after `save` with the same bits.

        Parameters
        ----------
        path : str or path-like
            The file, which may be hostile. What it is its content tells.
        optimizer : bool
            False: leave the model uncompiled.
        max_bytes : int, optional
            Refuse larger files, and those that unpack to more; None: 1 GiB, and the form's own limits.

        Raises
        ------
        FileError, FormatError, TooNewError, UnsupportedError
            It cannot be read, is damaged, or is more than this version knows.
        """
        where = context_of(context)
        _companions.for_reading_file(where, path)
        return cls._adopt(new("cnn_model", lib.cnn_model_load, where._handle, text(path, "path"),
                              cls._load_options(optimizer, max_bytes)), where)

    @classmethod
    def from_bytes(cls: type[Self], data: bytes | bytearray | memoryview, *, optimizer: bool = True,
                   max_bytes: int | None = None,
                   context: Context | None = None) -> Self:
        """The same of the bytes of `to_bytes`, or of such a file."""
        where, content = context_of(context), bytes(data)
        _companions.for_reading(where, content)
        return cls._adopt(new("cnn_model", lib.cnn_model_load_memory, where._handle, content, len(content),
                              cls._load_options(optimizer, max_bytes)), where)

    def load_weights(self, source: str | os.PathLike[str] | bytes, *, max_bytes: int | None = None) -> None:
        """Take the weights of a file, or of its bytes: same names and shapes. On an error nothing is changed.

        Raises
        ------
        ShapeError
            A weight that is missing, left over or of another shape.
        FileError, FormatError
            As `load`.
        """
        chosen = self._load_options(True, max_bytes)
        with self._changing():
            if isinstance(source, (bytes, bytearray, memoryview)):
                content = bytes(source)
                _companions.for_reading(self._context, content)
                check(lib.cnn_model_load_weights_memory(self._handle, content, len(content), chosen))
            else:
                _companions.for_reading_file(self._context, source)
                check(lib.cnn_model_load_weights(self._handle, text(source, "path"), chosen))

    @staticmethod
    def _load_options(optimizer: bool, max_bytes: int | None) -> _abi.cnn_load_opts:
        return options(_abi.cnn_load_opts, no_optimizer=int(not optimizer), max_bytes=count(max_bytes, "max_bytes"))

    @classmethod
    def _adopt(cls: type[Self], owner: Owner, context: Context) -> Self:
        model = cls.__new__(cls)
        model._begin(context)
        model._owner = owner
        return model

    def _describe(self) -> str:
        shapes = f": {self.input_shape} -> {self.output_shape}" if self.input_shape else ""
        layers = lib.cnn_model_layer_count(self._handle)
        return f"{self.name!r}{shapes}, {layers} layers, {self.parameters:,} parameters"

    def _refuse_inside(self, what: str) -> None:
        if self._handle.gate.holds(threading.get_ident()):
            raise StateError(f"{what}: called from within a call of the same model '{self.name}'")

    def close(self) -> None:
        """Let go of it. Raises StateError inside a call of the model, where it is still needed."""
        if self._owner is not None:
            self._refuse_inside("close")
            super().close()
