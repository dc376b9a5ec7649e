"""compile, fit, evaluate and predict in Keras's words; where there are numbers of Keras, its numbers."""
from __future__ import annotations

import sys
from typing import Any, Callable, Iterator

import numpy as np
import pytest

import cnn
import keras_models
import references
import tensors
from cnn import keras
from cnn.keras import layers


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    keras.backend.clear_session()
    before = cnn.default_context()
    with cnn.Context(seed=3, threads=2) as context:
        cnn.set_default_context(context)
        yield
    cnn.set_default_context(before)


def small(loss: Any = "categorical_crossentropy", metrics: Any = ("accuracy",), **options: Any) -> Any:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")])
    model.compile("adam", loss, metrics=list(metrics), **options)
    return model


def data(count: int = 20) -> tuple[Any, Any]:
    rng = np.random.default_rng(4)
    return rng.random((count, 6), np.float32), np.eye(3, dtype=np.float32)[rng.integers(0, 3, count)]


@pytest.mark.parametrize("run", ["validation", "sample_weight", "class_weight"])
def test_300_images_as_keras_in_float64(run: str) -> None:
    wanted = references.numbers("model/fit_300.json")
    x, y = references.mnist(350)
    weights = np.float32(wanted["sample_weight"])
    model = keras_models.notebook(dropout=False)
    initial = tensors.read("model/notebook_initial")[0]
    model.set_weights([initial[weight.path.partition("/")[2]] for weight in model.weights])
    model.compile(keras.optimizers.Adam(0.001), "categorical_crossentropy", metrics=["accuracy"],
                  weighted_metrics=["accuracy"])
    more: dict[str, Any] = {"validation": {"validation_data": (x[300:], y[300:])},
                            "sample_weight": {"validation_data": (x[300:], y[300:], weights[300:]),
                                              "sample_weight": weights[:300]},
                            "class_weight": {"class_weight": {0: 2.0, 1: 0.5, 3: 3.0, 9: 0.0}}}[run]
    history = model.fit(x[:300], y[:300], batch_size=128, epochs=2, shuffle=False, verbose=0, **more).history
    expected = wanted["runs"][run]["float64"]["history"]
    assert sorted(history) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=2e-5, err_msg=name)


def test_history_feeds_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    model = small()
    history = model.fit(*data(), epochs=3, batch_size=8, validation_split=0.2, verbose=0)
    assert history is model.history and history.model is model
    assert (history.epoch, history.params) == ([0, 1, 2], {"verbose": 0, "epochs": 3, "steps": 2})
    frame = pandas.DataFrame(history.history)
    assert list(frame) == ["accuracy", "loss", "val_accuracy", "val_loss"] and len(frame) == 3
    assert isinstance(history.history["loss"][0], float)


def test_epochs_are_numbers_and_not_counts() -> None:
    model = small()
    assert model.fit(*data(), epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]
    assert model.fit(*data(), epochs=2, initial_epoch=2, verbose=0).history == {}
    assert model.fit(*data(), epochs=0, verbose=0).history == {}


def test_validation_by_every_way() -> None:
    x, y = data()
    runs = [{"validation_split": 0.25}, {"validation_data": (x[15:], y[15:])}, {"validation_data": [x[15:], y[15:]]},
            {"validation_data": cnn.Dataset(x[15:], y[15:])},
            {"validation_data": iter([(x[15:], y[15:])]), "validation_steps": 1}]
    figures = []
    for run in runs:
        take = 20 if "validation_split" in run else 15
        history = small().fit(x[:take], y[:take], verbose=0, batch_size=8, **run)
        figures.append((history.history["val_loss"], history.history["loss"]))
    for one, other in zip(figures, figures[1:]):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    history = small().fit(x, y, epochs=4, verbose=0, validation_data=(x, y), validation_freq=2, validation_batch_size=7,
                          validation_steps=2)
    assert len(history.history["val_loss"]) == 2 and len(history.history["loss"]) == 4
    for listed, validations in (([1, 4, 9], 2), ((3,), 1), ({2, 3}, 2), (range(2, 5), 3), ([], None)):
        history = small().fit(x, y, epochs=4, verbose=0, validation_data=(x, y), validation_freq=listed)
        assert len(history.history.get("val_loss", "")) == (validations or 0)


