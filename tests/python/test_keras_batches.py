"""Batches by number (PyDataset) and of generators: which are asked for, in which order, and what their source is told of
passes, as Keras 3.15.1 does."""
from __future__ import annotations

import pathlib
import random
from typing import Any, Iterator

import numpy as np
import pytest

import cnn
from cnn import keras

X = np.random.default_rng(0).random((24, 4)).astype(np.float32)
Y = np.eye(3, dtype=np.float32)[np.arange(24) % 3]


def model(**options: Any) -> Any:
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    made.compile(**{"optimizer": "sgd", "loss": "categorical_crossentropy", **options})
    return made


class Batches(keras.utils.PyDataset):
    """Batches of three, which write down what happens to them."""

    def __init__(self, told: list[str], name: str = "t", **options: Any) -> None:
        super().__init__(**options)
        self.told, self.name = told, name

    def __getitem__(self, index: int) -> Any:
        self.told.append(f"{self.name}{index}")
        return X[3 * index:3 * index + 3], Y[3 * index:3 * index + 3]

    def on_epoch_begin(self) -> None:
        self.told.append(self.name + "b")

    def on_epoch_end(self) -> None:
        self.told.append(self.name + "e")


class Counted(Batches):
    def __len__(self) -> int:
        return 4


class Numbered(Batches):
    @property
    def num_batches(self) -> Any:
        return 4


class Endless(Batches):
    @property
    def num_batches(self) -> Any:
        return None

    def __getitem__(self, index: int) -> Any:
        return super().__getitem__(index % 8)


