"""Optimizers, schedules, losses and metrics in Keras's words: arguments, defaults, values, the binding's objects."""
from __future__ import annotations

import inspect
import json
import math
from typing import Any

import numpy as np
import pytest

import cnn
import tensors
from cnn import keras
from cnn.keras import losses, metrics, optimizers
from cnn.keras.optimizers import schedules

SIGNATURES = {
    "Adam": "learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07, amsgrad=False",
    "SGD": "learning_rate=0.01, momentum=0.0, nesterov=False",
    "RMSprop": "learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-07, centered=False",
    "Adagrad": "learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-07",
    "Adadelta": "learning_rate=0.001, rho=0.95, epsilon=1e-07",
}
COMMON = ("weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None, use_ema=False, ema_momentum=0.99, "
          "ema_overwrite_frequency=None, loss_scale_factor=None, gradient_accumulation_steps=None")


def cases(folder: str) -> list[Any]:
    listed = json.loads((tensors.FOLDER / folder / "index.json").read_text())
    return [pytest.param(*tensors.read(f"{folder}/{name}"), id=name) for name in listed]


def model(optimizer: Any, loss: Any = "mse") -> Any:
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    made.compile(optimizer, loss)
    return made


@pytest.mark.parametrize("name", SIGNATURES)
def test_optimizers_have_keras_arguments_in_order(name: str) -> None:
    kind = getattr(optimizers, name)
    found = str(inspect.signature(kind))[1:-1]
    assert found.replace("'", '"') == f'{SIGNATURES[name]}, {COMMON}, name="{name if name == "SGD" else name.lower()}"'
    assert list(inspect.signature(optimizers.AdamW).parameters)[:2] == ["learning_rate", "weight_decay"]


@pytest.mark.parametrize("name", optimizers.__all__)
def test_each_optimizer_is_the_librarys_with_the_same_defaults(name: str) -> None:
    kind = getattr(optimizers, name)
    if not isinstance(kind, type) or kind is optimizers.Optimizer:
        return
    made = kind()._make(cnn.default_context())
    assert made.attributes == cnn.Optimizer(kind._type).attributes
    assert optimizers.get(kind._type.upper()).name == kind().name
    assert repr(kind()) == f"{name}()" and kind.from_config(kind(learning_rate=0.5).get_config()).learning_rate == 0.5


def test_arguments_reach_the_library() -> None:
    optimizer = optimizers.SGD(0.1, 0.9, nesterov=True, clipnorm=1.0, weight_decay=0.01, gradient_accumulation_steps=3)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma"])
    made = optimizer._make(cnn.default_context()).attributes
    wanted = {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "clipnorm": 1.0, "weight_decay": 0.01,
              "gradient_accumulation_steps": 3, "exclude_from_weight_decay": "bias,gamma"}
    for key, value in wanted.items():
        assert made[key] == pytest.approx(value) if isinstance(value, float) else made[key] == value


def test_iterations_are_updates() -> None:
    """Keras counts what the optimizer has done, not the batches whose gradients it adds up first."""
    optimizer = optimizers.SGD(0.1, gradient_accumulation_steps=3)
    trained = model(optimizer)
    for batches, updates in ((2, 0), (3, 1), (8, 2), (9, 3)):
        while trained._core.iterations < batches:
            trained.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
        assert optimizer.iterations == updates


def test_the_rate_is_the_models_after_compile() -> None:
    optimizer = optimizers.Adam(0.01)
    trained = model(optimizer)
    assert optimizer.learning_rate == pytest.approx(0.01) and optimizer.iterations == 0
    trained.fit(np.ones((8, 3)), np.ones((8, 2)), batch_size=4, verbose=0)
    assert optimizer.iterations == 2
    optimizer.learning_rate = 0.5
    assert trained._core.learning_rate == 0.5 and trained.optimizer.learning_rate.numpy() == np.float32(0.5)
    optimizer.learning_rate.assign(0.25)
    assert float(optimizer.learning_rate) == 0.25 == trained._core.learning_rate
    assert optimizer.get_config()["learning_rate"] == 0.25


def test_schedules_have_keras_values() -> None:
    for case in json.loads((tensors.FOLDER / "optimizers" / "schedules.json").read_text()):
        kind = getattr(schedules, case["schedule"])
        schedule = kind.from_config(
            {key: value for key, value in case["config"].items() if key in kind._table and value is not None})
        found = [schedule(step) for step in case["steps"]]
        np.testing.assert_allclose(found, case["float32_values"], rtol=3e-6, atol=1e-9, err_msg=str(case["config"]))


