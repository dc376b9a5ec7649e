"""Callbacks in Keras's words: who is told what, in which order, and those that the library brings along."""
from __future__ import annotations

import gc
import inspect
import json
import pathlib
import sys
import weakref
from typing import Any

import numpy as np
import pytest

import cnn
import tensors
from cnn import _calls, _companions, keras
from cnn.keras import callbacks

SIGNATURES = {
    "EarlyStopping": "monitor='val_loss', min_delta=0, patience=0, verbose=0, mode='auto', baseline=None, "
    "restore_best_weights=False, start_from_epoch=0",
    "ReduceLROnPlateau": "monitor='val_loss', factor=0.1, patience=10, verbose=0, mode='auto', "
    "min_delta=0.0001, cooldown=0, min_lr=0.0",
    "ModelCheckpoint": "filepath, monitor='val_loss', verbose=0, save_best_only=False, "
    "save_weights_only=False, mode='auto', save_freq='epoch', initial_value_threshold=None",
    "CSVLogger": "filename, separator=',', append=False",
    "TerminateOnNaN": "raise_error=False",
    "BackupAndRestore": "backup_dir, save_freq='epoch', double_checkpoint=False, delete_checkpoint=True",
    "LearningRateScheduler": "schedule, verbose=0",
}


class Told(callbacks.Callback):
    """Writes down what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []


def _note(name: str) -> Any:
    def hook(self: Told, *arguments: Any) -> None:
        *number, logs = arguments
        self.heard.append((name, *number, sorted(logs or {})))

    return hook


for _name in ("train_begin", "train_end", "epoch_begin", "epoch_end", "train_batch_begin", "train_batch_end",
              "test_begin", "test_end"):
    setattr(Told, f"on_{_name}", _note(_name))


def model(seed: int = 1) -> Any:
    keras.utils.set_random_seed(seed)
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    made.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def fit(*given: Any, epochs: int = 3, made: Any = None, **options: Any) -> Any:
    x, y = np.eye(4), [0, 1, 0, 1]
    return (made or model()).fit(x, y, batch_size=2, epochs=epochs, verbose=0, validation_data=(x, y),
                                 callbacks=list(given), **options)


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments(name: str) -> None:
    assert str(inspect.signature(getattr(callbacks, name))) == f"({SIGNATURES[name]})"


def test_order_of_hooks() -> None:
    told = Told()
    made = model()
    fit(told, epochs=2, made=made)
    train = ["accuracy", "loss"]
    every = train + ["val_accuracy", "val_loss"]
    epoch = [[("epoch_begin", n, []), ("train_batch_begin", 0, []), ("train_batch_end", 0, train),
              ("train_batch_begin", 1, []), ("train_batch_end", 1, train), ("test_begin", []), ("test_end", train),
              ("epoch_end", n, every)] for n in range(2)]
    heard = [entry if "begin" not in entry[0] else (*entry[:-1], []) for entry in told.heard]
    assert heard == [("train_begin", []), *epoch[0], *epoch[1], ("train_end", every)]
    assert told.model is made and told.params == {"verbose": 0, "epochs": 2, "steps": 2}


def test_older_names_of_batch_hooks() -> None:
    class Old(callbacks.Callback):
        batches: list[Any] = []

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            self.batches.append((batch, logs["loss"] > 0))

    fit(Old(), epochs=1)
    assert Old.batches == [(0, True), (1, True)]


def test_what_is_added_to_the_logs_is_history() -> None:
    class Adds(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["mine"] = np.float32(epoch) / 2

    seen: list[float] = []
    history = fit(Adds(), callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["mine"])))
    assert history.history["mine"] == seen == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("hook, epochs, steps", [("on_epoch_end", 1, 2), ("on_train_batch_end", 1, 1)])
def test_stopping(hook: str, epochs: int, steps: int) -> None:
    batches: list[int] = []
    made = model()

    def stop(number: int, logs: Any) -> None:
        made.stop_training = True

    given = callbacks.LambdaCallback(**{hook: stop})
    counter = callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: batches.append(batch))
    assert len(fit(counter, given, made=made).epoch) == epochs and len(batches) == steps


def test_an_exception_comes_out_as_itself() -> None:
    def fail(batch: int, logs: Any) -> None:
        raise KeyError("mine")

    made = model()
    with pytest.raises(KeyError, match="mine"):
        fit(callbacks.LambdaCallback(on_train_batch_end=fail), made=made)
    assert len(fit(made=made).epoch) == 3


def test_no_hook_no_cost() -> None:
    class Quiet(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            pass

    made = Quiet()._make(cnn.default_context())
    assert set(vars(made)) == {"_callback", "epoch_end"}


def test_early_stopping() -> None:
    given = callbacks.EarlyStopping(monitor="loss", min_delta=100, patience=2, restore_best_weights=True)
    assert (given.best, given.stopped_epoch, given.wait) == (None, 0, 0)
    made = model()
    history = fit(given, epochs=10, made=made)
    assert len(history.epoch) == 3 and given.stopped_epoch == 2 and given.best_epoch == 0 and given.wait == 2
    assert given.best == pytest.approx(history.history["loss"][0])
    again = model()
    fit(epochs=1, made=again)
    for mine, other in zip(made.get_weights(), again.get_weights()):
        np.testing.assert_array_equal(mine, other)


def test_reduce_lr_on_plateau(capsys: pytest.CaptureFixture[str]) -> None:
    given = callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=100, cooldown=2, verbose=1)
    history = fit(given, epochs=4)
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.1, 0.05, 0.05], rel=1e-6)
    assert "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.05000000074505806." in capsys.readouterr().out
    assert (given.wait, given.cooldown_counter) == (0, 2) and given.best is not None


def test_model_checkpoint_without_the_companion(tmp_path: pathlib.Path, recwarn: Any, capsys: Any,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_companions._found, "keras", None)
    given = callbacks.ModelCheckpoint(filepath=str(tmp_path / "new" / "best.{epoch:02d}.h5"), monitor="loss",
                                      save_best_only=True, verbose=1)
    assert any("safetensors' is written in the place of" in str(warning.message) for warning in recwarn)
    made = model()
    fit(given, epochs=2, made=made)
    written = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert written == ["best.01.safetensors", "best.02.safetensors"]
    printed = capsys.readouterr().out
    assert "Epoch 1: loss improved from None to" in printed
    assert f"saving model to {tmp_path}/new/best.01.safetensors" in printed
    loaded = keras.models.load_model(tmp_path / "new" / "best.02.h5")
    for mine, other in zip(made.get_weights(), loaded.get_weights()):
        np.testing.assert_array_equal(mine, other)
    weights = callbacks.ModelCheckpoint(tmp_path / "w.weights.h5", save_weights_only=True)
    fit(weights, epochs=1)
    assert pathlib.Path(weights.filepath).name == "w.weights.safetensors" and pathlib.Path(weights.filepath).exists()


def test_csv_logger(tmp_path: pathlib.Path) -> None:
    history = fit(callbacks.CSVLogger(tmp_path / "log.csv", separator=";"), epochs=2)
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch;accuracy;loss;val_accuracy;val_loss" and len(lines) == 3
    assert float(lines[2].split(";")[2]) == history.history["loss"][1]


def test_learning_rate_scheduler_as_keras() -> None:
    for case in json.loads((tensors.FOLDER / "callbacks" / "others.json").read_text())["LearningRateScheduler"]:
        if case["error"]:
            continue
        arguments = "epoch, lr" if "lr" in case["schedule"] else "epoch"
        schedule = eval(f"lambda {arguments}: {case['schedule']}")
        made = model()
        made.optimizer.learning_rate = case["epochs"][0]["lr"] if arguments == "epoch, lr" else 0.001
        rates = fit(callbacks.LearningRateScheduler(schedule), epochs=len(case["epochs"]),
                    made=made).history["learning_rate"]
        assert rates == [epoch["logs"]["learning_rate"] for epoch in case["epochs"]], case["case"]
    with pytest.raises(ValueError, match="expected a float"):
        fit(callbacks.LearningRateScheduler(lambda epoch, rate: "fast"))  # type: ignore[arg-type, return-value]


def test_a_schedules_own_mistakes_come_out() -> None:
    def wrong(epoch: int, rate: float) -> float:
        return rate + "1"  # type: ignore[operator, no-any-return]

    with pytest.raises(TypeError, match="unsupported operand"):
        fit(callbacks.LearningRateScheduler(wrong))


@pytest.mark.parametrize("make", [
    lambda: callbacks.LearningRateScheduler(lambda epoch, rate: rate), lambda: callbacks.EarlyStopping(),
    lambda: callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
    lambda: keras.preprocessing.image.ImageDataGenerator(rotation_range=3).flow(np.zeros((2, 4, 4, 1)))
], ids=["schedule", "stopping", "lambda", "flow"])
def test_nothing_is_held_for_ever(make: Any) -> None:
    before = _calls.held_count()
    for _ in range(3):
        given = make()
        if isinstance(given, callbacks.Callback):
            fit(given, epochs=1)
        else:
            given._batches(cnn.default_context())
            next(given)
        seen = weakref.ref(given)
        del given
        gc.collect()
        assert seen() is None
    assert _calls.held_count() <= before + 2  # tensors and the like of the last model, not one for each turn


def growing() -> Any:
    """A model whose loss has no bound."""
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(1e30), "mse")
    return made


def test_terminate_on_nan() -> None:
    assert len(fit(callbacks.TerminateOnNaN(), epochs=20, made=growing()).epoch) < 20
    with pytest.raises(cnn.DataError):
        fit(callbacks.TerminateOnNaN(raise_error=True), epochs=20, made=growing())


def test_progress_is_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = np.eye(4), [0, 1, 0, 1]
    model().fit(x, y, epochs=1, verbose=2, callbacks=[callbacks.ProgbarLogger(), callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: sys.stdout.write("after\n"))])
    printed = capsys.readouterr().out
    assert printed.count("loss:") == 1 and printed.index("loss:") < printed.index("after")


@pytest.mark.parametrize("make, sentence", [
    (lambda: callbacks.RemoteMonitor(), "RemoteMonitor"),
    (lambda: callbacks.SwapEMAWeights(), "SwapEMAWeights"),
])
def test_what_is_lacking_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(cnn.UnsupportedError, match=sentence):
        make()


@pytest.mark.parametrize("freq", ["epoch", 1])
def test_a_training_that_was_stopped_goes_on(tmp_path: pathlib.Path, freq: Any) -> None:
    class Stops(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise RuntimeError("the power is gone")

    x, y = np.eye(4, dtype=np.float32), [0, 1, 0, 1]

    def trained(*more: Any) -> Any:
        keras.backend.clear_session()  # layers are named as in another process
        keras.utils.set_random_seed(5)
        made = model()
        made.fit(x, y, epochs=4, batch_size=2, verbose=0, callbacks=list(more))
        return made.get_weights()

    whole = trained()
    with pytest.raises(RuntimeError, match="the power is gone"):
        trained(Stops(), callbacks.BackupAndRestore(tmp_path / "backup", freq))
    assert (tmp_path / "backup" / "checkpoint.safetensors").exists()
    gone_on = trained(callbacks.BackupAndRestore(tmp_path / "backup", freq))
    assert all(np.array_equal(a, b) for a, b in zip(whole, gone_on))
    assert not any((tmp_path / "backup").iterdir())
    with pytest.raises(ValueError, match="save_freq=0"):
        callbacks.BackupAndRestore(tmp_path, 0)


def test_what_cannot_be_is_refused() -> None:
    class Mine(callbacks.EarlyStopping):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            pass

    class Batches(callbacks.Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            pass

    with pytest.raises(cnn.UnsupportedError, match="subclass of Callback"):
        Mine()
    with pytest.raises(cnn.UnsupportedError, match="on_test_batch_begin"):
        fit(Batches())
    with pytest.raises(TypeError, match="no method of Callback"):
        callbacks.LambdaCallback(on_epoch_stop=print)
    with pytest.raises(ValueError):
        callbacks.ReduceLROnPlateau(factor=1.0)
    with pytest.raises(ValueError):
        callbacks.EarlyStopping(mode="up")
    with pytest.raises(ValueError):
        callbacks.ModelCheckpoint("model.txt")
    with pytest.raises(ValueError, match="weights.h5"):
        callbacks.ModelCheckpoint("model.h5", save_weights_only=True)


def test_history_may_stand_in_the_list() -> None:
    mine = callbacks.History()
    history = fit(mine)
    assert mine.history == history.history and mine.epoch == [0, 1, 2] and isinstance(history, callbacks.History)