def test_orders_of_samples() -> None:
    x, y = data()
    hashes = []
    for shuffle in (False, True, False):
        model = small()
        model.fit(x, y, epochs=2, batch_size=6, shuffle=shuffle, verbose=0)
        hashes.append(model._core.hash)
    assert hashes[0] == hashes[2] != hashes[1]


def test_generators_go_on_and_sequences_begin_anew() -> None:
    x, y = data(24)
    asked: list[int] = []

    def forever() -> Iterator[tuple[Any, Any]]:
        number = 0
        while True:
            asked.append(number)
            yield x[number % 24:number % 24 + 4], y[number % 24:number % 24 + 4]
            number += 4

    model = small()
    assert model.fit(forever(), steps_per_epoch=3, epochs=2, verbose=0).params["steps"] == 3
    assert asked == [0, 4, 8, 12, 16, 20]

    class Parts:
        passes = 0

        def __len__(self) -> int:
            return 6

        def __getitem__(self, number: int) -> tuple[Any, Any, Any]:
            asked.append(number)
            return x[4 * number:4 * number + 4], y[4 * number:4 * number + 4], np.ones(4)

        def on_epoch_end(self) -> None:
            self.passes += 1

    asked.clear()
    parts = Parts()
    assert model.fit(parts, epochs=2, shuffle=False, verbose=0).params["steps"] == 6
    assert asked == [0, 1, 2, 3, 4, 5] * 2 and parts.passes == 3
    asked.clear()
    model.fit(parts, verbose=0)
    assert sorted(asked) == [0, 1, 2, 3, 4, 5]
    assert model.evaluate(Parts(), verbose=0) == model.evaluate(x, y, verbose=0)
    np.testing.assert_array_equal(model.predict((x[i:i + 5] for i in range(0, 24, 5)), verbose=0),
                                  model.predict(x, verbose=0))


def test_a_model_without_input_learns_its_shapes_from_the_data() -> None:
    x, y = data()
    for source in ((x, y), (cnn.Dataset(x, y),), (iter([(x, y)] * 3),), ([(x, y)].__iter__(),)):
        model = keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(3, activation="softmax")])
        model.compile("sgd", "categorical_crossentropy")
        assert not model.built
        history = model.fit(*source, verbose=0)
        assert model.input_shape == (None, 6) and len(history.history["loss"]) == 1
    model = keras.Sequential([layers.Dense(2)])
    assert model.predict(x, verbose=0).shape == (20, 2) and model.count_params() == 14


def test_bytes_are_numbers_and_not_divided() -> None:
    x = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 1)).astype(np.uint8)
    y = np.float32(np.arange(8))
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    np.testing.assert_array_equal(model.predict(x, verbose=0),
                                  x.reshape(8, -1).astype(np.float32).sum(1, keepdims=True))
    figures = [model.evaluate(x, y, verbose=0), model.evaluate(x.astype(np.float64), y, verbose=0),
               model.fit(x, y, verbose=0).history["loss"][0], model.train_on_batch(x, y), model.test_on_batch(x, y),
               model.evaluate(iter([(x, y)]), verbose=0)]
    assert figures == pytest.approx([float(((x.reshape(8, -1).astype(np.float64).sum(1) - y) ** 2).mean())] * 6,
                                    rel=1e-6)


