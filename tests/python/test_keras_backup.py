"""BackupAndRestore reaches the library's checkpoint: a program that is killed and started again ends as if nothing had been."""
from __future__ import annotations

import json
import pathlib
import signal
from typing import Any

import numpy as np
import pytest

import cnn
from cnn import keras

PROGRAM = """
import json, os, signal, time
import numpy as np
from cnn import keras
from cnn.keras.callbacks import BackupAndRestore, EarlyStopping, LambdaCallback, ModelCheckpoint, ReduceLROnPlateau

killed_at, freq, folder = {killed_at}, {freq!r}, r"{folder}"
keras.utils.set_random_seed(5)
random = np.random.default_rng(1)
x, y = random.random((40, 8, 8, 1), np.float32), keras.utils.to_categorical(random.integers(0, 3, 40), 3)
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.Dropout(0.25),
                          keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")])
model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
flow = keras.preprocessing.image.ImageDataGenerator(rotation_range=10, zoom_range=0.1).flow(x, y, batch_size=8, seed=3)
seen = [0]

def kill(batch, logs):
    seen[0] += 1
    if seen[0] == killed_at:
        while not os.path.exists(folder + "/backup/checkpoint.safetensors"):
            time.sleep(0.01)  # another thread writes it
        os.kill(os.getpid(), signal.SIGKILL)

plateau = ReduceLROnPlateau(monitor="loss", patience=1, min_delta=1.0, factor=0.5)
history = model.fit(flow, epochs=5, verbose=0, validation_data=(x, y), callbacks=[
    EarlyStopping(monitor="val_loss", patience=4, restore_best_weights=True), plateau,
    ModelCheckpoint(folder + "/best.keras", monitor="val_accuracy", save_best_only=True),
    LambdaCallback(on_train_batch_end=kill), BackupAndRestore(folder + "/backup", save_freq=freq)])
print(json.dumps([model._core.hash, history.history, history.epoch, plateau.wait, seen[0]]))
"""


def run(python: Any, folder: pathlib.Path, killed_at: int = 0, freq: Any = "epoch") -> Any:
    folder.mkdir(exist_ok=True)
    done = python(PROGRAM.format(killed_at=killed_at, freq=freq, folder=folder), status=-signal.SIGKILL if killed_at else 0)
    return None if killed_at else json.loads(done.stdout)


@pytest.mark.filterwarnings("ignore")
def test_a_program_that_is_killed_goes_on(tmp_path: pathlib.Path, python: Any) -> None:
    *whole, steps = run(python, tmp_path / "whole")
    assert steps == 25
    for freq, kills in (("epoch", (13, 9)), (2, (4, 9, 5))):
        folder = tmp_path / str(freq)
        for killed_at in kills:
            run(python, folder, killed_at, freq)
        *resumed, left = run(python, folder, freq=freq)
        assert resumed == whole
        assert 0 < left < steps, left  # it went on where it was stopped
        assert not list((folder / "backup").glob("checkpoint*"))
        best = [keras.models.load_model(place / "best.keras")._core.hash for place in (tmp_path / "whole", folder)]
        assert best[0] == best[1]


def test_another_training_is_refused(tmp_path: pathlib.Path) -> None:
    def fitted(units: int) -> None:
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])
        model.compile("sgd", "mse")
        model.fit([[1.0, 2, 3, 4]], [[0.0] * units], epochs=2, verbose=0,
                  callbacks=[keras.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)])

    fitted(2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.safetensors", "checkpoint.safetensors.prev"]
    with pytest.raises(cnn.StateError, match="checkpoint.safetensors"):
        fitted(3)


def test_a_model_made_again_in_the_same_process(tmp_path: pathlib.Path) -> None:
    """Its layers have other names, which is said; after clear_session they have the same, and training goes on."""

    def fitted(*callbacks: Any) -> Any:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        model.fit([[1.0, 2, 3, 4]], [[0.0, 1.0]], epochs=3, verbose=0, callbacks=list(callbacks))
        return model.get_weights()[0].tolist()

    def stop(epoch: int, logs: Any) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    whole = fitted()
    backup = keras.callbacks.BackupAndRestore
    seen: list[int] = []
    keras.backend.clear_session()
    with pytest.raises(KeyboardInterrupt):
        fitted(backup(tmp_path), keras.callbacks.LambdaCallback(on_epoch_end=stop))
    with pytest.raises(cnn.StateError, match="name is"):
        fitted(backup(tmp_path))
    keras.backend.clear_session()
    resumed = fitted(backup(tmp_path), keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(epoch)))
    assert resumed == whole and seen and seen[0] > 0


def test_how_often_it_saves(tmp_path: pathlib.Path) -> None:
    for often in (True, False, 0, -1, 2.0, "batch"):
        with pytest.raises(ValueError, match="save_freq"):
            keras.callbacks.BackupAndRestore(tmp_path, save_freq=often)
    with pytest.raises(ValueError, match="backup_dir is empty"):
        keras.callbacks.BackupAndRestore("")
    assert keras.callbacks.BackupAndRestore(tmp_path, save_freq=np.int64(3)).save_freq == 3
