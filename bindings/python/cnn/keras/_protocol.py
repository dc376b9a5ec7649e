"""What the parts of `cnn.keras` ask of each other.

A recipe (optimizer, loss, metric, callback) is written in Keras's words and turned into an object of the binding by
`_make(context)`. What a recipe makes is kept for each context where state must live on from one `fit` to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Protocol, runtime_checkable

if TYPE_CHECKING:
    import cnn


@runtime_checkable
class Recipe(Protocol):
    """An optimizer, loss, metric or callback in Keras's words."""

    def _make(self, context: cnn.Context) -> Any:
        """The binding's object: `cnn.Optimizer`, `cnn.Loss`, `cnn.Metric`, `cnn.Callback`."""


@runtime_checkable
class Bound(Protocol):
    """An optimizer that lets its rate be read and set where a model trains with it."""

    def _bind(self, model: Optional[cnn.Model]) -> None:
        """Called by `compile` with the binding's model; from then on `learning_rate` and `iterations` are that
        model's."""


class Batches(NamedTuple):
    """What `ImageDataGenerator.flow` gives `fit`, so that the library makes the batches and not Python."""

    dataset: cnn.Dataset
    augmenter: Optional[cnn.Augmenter]
    batch_size: int
    shuffle: bool


@runtime_checkable
class Flow(Protocol):
    """An iterator over arrays whose batches the library can make by itself."""

    def _batches(self, context: cnn.Context) -> Batches:
        """Data set, augmenter, size of a batch, and whether the order is drawn anew for each pass."""

    def __len__(self) -> int:
        """Batches of a pass, the last one short."""
