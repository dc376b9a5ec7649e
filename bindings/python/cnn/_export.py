"""A model for other programs: forms of files with options of their own, by libcnn-export."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import _abi, _companions
from ._errors import InvalidArgument, check
from ._options import options, text

if TYPE_CHECKING:
    from ._network import Network

# format: its options' struct, and names of the options that it has
_FORMS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "onnx": (_abi.cnn_onnx_opts, ("nchw", "batch_size")),
    "tflite": (_abi.cnn_tflite_opts, ("int8",)),
    "c": (_abi.cnn_c_opts, ("int8", "name")),
    "npz": (None, ()),
}


def form_of(path: str | os.PathLike[str], form: str | None) -> str:
    """The format that is named, or that the path's ending tells."""
    known = ", ".join(_FORMS)
    if form is None:
        form = os.path.splitext(os.fsdecode(path))[1].lower().lstrip(".")
        if form not in _FORMS:
            raise InvalidArgument(f"export: the ending of '{os.fsdecode(path)}' tells no format; give format=, one of {known}, or "
                                  "take save for the others")
    if form not in _FORMS:
        raise InvalidArgument(f"export: format is {form!r}, must be one of {known}")
    return form


def write(model: Network, path: str | os.PathLike[str], form: str | None, **given: Any) -> None:
    """What `Model.export` does. An option of another format is refused unless it asks for nothing."""
    model._handle  # a closed one says so before all else
    chosen = form_of(path, form)
    struct, names = _FORMS[chosen]
    for name, value in given.items():
        if value and name not in names:
            raise InvalidArgument(f"export: {name}={value!r} is no option of format '{chosen}'"
                                  + (f", which has {' and '.join(names)}" if names else ", which has none"))
    values = {name: int(value) if isinstance(value, bool) else value for name, value in given.items() if name in names}
    function = getattr(_companions.needed("export", f"export: '{os.fsdecode(path)}'"), f"cnn_model_save_{chosen}")
    with model._reading() as handle:
        check(function(handle, text(path, "path"), *([options(struct, **values)] if struct else [])))
