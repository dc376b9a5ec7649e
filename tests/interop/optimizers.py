"""Optimizers and schedules: the weights of a small model after six steps from the same weights on the same batches."""
from __future__ import annotations

from typing import Any, Callable

from comparing import Case, drawn, fill

STEPS = 6
OPTIMIZERS: list[tuple[str, Callable[[Any], Any]]] = [
    *((name, lambda k, name=name: name) for name in
      ("sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "lion", "ftrl")),
    ("Lamb", lambda k: k.optimizers.Lamb(learning_rate=0.01)),
    ("SGD momentum", lambda k: k.optimizers.SGD(learning_rate=0.05, momentum=0.9)),
    ("SGD nesterov", lambda k: k.optimizers.SGD(learning_rate=0.05, momentum=0.9, nesterov=True)),
    ("Adam", lambda k: k.optimizers.Adam(learning_rate=0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-4)),
    ("Adam amsgrad", lambda k: k.optimizers.Adam(learning_rate=0.01, amsgrad=True)),
    ("AdamW", lambda k: k.optimizers.AdamW(learning_rate=0.01, weight_decay=0.1)),
    ("RMSprop centered, momentum", lambda k: k.optimizers.RMSprop(learning_rate=0.01, momentum=0.5, centered=True)),
    ("Adagrad", lambda k: k.optimizers.Adagrad(learning_rate=0.1, initial_accumulator_value=0.2)),
    ("Adadelta", lambda k: k.optimizers.Adadelta(learning_rate=1.0, rho=0.9)),
    ("Ftrl", lambda k: k.optimizers.Ftrl(learning_rate=0.1, l1_regularization_strength=0.01, l2_regularization_strength=0.02)),
    ("Adam with weight decay", lambda k: k.optimizers.Adam(learning_rate=0.01, weight_decay=0.05)),
    ("SGD clipvalue", lambda k: k.optimizers.SGD(learning_rate=0.1, clipvalue=0.02)),
    ("SGD clipnorm", lambda k: k.optimizers.SGD(learning_rate=0.1, clipnorm=0.05)),
    ("SGD global_clipnorm", lambda k: k.optimizers.SGD(learning_rate=0.1, global_clipnorm=0.05)),
    ("Adam with moving average", lambda k: k.optimizers.Adam(learning_rate=0.01, use_ema=True, ema_momentum=0.8)),
    *((f"SGD under {name}", lambda k, name=name, words=words: k.optimizers.SGD(
        learning_rate=getattr(k.optimizers.schedules, name)(**words))) for name, words in {
            "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5},
            "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5, "staircase": True},
            "PiecewiseConstantDecay": {"boundaries": [2, 4], "values": [0.1, 0.05, 0.01]},
            "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 4, "end_learning_rate": 0.01, "power": 2.0},
            "CosineDecay": {"initial_learning_rate": 0.01, "decay_steps": 4, "warmup_target": 0.1, "warmup_steps": 2},
            "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 2}}.items()),
]


def steps(optimizer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        model = k.Sequential([k.Input(shape=(5,)), k.layers.Dense(8, activation="tanh"), k.layers.Dense(3)])
        fill(model, 9).compile(optimizer=optimizer(k), loss="mean_squared_error")
        losses = [float(model.train_on_batch(drawn(10 + i, 16, 5), drawn(30 + i, 16, 3))) for i in range(STEPS)]
        return {"losses": losses, "weights": model.get_weights(), "iterations": int(model.optimizer.iterations)}
    return run


CASES = [Case(name, steps(optimizer), 5e-6) for name, optimizer in OPTIMIZERS]
