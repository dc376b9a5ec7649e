"""Models in Keras's words: how they are made, what they hold."""
from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any, Callable

import numpy as np
import pytest

import cnn
import keras_models
from cnn import keras
from cnn.keras import layers


@pytest.fixture(autouse=True)
def fresh() -> None:
    keras.backend.clear_session()


def test_the_module_is_there_under_all_of_its_names() -> None:
    import cnn.keras as tf
    from cnn.keras import models

    assert tf.keras is keras and tf.keras.layers is layers and models.Sequential is keras.Sequential
    assert keras.__version__ == cnn.__version__ and keras.version() == cnn.__version__
    assert set(keras._SUBMODULES) <= set(dir(keras))
    assert issubclass(keras.optimizers.Adam, keras.Optimizer) and issubclass(keras.losses.Huber, keras.Loss)
    assert keras.Metric is keras.metrics.Metric and keras.saving.load_model is keras.models.load_model
    with pytest.raises(AttributeError):
        keras.nonsense
    for name in keras._MISSING:
        with pytest.raises(cnn.UnsupportedError, match=name):
            getattr(keras, name)


def test_the_notebooks_model() -> None:
    model = keras_models.notebook()
    assert (model.name, model.input_shape, model.output_shape) == ("sequential", (None, 28, 28, 1), (None, 10))
    assert model.count_params() == 422026 and model.built and not model.compiled
    assert [layer.name for layer in model.layers] == [
        "conv1", "bn1", "pool1", "dropout1", "conv2", "bn2", "pool2", "dropout2", "flatten", "dense1", "dropout3",
        "output"]
    assert [w.path for w in model.weights] == [f"sequential/{path}" for path in (
        "conv1/kernel", "conv1/bias", "bn1/gamma", "bn1/beta", "bn1/moving_mean", "bn1/moving_variance", "conv2/kernel",
        "conv2/bias", "bn2/gamma", "bn2/beta", "bn2/moving_mean", "bn2/moving_variance", "dense1/kernel", "dense1/bias",
        "output/kernel", "output/bias")]
    assert len(model.trainable_weights) == 12 and len(model.non_trainable_variables) == 4
    assert model.get_layer("bn2") is model.layers[5] and model.get_layer(index=-1).name == "output"
    assert model.get_layer("conv2").input.shape == (None, 14, 14, 32)
    assert model.get_layer("conv2").output.shape == (None, 14, 14, 64)


@pytest.mark.parametrize("arguments", [{}, {"name": "a", "index": 0}, {"name": "none"}, {"index": 12}])
def test_layers_that_are_not_there(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        keras_models.notebook().get_layer(**arguments)


def test_weights_go_round() -> None:
    one, other = keras_models.notebook(), keras_models.notebook()
    rng = np.random.default_rng(0)
    values = [rng.random(w.shape, np.float32) for w in one.weights]
    one.set_weights(values)
    assert all((a == b).all() for a, b in zip(one.get_weights(), values))
    other.set_weights(one.get_weights())
    x = rng.random((3, 28, 28, 1), np.float32)
    np.testing.assert_array_equal(one.predict(x, verbose=0), other.predict(x, verbose=0))
    layer = one.get_layer("output")
    layer.set_weights([np.zeros((128, 10)), np.arange(10)])
    assert layer.bias.numpy().tolist() == list(range(10)) and np.asarray(layer.kernel).sum() == 0
    layer.bias.assign(np.ones(10))
    assert (layer.weights[1].value == 1).all()
    assert (layer.kernel.name, layer.kernel.dtype, layer.kernel.trainable) == ("kernel", "float32", True)


def test_wrong_weights_change_nothing() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dense(2)])
    before = model.get_weights()
    wrong: list[Any] = [before[:3], [*before[:3], np.zeros(3)], [*before[:3], np.array([1, np.nan])]]
    for values in wrong:
        with pytest.raises(ValueError):
            model.set_weights([value + 1 for value in values])
        assert all((a == b).all() for a, b in zip(model.get_weights(), before))


