"""Files in Keras's words: what comes back from libcnn's own form, and what is written in the place of X.h5 without libcnn-keras."""
from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy as np
import pytest

import cnn
import keras_models
from cnn import _companions, keras
from cnn.keras import layers


@pytest.fixture(autouse=True)
def fresh() -> None:
    keras.backend.clear_session()
    keras._files._told.clear()  # type: ignore[attr-defined]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """libcnn-keras is not found, nor known to the context."""
    monkeypatch.setitem(_companions._found, "keras", None)
    keras.utils.set_random_seed(1)


def trained(**options: Any) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(2)
    x, y = rng.random((12, 9, 8, 6), np.float32), rng.random((12, 5), np.float32)
    model = keras_models.residual()
    model.compile(keras.optimizers.Adam(0.01, weight_decay=0.001), "mse", metrics=["mae"], weighted_metrics=["mse"])
    model.fit(x, y, epochs=2, batch_size=4, verbose=0)
    return model, x, y


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model.hdf5"])
def test_files_of_keras_become_safetensors_without_the_companion(name: str, tmp_path: pathlib.Path, alone: None) -> None:
    model, x, _ = trained()
    with pytest.warns(UserWarning, match=f"'.*model.safetensors' is written in the place of '.*{name}'"):
        model.save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it is said once for each path
        model.save(tmp_path / name)
        loaded = keras.models.load_model(tmp_path / name)
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    (tmp_path / name).write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    for read in (keras.models.load_model, model.load_weights):
        with pytest.raises(cnn.UnsupportedError, match="libcnn-keras"):
            read(tmp_path / name)


def test_a_program_without_the_companion_saves_and_loads_by_the_names_it_has(tmp_path: pathlib.Path, python: Any) -> None:
    (tmp_path / "none").mkdir()
    done = python(f"""
from cnn import keras

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
model.compile("adam", "mse")
best = keras.callbacks.ModelCheckpoint(filepath=r"{tmp_path}/best.h5", monitor="loss", save_best_only=True)
model.fit([[1.0, 2, 3, 4]], [[1.0, 2]], verbose=0, callbacks=[best])
model.save(r"{tmp_path}/m.keras")
for name in ("best.h5", "m.keras"):
    assert keras.models.load_model(r"{tmp_path}/" + name).optimizer.iterations == 1
""", LIBCNN_COMPANIONS=str(tmp_path / "none"))
    for line in (f"which writes .h5 files, is not there: '{tmp_path}/best.safetensors' is written in the place of",
                 f"'{tmp_path}/m.safetensors' is written in the place of '{tmp_path}/m.keras'"):
        assert line in done.stderr
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["best.safetensors", "m.safetensors"]


def test_weights_become_safetensors_without_the_companion(tmp_path: pathlib.Path, alone: None) -> None:
    model, x, _ = trained()
    with pytest.warns(UserWarning, match="m.weights.safetensors"):
        model.save_weights(tmp_path / "m.weights.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["m.weights.safetensors"]
    other = keras_models.residual()
    other.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_loaded_model_goes_on_with_the_same_bits(tmp_path: pathlib.Path) -> None:
    model, x, y = trained()
    model.save(tmp_path / "m.safetensors")
    loaded = keras.models.load_model(str(tmp_path / "m.safetensors"))
    assert type(loaded) is type(model) and loaded.name == model.name
    assert loaded.get_config() == model.get_config()
    assert loaded.optimizer.get_config() == pytest.approx(model.optimizer.get_config())
    assert (loaded.optimizer.iterations, loaded.loss) == (6, "mean_squared_error")
    assert loaded._compiled.names == model._compiled.names == ["mae", "mse"]
    assert loaded.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    histories = [m.fit(x, y, epochs=2, batch_size=4, verbose=0).history for m in (model, loaded)]
    assert histories[0] == histories[1] and model._core.hash == loaded._core.hash


def test_a_row_of_layers_comes_back_as_a_sequential(tmp_path: pathlib.Path) -> None:
    model = keras_models.notebook()
    model.get_layer("conv1").trainable = False
    model.save(tmp_path / "m.safetensors")
    loaded = keras.models.load_model(tmp_path / "m.safetensors")
    assert isinstance(loaded, keras.Sequential) and not loaded.compiled and not hasattr(loaded, "optimizer")
    assert [layer.get_config() for layer in loaded.layers] == [layer.get_config() for layer in model.layers]
    texts: list[str] = []
    for one in (model, loaded):
        one.summary(print_fn=texts.append)
    assert texts[0] == texts[1]
    loaded.add(layers.Dense(2))
    assert loaded.output_shape == (None, 2)
    with pytest.raises(ValueError, match="compile"):
        loaded.fit(np.zeros((1, 28, 28, 1)), np.zeros((1, 2)))


def test_every_setting_comes_back(tmp_path: pathlib.Path) -> None:
    x = keras.Input((8, 8, 2))
    y = layers.Conv2D(4, (3, 2), strides=2, padding="same", groups=2, activation="gelu", kernel_regularizer="l2",
                      kernel_initializer=keras.initializers.RandomNormal(0.5, 0.25))(x)
    y = layers.BatchNormalization(momentum=0.5, epsilon=0.25, center=False, gamma_regularizer="l1")(y)
    y = layers.LeakyReLU(0.125)(layers.ELU(0.5)(layers.ReLU()(layers.Activation("swish")(y))))
    y = keras.activations.gelu(keras.activations.relu(y), approximate=True)
    y = layers.AveragePooling2D(2, strides=1)(layers.MaxPooling2D(2, strides=1)(y))
    y = layers.Dropout(0.5)(layers.GlobalMaxPooling2D(keepdims=True)(y))
    y = layers.Softmax()(layers.Dense(3, use_bias=False)(layers.Flatten()(y)))
    model = keras.Model(x, y, name="functional_model")
    model.save(tmp_path / "m.safetensors")
    loaded = keras.models.load_model(tmp_path / "m.safetensors")
    assert [layer.get_config() for layer in loaded._operations] == [layer.get_config() for layer in model._operations]


@pytest.mark.parametrize("optimizer", [
    lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=2.0),
    lambda: keras.optimizers.AdamW(weight_decay=0.0, use_ema=True, ema_overwrite_frequency=3),
    lambda: keras.optimizers.RMSprop(keras.optimizers.schedules.PiecewiseConstantDecay([2, 4], [0.1, 0.01, 0.001])),
    lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 10, warmup_target=0.2, warmup_steps=2))])
