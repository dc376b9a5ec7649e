"""Names that Keras has and the library has not: a sentence names the nearest thing. And those that are here because they are easy."""
from __future__ import annotations

import copy
import pickle
from typing import Any, Callable

import numpy as np
import pytest

import cnn
from cnn import keras
from cnn.keras import layers, losses, metrics, optimizers
from cnn.keras._lacking import LackingError
from cnn.keras.preprocessing.image import ImageDataGenerator


@pytest.fixture(autouse=True)
def fresh() -> None:
    keras.backend.clear_session()


def small(**options: Any) -> Any:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, activation="softmax", **options)])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def branched() -> Any:
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(2)(x + layers.Dense(4)(x)))


@pytest.mark.parametrize("path", [
    "activations.relu6", "initializers.VarianceScaling", "regularizers.OrthogonalRegularizer", "backend.set_floatx",
    "metrics.sparse_categorical_accuracy", "utils.Progbar", "layers.TextVectorization", "optimizers.deserialize",
    "metrics.AUC", "losses.CTC", "optimizers.Muon", "callbacks.RemoteMonitor", "utils.load_img", "datasets.cifar10",
    "random.normal", "preprocessing.image.load_img", "config.set_visible_devices", "layers.StackedRNNCells", "backend.mean",
    "losses.serialize", "saving.KerasFileEditor", "optimizers.schedules.deserialize", "preprocessing.sequence", "tree", "DTypePolicy",
    "config.enable_unsafe_deserialization", "metrics.mse", "preprocessing.image.random_zoom"
])
def test_modules(path: str) -> None:
    *modules, name = path.split(".")
    found: Any = keras
    for module in modules:
        found = getattr(found, module)
    with pytest.raises(cnn.UnsupportedError, match=f"{name} is not in libcnn; the nearest is"):
        getattr(found, name)
    with pytest.raises(AttributeError):
        found.no_such_thing


@pytest.mark.parametrize("make, names", [
    (small, "test_step compute_loss add_weight train_function dtype_policy get_compile_config"),
    (branched, "predict_step compiled_metrics compute_mask distribute_strategy"),
    (lambda: layers.Dense(1), "call add_weight add_loss input_spec quantize enable_lora"),
    (lambda: small().layers[0], "stateless_call save_own_variables"),
    (lambda: layers.Conv2D(1, 1), "convolution_op"), (lambda: layers.Dropout(0.5), "seed_generator supports_masking"),
    (optimizers.Adam, "apply_gradients variables build assign set_weights"), (lambda: small().optimizer, "apply update_step"),
    (losses.Huber, "fn"), (metrics.BinaryAccuracy, "variables add_weight stateless_result"),
    (lambda: small().metrics[0], "update_state"), (lambda: keras.Input((3,)), "reshape"), (lambda: small().weights[0], "handle"),
    (keras.callbacks.EarlyStopping, "best_weights monitor_op"), (lambda: keras.callbacks.CSVLogger("log.csv"), "writer"),
    (keras.callbacks.ProgbarLogger, "target"), (keras.initializers.HeNormal, "distribution"),
    (lambda: ImageDataGenerator().flow(np.zeros((2, 3, 3, 1)), [0, 1]), "save_to_dir workers"),
])
def test_attributes(make: Callable[[], Any], names: str) -> None:
    thing = make()
    for name in names.split():
        with pytest.raises(cnn.UnsupportedError, match=rf"^\w+\.{name} is not in libcnn; the nearest is \w+"):
            getattr(thing, name)
        assert not hasattr(thing, name) and getattr(thing, name, None) is None
    with pytest.raises(AttributeError, match="no_such_thing") as caught:
        thing.no_such_thing
    assert not isinstance(caught.value, cnn.Error)