def test_layers_are_added_and_taken_away() -> None:
    model = keras.Sequential(name="grown")
    with pytest.raises(ValueError, match="no layers"):
        model.build((None, 3))
    model.add(layers.Dense(4, name="a"))
    assert not model.built and model.weights == []
    for what in ("input_shape", "output_shape", "inputs", "outputs"):
        with pytest.raises(AttributeError, match="no defined"):
            getattr(model, what)
    with pytest.raises(ValueError, match="isn't built"):
        model.count_params()
    model.build((None, 3))
    assert model.built and model.count_params() == 16
    model.layers[0].set_weights([np.ones((3, 4)), np.zeros(4)])
    model.add(layers.Dense(5, name="b"))
    assert model.output_shape == (None, 5) and (model.layers[0].get_weights()[0] == 1).all()
    with pytest.raises(cnn.Error):
        model.add(layers.Conv2D(1, 1, name="c"))
    with pytest.raises(ValueError, match="unique"):
        model.add(layers.Dense(1, name="a"))
    assert [layer.name for layer in model.layers] == ["a", "b"] and model.count_params() == 41
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.pop().name == "b"
    assert (model.output_shape, model.count_params()) == ((None, 4), 16)
    assert (model.layers[0].get_weights()[0] == 1).all()
    with pytest.raises(ValueError, match="already been configured"):
        model.build((None, 4))


@pytest.mark.parametrize("added, match", [
    (lambda: "dense", "Only instances"), (lambda: keras.Input((4,)), "Input comes first"),
    (lambda: layers.Add(), "several tensors"), (lambda: keras.Sequential(), "hold no models")])
def test_what_a_sequential_does_not_take(added: Callable[[], Any], match: str) -> None:
    model = keras.Sequential([layers.Dense(1)])
    with pytest.raises(ValueError, match=match):
        model.add(added())


def test_branches() -> None:
    model = keras_models.residual()
    x = np.random.default_rng(1).random((4, 9, 8, 6), np.float32)
    for layer in model.layers:
        if layer.name.startswith("conv"):
            layer.set_weights([np.zeros(layer.kernel.shape)])
    weights = model.get_layer("dense").get_weights()
    np.testing.assert_allclose(model.predict(x, verbose=0), x.mean((1, 2)) @ weights[0], rtol=1e-5)
    assert [t.shape for t in model.get_layer("add").input] == [(None, 9, 8, 6)] * 2
    assert model.get_layer("add").input[1] is model.input


def test_signs_and_functions_are_no_layers_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    x = keras.Input((4,), name="x")
    y = keras.activations.gelu(keras.activations.relu(x + layers.Dense(4)(x), negative_slope=0.5), approximate=True)
    model = keras.Model(x, layers.Dense(2, name="last")(y))
    assert [layer.name for layer in model.layers] == ["x", "dense", "last"]
    model.summary()
    text = capsys.readouterr().out
    assert all(f"│ {name} " in text for name in ("add (Add)", "re_lu (ReLU)", "gelu (Gelu)"))
    again = keras.models.clone_model(model)
    assert again.get_config() == model.get_config() and len(again.layers) == 3
    again.set_weights(model.get_weights())
    values = np.random.default_rng(0).normal(size=(5, 4))
    np.testing.assert_array_equal(again.predict(values, verbose=0), model.predict(values, verbose=0))
    assert (x.name, keras.activations.get("gelu")(0.0), repr(keras.activations.relu)) == ("x", 0.0, "<function relu>")


def test_an_input_may_stand_in_several_models() -> None:
    x = keras.Input((4,))
    y = layers.Dense(3, name="a")(x)
    one = keras.Model(x, layers.Dense(2, name="b")(y))
    other = keras.Model(x, layers.Dense(2, name="c")(x))
    views = keras.Model(x, [y, one.output])
    values = np.ones((2, 4))
    np.testing.assert_array_equal(views.predict(values, verbose=0)[1], one.predict(values, verbose=0))
    assert other.predict(values, verbose=0).shape == (2, 2)


