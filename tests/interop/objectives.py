"""Losses and metrics: what evaluate says of a model whose outputs are its inputs, and the gradient, seen in a step of SGD."""
from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy as np

from comparing import Case, drawn, fill, labels, one_hot

COUNT, CLASSES = 37, 6


class Kind(NamedTuple):
    """What outputs and targets an objective takes."""

    activation: str
    targets: Any


PROBABILITIES = Kind("softmax", one_hot(labels(1, COUNT, CLASSES), CLASSES))
NUMBERS = Kind("softmax", labels(1, COUNT, CLASSES))
LOGITS = Kind("linear", one_hot(labels(1, COUNT, CLASSES), CLASSES))
LOGITS_NUMBERS = Kind("linear", labels(1, COUNT, CLASSES))
YES_NO = Kind("sigmoid", (drawn(2, COUNT, CLASSES) > 0).astype(np.float32))
YES_NO_LOGITS = Kind("linear", YES_NO.targets)
REAL = Kind("linear", drawn(3, COUNT, CLASSES))
POSITIVE = Kind("softplus", abs(drawn(4, COUNT, CLASSES)))
SIGNS = Kind("linear", np.sign(drawn(5, COUNT, CLASSES)))
DISTRIBUTIONS = Kind("softmax", np.exp(drawn(6, COUNT, CLASSES)) / np.exp(drawn(6, COUNT, CLASSES)).sum(1, keepdims=True))

# name, loss, what it takes
LOSSES: list[tuple[str, Callable[[Any], Any], Kind]] = [
    *((name, lambda k, name=name: name, kind) for name, kind in {
        "categorical_crossentropy": PROBABILITIES, "sparse_categorical_crossentropy": NUMBERS, "binary_crossentropy": YES_NO,
        "mean_squared_error": REAL, "mse": REAL, "mean_absolute_error": REAL, "mae": REAL, "huber": REAL, "log_cosh": REAL, "poisson": POSITIVE,
        "mean_absolute_percentage_error": REAL, "mean_squared_logarithmic_error": POSITIVE, "kl_divergence": DISTRIBUTIONS,
        "cosine_similarity": REAL, "hinge": SIGNS, "squared_hinge": SIGNS, "categorical_hinge": PROBABILITIES}.items()),
    ("CategoricalCrossentropy smoothed", lambda k: k.losses.CategoricalCrossentropy(label_smoothing=0.1), PROBABILITIES),
    ("CategoricalCrossentropy of logits", lambda k: k.losses.CategoricalCrossentropy(from_logits=True), LOGITS),
    ("SparseCategoricalCrossentropy of logits", lambda k: k.losses.SparseCategoricalCrossentropy(from_logits=True), LOGITS_NUMBERS),
    ("BinaryCrossentropy smoothed", lambda k: k.losses.BinaryCrossentropy(label_smoothing=0.2), YES_NO),
    ("BinaryCrossentropy of logits", lambda k: k.losses.BinaryCrossentropy(from_logits=True), YES_NO_LOGITS),
    ("Huber", lambda k: k.losses.Huber(delta=0.5), REAL),
    ("MeanSquaredError summed", lambda k: k.losses.MeanSquaredError(reduction="sum"), REAL),
]
METRICS: list[tuple[str, Callable[[Any], Any], Kind]] = [
    ("accuracy of rows", lambda k: "accuracy", PROBABILITIES),
    ("acc of rows", lambda k: "acc", PROBABILITIES),
    ("accuracy of numbers", lambda k: "accuracy", NUMBERS),
    *((name, lambda k, name=name: name, kind) for name, kind in {
        "categorical_accuracy": PROBABILITIES, "sparse_categorical_accuracy": NUMBERS, "binary_accuracy": YES_NO,
        "mean_squared_error": REAL, "mean_absolute_error": REAL, "poisson": POSITIVE, "kl_divergence": DISTRIBUTIONS,
        "categorical_crossentropy": PROBABILITIES, "sparse_categorical_crossentropy": NUMBERS, "binary_crossentropy": YES_NO,
        "mean_absolute_percentage_error": REAL, "mean_squared_logarithmic_error": POSITIVE, "cosine_similarity": REAL,
        "hinge": SIGNS, "squared_hinge": SIGNS, "categorical_hinge": PROBABILITIES}.items()),
    ("TopKCategoricalAccuracy", lambda k: k.metrics.TopKCategoricalAccuracy(k=2), PROBABILITIES),
    ("SparseTopKCategoricalAccuracy", lambda k: k.metrics.SparseTopKCategoricalAccuracy(k=3, name="top3"), NUMBERS),
    ("RootMeanSquaredError", lambda k: k.metrics.RootMeanSquaredError(), REAL),
    ("BinaryAccuracy", lambda k: k.metrics.BinaryAccuracy(threshold=0.7), YES_NO),
]


def model_of(k: Any, kind: Kind) -> Any:
    return fill(k.Sequential([k.Input(shape=(5,)), k.layers.Dense(CLASSES, activation=kind.activation)]), 8)


def loss_case(loss: Callable[[Any], Any], kind: Kind, weighted: bool) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        model = model_of(k, kind)
        model.compile(optimizer=k.optimizers.SGD(learning_rate=0.05), loss=loss(k))
        x, weights = drawn(7, COUNT, 5), np.linspace(0, 2, COUNT, dtype=np.float32) if weighted else None
        value = model.evaluate(x, kind.targets, batch_size=16, sample_weight=weights, verbose=0)
        model.train_on_batch(x, kind.targets, sample_weight=weights)
        return {"value": value, "weights": model.get_weights()}
    return run


def metric_case(metric: Callable[[Any], Any], kind: Kind, weighted: bool) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        model = model_of(k, kind)
        model.compile(optimizer="sgd", loss="mean_squared_error" if kind.targets.ndim == 2 else "sparse_categorical_crossentropy",
                      **{"weighted_metrics" if weighted else "metrics": [metric(k)]})
        weights = np.linspace(0, 2, COUNT, dtype=np.float32) if weighted else None
        return model.evaluate(drawn(7, COUNT, 5), kind.targets, batch_size=16, sample_weight=weights, verbose=0, return_dict=True)
    return run


# Of percentages the largest are some hundreds, and their float32 differences what follows from that.
LOSS_CASES = [Case(f"{name}{', weighted' if weighted else ''}", loss_case(loss, kind, weighted), 5e-6)
              for name, loss, kind in LOSSES for weighted in (False, True)]
METRIC_CASES = [Case(f"{name}{', weighted' if weighted else ''}", metric_case(metric, kind, weighted), 2e-6)
                for name, metric, kind in METRICS for weighted in (False, True)]
