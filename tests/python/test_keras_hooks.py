"""Callbacks in Keras's words: which hooks are called, in which order, with which figures."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cnn
import references
from cnn import keras
from cnn.keras import layers

HOOKS = ["on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin",
         "on_train_batch_end",
         "on_test_begin", "on_test_end", "on_predict_begin", "on_predict_end"]


class Recorder(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Writes down every hook that libcnn calls."""

    def __init__(self, name: str, told: list[Any]) -> None:
        super().__init__()
        self.name, self.told = name, told


def _hook(name: str) -> Any:
    def numbered(self: Any, number: int, logs: Any = None) -> None:
        self.told.append([name, number, sorted(logs or {}), self.name])

    def plain(self: Any, logs: Any = None) -> None:
        self.told.append([name, None, sorted(logs or {}), self.name])

    return numbered if "batch" in name or "epoch" in name else plain


for hook in HOOKS:
    setattr(Recorder, hook, _hook(hook))


def model() -> Any:
    made = keras.Sequential([keras.Input((4,)), layers.Dense(2, activation="softmax")])
    made.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    return made


X, Y = np.eye(4, dtype=np.float32).repeat(3, 0), np.eye(2, dtype=np.float32)[np.arange(12) % 2]


def without_batches_of_tests(rows: list[Any]) -> list[Any]:
    return [row for row in rows if "test_batch" not in row[0] and "predict_batch" not in row[0]]


def test_hooks_come_in_keras_order() -> None:
    wanted = references.numbers("callbacks/others.json")["hook_order"]
    told: list[Any] = []
    trained = model()
    trained.fit(X, Y, batch_size=4, epochs=2, validation_data=(X[:5], Y[:5]), verbose=0,
                callbacks=[Recorder("a", told)])
    assert [row[:3] for row in told] == without_batches_of_tests(wanted["fit_2_epochs_with_validation"])
    told.clear()
    trained.evaluate(X, Y, verbose=0, callbacks=Recorder("a", told))
    assert [row[:3] for row in told] == without_batches_of_tests(wanted["evaluate"])
    told.clear()
    trained.predict(X, verbose=0, callbacks=[Recorder("a", told)])
    assert [row[:3] for row in told] == without_batches_of_tests(wanted["predict"])


def test_several_are_called_in_the_order_of_the_list() -> None:
    told: list[Any] = []
    model().fit(X, Y, epochs=1, verbose=0, callbacks=[Recorder("a", told), Recorder("b", told)])
    assert [row[3] for row in told] == ["a", "b"] * (len(told) // 2)
    assert told[::2] != [] and [row[0] for row in told[::2]] == [row[0] for row in told[1::2]]


class Asks(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Looks at the model, changes its rate, adds a figure, ends training."""

    def __init__(self, stop: str = "") -> None:
        super().__init__()
        self.stop, self.batches = stop, 0

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = 0.5
        self.first = self.model.get_weights()

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches += 1
        assert not all((a == b).all() for a, b in zip(self.first, self.model.get_weights()))
        self.model.stop_training = self.stop == "batch"

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["mine"] = 10.0 * epoch
        logs["seen"] = self.model.evaluate(X, Y, verbose=0, return_dict=True)["loss"]
        assert self.model.predict(X, verbose=0).shape == (12, 2) and self.params["epochs"] == 3
        if self.stop == "epoch" and epoch == 1:
            self.model.stop_training = True


@pytest.mark.parametrize("stop, epochs, batches", [("", 3, 9), ("epoch", 2, 6), ("batch", 1, 1)])
def test_a_callback_may_do_what_it_may_in_keras(stop: str, epochs: int, batches: int) -> None:
    asks, trained = Asks(stop), model()
    history = trained.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[asks], validation_data=(X, Y))
    assert (len(history.epoch), asks.batches, asks.model) == (epochs, batches, trained)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss", "mine", "seen"]
    assert history.history["mine"] == [0.0, 10.0, 20.0][:epochs]
    assert history.history["seen"] == history.history["val_loss"]
    assert float(trained.optimizer.learning_rate) == 0.5
    assert trained.stop_training is (stop != "")
    trained.fit(X, Y, epochs=2, verbose=0)
    assert trained.stop_training is False


class Fails(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Raises at a hook."""

    def __init__(self, what: BaseException) -> None:
        super().__init__()
        self.what = what

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == 1:
            raise self.what


@pytest.mark.parametrize("what", [KeyError("mine"), KeyboardInterrupt(), ZeroDivisionError("oh")])
def test_what_a_callback_raises_comes_out_as_itself(what: BaseException) -> None:
    trained = model()
    with pytest.raises(type(what)) as raised:
        trained.fit(X, Y, epochs=3, verbose=0, callbacks=[Fails(what)])
    assert raised.value is what
    assert len(trained.history.history["loss"]) == 1
    trained.fit(X, Y, verbose=0)


def test_hooks_that_are_not_called_are_refused() -> None:
    for name, use in (("on_test_batch_end", "evaluate"), ("on_test_batch_begin", "fit"),
                      ("on_predict_batch_begin", "predict")):
        kind = type("Wants", (keras.callbacks.Callback,), {name: lambda self, batch, logs=None: None})
        arguments = (X,) if use == "predict" else (X, Y)
        with pytest.raises(cnn.UnsupportedError, match=name.rsplit("_", 1)[0]):
            getattr(model(), use)(*arguments, verbose=0, callbacks=[kind()])


def test_fit_within_fit_is_refused() -> None:
    class Again(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.fit(X, Y, verbose=0)

    with pytest.raises(cnn.StateError):
        model().fit(X, Y, verbose=0, callbacks=[Again()])


def test_restored_weights_are_those_of_the_best_epoch() -> None:
    trained = model()
    seen: list[Any] = []

    class Keep(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(self.model.get_weights())
            self.model.optimizer.learning_rate = 50.0  # from here on it gets worse

    stop = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    history = trained.fit(X, Y, epochs=20, verbose=0, callbacks=[Keep(), stop])
    best = int(np.argmin(history.history["loss"]))
    assert len(history.epoch) == best + 3 < 20 and stop.best_epoch == best
    assert all((a == b).all() for a, b in zip(trained.get_weights(), seen[best]))
