"""Keras's own files in Keras's words: written, read back, and those that the real Keras wrote."""
from __future__ import annotations

import json
import pathlib
import shutil
import warnings
from typing import Any

import numpy as np
import pytest

import cnn
import keras_models
import tensors
from cnn import _companions, keras
from cnn.keras import layers

pytestmark = pytest.mark.skipif(_companions.library("keras") is None, reason="libcnn-keras was not built")
REAL = tensors.FOLDER / "interop"
BEGINS = {".h5": b"\x89HDF\r\n\x1a\n", ".hdf5": b"\x89HDF\r\n\x1a\n", ".keras": b"PK\3\4"}


@pytest.fixture(autouse=True)
def fresh() -> None:
    keras.backend.clear_session()


def trained() -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(2)
    x, y = rng.random((12, 9, 8, 6), np.float32), rng.random((12, 5), np.float32)
    model = keras_models.residual()
    model.compile(keras.optimizers.Adam(0.01, weight_decay=0.001), "mse", metrics=["mae"], weighted_metrics=["mse"])
    model.fit(x, y, epochs=2, batch_size=4, verbose=0)
    return model, x, y


def arrays(name: str) -> Any:
    """A file of reference values that were not described."""
    content = (tensors.FOLDER / f"{name}.safetensors").read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    return {key: np.frombuffer(content[start + row["data_offsets"][0]:start + row["data_offsets"][1]],
                               tensors.DTYPES[row["dtype"]]).reshape(row["shape"])
            for key, row in header.items() if key != "__metadata__"}


def images_of_test(mnist: pathlib.Path) -> Any:
    (_, _), (images, labels) = keras.datasets.mnist.load_data(str(mnist))
    return images[..., None].astype(np.float32) / np.float32(255), labels


@pytest.mark.parametrize("ending", sorted(BEGINS))
def test_a_model_is_what_it_was(ending: str, tmp_path: pathlib.Path) -> None:
    model, x, y = trained()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.save(tmp_path / f"m{ending}")
    assert [path.name for path in tmp_path.iterdir()] == [f"m{ending}"]
    assert (tmp_path / f"m{ending}").read_bytes().startswith(BEGINS[ending])
    loaded = keras.models.load_model(tmp_path / f"m{ending}")
    assert type(loaded) is type(model) and loaded.name == model.name
    assert loaded.get_config() == model.get_config()
    assert loaded.optimizer.get_config() == pytest.approx(model.optimizer.get_config())
    assert (loaded.optimizer.iterations, loaded.loss) == (6, "mean_squared_error")
    assert loaded._compiled.names == model._compiled.names == ["mae", "mse"]
    assert loaded.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    histories = [m.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0).history for m in (model, loaded)]
    assert histories[0] == histories[1] and model._core.hash == loaded._core.hash


@pytest.mark.parametrize("ending", sorted(BEGINS))
def test_a_row_of_layers_is_a_sequential(ending: str, tmp_path: pathlib.Path) -> None:
    model = keras_models.notebook()
    model.save(tmp_path / f"m{ending}")
    loaded = keras.models.load_model(str(tmp_path / f"m{ending}"))
    assert isinstance(loaded, keras.Sequential) and not loaded.compiled
    assert [layer.get_config() for layer in loaded.layers] == [layer.get_config() for layer in model.layers]
    loaded.add(layers.Dense(2))
    assert loaded.output_shape == (None, 2)


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_a_model_may_be_left_uncompiled(name: str, tmp_path: pathlib.Path) -> None:
    model, x, _ = trained()
    model.save(tmp_path / name)
    loaded = keras.models.load_model(tmp_path / name, compile=False)
    assert not loaded.compiled and not hasattr(loaded, "optimizer")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(FileExistsError):
        model.save(tmp_path / name, overwrite=False)
    model.save(tmp_path / name, include_optimizer=False)
    assert keras.models.load_model(tmp_path / name).optimizer.iterations == 0


def test_weights_alone(tmp_path: pathlib.Path) -> None:
    model, x, _ = trained()
    model.save_weights(tmp_path / "m.weights.h5")
    model.save(tmp_path / "m.h5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.h5", "m.weights.h5"]
    for name in ("m.weights.h5", "m.h5"):
        other = keras_models.residual()
        other.load_weights(tmp_path / name)
        np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(cnn.Error):
        keras_models.notebook().load_weights(tmp_path / "m.weights.h5")
    with pytest.raises(cnn.Error):
        keras.models.load_model(tmp_path / "m.weights.h5")


def test_what_an_earlier_version_wrote_in_the_place_is_read_where_the_file_is_not_there(tmp_path: pathlib.Path) -> None:
    model, x, _ = trained()
    model.save(tmp_path / "m.safetensors")
    model.save_weights(tmp_path / "m.weights.safetensors")
    for name in ("m.h5", "m.keras"):
        loaded = keras.models.load_model(tmp_path / name)
        np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    loaded.set_weights([0 * array for array in loaded.get_weights()])
    loaded.save(tmp_path / "m.h5")
    assert not keras.models.load_model(tmp_path / "m.h5").predict(x, verbose=0).any()
    loaded.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_what_keras_has_no_word_for_is_refused(tmp_path: pathlib.Path) -> None:
    x = keras.Input((4,))
    model = keras.Model(x, keras.activations.gelu(layers.Dense(2)(x), approximate=True))
    with pytest.raises(cnn.UnsupportedError, match="gelu"):
        model.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())


# ---- files that the real Keras wrote ----