def test_the_error_is_of_both_families() -> None:
    with pytest.raises(LackingError) as caught:
        small().test_step
    assert caught.value.name == "CNN_EUNSUPPORTED" and isinstance(caught.value, NotImplementedError)
    assert type(caught.value)("text").status == cnn.UnsupportedError("text").status
    for thing in (optimizers.Adam(0.5), losses.Huber(delta=2.0), metrics.BinaryAccuracy(threshold=0.25), keras.regularizers.L2(0.5)):
        for again in (copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
            assert again.get_config() == thing.get_config()


def test_what_models_and_layers_say_of_themselves() -> None:
    model = small()
    layer = model.layers[0]
    for thing in (model, layer):
        assert {thing.dtype, thing.compute_dtype, thing.variable_dtype, thing.input_dtype} == {"float32"}
        assert thing.autocast and thing.quantization_mode is None and thing.activity_regularizer is None
    assert (model.path, layer.path, layer.weights[0].path) == ("sequential", "sequential/dense", "sequential/dense/kernel")
    assert (model.run_eagerly, model.jit_compile, model.steps_per_execution) == (False, False, 1)
    assert (layer.kernel_constraint, layer.lora_rank, layers.Conv2D(1, 1).rank, layers.MaxPooling2D().pool_mode) == (None, None, 2, "max")
    assert layers.BatchNormalization().gamma is None
    with pytest.raises(AttributeError):
        layers.Dense(1).kernel
    x = keras.Input((4,))
    assert (x.sparse, x.ragged, x.ndim) == (False, False, 2)
    graph = branched()
    assert [type(o).__name__ for o in graph.operations] == ["InputLayer", "Dense", "Add", "Dense"] and len(graph.layers) == 3
    assert graph.output_names == [graph.layers[-1].name]


def test_what_is_built_may_be_built_again() -> None:
    model, graph = small(), branched()
    for thing in (model, graph, model.layers[0]):
        thing.build()
        thing.build((None, 4))
        with pytest.raises(ValueError, match=r"build it with input_shape \(None, 5\)"):
            thing.build((None, 5))
    with pytest.raises(cnn.UnsupportedError, match="the model that it is put into"):
        layers.Dense(1).build((None, 4))
    np.testing.assert_array_equal(model.call(np.ones((3, 4))), model.predict(np.ones((3, 4)), verbose=0))
    assert model.compute_output_shape((7, 4)) == graph.compute_output_shape((None, 4)) == (None, 2)
    for refused in (lambda: model.compute_output_shape((None, 5)), lambda: model.call(np.ones((3, 4)), mask=1)):
        with pytest.raises(cnn.UnsupportedError):
            refused()


def test_losses_are_what_regularizers_cost() -> None:
    model = small(kernel_regularizer=keras.regularizers.L1L2(0.5, 0.25), bias_regularizer="l2")
    kernel, bias = np.array([[1.0, -2], [0, 0], [0, 0], [0, 0]]), np.array([3.0, 0])
    model.set_weights([kernel, bias])
    assert model.losses == model.layers[0].losses == pytest.approx([0.5 * 3 + 0.25 * 5, 0.01 * 9])
    assert model.weights[0].regularizer.l1 == 0.5 and branched().losses == []
    x, y = np.zeros((2, 4)), np.array([[1.0, 0], [0, 1]])
    bare = -(np.log(np.exp(3) / (np.exp(3) + 1)) + np.log(1 / (np.exp(3) + 1))) / 2
    assert model.evaluate(x, y, verbose=0)[0] == pytest.approx(bare + sum(model.losses), rel=1e-5)


def test_metrics_are_the_figures_of_the_last_call() -> None:
    model = small()
    assert model.metrics_names == [m.name for m in model.metrics] == ["loss", "compile_metrics"]
    assert (model.metrics[0].result(), model.metrics[1].result(), model.get_metrics_result()) == (0.0, {}, {})
    x, y = np.eye(4), np.eye(2)[[0, 1, 0, 1]]
    shown = model.evaluate(x, y, verbose=0, return_dict=True)
    assert model.get_metrics_result() == shown and model.metrics[0].result() == shown["loss"]
    assert model.metrics[1].result() == {"accuracy": shown["accuracy"]}
    assert model.train_on_batch(x, y, return_dict=True) == model.get_metrics_result()
    assert model.test_on_batch(x, y) == [model.metrics[0].result(), *model.metrics[1].result().values()]
    history = model.fit(x, y, validation_data=(x[:2], y[:2]), epochs=2, verbose=0).history
    assert model.get_metrics_result() == {name: history[f"val_{name}"][-1] for name in ("loss", "accuracy")}
    history = model.fit(x, y, verbose=0).history
    assert model.get_metrics_result() == {"loss": history["loss"][0], "accuracy": history["accuracy"][0]}
    model.reset_metrics()
    assert model.get_metrics_result() == {} and keras.Sequential([layers.Dense(1)]).metrics == []


def test_the_small_ones() -> None:
    model = small()
    assert (model.optimizer.iterations, model.optimizer.built, optimizers.Adam().built) == (0, False, False)
    model.train_on_batch(np.eye(4), np.eye(2)[[0, 1, 0, 1]])
    assert model.optimizer.iterations.numpy() == 1 == int(model.optimizer.iterations)
    bias = model.layers[0].bias
    bias.assign([1, 2])
    assert bias.assign_add([1, 1]).numpy().tolist() == [2, 3] and bias.assign_sub([2, 2]).numpy().tolist() == [0, 1] and bias.ndim == 1
    figures = losses.MeanSquaredError().call([[0.0, 1], [1, 1]], [[1.0, 1], [1, 1]])
    assert figures.tolist() == [0.5, 0.0] and figures.dtype == np.float32
    metric = metrics.MeanAbsoluteError()
    metric.update_state([[0.0], [1]], [[1.0], [1]])
    assert (metric.total, metric.count) == (1.0, 2.0)
    assert keras.initializers.Constant(2).clone().value == 2 and keras.initializers.HeNormal().seed is None
    assert not keras.callbacks.ReduceLROnPlateau().in_cooldown() and keras.callbacks.CSVLogger("x", ";").sep == ";"


def test_layers_of_ones_own_class_are_refused() -> None:
    with pytest.raises(cnn.UnsupportedError, match="Mine.call.*in C"):
        class Mine(layers.Layer):
            def call(self, x: Any) -> Any:
                return x
    with pytest.raises(cnn.UnsupportedError, match="numpy.random"):
        keras.initializers.HeNormal()((3, 3))