def test_schedules_have_keras_labels() -> None:
    for kind, arguments, name in [(schedules.ExponentialDecay, (0.1, 1, 0.5), "ExponentialDecay"),
                                  (schedules.InverseTimeDecay, (0.1, 1, 0.5), "InverseTimeDecay"),
                                  (schedules.PiecewiseConstantDecay, ([1], [1.0, 2.0]), "PiecewiseConstant"),
                                  (schedules.PolynomialDecay, (0.1, 5), "PolynomialDecay"),
                                  (schedules.CosineDecay, (0.1, 5), "CosineDecay"),
                                  (schedules.CosineDecayRestarts, (0.1, 5), "SGDRDecay")]:
        assert kind(*arguments).name == kind(*arguments).get_config()["name"] == name
        assert kind(*arguments, name="mine").name == "mine"


def test_a_schedule_gives_the_rate() -> None:
    schedule = schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
    optimizer = optimizers.SGD(schedule)
    trained = model(optimizer)
    trained.fit(np.ones((8, 3)), np.ones((8, 2)), batch_size=4, verbose=0)
    assert trained._core.learning_rate == pytest.approx(0.025) and optimizer.learning_rate is schedule
    with pytest.raises(TypeError, match="cannot be set"):
        optimizer.learning_rate = 0.1
    with pytest.raises(TypeError, match="before compile"):
        optimizer.learning_rate = schedule


@pytest.mark.parametrize("make, error", [
    (lambda: optimizers.Adam(loss_scale_factor=2.0), cnn.UnsupportedError),
    (lambda: optimizers.Adam(learning_rat=1), TypeError),
    (lambda: optimizers.Adam(learning_rate=lambda: 0.1), TypeError),
    (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0)._make(cnn.default_context()), cnn.InvalidArgument),
    (lambda: optimizers.get("adamm"), ValueError),
    (lambda: optimizers.Adam().exclude_from_weight_decay(["kernel"]), TypeError),
    (lambda: schedules.LearningRateSchedule(), TypeError),
    (lambda: schedules.ExponentialDecay(0.1), TypeError),
    (lambda: metrics.SparseTopKCategoricalAccuracy(from_sorted_ids=True), cnn.UnsupportedError),
    (lambda: losses.CategoricalCrossentropy(axis=1), cnn.UnsupportedError),
    (lambda: losses.MeanSquaredError(dtype="float16"), cnn.UnsupportedError),
    (lambda: losses.MeanSquaredError(reduction="none")([[1.0]], [[1.0]]), (cnn.Error)),
    (lambda: losses.get("mean_squared_errors"), ValueError),
    (lambda: metrics.get("auc"), ValueError),
    (lambda: losses.mse([[1.0]], [[1.0], [2.0]]), ValueError),
])
def test_refused(make: Any, error: Any) -> None:
    with pytest.raises(error):
        make()