@pytest.mark.parametrize("name", ["keras2.h5", "keras2.keras", "keras3.h5", "keras3.keras"])
def test_files_of_keras_itself(name: str, mnist: pathlib.Path) -> None:
    wanted = arrays(f"interop/small/{name.split('.')[0]}_expected")
    images, labels = images_of_test(mnist)
    model = keras.models.load_model(REAL / "small" / name)
    assert [layer.name for layer in model.layers][:4] == ["conv1", "bn1", "pool1", "dropout1"]
    np.testing.assert_allclose(model.predict(images[:16], verbose=0), wanted["predictions"], rtol=0, atol=1e-5)
    assert (repr(type(model.optimizer)), model.loss, model._compiled.names) == (
        repr(keras.optimizers.Adam), "categorical_crossentropy", ["accuracy"])
    assert float(model.optimizer.learning_rate) == np.float32(0.001) and model.optimizer.iterations == 1
    state = slots(model)
    for key, value in wanted.items():
        found = slot_of(key)
        if found:
            np.testing.assert_array_equal(state[found], value)
    model.fit(images[:32], keras.utils.to_categorical(labels[:32], 10), batch_size=16, verbose=0)
    assert model.optimizer.iterations == 3


def slots(model: Any) -> Any:
    """The optimizer's arrays by the names that libcnn's files have for them."""
    content = model._core.to_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    return {key: np.frombuffer(content[start + row["data_offsets"][0]:start + row["data_offsets"][1]],
                               np.float32).reshape(row["shape"])
            for key, row in json.loads(content[8:start]).items() if key.startswith("optimizer/")}


def slot_of(key: str) -> str:
    """The same of a name that Keras 2 ("optimizer.1.Adam.m.conv1.kernel:0") or 3
    ("optimizer.2.adam.sequential_conv1_kernel_momentum") has; "" for what is no slot."""
    parts = key.replace(":0", "").replace("sequential_", "").replace("_", ".").split(".")
    if parts[0] != "optimizer" or parts[-1] in ("iteration", "rate"):
        return ""
    order = parts[3:] if parts[2] == "Adam" else [parts[-1], *parts[3:-1]]
    return f"optimizer/{order[1]}/{order[2]}/" + {"m": "momentum", "v": "velocity"}.get(order[0], order[0])


def test_weights_of_keras_itself(mnist: pathlib.Path) -> None:
    images, _ = images_of_test(mnist)
    for name, expected in (("keras3.weights.h5", "keras3"), ("keras2_save_weights.h5", "keras2"), ("keras3.h5", "keras3")):
        model = keras.models.load_model(REAL / "small" / "keras3.keras", compile=False)
        model.set_weights([array + 1 for array in model.get_weights()])
        model.load_weights(REAL / "small" / name)
        np.testing.assert_allclose(model.predict(images[:16], verbose=0), arrays(f"interop/small/{expected}_expected")["predictions"],
                                   rtol=0, atol=1e-5)


def test_the_notebooks_best_model_predicts_as_in_keras(mnist: pathlib.Path, tmp_path: pathlib.Path) -> None:
    images, labels = images_of_test(mnist)
    theirs = arrays("notebook/predictions")["predictions"]
    shutil.copy(REAL / "notebook" / "best_val_accuracy.h5", tmp_path / "a model without an ending")
    model = keras.models.load_model(tmp_path / "a model without an ending")
    ours = model.predict(images, batch_size=1000, verbose=0)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    best = np.sort(theirs, axis=1)
    clear = best[:, -1] - best[:, -2] > 1e-5
    np.testing.assert_array_equal(ours.argmax(1)[clear], theirs.argmax(1)[clear])
    assert model.optimizer.iterations == 6329 and float(model.optimizer.learning_rate) == np.float32(0.000125)
    loss, accuracy = model.evaluate(images, keras.utils.to_categorical(labels, 10), batch_size=1000, verbose=0)
    assert accuracy == np.float32((theirs.argmax(1) == labels).mean()) and 0 < loss < 0.05
    model.save(tmp_path / "again.h5")
    other = keras.models.load_model(tmp_path / "again.h5")
    assert other._core.hash == model._core.hash and other.optimizer.iterations == 6329


def test_a_file_that_is_none_is_refused(tmp_path: pathlib.Path) -> None:
    for name, content in (("m.h5", b"\x89HDF\r\n\x1a\n"), ("m.keras", b"PK\3\4"), ("n.h5", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(cnn.Error):
            keras.models.load_model(tmp_path / name)


def test_checkpoints(tmp_path: pathlib.Path, capsys: Any) -> None:
    model, x, y = trained()
    given = [keras.callbacks.ModelCheckpoint(tmp_path / "new" / "best.{epoch:02d}.h5", monitor="loss", verbose=1),
             keras.callbacks.ModelCheckpoint(tmp_path / "last.keras", monitor="loss"),
             keras.callbacks.ModelCheckpoint(tmp_path / "w.weights.h5", save_weights_only=True)]
    model.fit(x, y, epochs=2, batch_size=4, verbose=0, callbacks=given)
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert written == ["last.keras", "new/best.01.h5", "new/best.02.h5", "w.weights.h5"]
    assert f"saving model to {tmp_path}/new/best.01.h5" in capsys.readouterr().out
    for name in ("new/best.02.h5", "last.keras"):
        loaded = keras.models.load_model(tmp_path / name)
        assert loaded._core.hash == model._core.hash and loaded.optimizer.iterations == model.optimizer.iterations == 12
    loaded.set_weights([0 * array for array in loaded.get_weights()])
    loaded.load_weights(tmp_path / "w.weights.h5")
    assert loaded._core.hash == model._core.hash
