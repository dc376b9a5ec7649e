"""fit, evaluate, predict and callbacks: what History holds, and how many epochs there were. Nothing is drawn, so that all numbers agree.

Left out is what is meant to differ: with steps_per_epoch each epoch here begins its data anew, as in Keras 2, where Keras 3 goes on until they
run out and trains one short epoch then; hooks for batches of a validation are refused."""
from __future__ import annotations

from typing import Any, Callable

import numpy as np

from comparing import Case, drawn, fill, labels, one_hot

X, Y = drawn(1, 50, 6, 6, 1), one_hot(labels(2, 50, 4), 4)


def model_of(k: Any, rate: float = 0.05) -> Any:
    model = fill(k.Sequential([k.Input(shape=(6, 6, 1)), k.layers.Conv2D(4, 3, activation="relu"), k.layers.MaxPooling2D(2), k.layers.Flatten(),
                               k.layers.Dense(4, activation="softmax")]), 3)
    model.compile(optimizer=k.optimizers.SGD(learning_rate=rate), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def fitted(callbacks: Callable[[Any], list[Any]] = lambda k: [], rate: float = 0.05, **words: Any) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        model = model_of(k, rate)
        given = {"x": X, "y": Y, "epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0, **words}
        history = model.fit(callbacks=callbacks(k), **given)
        return {"history": dict(history.history), "epoch": list(history.epoch), "params": history.params, "weights": model.get_weights()}
    return run


def whole(k: Any) -> Any:
    model = model_of(k)
    return {"evaluate": model.evaluate(X, Y, batch_size=16, verbose=0), "as dict": model.evaluate(X, Y, verbose=0, return_dict=True),
            "predict": model.predict(X, batch_size=7, verbose=0), "on batch": model.predict_on_batch(X[:5]),
            "train_on_batch": [float(v) for v in model.train_on_batch(X[:8], Y[:8])],
            "test_on_batch": [float(v) for v in model.test_on_batch(X[:8], Y[:8])],
            "train again, as dict": {name: float(v) for name, v in model.train_on_batch(X[8:16], Y[8:16], return_dict=True).items()}}


def by_generator(k: Any) -> Any:
    """Batches that a Python generator makes."""
    def batches() -> Any:
        while True:
            for start in range(0, 48, 12):
                yield X[start:start + 12], Y[start:start + 12]
    model = model_of(k)
    history = model.fit(batches(), steps_per_epoch=4, epochs=2, verbose=0)
    return {"history": dict(history.history), "weights": model.get_weights()}


class Heard:
    """Which hooks a callback hears, with which logs, in Keras's order."""

    def __call__(self, k: Any) -> Any:
        heard: list[Any] = []

        def hook(name: str) -> Callable[..., None]:
            return lambda self, *given: heard.append([name, *[sorted(g) if isinstance(g, dict) else g for g in given if g is not None]])
        names = [f"on_{what}_{when}" for what in ("epoch", "train_batch") for when in ("begin", "end")] + [
            f"on_{what}_{when}" for what in ("train", "test") for when in ("begin", "end")]
        listener = type("Listener", (k.callbacks.Callback,), {
            name: (lambda n: lambda self, *given, logs=None: hook(n)(self, *given, logs))(name) for name in names})
        model_of(k).fit(X, Y, epochs=2, batch_size=25, validation_split=0.2, shuffle=False, verbose=0, callbacks=[listener()])
        return heard


def rates(k: Any) -> Any:
    seen = []
    model = model_of(k)
    model.fit(X, Y, epochs=3, batch_size=25, verbose=0, shuffle=False, callbacks=[
        k.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
        k.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append([epoch, sorted(logs), float(model.optimizer.learning_rate)]))])
    return seen


BAD = 50.0  # a rate under which nothing gets better
CASES = [
    Case("evaluate, predict, on_batch", whole, 5e-6),
    Case("fit", fitted(), 5e-6),
    Case("validation_split", fitted(validation_split=0.2), 5e-6),
    Case("validation_data", fitted(validation_data=(X[:20], Y[:20]), validation_batch_size=7), 5e-6),
    Case("validation_freq", fitted(validation_data=(X[:20], Y[:20]), validation_freq=2), 5e-6),
    Case("validation_freq as a list", fitted(validation_data=(X[:20], Y[:20]), validation_freq=[1, 3], epochs=4), 5e-6),
    Case("class_weight", fitted(class_weight={0: 1.0, 1: 0.5, 2: 2.0, 3: 0.1}), 5e-6),
    Case("sample_weight", fitted(sample_weight=np.linspace(0, 2, 50)), 5e-6),
    Case("initial_epoch", fitted(initial_epoch=1), 5e-6),
    Case("steps_per_epoch", fitted(steps_per_epoch=2, epochs=1), 5e-6),
    Case("a generator", by_generator, 5e-6),
    Case("EarlyStopping", fitted(lambda k: [k.callbacks.EarlyStopping(monitor="val_loss", patience=1, restore_best_weights=True)], BAD,
                                 epochs=9, validation_split=0.2), 5e-6),
    Case("ReduceLROnPlateau", fitted(lambda k: [k.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.1, patience=1, min_delta=1.0)],
                                     epochs=6), 5e-6),
    Case("LearningRateScheduler, LambdaCallback", rates, 5e-6),
    Case("hooks", Heard()),
]