@pytest.mark.parametrize("labels", [np.uint8, np.int32, np.int64, np.float32, np.float64])
def test_class_labels_of_any_type(labels: Any) -> None:
    x, y = data()
    wanted = small().evaluate(x, y, verbose=0)
    assert small("sparse_categorical_crossentropy").evaluate(x, y.argmax(1).astype(labels),
                                                             verbose=0) == pytest.approx(wanted)
    assert small().evaluate(x, y.astype(labels), verbose=0) == wanted
    column = y.argmax(1).astype(labels)[:, None]
    assert small("sparse_categorical_crossentropy").evaluate(x, column, verbose=0) == pytest.approx(wanted)


def test_targets_of_one_column() -> None:
    x, y = data()
    model = keras.Sequential([keras.Input((6,)), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    truth = y[:, 0] > 0.5
    figures = [model.evaluate(x, t, verbose=0) for t in (truth, truth.astype(int), truth.astype(float), truth[:, None])]
    assert figures == [figures[0]] * 4
    regression = keras.Sequential([keras.Input((6,)), layers.Dense(1, kernel_initializer="zeros")])
    regression.compile("sgd", "mse")
    assert regression.evaluate(x, np.arange(20) - 10, verbose=0) == pytest.approx(np.mean((np.arange(20.0) - 10) ** 2))


def test_evaluate_returns_what_keras_returns() -> None:
    x, y = data()
    alone = small(metrics=[])
    assert isinstance(alone.evaluate(x, y, verbose=0), float)
    model = small(metrics=["acc", keras.metrics.TopKCategoricalAccuracy(2, name="top2"), "mae"],
                  weighted_metrics=["mse"])
    figures, named = model.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0, return_dict=True)
    names = ["loss", "acc", "top2", "mae", "mse"]
    assert (model.metrics_names, alone.metrics_names) == (["loss", "compile_metrics"], ["loss"])
    assert figures == [named[name] for name in names]
    assert model.test_on_batch(x, y) == pytest.approx(figures, rel=1e-6)
    assert list(model.train_on_batch(x, y, return_dict=True)) == sorted(names)
    assert model.evaluate(x, y, verbose=0, steps=1, batch_size=5) == pytest.approx(model.evaluate(x[:5], y[:5],
                                                                                                  verbose=0))
    assert alone.fit(x, y, verbose=0).history.keys() == {"loss"}


def test_weights_of_classes_are_weights_of_samples() -> None:
    x, y = data()
    by_class, by_sample = small(), small()
    by_class.train_on_batch(x, y, class_weight={0: 2.0, 2: 0.5})
    by_sample.train_on_batch(x, y, sample_weight=np.float32([2.0, 1.0, 0.5])[y.argmax(1)])
    assert by_class._core.hash == by_sample._core.hash
    for arguments in ({"class_weight": {0: 2.0}, "sample_weight": np.ones(20)},):
        with pytest.raises(ValueError, match="same time"):
            by_class.train_on_batch(x, y, **arguments)
        with pytest.raises(ValueError, match="same time"):
            by_class.fit(x, y, verbose=0, **arguments)


def test_predictions() -> None:
    x, _ = data()
    model = small()
    whole = model.predict(x, verbose=0)
    assert whole.dtype == np.float32 and isinstance(whole, np.ndarray)
    np.testing.assert_array_equal(whole, model.predict(x, batch_size=3, verbose=0))
    np.testing.assert_array_equal(whole, model.predict_on_batch(x))
    np.testing.assert_array_equal(whole, model([x.tolist()][0]))
    np.testing.assert_array_equal(whole, model.predict({"x": x}, verbose=0))
    np.testing.assert_array_equal(whole[:4], model.predict(x, batch_size=2, steps=2, verbose=0))
    images = keras.Sequential([keras.Input((3, 2, 1)), layers.Flatten()])
    assert images.predict(np.zeros((5, 3, 2)), verbose=0).shape == (5, 6)


def test_the_rate_is_read_and_set() -> None:
    model = small()
    assert model.optimizer.learning_rate == pytest.approx(0.001) and model.optimizer.iterations == 0
    model.fit(*data(), verbose=0, batch_size=10)
    model.optimizer.learning_rate = 0.25
    assert model._core.learning_rate == 0.25 and float(model.optimizer.learning_rate) == 0.25
    assert model.optimizer.iterations == 2
    model._core.learning_rate = 0.125
    model.compile(model.optimizer, "mse")
    assert model.optimizer.iterations == 2 and float(model.optimizer.learning_rate) == 0.125
    model.compile("sgd", "mse")
    assert model.optimizer.learning_rate == pytest.approx(0.01)


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    model = small()
    x, y = data()
    for verbose in ("auto", 1, True, 2):
        model.fit(x, y, epochs=2, batch_size=10, verbose=verbose)
        text = capsys.readouterr().out
        assert text.startswith("Epoch 1/2\n2/2 - 0s - ") and text.count("Epoch") == 2 and "accuracy: " in text
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    assert capsys.readouterr().out == ""
    model.evaluate(x, y)
    assert capsys.readouterr().out.startswith("1/1 - 0s - ")
    sys.stdout.flush()


# Arguments of compile, fit, evaluate and predict that libcnn lacks.
REFUSED: list[tuple[Callable[[Any, Any, Any], Any], str]] = [
    (lambda m, x, y: m.compile("adam", "mse", loss_weights=[1.0]), "loss_weights"),
    (lambda m, x, y: m.compile("adam", "mse", run_eagerly=True), "run_eagerly"),
    (lambda m, x, y: m.compile("adam", "mse", steps_per_execution=8), "steps_per_execution"),
    (lambda m, x, y: m.compile("adam", "mse", jit_compile=True), "jit_compile"),
    (lambda m, x, y: m.compile("adam", lambda a, b: 0), "function of Python.*losses.*cnn_loss_type_register"),
    (lambda m, x, y: m.compile("adam", "mse", metrics=[lambda a, b: 0]), "function of Python.*metrics"),
    (lambda m, x, y: m.compile("adam", ["mse", "mae"]), "2 losses"),
    (lambda m, x, y: m.compile("adam", "mse", metrics={"out": "mae"}), "by output"),
    (lambda m, x, y: m.fit(x, y, shuffle="batch"), "shuffle='batch'"),
    (lambda m, x, y: m.fit([x, x], y), "2 arrays"),
    (lambda m, x, y: m.fit(x, {"a": y, "b": y}), "2 arrays"),
    (lambda m, x, y: m.train_step((x, y)), "train_on_batch"),
    (lambda m, x, y: m.export("model"), "nearest is format='onnx', or 'litert'"),
    (lambda m, x, y: m.summary(expand_nested=3), "expand_nested"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_not_there_is_refused(number: int) -> None:
    model = small()
    with pytest.raises(cnn.UnsupportedError, match=REFUSED[number][1]):
        REFUSED[number][0](model, *data())


# What Keras refuses too, or data that do not fit.
WRONG: list[tuple[Callable[[Any, Any, Any], Any], str]] = [
    (lambda m, x, y: keras.Sequential([keras.Input((1,)), layers.Dense(1)]).fit(x, y), "compile"),
    (lambda m, x, y: m.compile("adam"), "loss"),
    (lambda m, x, y: m.compile("adam", "mse", metrics="accuracy"), "list"),
    (lambda m, x, y: m.compile("nothing", "mse"), "nothing"),
    (lambda m, x, y: m.compile("adam", 7), "7"),
    (lambda m, x, y: m.fit(x, y[:5]), "x has 20, y has 5"),
    (lambda m, x, y: m.fit(x), "y is None"),
    (lambda m, x, y: m.fit(None, y), "x is None"),
    (lambda m, x, y: m.fit(x, y, verbose="loud"), "verbose"),
    (lambda m, x, y: m.fit(iter([(x, y)]), y), "`y`"),
    (lambda m, x, y: m.fit(iter([(x, y)]), batch_size=4), "`batch_size`"),
    (lambda m, x, y: m.fit(iter([(x, y)]), validation_split=0.5), "validation_split"),
    (lambda m, x, y: m.fit(iter([(x, y, y, y)]), verbose=0), "tuple of 4"),
    (lambda m, x, y: m.fit(x, y, validation_data=(x,)), "validation_data"),
    (lambda m, x, y: m.fit(x, y, validation_data=(x, y), validation_freq=0), "validation_freq"),
    (lambda m, x, y: m.fit(x, y, validation_data=(x, y), validation_freq=1.5), "validation_freq=1.5"),
    (lambda m, x, y: m.fit(x, y, validation_data=(x, y), validation_freq="2"), "validation_freq='2'"),
    (lambda m, x, y: m.fit(x, y, validation_data=(x, y), validation_freq=[1, 0]), r"validation_epochs\[1\] is 0"),
    (lambda m, x, y: m.fit(x, y, validation_data=(x, y), validation_freq=[1, "a"]), "validation_freq"),
    (lambda m, x, y: m.fit(x, y, callbacks=["stop"]), "callbacks"),
    (lambda m, x, y: m.fit(x[:, :5], y, verbose=0), "5"),
    (lambda m, x, y: m.fit(x * np.nan, y, verbose=0), "NaN"),
    (lambda m, x, y: m.predict(x * 1j, verbose=0), "x: complex numbers"),
    (lambda m, x, y: m.predict(x.astype(str), verbose=0), "x: elements of type <U"),
    (lambda m, x, y: m.fit(x, y * 1j, verbose=0), "y: complex numbers"),
    (lambda m, x, y: m.fit(x, y, validation_data=(x, y * 1j), verbose=0), "y: complex numbers"),
    (lambda m, x, y: m.fit(iter([(x, y.astype("M8[s]"))]), verbose=0), "y: elements of type datetime64"),
    (lambda m, x, y: m.set_weights([weight * 1j for weight in m.get_weights()]), "set_weights: complex numbers"),
    (lambda m, x, y: m.weights[0].assign(m.weights[0].numpy() * 1j), "assign: complex numbers"),
    (lambda m, x, y: keras.losses.MeanSquaredError()(y * 1j, y), "y_true: complex numbers"),
    (lambda m, x, y: keras.preprocessing.image.ImageDataGenerator().flow(np.zeros((2, 3, 3, 1)), np.zeros(2) * 1j), "y: complex numbers"),
    (lambda m, x, y: m.evaluate(x, verbose=0), "y is None"),
    (lambda m, x, y: m.train_on_batch(x), "y is None"),
    (lambda m, x, y: small("sparse_categorical_crossentropy").fit(x, y[:, 0] + 0.5), "whole numbers"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_arguments(number: int) -> None:
    model = small()
    with pytest.raises(ValueError, match=WRONG[number][1]):
        WRONG[number][0](model, *data())
    model.fit(*data(), verbose=0)


def test_unknown_words_name_the_nearest() -> None:
    with pytest.raises(cnn.NameError_, match="categorical_crossentropy"):
        small("categorical_crosentropy")
    with pytest.raises(cnn.NameError_, match="accuracy"):
        small(metrics=["acuracy"])


@pytest.mark.parametrize("step", [lambda m, x, y: m.fit(x, y, verbose=0), lambda m, x, y: m.train_on_batch(x, y)])
def test_a_layer_frozen_between_compile_and_the_first_step_is_left_alone(step: Callable[..., Any]) -> None:
    x, y = np.eye(6), np.eye(3)[[0, 1, 2, 0, 1, 2]]
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    model.layers[0].trainable = False
    model.optimizer.learning_rate = 0.5
    for _ in range(2):  # a change after the first step waits for compile
        before = model.get_weights()
        step(model, x, y)
        assert np.array_equal(before[0], model.get_weights()[0])
        assert not np.array_equal(before[2], model.get_weights()[2])
        assert float(model.optimizer.learning_rate) == 0.5
        model.layers[0].trainable = True
