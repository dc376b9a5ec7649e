"""Layers in Keras's words: arguments, defaults and shapes of Keras 3.15, and what is refused."""
from __future__ import annotations

import inspect
from typing import Any, Callable

import numpy as np
import pytest

import cnn
from cnn import keras
from cnn.keras import activations, initializers, layers, regularizers

# Class: Keras's arguments in order, "=default" where there is one, without those that all layers have.
SIGNATURES = {
    "Dense": "units activation=None use_bias=True kernel_initializer='glorot_uniform' bias_initializer='zeros' "
             "kernel_regularizer=None bias_regularizer=None activity_regularizer=None kernel_constraint=None "
             "bias_constraint=None lora_rank=None lora_alpha=None quantization_config=None",
    "Conv2D": "filters kernel_size strides=(1,1) padding='valid' data_format=None dilation_rate=(1,1) groups=1 "
              "activation=None use_bias=True kernel_initializer='glorot_uniform' bias_initializer='zeros' "
              "kernel_regularizer=None bias_regularizer=None activity_regularizer=None kernel_constraint=None "
              "bias_constraint=None",
    "BatchNormalization": "axis=-1 momentum=0.99 epsilon=0.001 center=True scale=True beta_initializer='zeros' "
                          "gamma_initializer='ones' moving_mean_initializer='zeros' moving_variance_initializer='ones' "
                          "beta_regularizer=None gamma_regularizer=None beta_constraint=None gamma_constraint=None "
                          "renorm=False renorm_clipping=None renorm_momentum=0.99 synchronized=False",
    "MaxPooling2D": "pool_size=(2,2) strides=None padding='valid' data_format=None name=None",
    "AveragePooling2D": "pool_size strides=None padding='valid' data_format=None name=None",
    "GlobalAveragePooling2D": "data_format=None keepdims=False",
    "GlobalMaxPooling2D": "data_format=None keepdims=False",
    "Flatten": "data_format=None",
    "Dropout": "rate noise_shape=None seed=None",
    "Activation": "activation",
    "ReLU": "max_value=None negative_slope=0.0 threshold=0.0",
    "LeakyReLU": "negative_slope=0.3",
    "ELU": "alpha=1.0",
    "Softmax": "axis=-1",
    "Add": "",
    "InputLayer": "shape=None batch_size=None dtype=None sparse=None ragged=None batch_shape=None input_tensor=None "
                  "optional=False name=None",
}