class Tells(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Brackets around what a callback hears of."""

    def __init__(self, told: list[str], stop: int = -1) -> None:
        super().__init__()
        self.told, self.stop = told, stop

    def on_train_begin(self, logs: Any = None) -> None:
        self.told.append("fit(")

    def on_train_end(self, logs: Any = None) -> None:
        self.told.append(")fit")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.told.append("[")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.told.append("]")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.stop_training = batch == self.stop

    def on_test_begin(self, logs: Any = None) -> None:
        self.told.append("test(")

    def on_test_end(self, logs: Any = None) -> None:
        self.told.append(")test")

    def on_predict_begin(self, logs: Any = None) -> None:
        self.told.append("predict(")

    def on_predict_end(self, logs: Any = None) -> None:
        self.told.append(")predict")


# What the real Keras does, without the batches that it looks at beforehand and the order in which its threads fetch them.
FITS: list[tuple[dict[str, Any], str]] = [
    ({}, "te fit( [ tb t0 t1 t2 t3 te ] [ tb t0 t1 t2 t3 te ] )fit"),
    ({"validation_data": "v"}, "te fit( [ tb t0 t1 t2 t3 te ve test( vb v0 v1 v2 v3 ve )test ] "
                               "[ tb t0 t1 t2 t3 te ve test( vb v0 v1 v2 v3 ve )test ] )fit"),
    ({"validation_data": "v", "validation_steps": 3, "validation_freq": 2},
     "te fit( [ tb t0 t1 t2 t3 te ] [ tb t0 t1 t2 t3 te ve test( vb v0 v1 v2 ve )test ] )fit"),
    ({"steps_per_epoch": 2, "epochs": 3}, "te fit( [ tb t0 t1 te ] [ tb t2 t3 te ] [ tb t0 t1 te ] )fit"),
]


@pytest.mark.parametrize("kind", [Counted, Numbered])
@pytest.mark.parametrize("arguments, wanted", FITS)
def test_what_fit_asks_and_tells(kind: Any, arguments: dict[str, Any], wanted: str) -> None:
    told: list[str] = []
    given = {"epochs": 2, **arguments}
    if "validation_data" in given:
        given["validation_data"] = kind(told, "v")
    model().fit(kind(told), shuffle=False, verbose=0, callbacks=[Tells(told)], **given)
    assert " ".join(told) == wanted


def test_what_evaluate_and_predict_tell() -> None:
    told: list[str] = []
    made = model()
    for use, steps, wanted in [(made.evaluate, None, "te test( tb t0 t1 t2 t3 te )test"),
                               (made.evaluate, 2, "te test( tb t0 t1 te )test"),
                               (made.predict, None, "predict( tb t0 t1 t2 t3 te )predict"),
                               (made.predict, 2, "predict( tb t0 t1 te )predict")]:
        use(Counted(told), steps=steps, verbose=0, callbacks=[Tells(told)])
        assert " ".join(told) == wanted
        told.clear()


def test_an_epoch_that_is_stopped_has_no_end() -> None:
    told: list[str] = []
    model().fit(Counted(told), shuffle=False, epochs=3, verbose=0, callbacks=[Tells(told, stop=1)])
    assert " ".join(told) == "te fit( [ tb t0 t1 ] )fit"


def test_every_epoch_makes_its_steps_over_rounds_of_all() -> None:
    told: list[str] = []
    model().fit(Counted(told), shuffle=False, epochs=4, steps_per_epoch=3, verbose=0)
    assert [thing[1] for thing in told if thing[1] not in "be"] == list("012301230123")
    told.clear()
    model().fit(Endless(told), epochs=2, steps_per_epoch=5, verbose=0)
    assert [thing[1] for thing in told if thing[1] not in "be"] == list("0123456701")


def test_steps_that_a_round_has_not_end_the_epoch() -> None:
    told: list[str] = []
    history = model().fit(Counted(told), shuffle=False, epochs=2, steps_per_epoch=6, verbose=0)
    assert len(history.epoch) == 2 and told == ["te"] + ["tb", "t0", "t1", "t2", "t3", "te"] * 2


def test_the_order_is_that_of_pythons_own_numbers() -> None:
    """Drawn by random.shuffle for each round, as in Keras; steps_per_epoch draws no more often."""
    made = model()
    told: list[str] = []
    for steps in (None, 2):
        random.seed(5)
        orders = [list(range(4)), list(range(4))]
        for order in orders:
            random.shuffle(order)
        random.seed(5)
        told.clear()
        made.fit(Counted(told), epochs=2 if steps is None else 4, steps_per_epoch=steps, verbose=0)
        assert [int(thing[1]) for thing in told if thing[1] not in "be"] == orders[0] + orders[1]


def test_by_hand_it_is_the_same_training() -> None:
    made, by_hand = model(), model()
    made.fit(Counted([]), epochs=2, shuffle=False, verbose=0)
    for index in (0, 1, 2, 3) * 2:
        by_hand.train_on_batch(X[3 * index:3 * index + 3], Y[3 * index:3 * index + 3])
    assert all(np.array_equal(*pair) for pair in zip(made.get_weights(), by_hand.get_weights()))
    assert made.predict(Numbered([]), verbose=0).shape == (12, 3) and len(list(Counted([]))) == 4


def test_what_cannot_be_had() -> None:
    assert keras.utils.Sequence is keras.utils.PyDataset
    with pytest.raises(NotImplementedError, match="num_batches"):
        Batches([]).num_batches
    with pytest.raises(NotImplementedError, match="num_batches"):
        model().fit(Batches([]), verbose=0)
    with pytest.raises(cnn.UnsupportedError, match="workers=4"):
        Counted([], workers=4)


def stream(asked: list[int], count: int = 99) -> Iterator[Any]:
    for number in range(count):
        asked.append(number)
        yield X[number:number + 3], Y[number:number + 3]


def test_each_validation_of_a_generator_begins_with_its_first_two_batches() -> None:
    """And goes on in it after them, as in Keras (which loses what its threads have fetched ahead, one batch or two)."""
    asked: list[int] = []
    made = model()
    made.optimizer.learning_rate = 0.0
    losses = [made.evaluate(X[k:k + 3], Y[k:k + 3], verbose=0) for k in range(8)]
    history = made.fit(X, Y, epochs=3, verbose=0, validation_data=stream(asked), validation_steps=4).history
    assert asked == list(range(8))
    for value, seen in zip(history["val_loss"], [(0, 1, 2, 3), (0, 1, 4, 5), (0, 1, 6, 7)]):
        assert value == pytest.approx(np.mean([losses[k] for k in seen]), rel=1e-6)


def test_validations_of_a_generator_that_has_ended() -> None:
    made = model()
    made.optimizer.learning_rate = 0.0
    losses = [made.evaluate(X[k:k + 3], Y[k:k + 3], verbose=0) for k in range(3)]
    with pytest.warns(UserWarning, match="no more batches"):
        history = made.fit(X, Y, epochs=2, verbose=0, validation_data=stream([], 3)).history
    assert history["val_loss"] == pytest.approx([np.mean(losses), np.mean(losses[:2])], rel=1e-6)


# ---- going on from a checkpoint ----

class Interrupts(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """After so many steps."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.model.optimizer.iterations == self.steps:
            raise KeyboardInterrupt


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("steps", [None, 2, 3])
@pytest.mark.parametrize("made", [3, 5, 6])
def test_a_fit_that_goes_on_has_the_batches_of_one_that_never_stopped(tmp_path: pathlib.Path, made: int, steps: Any,
                                                                      shuffle: bool) -> None:
    def fit(data: Any, *callbacks: Any) -> Any:
        keras.utils.clear_session()
        trained = model(optimizer="adam")  # seeds Python's random too
        trained.fit(data, epochs=3, steps_per_epoch=steps, shuffle=shuffle, verbose=0, callbacks=list(callbacks))
        return trained.get_weights()

    def backup() -> Any:
        return keras.callbacks.BackupAndRestore(tmp_path, save_freq=1)

    whole = fit(Counted([]))
    with pytest.raises(KeyboardInterrupt):
        fit(Counted([]), backup(), Interrupts(made))
    assert all(np.array_equal(*pair) for pair in zip(whole, fit(Counted([]), backup())))
