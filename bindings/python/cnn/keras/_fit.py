"""What a call goes over, and the options of the binding that say so."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Collection, Mapping, Optional

import numpy as np

from .. import _text
from .. import callback as core
from ..augmenter import Augmenter
from ..dataset import Dataset
from ._arguments import only, refuse
from ._data import Batches, Wanted, batches, dataset, inputs, is_arrays
from ._protocol import Flow

_STANDARD = ("rescale", "samplewise_center", "samplewise_std_normalization", "featurewise_center",
             "featurewise_std_normalization")
_QUIET = ("fill_mode", "cval", "interpolation_order", "brightness_white", "brightness_8bit", "whole_shifts")


class Supply:
    """The samples of evaluate or predict, closed when the call is over."""

    def __init__(self, x: Any, y: Any, sample_weight: Any, batch_size: Optional[int], wanted: Wanted, what: str,
                 shuffle: bool = False, goes_on: bool = False) -> None:
        self._stack = ExitStack()
        self.batch_size = batch_size
        self.samples: Optional[int] = None
        self.augmenter: Optional[Augmenter] = None
        if x is None:
            raise ValueError(f"{what}: x is None; give arrays, or what gives batches")
        if not is_arrays(x):
            _alone(x, y, sample_weight, batch_size, what)
            self.data: Any = x if isinstance(x, Dataset) else batches(x, wanted, shuffle, goes_on)
            if isinstance(x, Flow):
                self._leave_flow(x, wanted, what)
        elif what == "predict":
            self.data = self._stack.enter_context(dataset(x, None, None, wanted))
        else:
            if y is None:
                raise ValueError(f"{what}: y is None; arrays of targets are needed beside x")
            self.data = self._stack.enter_context(dataset(x, y, sample_weight, wanted))
        if isinstance(self.data, Dataset):
            self.samples = len(self.data)

    def _leave_flow(self, flow: Flow, wanted: Wanted, what: str) -> None:
        """Leave a flow to the library where that gives the same: nothing is drawn, and no order is seen."""
        made = flow._batches(wanted.context)
        if not draws(made.augmenter) and (what == "evaluate" or not made.shuffle):
            self.data, self.augmenter, self.batch_size = made.dataset, made.augmenter, made.batch_size

    def reset(self) -> None:
        """Tell the source of batches, if it is one that listens, that it is begun afresh."""
        if isinstance(self.data, Batches):
            self.data.reset()

    def end(self) -> None:
        """Tell it that the pass is over."""
        if isinstance(self.data, Batches):
            self.data.end()

    def __enter__(self) -> Supply:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()


def _alone(x: Any, y: Any, sample_weight: Any, batch_size: Optional[int], what: str) -> None:
    kind = type(x).__name__
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{what}: `{name}` should not be passed when x is a {kind}, which gives it itself.")
    if batch_size is not None and not isinstance(x, Dataset):
        raise ValueError(f"{what}: `batch_size` should not be passed when x is a {kind}, which makes the batches "
                         "itself.")


class Plan:
    """The samples and options of fit.

    Attributes
    ----------
    data
        A data set, or batches.
    options : dict
        Of `cnn.Model.fit`.
    """

    def __init__(self, x: Any, y: Any, sample_weight: Any, batch_size: Optional[int], shuffle: Any,
                 class_weight: Optional[Mapping[int, float]], wanted: Wanted) -> None:
        only("fit", "shuffle", shuffle, (True, False), "samples of arrays are shuffled one by one")
        if class_weight is not None and sample_weight is not None:
            raise ValueError("You cannot `class_weight` and `sample_weight` at the same time.")
        self._wanted, self._stack = wanted, ExitStack()
        self._flow: Any = x if isinstance(x, Flow) else None
        self._given, self._batch_size = (x, y, sample_weight), batch_size
        self.options: dict[str, Any] = {"shuffle": bool(shuffle), "class_weight": class_weight}
        self.samples: Optional[int] = None
        if self._flow is not None:
            _alone(x, y, sample_weight, batch_size, "fit")
            self._take_flow()
            return
        supply = Supply(x, y, sample_weight, batch_size, wanted, "fit", bool(shuffle), goes_on=True)
        self._stack.enter_context(supply)
        self.data, self.samples = supply.data, supply.samples
        self.options["batch_size"] = batch_size

    def _take_flow(self) -> None:
        """Leave the making of batches to the library."""
        made = self._flow._batches(self._wanted.context)
        self.data, self.samples = made.dataset, len(made.dataset)
        self.options.update(augmenter=made.augmenter, batch_size=made.batch_size, shuffle=made.shuffle)

    def _walk_flow(self) -> None:
        """Go over the flow in Python, so that its standardisation is not that of the validation too."""
        self.data, self.samples = batches(self._flow, self._wanted), None
        self.options.update(augmenter=None, batch_size=None, shuffle=True)

    def steps(self, given: Optional[int]) -> Optional[int]:
        """Batches of an epoch, where that is known."""
        if given is not None:
            return given
        if self.samples is None:
            return len(self.data) if hasattr(self.data, "__len__") else None
        return -(-self.samples // (self.options["batch_size"] or 32))

    def validate(self, data: Any, split: float, steps: Optional[int], batch_size: Optional[int], freq: Any) -> None:
        """Add what to validate on."""
        if isinstance(freq, (int, np.integer)):
            if freq < 1:
                raise ValueError(f"fit: validation_freq={freq} must be 1 or more")
        elif isinstance(freq, str) or not isinstance(freq, Collection) or not all(isinstance(epoch, (int, np.integer)) for epoch in freq):
            raise ValueError(f"fit: validation_freq={freq!r} must be every how many epochs, or a list of the epochs, from 1 on")
        self.options.update(validation_freq=freq, validation_batch_size=batch_size, validation_steps=steps)
        if data is not None:
            self.options["validation"] = self._validation(data)
        elif split:
            if not is_arrays(self._given[0]):
                raise ValueError("`validation_split` is only supported for arrays: give validation_data.")
            self.options["validation_split"] = float(split)
            if self.samples is not None:
                self.samples = int(self.samples * (1.0 - split))

    def _validation(self, data: Any) -> Any:
        if isinstance(data, Flow):
            return self._flow_validation(data)
        if self._flow is not None and standardises(self.options["augmenter"]):
            self._walk_flow()
        if isinstance(data, Dataset):
            return data
        if not isinstance(data, (tuple, list)):
            return batches(data, self._wanted)
        if len(data) not in (2, 3):
            raise ValueError(f"validation_data must be (x, y) or (x, y, sample_weight), not {len(data)} things")
        x, y, weight = (*data, None)[:3]
        return self._stack.enter_context(dataset(x, y, weight, self._wanted))

    def _flow_validation(self, flow: Any) -> Any:
        """A validation flow: the library's where it does to images what the training's standardisation does, else
        Python's."""
        mine = flow._batches(self._wanted.context)
        own = self.options.get("augmenter")
        if not draws(mine.augmenter) and alike(mine.augmenter, own):
            if self.options["validation_batch_size"] is None:
                self.options["validation_batch_size"] = mine.batch_size
            return mine.dataset
        if self._flow is not None and standardises(own):
            self._walk_flow()
        self.options["validation_batch_size"] = None
        return batches(flow, self._wanted)

    def turns(self, model: Any, first: int, steps: Optional[int]) -> list[Turns]:
        """What is told of passes that end. Training begins afresh, with this epoch unless a checkpoint goes on later."""
        sources = [source if isinstance(source, Batches) else None for source in (self.data, self.options.get("validation"))]
        if sources[0] is not None:
            sources[0].reset()
        return [] if sources == [None, None] else [Turns(model, sources[0], sources[1], first, steps)]

    def __enter__(self) -> Plan:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()


