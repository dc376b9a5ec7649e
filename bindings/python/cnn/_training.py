"""The calls of a model that go over data: what a user may pass, as the library's options."""
from __future__ import annotations

import ctypes
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence

import numpy as np

from . import _abi, _arrays
from ._calls import call, pending, trampoline
from ._counts import count
from ._errors import InvalidArgument, ShapeError
from ._expect import expect
from ._handle import Owner, new
from ._library import lib
from ._options import integer, options
from ._signals import Deferred
from ._source import Source, gives_batches
from .augmenter import Augmenter
from .builtin import BuiltinCallback
from .callback import Bridge, Callback
from .context import Context
from .dataset import Dataset
from .tensor import Tensor

if TYPE_CHECKING:
    from .model import Model

MOST_CLASSES = 1 << 24  # of a mapping, which becomes an array


def supply(model: Model, x: Any, y: Any, sample_weight: Any, what: str, stack: ExitStack) -> Dataset | Source:
    """The samples of a call: a data set, made of arrays where it is none, or batches from Python."""
    if isinstance(x, Dataset) or gives_batches(x) or (isinstance(x, (list, tuple)) and y is None and what != "predict"):
        if y is not None or sample_weight is not None:
            left = "y" if y is not None else "sample_weight"
            raise InvalidArgument(f"{what}: a Dataset, or what gives batches, holds targets and weights itself; leave "
                                  f"out {left}")
        if isinstance(x, Dataset):
            stack.enter_context(x._reading())
            return x
        return stack.enter_context(Source(x, model._context, what))
    return stack.enter_context(Dataset(x, y, sample_weight=sample_weight, context=model._context))


def validation_supply(model: Model, given: Any, stack: ExitStack) -> dict[str, Any]:
    """The fields of fit's options that say what to validate on. `given`: (x, y), (x, y, sample_weight), a Dataset,
    batches, or None."""
    if given is None:
        return {}
    if isinstance(given, tuple) and not 1 < len(given) < 4:
        raise InvalidArgument(f"fit: validation is a tuple of {len(given)}, must be (x, y) or (x, y, sample_weight)")
    if isinstance(given, tuple) and not isinstance(given[0], Dataset):
        x, y, weight = given if len(given) == 3 else (*given, None)
        return {"validation": stack.enter_context(Dataset(x, y, sample_weight=weight, context=model._context))}
    found = supply(model, given, None, None, "validation", stack)
    return {"validation": found} if isinstance(found, Dataset) else {"validation_source": found.struct}


def weights_of_classes(given: Mapping[int, float] | Sequence[float] | None) -> dict[str, Any]:
    """The fields of fit's options: classes that a mapping leaves out weigh 1."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        classes = {integer(label, what="class_weight"): float(weight) for label, weight in given.items()}
        if min(classes, default=0) < 0 or max(classes, default=0) >= MOST_CLASSES:
            raise InvalidArgument(f"class_weight: classes {min(classes)} to {max(classes)}, must be 0 to "
                                  f"{MOST_CLASSES - 1}")
        weights = np.ones(max(classes, default=-1) + 1, np.float32)
        weights[list(classes)] = list(classes.values())
    else:
        weights = np.array([float(weight) for weight in np.ravel(given)], np.float32)
    if not len(weights):
        return {}
    return {"class_weights": weights.ctypes.data_as(ctypes.POINTER(ctypes.c_float)), "class_weight_count": len(weights)}


def validated_epochs(given: int | Iterable[int]) -> dict[str, Any]:
    """The fields of fit's options: every so many epochs, or the numbers of those."""
    if not isinstance(given, Iterable):
        return {"validation_freq": count(given, "validation_freq")}
    numbers = [integer(number, what="validation_freq") for number in given]
    return {"validation_epochs": numbers, "validation_epoch_count": len(numbers)}


@trampoline(_abi.cnn_callback_functions_batch_end)
def _look(user: int, event: Any) -> int:
    """The end of a step: C has come back to Python, which has run its signal handlers."""
    return _abi.CNN_ECALLBACK if pending() else _abi.CNN_OK


def listener(context: Context) -> Owner:
    """The hidden callback of fit by which Ctrl-C ends training after a step."""
    return new("cnn_callback", lib.cnn_callback_new, context._handle,
               options(_abi.cnn_callback_functions, batch_end=_look))


class Owners:
    """Owners as a C array, which keeps them alive."""

    def __init__(self, owners: list[Owner]) -> None:
        self.owners = owners
        self.array = (ctypes.c_void_p * len(owners))(*[owner.value for owner in owners])


def callback_owners(model: Model, callbacks: Any, stack: ExitStack) -> Owners:
    """The callbacks of both kinds in their order, and fit's own at the end."""
    listed = [] if callbacks is None else list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    owners = []
    for number, callback in enumerate(listed):
        if isinstance(callback, BuiltinCallback):
            owners.append(stack.enter_context(callback._changing()))
        elif isinstance(callback, Callback):
            bridge = Bridge(callback, model)
            stack.callback(bridge.close)
            owners.append(bridge.owner)
        else:
            raise TypeError(f"fit: callback {number} is a {type(callback).__name__}, must be a cnn.Callback or one of "
                            "the library's own")
    return Owners([*owners, listener(model._context)])


def fit(model: Model, data: Dataset | Source, values: dict[str, Any], callbacks: Owners,
        history: ctypes.c_void_p) -> None:
    """Train; the history is written even where it fails."""
    chosen = options(_abi.cnn_fit_opts, callback_count=len(callbacks.owners), sink=model._context.sink(), **values)
    chosen.callbacks = callbacks.array
    chosen.history = ctypes.pointer(history)
    function = lib.cnn_model_fit_source if isinstance(data, Source) else lib.cnn_model_fit
    with Deferred():
        call(function, model._handle, given(data), chosen)


def given(data: Dataset | Source) -> Any:
    """What C is given for it."""
    return data.struct if isinstance(data, Source) else data._handle


def in_use(augmenter: Augmenter | None, stack: ExitStack) -> Augmenter | None:
    """The augmenter of a call."""
    if augmenter is not None:
        stack.enter_context(expect(augmenter, Augmenter, "augmenter")._reading())
    return augmenter


def to_predict(model: Model, x: Any, steps: int | None, stack: ExitStack) -> Tensor | Dataset | Source:
    """What to predict: arrays of bytes, which are to be scaled, go by way of a data set; so do those of which not all
    are wanted."""
    if isinstance(x, Dataset) or gives_batches(x):
        return supply(model, x, None, None, "predict", stack)
    tensor = _arrays.inputs(x, model._context)
    if tensor.dtype == np.uint8 or steps is not None:
        return stack.enter_context(Dataset(tensor, context=model._context))
    return tensor


def output_of(out: Any, context: Context) -> Tensor:
    """The tensor around an array that outputs are to be written to."""
    flags = out.flags if isinstance(out, np.ndarray) else None
    if flags is None or out.dtype != np.float32 or not (flags.c_contiguous and flags.writeable and flags.aligned):
        raise ShapeError("predict: out must be an array of float32, row-major, aligned and writeable")
    return Tensor(np.asarray(out), context)
