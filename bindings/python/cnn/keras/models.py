"""Models: Sequential, Model, and files of them.

Examples
--------
>>> from cnn.keras import layers, models
>>> models.Sequential([layers.Dense(10)], name="one").name
'one'
"""

from __future__ import annotations

from typing import Any

from . import _files, _loading
from ._arguments import only
from ._missing import missing
from ._model import Model
from .functional import Functional
from .sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


def load_model(filepath: _files.Path, custom_objects: None = None, compile: bool = True,
               safe_mode: bool = True) -> Model:
    """A model of a file of `save`, or of Keras's own: .keras, .h5, or .safetensors, told by what stands in it. Where X.h5
    or X.keras is not there, X.safetensors is read.

    Parameters
    ----------
    filepath : path
    custom_objects
        None: there are none.
    compile : bool
        With optimizer, loss, metrics and the state of training, so that it goes on: after .safetensors with the same
        bits, after Keras's forms too unless random numbers are drawn, as they have no place for the count of epochs.
    safe_mode : bool
        Nothing in a file is ever executed, True or False.

    Raises
    ------
    FileError, FormatError, TooNewError
        It cannot be read; it is damaged; a newer version wrote it.
    UnsupportedError
        A layer that libcnn has not; a file of Keras where libcnn-keras is not there.

    Examples
    --------
    >>> import os, tempfile
    >>> from cnn import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(os.path.join(folder, "model.safetensors"))
    ...     keras.models.load_model(os.path.join(folder, "model.safetensors")).count_params()
    8
    """
    import cnn

    only("load_model", "custom_objects", custom_objects, (None,), "layers of one's own are registered in C")
    core = cnn.Model.load(_files.existing(filepath), context=cnn.default_context(), optimizer=bool(compile))
    return _loading.model_of(core, _loading.texts_of(core))


def save_model(model: Model, filepath: _files.Path, overwrite: bool = True, zipped: None = None, **kwargs: Any) -> None:
    """`model.save(filepath, overwrite, zipped, **kwargs)`.

    Examples
    --------
    >>> import os, tempfile
    >>> from cnn import keras
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m.safetensors")
    ...     save_model(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]), path)
    ...     load_model(path).count_params()
    10
    """
    model.save(filepath, overwrite, zipped, **kwargs)


def model_from_json(json_string: str, custom_objects: None = None) -> Model:
    """A model with new weights from what `to_json` gave.

    Examples
    --------
    >>> from cnn import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> model_from_json(model.to_json()).output_shape
    (None, 2)
    """
    only("model_from_json", "custom_objects", custom_objects, (None,), "layers of one's own are registered in C")
    return _loading.of_json(json_string)


def clone_model(model: Model, input_tensors: None = None, clone_function: None = None, call_function: None = None,
                recursive: bool = False) -> Model:
    """A model of the same layers with new weights: those that a model made anew in the same context has. Where the
    model is compiled, its clone is too, with an optimizer of its own.

    Parameters
    ----------
    input_tensors, clone_function, call_function
        None: layers are made again from their arguments.
    recursive : bool
        There are no models within models, so that it changes nothing.

    Examples
    --------
    >>> from cnn import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> keras.models.clone_model(model).count_params()
    8
    """
    for name, value in (("input_tensors", input_tensors), ("clone_function", clone_function),
                        ("call_function", call_function)):
        only("clone_model", name, value, (None,), "make the model of other layers by Model(inputs, outputs)")
    only("clone_model", "recursive", recursive, (False, True), "models hold no models")
    made = _loading.of_json(model.to_json())
    if model._compiled is not None:
        made._compile_as(model._compiled)
    return made


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