class Turns(core.Callback):
    """Tells sources of batches that a pass is over, before any callback of the user hears of it, and a validation's that it
    is begun afresh; training's only where nobody ended it within an epoch, as in Keras."""

    def __init__(self, model: Any, training: Optional[Batches], validation: Optional[Batches], first: int,
                 steps: Optional[int]) -> None:
        self._model, self._training, self._validation = model, training, validation
        self._next, self._steps = first, steps
        self._open = True

    def epoch_begin(self, event: core.Event) -> None:
        if self._training is not None:
            self._training.skip(event.epoch - self._next, self._steps)
        self._next = event.epoch + 1
        self._open = True

    def test_begin(self, event: core.Event) -> None:
        self._end_training()
        if self._validation is not None:
            self._validation.reset()

    def test_end(self, event: core.Event) -> None:
        if self._validation is not None:
            self._validation.end()

    def epoch_end(self, event: core.Event) -> None:
        self._end_training()

    def _end_training(self) -> None:
        if self._open and self._training is not None and not self._model.stop_training:
            self._training.end()
        self._open = False


def standardises(augmenter: Optional[Augmenter]) -> bool:
    """Does it change images of validation too?"""
    return any(value not in (0, False) for value in _standard(augmenter).values())


def alike(one: Optional[Augmenter], other: Optional[Augmenter]) -> bool:
    """Do two of them standardise images in the same way?"""
    a, b = _standard(one), _standard(other)
    return a == b and (one is other or not (a.get("featurewise_center") or a.get("featurewise_std_normalization")))


def draws(augmenter: Optional[Augmenter]) -> bool:
    """Does it change images at random?"""
    values = {} if augmenter is None else augmenter.attributes
    neutral = {row.key: _text.read(row.standard, row.kind) for row in Augmenter.attributes_of()}
    return any(value != neutral[key] for key, value in values.items() if key not in _STANDARD + _QUIET)


def _standard(augmenter: Optional[Augmenter]) -> dict[str, Any]:
    """Its standardisation, as far as it is not what leaves images alone."""
    values = {} if augmenter is None else augmenter.attributes
    neutral = {"rescale": 1}
    return {key: value for key, value in values.items() if key in _STANDARD and value != neutral.get(key, False)}


def weights_of_samples(y: Any, class_weight: Mapping[int, float]) -> Any:
    """What each sample counts by its class: the label, or the largest column of a row."""
    labels = np.asarray(y)
    labels = labels.argmax(-1) if labels.ndim > 1 and labels.shape[-1] > 1 else labels.reshape(-1)
    return np.asarray([class_weight.get(int(label), 1.0) for label in labels], np.float32)


__all__ = ["Plan", "Supply", "alike", "draws", "inputs", "standardises", "weights_of_samples"]
