"""Models: Sequential, Model, and files of them.

Examples
--------
>>> from cnn.keras import layers, models
>>> models.Sequential([layers.Dense(10)], name="one").name
'one'
"""

from __future__ import annotations

import json
from typing import Any

from . import _files, _loading
from ._arguments import only
from ._model import Model
from .functional import Functional
from .sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "load_model", "model_from_json", "save_model"]


def load_model(filepath: _files.Path, custom_objects: None = None, compile: bool = True,
               safe_mode: bool = True) -> Model:  # noqa: A002
    """A model of a file of `save`. Where X.h5 or X.keras is not there, X.safetensors is read.

    Parameters
    ----------
    filepath : path
    custom_objects
        None: there are none.
    compile : bool
        With optimizer, loss, metrics and the state of training, so that it goes on with the same bits.
    safe_mode : bool
        Nothing in a file is ever executed, True or False.

    Raises
    ------
    FileError, FormatError, TooNewError
        It cannot be read; it is damaged; a newer version wrote it.
    UnsupportedError
        A file of Keras.
    """
    import cnn

    only("load_model", "custom_objects", custom_objects, (None,), "layers of one's own are registered in C")
    path = _files.existing(filepath)
    core = cnn.Model.load(path, context=cnn.default_context(), optimizer=bool(compile))
    return _loading.model_of(core,
                             {key: text for key,
                              text in _loading.metadata(path).items() if compile or key != "compile"})


def save_model(model: Model, filepath: _files.Path, overwrite: bool = True, zipped: None = None, **kwargs: Any) -> None:
    """`model.save(filepath, overwrite, zipped, **kwargs)`."""
    model.save(filepath, overwrite, zipped, **kwargs)


def model_from_json(json_string: str, custom_objects: None = None) -> Model:
    """A model with new weights from what `to_json` gave."""
    only("model_from_json", "custom_objects", custom_objects, (None,), "layers of one's own are registered in C")
    given = json.loads(json_string)
    kinds: dict[str, Any] = {"Sequential": Sequential, "Functional": Functional}
    if given.get("class_name") not in kinds:
        raise ValueError(f"model_from_json: class '{given.get('class_name')}' is not one of Sequential, Functional")
    made: Model = kinds[given["class_name"]].from_config(given["config"])
    return made
