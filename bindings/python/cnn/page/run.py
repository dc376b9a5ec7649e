"""The data set and the model of a run, read again for what its report does not hold: images, probabilities, layers."""
from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import numpy as np

from .. import Error
from ..augmenter import Augmenter
from ..dataset import Dataset
from ..model import Model
from .results import Results

if TYPE_CHECKING:
    from numpy.typing import NDArray

IDX = {"train": "train", "test": "t10k"}


class Unfit(Exception):
    """Something of the run is not there any more, or not what it was. The text is a sentence."""


class Run:
    """What pictures are drawn from. What cannot be had is no attribute, and `reasons` says why."""

    train: Dataset
    test: Dataset
    augmenter: Augmenter
    model: Model
    convolution: str  # the first layer of that kind
    labels: NDArray[np.int32]           # of the test images, [N]
    probabilities: NDArray[np.float32]  # [N, classes]

    def __init__(self, results: Results, place: Optional[str] = None) -> None:
        self.results = results
        self.reasons: List[str] = []
        for what, step in (("images", self._read_data), ("the model", self._load_model), ("predictions", self._predict)):
            try:
                step(place)
            except (Unfit, Error) as error:
                self.reasons.append(f"pictures of {what} are left out: {error}")

    def has(self, name: str) -> bool:
        return hasattr(self, name)

    def _read_data(self, place: Optional[str]) -> None:
        self.train, self.test = _read(self.results, place)
        augmenter = _augmenter(self.results)
        if augmenter is not None:
            self.augmenter = augmenter

    def _load_model(self, _: Optional[str]) -> None:
        path = self.results.folder / "final.safetensors"
        model, wanted = Model.load(path), self.results.fields.get("model_hash")
        if wanted is not None and model.hash != wanted:
            raise Unfit(f"{path}: the weights' hash is {model.hash}, but the run ended with {wanted}")
        self.model = model
        for name in model.weights:
            if name.endswith("/kernel") and model.weight(name).ndim == 4:
                self.convolution = name.rpartition("/")[0]
                break

    def _predict(self, _: Optional[str]) -> None:
        """The model must predict what the report counts: else the data are of another run."""
        if not (self.has("model") and self.has("test")):
            return
        probabilities, labels = np.asarray(self.model.predict(self.test)), self.test.labels()
        counts = np.zeros((self.results.classes, self.results.classes), np.int64)
        if probabilities.shape == (len(labels), self.results.classes):
            np.add.at(counts, (labels, probabilities.argmax(axis=1)), 1)
        if counts.tolist() != [list(row) for row in self.results.matrix]:
            raise Unfit("the model does not predict on this data set what report.json counts; give the run's data with --data")
        self.labels, self.probabilities = labels, probabilities


def _read(results: Results, place: Optional[str]) -> Tuple[Dataset, Dataset]:
    """Training and test data, of the size that the report names."""
    place = place or results.data
    if place is None:
        raise Unfit("report.json does not name the data set; give its place with --data")
    where = pathlib.Path(place)
    if not where.exists():
        raise Unfit(f"{where}: the data set is not there any more; give its new place with --data")
    if where.suffix == ".npz":
        train, test = Dataset.npz(where)
    else:
        train, test = (Dataset.idx(_idx(where, name, "images-idx3"), _idx(where, name, "labels-idx1")) for name in IDX)
    if len(test) != results.samples:
        raise Unfit(f"{where}: {len(test)} test images, but the run had {results.samples}; give the run's data with --data")
    return train, test


def _idx(folder: pathlib.Path, name: str, kind: str) -> pathlib.Path:
    plain = folder / f"{IDX[name]}-{kind}-ubyte"
    return plain if plain.exists() else plain.with_name(plain.name + ".gz")


def _augmenter(results: Results) -> Optional[Augmenter]:
    """As mnist_train made its own: from the same words."""
    words = results.fields.get("augmenter")
    if not isinstance(words, str) or not words:
        return None
    attributes: Dict[str, Any] = dict(word.partition("=")[::2] for word in words.split())
    return Augmenter(**attributes)