def test_layers_stand_in_keras_order() -> None:
    x = keras.Input((4,), name="x")
    short = layers.Dense(4, name="short")(x)
    long = layers.Dense(4, name="long2")(layers.Dense(4, name="long1")(x))
    model = keras.Model(inputs=[x], outputs=layers.Add(name="sum")([short, long]))
    assert [layer.name for layer in model.layers] == ["x", "long1", "short", "long2", "sum"]
    assert model.name == "functional"


def test_graphs_that_are_none() -> None:
    x, other = keras.Input((4,)), keras.Input((4,))
    y = layers.Dense(4)(x)
    with pytest.raises(ValueError, match="disconnected"):
        keras.Model(x, layers.Add()([y, other]))
    with pytest.raises(ValueError, match="does not depend|disconnected"):
        keras.Model(other, y)
    with pytest.raises(ValueError, match="KerasTensor"):
        keras.Model(x, "y")
    z = layers.Dense(4, name="twice")(layers.Dense(4, name="twice")(y))
    with pytest.raises(ValueError, match="twice"):
        keras.Model(x, z)
    for refused in (lambda: keras.Model(), lambda: keras.Model([x, other], y),
                    lambda: keras.Model(y, layers.Dense(1)(y)),
                    lambda: keras.Model(x, [y, layers.Dense(2)(x)])):
        with pytest.raises(cnn.UnsupportedError):
            refused()


def test_models_of_ones_own_class_are_refused() -> None:
    with pytest.raises(cnn.UnsupportedError, match="Mine.call"):
        class Mine(keras.Model):
            def call(self, x: Any) -> Any:
                return x

    class Named(keras.Sequential):
        pass

    assert isinstance(Named([layers.Dense(1)]), keras.Model)


def test_a_model_is_no_layer_but_gives_values() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    x = np.ones((2, 3))
    np.testing.assert_array_equal(model(x), model.predict(x, verbose=0))
    for refused in (lambda: model(keras.Input((3,))), lambda: model(x, training=True)):
        with pytest.raises(cnn.UnsupportedError):
            refused()


def test_layers_of_another_model_bring_copies_along() -> None:
    base = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="a")])
    x = base.outputs[0]
    with pytest.warns(UserWarning, match="share no weights"):
        model = keras.Model(base.inputs, layers.Dense(1, name="head")(x))
    assert [layer.name for layer in model.layers] == ["input_layer", "a", "head"]
    assert model.get_layer("a") is base.layers[0]


def test_the_same_context_gives_the_same_weights() -> None:
    before = cnn.default_context()
    try:
        hashes = []
        for seed in (5, 5, 6):
            cnn.set_default_context(cnn.Context(seed=seed))
            hashes.append(keras_models.notebook()._core.hash)
    finally:
        cnn.set_default_context(before)
    assert hashes[0] == hashes[1] != hashes[2]


def test_configurations_make_the_same_model() -> None:
    for model in (keras_models.notebook(), keras_models.residual()):
        again = keras.models.model_from_json(model.to_json(indent=1))
        assert type(again) is type(model) and again.get_config() == model.get_config()
        assert [layer.output.shape for layer in again.layers] == [layer.output.shape for layer in model.layers]
        again.set_weights(model.get_weights())
    with pytest.raises(ValueError, match="Other"):
        keras.models.model_from_json('{"class_name": "Other"}')


def test_trainable_goes_for_all_layers() -> None:
    model = keras_models.residual()
    model.trainable = False
    assert model.trainable_weights == [] and not model.get_layer("bn_a").trainable
    model.get_layer("dense").trainable = True
    assert [w.path for w in model.trainable_variables] == ["dense/kernel", "dense/bias"]
    assert layers.Dense(1, trainable=False).trainable is False