def test_optimizers_come_back(optimizer: Any, tmp_path: pathlib.Path) -> None:
    x, y = np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4)])
    model.compile(optimizer(), keras.losses.Huber(delta=0.5), metrics=[keras.metrics.BinaryAccuracy(threshold=0.25)])
    model.fit(x, y, epochs=2, batch_size=2, verbose=0)
    model.save(tmp_path / "m.safetensors")
    loaded = keras.models.load_model(tmp_path / "m.safetensors")
    assert repr(type(loaded.optimizer)) == repr(type(model.optimizer))
    assert loaded._core.fit(x, y, verbose=0, batch_size=2).history == model._core.fit(x, y, verbose=0,
                                                                                      batch_size=2).history
    # Compiled again from what was read, both begin anew in the same way.
    for one in (model, loaded):
        one._recompile()
    assert loaded.fit(x, y, verbose=0, batch_size=2).history == model.fit(x, y, verbose=0, batch_size=2).history


def test_a_model_may_be_left_uncompiled(tmp_path: pathlib.Path) -> None:
    model, x, _ = trained()
    model.save(tmp_path / "m.safetensors", include_optimizer=False)
    for compiled in (True, False):
        loaded = keras.models.load_model(tmp_path / "m.safetensors", compile=compiled)
        assert loaded.compiled is compiled
        np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_weights_alone(tmp_path: pathlib.Path) -> None:
    model, x, _ = trained()
    model.save_weights(tmp_path / "m.weights.safetensors")
    other = keras_models.residual()
    other.load_weights(tmp_path / "m.weights.safetensors")
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(cnn.Error):
        keras_models.notebook().load_weights(tmp_path / "m.weights.safetensors")
    with pytest.raises(cnn.Error):
        keras.models.load_model(tmp_path / "m.weights.safetensors")
    unbuilt = keras.Sequential([layers.Dense(1)])
    for use in (unbuilt.load_weights, unbuilt.save_weights, unbuilt.save):
        with pytest.raises(ValueError):
            use(tmp_path / "m.weights.safetensors")


def test_names_and_arguments_that_are_refused(tmp_path: pathlib.Path) -> None:
    model, _, _ = trained()
    for name in ("model", "model.tf", "model.txt"):
        with pytest.raises(ValueError, match="safetensors"):
            model.save(tmp_path / name)
    with pytest.raises(ValueError, match="weights.h5"):
        model.save_weights(tmp_path / "model.h5")
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "m.safetensors", overwrite=False)
    with pytest.raises(FileNotFoundError, match="neither"):
        keras.models.load_model(tmp_path / "other.h5")
    for refused in (lambda: model.save(tmp_path / "m.safetensors", zipped=True),
                    lambda: model.save(tmp_path / "m.weights.h5"),
                    lambda: model.save_weights(tmp_path / "m.safetensors", max_shard_size=1),
                    lambda: model.load_weights(tmp_path / "m.safetensors", skip_mismatch=True),
                    lambda: keras.models.load_model(tmp_path / "m.safetensors", custom_objects={"a": 1}),
                    lambda: keras.models.model_from_json(model.to_json(), custom_objects={"a": 1})):
        with pytest.raises(cnn.UnsupportedError):
            refused()
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


def test_save_model_is_save(tmp_path: pathlib.Path) -> None:
    model, _, _ = trained()
    keras.models.save_model(model, tmp_path / "m.safetensors", include_optimizer=False)
    assert keras.models.load_model(tmp_path / "m.safetensors").optimizer.iterations == 0


def test_a_clone_of_a_compiled_model_is_compiled_with_an_optimizer_of_its_own() -> None:
    x, y = np.eye(6, dtype=np.float32), np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, activation="softmax")])
    assert not keras.models.clone_model(model).compiled
    model.compile(keras.optimizers.Adam(0.5), "mse", metrics=["mae"])
    model.fit(x, y, verbose=0)
    clone = keras.models.clone_model(model)
    assert clone.optimizer is not model.optimizer and float(clone.optimizer.learning_rate) == 0.5
    assert (clone.optimizer.iterations, model.optimizer.iterations) == (0, 1)
    assert list(clone.fit(x, y, verbose=0).history) == ["loss", "mae"]
