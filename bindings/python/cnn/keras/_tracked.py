"""The figures that a model has shown last, as Keras's `model.metrics` gives them out."""

from __future__ import annotations

from typing import Any, Mapping

from ._lacking import METRIC, Lacking

_LACKS = {**METRIC, "train_on_batch, test_on_batch and evaluate, which show their figures": "update_state reset_state"}


class Tracked(Lacking):
    """The loss, or all metrics together, of the last call of `fit`, `evaluate`, `train_on_batch` or `test_on_batch`.

    Attributes
    ----------
    name : str
        "loss" or "compile_metrics".
    """

    _lacks = _LACKS
    dtype = "float32"

    def __init__(self, name: str, figures: Mapping[str, float]) -> None:
        self.name, self._figures = name, figures

    def result(self) -> Any:
        """The loss; of the metrics a dict by name. 0 and empty before the first call."""
        if self.name == "loss":
            return self._figures.get("loss", 0.0)
        return {name: value for name, value in self._figures.items() if name != "loss"}

    def __repr__(self) -> str:
        return f"<Tracked name={self.name}>"