@pytest.mark.parametrize("arrays, meta", cases("losses"))
def test_losses_of_arrays(arrays: dict[str, Any], meta: dict[str, Any]) -> None:
    if meta["y_pred_is"] != "the loss's argument":  # a softmax within the model, which a function of arrays has not
        return
    kind = getattr(losses, meta["loss"])
    for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight"):
        loss = kind(**meta["config"], reduction=reduction)
        for weights, part in ((None, ""), (arrays["sample_weight"], ".weighted")):
            if weights is not None and weights.ndim > 1:
                with pytest.raises(cnn.ShapeError, match="one float32 for each of"):
                    loss(arrays["y_true"], arrays["y_pred"], sample_weight=weights)
                continue
            found = loss(arrays["y_true"], arrays["y_pred"], sample_weight=weights)
            wanted = [float(arrays[f"value.{reduction}{part}{precise}"])
                      for precise in (".f64", "")]  # clipped in float32
            assert any(found == pytest.approx(w, rel=1e-5, abs=1e-6, nan_ok=True) for w in wanted), (reduction, part)
    if arrays["y_pred"].ndim == 2:
        function = getattr(losses, kind()._type)
        options = {name: value for name, value in meta["config"].items() if name != "axis"}
        found = function(arrays["y_true"], arrays["y_pred"], **options)
        np.testing.assert_allclose(found, arrays["value.none"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("arrays, meta", cases("metrics"))
def test_metrics_of_arrays(arrays: dict[str, Any], meta: dict[str, Any]) -> None:
    kind = getattr(metrics, meta["metric"])
    for weighted, part in ((False, ""), (True, ".weighted")):
        metric = kind(**meta["config"])
        for batch in range(3):
            weights = arrays[f"sample_weight.{batch}"] if weighted else None
            metric.update_state(arrays[f"y_true.{batch}"], arrays[f"y_pred.{batch}"], weights)
            assert metric.result() == pytest.approx(float(arrays[f"result{part}"][batch]), rel=1e-5, abs=meta["atol"])


def test_values_by_hand() -> None:
    y, p = [[0, 1, 0], [1, 0, 0]], [[0.1, 0.8, 0.1], [0.3, 0.6, 0.1]]
    assert losses.CategoricalCrossentropy()(y, p) == pytest.approx(-(math.log(0.8) + math.log(0.3)) / 2)
    assert losses.SparseCategoricalCrossentropy()([1, 0], p) == pytest.approx(-(math.log(0.8) + math.log(0.3)) / 2)
    assert losses.Huber(delta=0.5)([0.0, 0.0], [0.25, 2.0]) == pytest.approx((0.25 ** 2 / 2 + 0.5 * 2 - 0.125) / 2)
    np.testing.assert_allclose(losses.mse([[0.0, 0.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 3.0]]), [1.0, 2.0])
    assert losses.MeanSquaredError()([[1.0], [1.0]], [[0.0], [3.0]], sample_weight=[1.0, 0.5]) == pytest.approx(1.5)
    assert losses.MeanAbsoluteError(reduction="sum")([[1.0], [1.0]], [[0.0], [3.0]]) == pytest.approx(3.0)


def test_metrics_add_up() -> None:
    p = [[0.1, 0.9], [0.2, 0.8], [0.7, 0.3]]
    accuracy = metrics.CategoricalAccuracy()
    assert accuracy.result() == 0
    accuracy.update_state(np.eye(2)[[1, 0, 0]], p)
    accuracy.update_state(np.eye(2)[[1]], p[:1])
    assert accuracy.result() == pytest.approx(3 / 4)
    accuracy.reset_state()
    assert accuracy([[1, 0]], p[:1]) == 0
    weighted = metrics.SparseCategoricalAccuracy(name="mine")
    assert weighted([1, 0, 0], p, sample_weight=[1, 3, 4]) == pytest.approx(5 / 8) and weighted.name == "mine"
    root = metrics.RootMeanSquaredError()
    root.update_state([[0.0]], [[3.0]])
    root.update_state([[0.0]], [[4.0]])
    assert root.result() == pytest.approx(math.sqrt(12.5))
    assert metrics.TopKCategoricalAccuracy(k=2)(np.eye(3)[[2]], [[0.5, 0.1, 0.4]]) == 1
    assert metrics.BinaryAccuracy(threshold=0.7)([[1.0], [0.0]], [[0.6], [0.6]]) == 0.5


@pytest.mark.parametrize("kind", [*losses._LISTED, *metrics._LISTED])
def test_each_loss_and_metric_is_the_librarys(kind: Any) -> None:
    made = kind()._make(cnn.default_context())
    assert made.type == kind()._type
    module = losses if issubclass(kind, losses.Loss) else metrics
    assert type(module.get(kind.__name__)) is kind and type(module.get(kind()._type)) is kind
    if issubclass(kind, metrics.Metric):
        assert made.name == kind().name


def test_compile_takes_objects_names_and_functions() -> None:
    x, y = np.eye(4), np.eye(2)[[0, 1, 0, 1]]
    found = []
    for loss in ("categorical_crossentropy", losses.CategoricalCrossentropy(), losses.categorical_crossentropy):
        keras.utils.set_random_seed(3)
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
        made.compile(optimizers.SGD(0.1), loss,
                     metrics=["accuracy", metrics.TopKCategoricalAccuracy(k=1, name="top1"), "mse"])
        history = made.fit(x, y, epochs=2, verbose=0)
        assert set(history.history) == {"accuracy", "loss", "mse", "top1"}
        found.append(history.history["loss"])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("make", [
    lambda: losses.SparseCategoricalCrossentropy(reduction=None),
    lambda: losses.CategoricalCrossentropy(label_smoothing=None), lambda: losses.Huber(delta=None),
    lambda: metrics.TopKCategoricalAccuracy(k=None), lambda: optimizers.Adam(epsilon=None)
])
def test_none_in_the_place_of_a_value_is_not_taken_for_the_default(make: Any) -> None:
    with pytest.raises(cnn.UnsupportedError, match="=None is not in libcnn; leave it out for"):
        make()
