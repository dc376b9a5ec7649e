"""The model: what Sequential and functional models have in common."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

import numpy as np

from . import _exporting, _files, _names
from ._arguments import only, refuse
from ._dtypes import Float32
from ._graph import KerasTensor, Shape
from ._lacking import MODEL, Lacking
from ._summary import print_summary
from ._training import Trainer
from .layers.base import Layer, set_all

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import cnn

    from ._variable import Variable


class Model(Trainer, Float32, Lacking):
    """A model: `Model(inputs, outputs)` of symbolic tensors, or a `Sequential`.

    Parameters
    ----------
    inputs, outputs : KerasTensor
        One of each; what lies between them makes the model.
    name : str, optional
        None: "functional", "functional_1" ...

    Raises
    ------
    UnsupportedError
        Several inputs or outputs; a subclass with a `call` of its own.

    Examples
    --------
    >>> from cnn import keras
    >>> x = keras.Input((8, 8, 3))
    >>> y = keras.layers.Conv2D(3, 3, padding="same")(x)
    >>> y = keras.layers.Add()([x, y])
    >>> y = keras.layers.GlobalAveragePooling2D()(y)
    >>> model = keras.Model(x, y, name="residual")
    >>> model.output_shape
    (None, 3)
    """

    _lacks = MODEL
    _core: Optional[cnn.Model] = None
    name: str

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model:
            from .functional import Functional

            return super().__new__(Functional)
        return super().__new__(cls)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("call", "train_step", "test_step", "compute_loss"):
            if name in cls.__dict__:
                refuse(f"{cls.__name__}.{name}: libcnn runs models of its own layers; write it as Sequential or "
                       "Model(inputs, outputs)")

    def _begin(self, name: Optional[str], prefix: str, trainable: bool) -> None:
        self.name = _names.checked(name, prefix)
        self._trainable = bool(trainable)
        self._prepare()

    # ---- layers ----

    @property
    def layers(self) -> list[Layer]:
        """Its layers in order; a Sequential's without its input."""
        raise NotImplementedError

    @property
    def _operations(self) -> list[Layer]:
        """Its layers, and what signs and functions have made between them."""
        return self.layers

    @property
    def built(self) -> bool:
        """Are the shapes known, and weights made?"""
        return self._core is not None

    def get_layer(self, name: Optional[str] = None, index: Optional[int] = None) -> Layer:
        """A layer by its name or its place among `layers`.

        Raises
        ------
        ValueError
            No such layer; neither or both are given.
        """
        if (name is None) == (index is None):
            raise ValueError("Provide either a layer name or layer index, and not both." if name is not None else
                             "Provide either a layer name or layer index at `get_layer`.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"Was asked to retrieve layer at index {index} but model only has {len(layers)} "
                                 "layers.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}. Existing layers are: {[layer.name for layer in layers]}.")

    @property
    def inputs(self) -> list[KerasTensor]:
        """Its input, as a list of symbolic tensors."""
        raise NotImplementedError

    @property
    def outputs(self) -> list[KerasTensor]:
        """Its output, as a list of symbolic tensors."""
        raise NotImplementedError

    @property
    def input(self) -> KerasTensor:
        """Its input."""
        return self.inputs[0]

    @property
    def output(self) -> KerasTensor:
        """Its output."""
        return self.outputs[0]

    @property
    def input_shape(self) -> Shape:
        """Shape of its input with the batch axis, (None, 28, 28, 1)."""
        return self.input.shape

    @property
    def output_shape(self) -> Shape:
        """Shape of its output with the batch axis, (None, 10)."""
        return self.output.shape

    def __call__(self, inputs: Any, training: Optional[bool] = None) -> Any:
        """Outputs for a batch, as `predict_on_batch` gives them: in inference."""
        if isinstance(inputs, KerasTensor):
            refuse(f"model '{self.name}' is called as a layer: libcnn's models hold no models; add its layers one by "
                   "one")
        only("Model.__call__", "training", training, (None, False), "train_on_batch trains")
        return self.predict_on_batch(inputs)

    def call(self, inputs: Any, training: Optional[bool] = None, mask: None = None) -> Any:
        """As calling the model itself."""
        only("Model.call", "mask", mask, (None,), "there are no masks")
        return self(inputs, training)

    def compute_output_shape(self, input_shape: Sequence[Optional[int]]) -> Any:
        """The shape of its output for an input of this shape, both with the batch axis.

        Raises
        ------
        UnsupportedError
            Another shape than that which its layers are made for.
        """
        if tuple(input_shape)[1:] != self.input_shape[1:]:
            refuse(f"model '{self.name}' is made for inputs of shape {self.input_shape}, not {tuple(input_shape)}; models."
                   "clone_model of layers with another Input makes one for those")
        return self.output_shape

    # ---- weights ----

    @property
    def path(self) -> str:
        """Its name."""
        return self.name

    @property
    def losses(self) -> list[float]:
        """What the regularizers of its layers add to the loss."""
        return [value for layer in self.layers for value in layer.losses]

    @property
    def weights(self) -> list[Variable]:
        """All weights, layer by layer."""
        return [weight for layer in self.layers for weight in layer.weights]

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
        """Copies of all weights, float32, in the order of `weights`.

        Examples
        --------
        >>> from cnn import keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> [array.shape for array in model.get_weights()]
        [(3, 2), (2,)]
        """
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights, in the order of `weights`.

        Raises
        ------
        ValueError
            Another count, or a shape that does not fit; nothing is changed then.
        """
        set_all(self.name, self.weights, weights)

    def count_params(self) -> int:
        """How many numbers its weights hold.

        Raises
        ------
        ValueError
            It is not built yet.
        """
        if self._core is None:
            raise ValueError(f"You tried to call `count_params` on layer '{self.name}', but the layer isn't built. You "
                             "can build it manually "
                             f"via: `{self.name}.build(input_shape)`.")
        return sum(layer.count_params() for layer in self.layers)

    @property
    def trainable(self) -> bool:
        """May training change its weights? Set, it goes for all of its layers; after the first step from the next
        `compile` on."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self.layers:
            layer.trainable = value

    # ---- what it looks like ----

    def summary(self, line_length: Optional[int] = None, positions: Optional[Sequence[float]] = None,
                print_fn: Optional[Callable[[str], Any]] = None, expand_nested: bool = False,
                show_trainable: bool = False, layer_range: Optional[Sequence[str]] = None) -> None:
        """Print the table of its layers.

        Parameters
        ----------
        line_length : int, optional
            None: 88 (108 with branches), or what the terminal has.
        positions : sequence of float, optional
            Where columns end, in parts of the line.
        print_fn : callable, optional
            Gets the whole text instead of sys.stdout.
        expand_nested : bool
            There are no models within models, so that it changes nothing.
        show_trainable : bool
            One more column: Y, N, or - for layers without weights.
        layer_range : two of str, optional
            Names (or patterns) of the first and the last layer to show.
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def get_config(self) -> dict[str, Any]:
        """Name and layers, as `from_config` takes them."""
        raise NotImplementedError

    def to_json(self, **kwargs: Any) -> str:
        """`get_config` as text, for `models.model_from_json`. Keyword arguments are those of `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as the file that `save` would write."""
        from . import _loading

        return (_loading.of_bytes, (self._core.to_bytes(),)) if self._core is not None else (_loading.of_json,
                                                                                             (self.to_json(),))

    # ---- files ----

    def save(self, filepath: _files.Path, overwrite: bool = True, zipped: None = None, *,
             include_optimizer: bool = True) -> None:
        """Write layers, weights and, where it is compiled, the state of training.

        Parameters
        ----------
        filepath : path
            Ends in .keras or .h5, which Keras loads too, or in .safetensors, libcnn's own form. Where libcnn-keras is not
            there, X.safetensors is written in the place of X.keras and X.h5, and a warning says so once for each path.
        overwrite : bool
            False: an existing file is left and FileExistsError raised.
        include_optimizer : bool
            With the optimizer's state.

        Raises
        ------
        FileError
            The file cannot be written.
        """
        only("Model.save", "zipped", zipped, (None,), "a model is one file")
        _files.check_model(filepath)
        self._save(_files.native(filepath), overwrite, weights_only=False, optimizer=bool(include_optimizer))

    def save_weights(self, filepath: _files.Path, overwrite: bool = True, max_shard_size: None = None) -> None:
        """Write the weights alone. `filepath` ends in .weights.h5, or in .safetensors, which is written for the other too
        where libcnn-keras is not there."""
        only("Model.save_weights", "max_shard_size", max_shard_size, (None,), "weights are one file")
        _files.check_weights(filepath)
        self._save(_files.native(filepath), overwrite, weights_only=True, optimizer=False)

    def _save(self, path: str, overwrite: bool, **options: bool) -> None:
        if self._core is None:
            raise ValueError(f"model '{self.name}' has no weights yet to be saved: its input shape is not known")
        if not overwrite and os.path.exists(path):
            raise FileExistsError(f"'{path}' is there already, and overwrite=False")
        self._core.save(path, **options)

    def load_weights(self, filepath: _files.Path, skip_mismatch: bool = False) -> None:
        """Take the weights of a file of `save_weights` or `save`, Keras's own too: same names and shapes, in Keras's
        forms the same order. Where X.h5 or X.keras is not there, X.safetensors is read.

        Raises
        ------
        ShapeError
            A weight is missing, left over, or of another shape; nothing is changed then.
        """
        only("Model.load_weights", "skip_mismatch", skip_mismatch, (False,), "set the weights that fit with "
                                                                             "layer.set_weights")
        if self._core is None:
            raise ValueError(f"model '{self.name}' is not built yet: its input shape is not known, nor the shapes of "
                             "its weights")
        self._core.load_weights(_files.existing(filepath))

    def export(self, filepath: _files.Path, format: str = "tf_saved_model", verbose: Optional[bool] = None,
               input_signature: None = None, **kwargs: Any) -> None:
        """Write the model for other programs, which only predict with it. Needs libcnn-export; docs/export.md tells what
        each form holds.

        Parameters
        ----------
        filepath : path
        format : {"onnx", "litert", "c", "npz"}
            ONNX; TensorFlow Lite, also by the name "tflite"; a C99 file for microcontrollers; the weights for NumPy. Keras's
            "tf_saved_model", "openvino" and "torch" are refused.
        verbose : bool, optional
            False: the file that was written is not told.
        input_signature : None
        **kwargs
            nchw, batch_size, opset_version (17) of "onnx", int8 of "litert" and "c", name of "c": see `cnn.Model.export`.

        Raises
        ------
        UnsupportedError
            A format that libcnn lacks; libcnn-export is not there.
        FileError
            It cannot be written.
        """
        _exporting.write(self, filepath, format, verbose, input_signature, kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"