def written(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    return f"{parameter.name}={parameter.default!r}".replace(" ", "")


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_are_those_of_keras(name: str) -> None:
    parameters = inspect.signature(getattr(layers, name).__init__).parameters
    assert " ".join(written(p) for key, p in parameters.items() if key not in ("self", "kwargs")) == SIGNATURES[name]


def test_every_layer_of_the_library_has_its_word() -> None:
    words = {getattr(layers, name)._type for name in SIGNATURES}
    assert words == set(cnn.Layer.types())


# A layer, the shape it reads, the shape it gives, how many weights it has.
SHAPES: list[tuple[Callable[[], Any], tuple[int, ...], tuple[int, ...], int]] = [
    (lambda: layers.Dense(10), (7,), (10,), 80),
    (lambda: layers.Dense(10, use_bias=False), (3, 7), (3, 10), 70),
    (lambda: layers.Conv2D(32, (3, 3), padding="same"), (28, 28, 1), (28, 28, 32), 320),
    (lambda: layers.Conv2D(8, 3, strides=2), (9, 8, 4), (4, 3, 8), 296),
    (lambda: layers.Conv2D(8, 3, dilation_rate=(2, 1), groups=4), (9, 8, 4), (5, 6, 8), 80),
    (lambda: layers.MaxPooling2D(), (28, 27, 3), (14, 13, 3), 0),
    (lambda: layers.MaxPooling2D(3, strides=2, padding="same"), (9, 8, 2), (5, 4, 2), 0),
    (lambda: layers.AveragePooling2D((2, 1)), (8, 8, 2), (4, 8, 2), 0),
    (lambda: layers.GlobalAveragePooling2D(), (8, 8, 2), (2,), 0),
    (lambda: layers.GlobalMaxPooling2D(keepdims=True), (8, 8, 2), (1, 1, 2), 0),
    (lambda: layers.BatchNormalization(), (8, 8, 2), (8, 8, 2), 8),
    (lambda: layers.BatchNormalization(axis=3, scale=False), (8, 8, 2), (8, 8, 2), 6),
    (lambda: layers.BatchNormalization(axis=[-1], center=False), (5,), (5,), 15),
    (lambda: layers.Flatten(), (7, 7, 64), (3136,), 0),
    (lambda: layers.Dropout(0.25), (4, 4, 1), (4, 4, 1), 0),
    (lambda: layers.Activation("softmax"), (10,), (10,), 0),
    (lambda: layers.ReLU(), (10,), (10,), 0),
    (lambda: layers.LeakyReLU(), (10,), (10,), 0),
    (lambda: layers.ELU(), (10,), (10,), 0),
    (lambda: layers.Softmax(), (10,), (10,), 0),
]


@pytest.mark.parametrize("number", range(len(SHAPES)))
def test_shapes_and_weights(number: int) -> None:
    make, read, given, count = SHAPES[number]
    layer = make()
    assert layer.compute_output_shape((None, *read)) == (None, *given)
    assert layer(keras.Input(read)).shape == (None, *given)
    again = type(layer).from_config(layer.get_config())
    model = keras.Sequential([keras.Input(read), again])
    assert (model.output_shape, model.count_params(), again.name) == ((None, *given), count, layer.name)
    assert again.get_config() == layer.get_config()


def test_inputs_in_the_words_of_every_version() -> None:
    made = [layers.InputLayer((4, 2)), layers.InputLayer(shape=[4, 2]), layers.InputLayer(batch_shape=(None, 4, 2)),
            layers.InputLayer(input_shape=(4, 2)), layers.InputLayer(batch_input_shape=(None, 4, 2))]
    assert [layer.batch_shape for layer in made] == [(None, 4, 2)] * 5
    assert keras.Input(batch_shape=(None, 4, 2), name="x").shape == (None, 4, 2)
    for twice in ({"input_shape": (4,)}, {"input_dim": 4}, {"batch_input_shape": (None, 4)}):
        with pytest.raises(ValueError, match="Unrecognized"):
            layers.InputLayer((4,), **twice)


def test_names_count_until_the_session_is_cleared() -> None:
    keras.backend.clear_session()
    made = [layers.Conv2D(1, 1), layers.Conv2D(1, 1), layers.BatchNormalization(), layers.MaxPooling2D(),
            layers.GlobalAveragePooling2D(), layers.ReLU(), layers.LeakyReLU(), layers.InputLayer((1,)), layers.Add(),
            layers.ELU(), layers.Dense(1, name="own"), layers.Dense(1)]
    assert [layer.name for layer in made] == [
        "conv2d", "conv2d_1", "batch_normalization", "max_pooling2d", "global_average_pooling2d", "re_lu",
        "leaky_re_lu", "input_layer", "add", "elu", "own", "dense"]
    assert [keras.Sequential().name, keras.Sequential().name] == ["sequential", "sequential_1"]
    keras.backend.clear_session()
    assert layers.Conv2D(1, 1).name == "conv2d"


# What libcnn lacks: an error that names it and says what to do.
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: layers.Dense(1, kernel_constraint="max_norm"), "kernel_constraint.*callback"),
    (lambda: layers.Dense(1, bias_constraint="max_norm"), "bias_constraint"),
    (lambda: layers.Dense(1, activity_regularizer="l2"), "activity_regularizer.*kernel_regularizer"),
    (lambda: layers.Dense(1, dtype="float16"), "dtype.*float32"),
    (lambda: layers.Dense(1, autocast=False), "autocast"),
    (lambda: layers.Dense(1, lora_rank=4), "lora_rank"),
    (lambda: layers.Dense(1, quantization_config=3), "quantization_config"),
    (lambda: layers.Dense(1, activation="selu"), "activation 'selu'.*relu"),
    (lambda: layers.Dense(1, activation=np.tanh), "function of one's own"),
    (lambda: layers.Dense(1, activation=layers.LeakyReLU()), "a layer"),
    (lambda: layers.Dense(1, kernel_initializer="variance_scaling"), "initializer 'variance_scaling'.*set_weights"),
    (lambda: layers.Dense(1, kernel_regularizer="orthogonal"), "regularizer 'orthogonal'.*l1_l2"),
    (lambda: layers.Conv2D(1, 1, data_format="channels_first"), "channels_first.*transpose"),
    (lambda: layers.MaxPooling2D(data_format="channels_first"), "channels_first"),
    (lambda: layers.Flatten(data_format="channels_first"), "channels_first"),
    (lambda: layers.GlobalMaxPooling2D(data_format="channels_first"), "channels_first"),
    (lambda: layers.Dropout(0.5, noise_shape=(1,)), "noise_shape"),
    (lambda: layers.Dropout(0.5, seed=3), "seed=3.*set_random_seed"),
    (lambda: layers.BatchNormalization(axis=1)(keras.Input((4, 4, 2))), "axis=1.*last axis"),
    (lambda: keras.Sequential([keras.Input((4, 2)), layers.BatchNormalization(axis=1)]), "axis=1"),
    (lambda: layers.BatchNormalization(renorm=True), "renorm"),
    (lambda: layers.BatchNormalization(renorm_momentum=0.5), "renorm_momentum"),
    (lambda: layers.BatchNormalization(synchronized=True), "synchronized"),
    (lambda: layers.BatchNormalization(gamma_constraint="max_norm"), "gamma_constraint"),
    (lambda: layers.ReLU(max_value=6), "max_value=6"),
    (lambda: layers.ReLU(threshold=1.0), "threshold=1"),
    (lambda: layers.Softmax(axis=1), "axis=1"),
    (lambda: keras.Input((4,), batch_size=8), "batch_size=8"),
    (lambda: keras.Input((4,), sparse=True), "sparse"),
    (lambda: keras.Input((4,), ragged=True), "ragged"),
    (lambda: keras.Input((4,), dtype="uint8"), "dtype"),
    (lambda: keras.Input((None, None, 3)), "None"),
    (lambda: keras.Input((4,), optional=True), "optional"),
    (lambda: initializers.HeNormal(seed=1), "seed=1"),
    (lambda: layers.LSTM, "LSTM.*none"),
    (lambda: layers.DepthwiseConv2D, "DepthwiseConv2D.*groups"),
    (lambda: layers.Concatenate, "Concatenate.*Add"),
    (lambda: keras.applications, "applications"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(cnn.UnsupportedError, match=REFUSED[number][1]):
        REFUSED[number][0]()


# What Keras refuses too.
WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: layers.Dense(1, colour="red"), "colour"),
    (lambda: layers.Dense(0), "units=0"),
    (lambda: layers.Dense("many"), "units='many'"),
    (lambda: layers.Conv2D(1, (1, 2, 3)), "kernel_size"),
    (lambda: layers.Conv2D(1, 1, padding="full"), "padding='full'.*valid"),
    (lambda: layers.Dropout(1.5), "rate=1.5"),
    (lambda: layers.LeakyReLU(-1), "negative"),
    (lambda: layers.Dense(1, name=""), "name"),
    (lambda: layers.Dense(1, name="a/b"), "a/b"),
    (lambda: keras.Input(), "shape"),
    (lambda: layers.Add()([keras.Input((4,))]), "at least 2"),
    (lambda: layers.Dense(1)([keras.Input((4,)), keras.Input((4,))]), "expects 1 input"),
    (lambda: layers.Conv2D(1, 5)(keras.Input((4, 4, 1))), "5x5"),
    (lambda: layers.Conv2D(1, 1)(keras.Input((4,))), "conv2d"),
    (lambda: layers.Add()([keras.Input((4,)), keras.Input((5,))]), "different shapes"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_arguments(number: int) -> None:
    with pytest.raises(ValueError, match=WRONG[number][1]):
        WRONG[number][0]()


def test_a_layer_is_called_once_and_on_symbols() -> None:
    layer = layers.Dense(3)
    layer(keras.Input((4,)))
    with pytest.raises(cnn.UnsupportedError, match="second time"):
        layer(keras.Input((4,)))
    with pytest.raises(cnn.UnsupportedError, match="on values"):
        layers.Dense(3)(np.zeros((1, 4)))


def test_symbols_have_no_values() -> None:
    x = keras.Input((4,), name="x")
    for use in (bool, np.asarray):
        with pytest.raises(TypeError, match="no values yet"):
            use(x)
    assert (x.shape, x.dtype, x.ndim) == ((None, 4), "float32", 2)
    assert (x + layers.Dense(4)(x)).shape == (None, 4)
    with pytest.raises(TypeError):
        x + 1  # type: ignore[operator]


def test_initializers_reach_the_weights() -> None:
    made = layers.Dense(50, kernel_initializer=initializers.RandomUniform(2, 3), bias_initializer="ones")
    keras.Sequential([keras.Input((40,)), made])
    kernel, bias = made.get_weights()
    assert 2 <= kernel.min() < 2.1 < 2.9 < kernel.max() < 3 and (bias == 1).all()
    same = initializers.get(initializers.serialize(initializers.Constant(0.5)))
    assert isinstance(same, initializers.Constant) and same.value == 0.5
    assert isinstance(initializers.get("HeNormal"), initializers.HeNormal)
    assert isinstance(initializers.get(initializers.Zeros), initializers.Zeros)


def test_regularizers_are_written_as_the_library_reads_them() -> None:
    assert [regularizers.get(name)._text() for name in ("l1", "l2", "L1L2")] == [  # type: ignore[union-attr]
        "l1(0.01)", "l2(0.01)", "l1_l2(0.0,0.0)"]
    layer = layers.Dense(2, kernel_regularizer=regularizers.L1L2(0.1, 0.2))
    model = keras.Sequential([keras.Input((3,)), layer])
    core: Any = model._core
    assert core.layer(layer.name).attributes["kernel_regularizer"] == "l1_l2(l1=0.1,l2=0.2)"


@pytest.mark.parametrize("name, numbers, expected", [
    ("relu", {}, [0, 0, 1.5]), ("relu", {"negative_slope": 0.1}, [-0.2, 0, 1.5]), ("leaky_relu", {}, [-0.4, 0, 1.5]),
    ("elu", {"alpha": 2.0}, [2 * np.expm1(-2), 0, 1.5]), ("linear", {}, [-2, 0, 1.5]),
    ("tanh", {}, np.tanh([-2, 0, 1.5])),
    ("sigmoid", {}, 1 / (1 + np.exp([2, 0, -1.5]))), ("softplus", {}, np.log1p(np.exp([-2, 0, 1.5])))])
def test_activations_of_arrays(name: str, numbers: dict[str, float], expected: Any) -> None:
    x = np.array([[-2, 0, 1.5]] * 2, np.float32)
    function = getattr(activations, name)
    np.testing.assert_allclose(function(x, **numbers), np.array([expected] * 2, np.float32), rtol=1e-6, atol=1e-7)
    assert function.__name__ == name and activations.get(name) is function


def test_activations_of_symbols_add_layers() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, activations.relu(x, negative_slope=0.5))
    np.testing.assert_array_equal(model.predict(np.float32([[-2, 0, 4]]), verbose=0), [[-1, 0, 4]])
    with pytest.raises(TypeError, match="alpha"):
        activations.relu(x, alpha=1)
    again = keras.models.model_from_json(model.to_json())
    assert again._operations[1].get_config() == model._operations[1].get_config()
    with pytest.raises(cnn.UnsupportedError, match="layer after"):
        layers.Dense(1, activation=activations.elu.bound(alpha=2.0))


def test_weights_that_are_left_out_are_none_and_tensors_of_an_uncalled_layer_are_told() -> None:
    bare, plain = layers.Dense(2, use_bias=False), layers.BatchNormalization(scale=False, center=False)
    for name in ("input", "output"):
        with pytest.raises(AttributeError, match=f"has never been called and thus has no defined {name}"):
            getattr(bare, name)
    keras.Sequential([keras.Input((3,)), bare, plain])
    assert bare.bias is None and plain.gamma is None and plain.beta is None
    assert bare.kernel.shape == (3, 2) and not hasattr(bare, "gamma")