def test_views_share_the_weights_of_the_model() -> None:
    base = keras_models.residual()
    x = np.random.default_rng(0).random((5, 9, 8, 6), np.float32)
    view = keras.Model(base.inputs, base.get_layer("relu_a").output, name="view")
    both = keras.Model(inputs=base.input, outputs=[base.get_layer("pool").output, base.output])
    whole = keras.Model(base.inputs, base.outputs)
    assert (view.output_shape, both.output_shape) == ((None, 9, 8, 6), [(None, 6), (None, 5)])
    for _ in range(2):
        pooled, output = both.predict(x, batch_size=2, verbose=0)
        np.testing.assert_array_equal(output, base.predict(x, verbose=0))
        np.testing.assert_array_equal(output, whole.predict(x, verbose=0))
        weights = base.get_layer("dense").get_weights()
        np.testing.assert_allclose(output, pooled @ weights[0] + weights[1], rtol=1e-5, atol=1e-6)
        assert view.predict(x, verbose=0).min() >= 0 and view.predict_on_batch(x[:1]).shape == (1, 9, 8, 6)
        base.set_weights([weight + 0.125 for weight in base.get_weights()])
    assert view.count_params() == 324 + 24
    assert [layer.name for layer in view.layers] == ["image", "conv_a", "bn_a", "relu_a"]
    texts: list[str] = []
    view.summary(print_fn=texts.append)
    assert texts[0].endswith(" Total params: 348 (1.36 KB)\n Trainable params: 336 (1.31 KB)\n"
                             " Non-trainable params: 12 (48.00 B)\n")
    for refused in (lambda: view.compile("adam", "mse"), lambda: view.predict(iter([x]), verbose=0), both.get_config):
        with pytest.raises(cnn.UnsupportedError):
            refused()
    whole.compile("sgd", "mse")
    whole.fit(x, np.zeros((5, 5)), verbose=0)
    np.testing.assert_array_equal(whole.predict(x, verbose=0), base.predict(x, verbose=0))


def test_models_are_copied_and_pickled() -> None:
    model = keras_models.residual()
    model.compile("adam", "mse")
    x = np.random.default_rng(0).random((5, 9, 8, 6), np.float32)
    model.fit(x, np.zeros((5, 5)), verbose=0)
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
        assert again.fit(x, np.zeros((5, 5)), verbose=0).history == copy.copy(model).fit(x, np.zeros((5, 5)),
                                                                                         verbose=0).history
    unbuilt = pickle.loads(pickle.dumps(keras.Sequential([layers.Dense(3)], name="later")))
    assert (unbuilt.name, unbuilt.built) == ("later", False)
    fresh = keras.models.clone_model(model)
    assert fresh.get_config() == model.get_config() and fresh.compiled
    assert not (fresh.predict(x, verbose=0) == model.predict(x, verbose=0)).any()
    with pytest.raises(cnn.UnsupportedError):
        keras.models.clone_model(model, clone_function=lambda layer: layer)  # type: ignore[arg-type]


def test_shapes_that_are_said_twice() -> None:
    keras.Sequential([keras.Input((3,)), layers.Dense(2, input_shape=(3,)), layers.Dense(2, input_dim=2)])
    with pytest.raises(ValueError, match="input_shape"):
        keras.Sequential([keras.Input((3,)), layers.Dense(2, input_shape=(4,))])
    assert keras.Sequential([layers.Dense(2, input_dim=5)]).input_shape == (None, 5)
    x = keras.Input((3,))
    with pytest.raises(cnn.UnsupportedError, match="trainable=False"):
        layers.BatchNormalization()(x, training=False)


def test_models_with_nothing_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    for model in (keras.Sequential(), keras.Sequential([keras.Input((4,))])):
        model.summary()
        assert "Total params: 0 (0.00 B)" in capsys.readouterr().out and model.layers == []
        model.compile("adam", "mse")
        with pytest.raises(ValueError, match="layers"):
            model.fit(np.ones((2, 4)), np.ones((2, 4)), verbose=0)
