"""What Keras goes on with, and tells of by a warning; what it keeps in a second compile and in copies of layers; and
figures that come in Keras's order and by its names."""
from __future__ import annotations

import copy
import pathlib
import pickle
import warnings
from typing import Any, Iterator

import numpy as np
import pytest

import cnn
from cnn import keras
from cnn.keras.preprocessing.image import ImageDataGenerator

X = np.random.default_rng(0).random((8, 6, 6, 1)).astype(np.float32)
Y = np.eye(3)[np.arange(8) % 3]


def model(**options: Any) -> Any:
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten(),
                             keras.layers.Dense(3, activation="softmax")])
    made.compile(loss="categorical_crossentropy", **{"optimizer": "sgd", "metrics": ["accuracy"], **options})
    return made


def batches(count: int) -> Iterator[Any]:
    return ((X[number:number + 3], Y[number:number + 3]) for number in range(count))


def test_training_goes_on_with_the_first_batches_of_a_generator_that_has_ended() -> None:
    seen = []
    made = model()
    with pytest.warns(UserWarning, match="no more batches"):
        history = made.fit(batches(5), steps_per_epoch=3, epochs=4, verbose=0, callbacks=[
            keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))])
    assert history.epoch == [0, 1, 2, 3] and seen == [0, 1, 2, 0, 1, 0, 1, 0, 1]  # as Keras 3.15.1
    by_hand = model()
    for first in (0, 1, 2, 3, 4, 0, 1, 0, 1):
        by_hand.train_on_batch(X[first:first + 3], Y[first:first + 3])
    for one, other in zip(made.get_weights(), by_hand.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_a_generator_of_nothing_is_an_error() -> None:
    with pytest.raises(cnn.DataError):
        model().fit(batches(0), steps_per_epoch=2, verbose=0)


def test_a_generator_that_is_long_enough_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model().fit(batches(6), steps_per_epoch=3, epochs=2, verbose=0)


def test_featurewise_settings_without_fit_do_nothing_and_say_so() -> None:
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    with pytest.warns(UserWarning, match="featurewise_std_normalization does nothing before fit"):
        np.testing.assert_array_equal(next(generator.flow(X, batch_size=8, shuffle=False)), X)
    with pytest.warns(UserWarning, match="featurewise_center does nothing before fit"):
        np.testing.assert_array_equal(generator.standardize(X[0]), X[0])
    with pytest.warns(UserWarning, match="does nothing before fit"):
        history = model().fit(generator.flow(X, Y, batch_size=8, shuffle=False), verbose=0)
    assert history.history == model().fit(X, Y, batch_size=8, shuffle=False, verbose=0).history
    generator.fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert abs(float(np.mean(next(generator.flow(X, batch_size=8))))) < 1e-5


def test_a_deviation_alone_divides() -> None:
    generator = ImageDataGenerator(featurewise_std_normalization=True, featurewise_center=True)
    generator.std = np.full((1, 1, 1), 0.5)
    with pytest.warns(UserWarning, match="featurewise_center does nothing"):
        np.testing.assert_allclose(generator.standardize(X[0]), X[0] / 0.5, rtol=1e-4)


def test_the_same_metric_with_and_without_weights() -> None:
    made = model(weighted_metrics=["accuracy"])
    named = made.evaluate(X, Y, sample_weight=np.arange(8), verbose=0, return_dict=True)
    assert set(named) == {"loss", "accuracy", "weighted_accuracy"} and named["accuracy"] != named["weighted_accuracy"]
    listed = made.evaluate(X, Y, sample_weight=np.arange(8), verbose=0)
    assert listed == [named["loss"], named["accuracy"], named["accuracy"], named["weighted_accuracy"]]
    assert len(model(metrics=[], weighted_metrics=["accuracy"]).evaluate(X, Y, verbose=0)) == 2


@pytest.mark.parametrize("names,weighted,wanted,listed", [
    (["accuracy", "accuracy", "acc"], None, ["acc", "accuracy", "accuracy_1", "loss"], 5),
    ([keras.metrics.TopKCategoricalAccuracy(1), keras.metrics.TopKCategoricalAccuracy(2)], None,
     ["loss", "top_k_categorical_accuracy", "top_k_categorical_accuracy_1"], 4),
    (["accuracy"], ["accuracy", "accuracy"], ["accuracy", "loss", "weighted_accuracy", "weighted_accuracy_1"], 6),
    (["mae"], ["mse", "mae"], ["loss", "mae", "mse", "weighted_mae"], 5)])
def test_names_of_the_same_metric(names: Any, weighted: Any, wanted: list[str], listed: int) -> None:
    """As Keras 3.15 names them, and as many figures as its list has."""
    made = model(metrics=names, weighted_metrics=weighted)
    history = made.fit(X, Y, verbose=0, validation_split=0.5)
    assert list(history.history) == sorted([*wanted, *[f"val_{name}" for name in wanted]])
    assert sorted(made.evaluate(X, Y, verbose=0, return_dict=True)) == wanted
    assert len(made.evaluate(X, Y, verbose=0)) == listed
    if weighted is None and len(names) == 2:
        one, two = (history.history[name][0] for name in wanted[1:])
        assert one < two  # k is 1 and 2


@pytest.mark.parametrize("names,wanted,listed", [
    (["accuracy", keras.metrics.CategoricalAccuracy("accuracy_1"), "accuracy"], ["accuracy", "accuracy_1", "loss"], 4),
    ([keras.metrics.CategoricalAccuracy(name) for name in ("a", "a_1", "a", "a")], ["a", "a_1", "a_2", "loss"], 6),
    ([keras.metrics.CategoricalAccuracy(name) for name in ("a", "a", "a_1", "a_1")], ["a", "a_1", "a_1_1", "loss"], 6)])
def test_of_two_metrics_that_come_to_one_name_the_last_is_kept(names: Any, wanted: list[str], listed: int) -> None:
    """As in Keras, which does not say so."""
    with pytest.warns(UserWarning, match="come to the name 'a.*_1'; .* the last is kept"):
        made = model(metrics=names)
    assert list(made.fit(X, Y, verbose=0).history) == wanted
    assert len(made.evaluate(X, Y, verbose=0)) == listed
    top = keras.metrics.TopKCategoricalAccuracy
    with pytest.warns(UserWarning, match="'top_1'"):
        made = model(metrics=[top(1, "top"), top(1, "top"), top(3, "top_1")])
    assert made.evaluate(X, Y, verbose=0, return_dict=True)["top_1"] == 1.0


# ---- an optimizer that has trained ----

@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_copy_of_an_optimizer_has_its_settings_and_has_not_trained(copied: Any) -> None:
    made = model(optimizer=keras.optimizers.AdamW(0.25, weight_decay=0.125))
    made.optimizer.exclude_from_weight_decay(var_names=["bias"])
    fitted(made)
    made.optimizer.learning_rate = 0.5
    again = copied(made.optimizer)
    assert type(again) is keras.optimizers.AdamW and again is not made.optimizer
    assert (float(again.learning_rate), again.weight_decay, again.iterations, again.built) == (0.5, 0.125, 0, False)
    assert again._excluded == ("bias",)
    for other in (made, model()):
        other.compile(copied(again), "categorical_crossentropy")
        fitted(other)
        assert other.optimizer.iterations == 4
    assert made.optimizer is not again and again.iterations == 0


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_copy_of_an_optimizer_has_its_schedule(copied: Any) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10, warmup_target=0.5, warmup_steps=4, name="mine")
    again = copied(keras.optimizers.SGD(schedule, momentum=0.5))
    assert again.momentum == 0.5
    for one in (again.learning_rate, copied(schedule)):
        assert type(one) is type(schedule) and one.get_config() == schedule.get_config()
        assert [float(one(step)) for step in range(14)] == [float(schedule(step)) for step in range(14)]


def test_what_a_model_has_from_compile_and_from_fit_on() -> None:
    made = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    for name in ("optimizer", "stop_training", "history"):
        assert not hasattr(made, name)
    assert (made.loss, made.metrics, made.compiled) == (None, [], False)
    with pytest.raises(AttributeError, match="optimizer.*compile"):
        made.optimizer
    made.compile("sgd", "mse")
    assert made.stop_training is False and made.optimizer.iterations == 0 and not hasattr(made, "history")



def fitted(made: Any, epochs: int = 2) -> Any:
    return made.fit(X, Y, epochs=epochs, batch_size=4, shuffle=False, verbose=0).history["loss"]


@pytest.mark.parametrize("name", ["adam", "nadam", "rmsprop"])
def test_a_second_compile_goes_on_with_the_optimizers_state(name: str) -> None:
    made = model(optimizer=name)
    losses = fitted(made)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.compile(made.optimizer, "categorical_crossentropy", metrics=["mse"])
    assert made.optimizer.iterations == 4
    assert losses + fitted(made) == fitted(model(optimizer=name), 4)
    made.compile(name, "categorical_crossentropy")
    assert made.optimizer.iterations == 0 and not made.optimizer.built
    assert fitted(made) != fitted(model(optimizer=name), 6)[4:]


def test_a_frozen_layer_leaves_the_others_their_state() -> None:
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(5, name="low"),
                             keras.layers.Dense(3, activation="softmax")])
    adam = keras.optimizers.Adam(0.01)
    made.compile(adam, "categorical_crossentropy")
    fitted(made)
    low = made.get_layer("low")
    before = low.get_weights()
    low.trainable = False
    made.compile(adam, "categorical_crossentropy")
    fitted(made)
    assert adam.iterations == 8 and all(np.array_equal(*pair) for pair in zip(before, low.get_weights()))
    low.trainable = True
    with pytest.warns(UserWarning, match="state of Adam .*is gone.*frozen"):
        made.compile(adam, "categorical_crossentropy")
    assert adam.iterations == 0
    low.trainable = False  # before the first step it counts still
    fitted(made)
    assert all(np.array_equal(*pair) for pair in zip(before, low.get_weights()))


def test_an_optimizer_trains_one_model() -> None:
    one = keras.optimizers.SGD(momentum=0.5)
    first, second = model(optimizer=one), model(optimizer=one)
    first.evaluate(X, Y, verbose=0)
    second.train_on_batch(X, Y)
    weights = first.get_weights()
    for train in (lambda: first.fit(X, Y, verbose=0), lambda: first.train_on_batch(X, Y)):
        with pytest.raises(ValueError, match="Unknown variable: .*dense.*/bias"):
            train()
    assert all(np.array_equal(*pair) for pair in zip(weights, first.get_weights()))
    second.fit(X, Y, verbose=0)
    clone = keras.models.clone_model(second)
    clone.fit(X, Y, verbose=0)
    clone.compile(one, "categorical_crossentropy")
    with pytest.raises(ValueError, match="Unknown variable"):
        clone.fit(X, Y, verbose=0)
    clone.compile(keras.optimizers.SGD.from_config(one.get_config()), "categorical_crossentropy")
    clone.fit(X, Y, verbose=0)


def test_back_to_an_optimizer_whose_state_is_gone() -> None:
    one, two = keras.optimizers.Adam(0.5), keras.optimizers.Adam(0.25)
    made = model(optimizer=one)
    fitted(made)
    made.compile(two, "categorical_crossentropy")
    two.learning_rate = 0.125
    assert one.learning_rate == 0.5 and one.iterations == 0 and two.iterations == 0
    with pytest.warns(UserWarning, match="compiled with another optimizer"):
        made.compile(one, "categorical_crossentropy")
    fitted(made)
    assert one.iterations == 4 and two.iterations == 0 and two.learning_rate == 0.125


def test_a_loaded_model_goes_on_over_a_compile(tmp_path: pathlib.Path) -> None:
    made = model(optimizer="adam")
    fitted(made)
    made.save(tmp_path / "m.safetensors")
    loaded = keras.models.load_model(tmp_path / "m.safetensors")
    assert loaded.optimizer.built and loaded.optimizer.iterations == 4
    loaded.compile(loaded.optimizer, "categorical_crossentropy")
    assert fitted(loaded) == fitted(made)


# ---- copies of layers ----

@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
@pytest.mark.parametrize("layer", [
    keras.layers.Conv2D(2, 3, activation="relu", name="c", kernel_regularizer="l2"),
    keras.layers.BatchNormalization(momentum=0.5, name="b", trainable=False),
    keras.layers.Dense(4, use_bias=False, name="d")], ids=lambda layer: layer.name)
def test_a_copied_layer_is_one_by_itself(layer: Any, copied: Any) -> None:
    layer = type(layer).from_config(layer.get_config())
    x = keras.Input((6, 6, 1))
    base = keras.Model(x, layer(x))
    again = copied(layer)
    assert type(again) is type(layer) and again.get_config() == layer.get_config() and again.built
    assert [weight.path for weight in again.weights] == [f"{layer.name}/{weight.name}" for weight in layer.weights]
    assert all(np.array_equal(*pair) for pair in zip(again.get_weights(), layer.get_weights()))
    with pytest.raises(AttributeError, match="never been called"):
        again.output
    again.set_weights([value + 1 for value in again.get_weights()])
    third = copied(again)
    before = base.get_weights()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it belongs to no model that it could be missed from
        other = keras.Sequential([keras.Input((6, 6, 1)), again])
    for mine, theirs, last in zip(other.get_weights(), base.get_weights(), third.get_weights()):
        np.testing.assert_array_equal(mine, theirs + 1)
        np.testing.assert_array_equal(mine, last)
    assert other.get_layer(layer.name) is again and all(np.array_equal(*pair) for pair in zip(before, base.get_weights()))


def test_all_layers_of_a_model_are_copied_into_another() -> None:
    base = model()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = keras.Sequential([keras.Input((6, 6, 1)), *copy.deepcopy(base.layers)])
    np.testing.assert_array_equal(other.predict(X, verbose=0), base.predict(X, verbose=0))
    other.compile("sgd", "categorical_crossentropy")
    fitted(other)
    assert not np.array_equal(other.get_weights()[0], base.get_weights()[0])


def test_copies_of_what_is_not_built() -> None:
    assert copy.deepcopy(keras.layers.Dense(3, name="q")).get_config()["units"] == 3
    assert not copy.deepcopy(keras.layers.Dense(3)).built
    again = copy.deepcopy(keras.Input((6, 6, 1), name="in")._keras_history.operation)
    assert again.name == "in" and again.batch_shape == (None, 6, 6, 1)
    x = keras.Input((3,))
    added = keras.layers.Add(name="sum")
    added([x, x])
    assert copy.deepcopy(added)([x, x]).shape == (None, 3)


# ---- the end of training ----

def test_the_end_of_training_hears_the_models_own_figures() -> None:
    told: dict[str, Any] = {}
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: told.update(epoch=sorted(logs)),
                                           on_train_end=lambda logs: told.update(train=sorted(logs)))
    history = model().fit(X, Y, validation_split=0.5, verbose=0,
                          callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.1), watch])
    assert told["train"] == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert told["epoch"] == sorted(history.history) == ["accuracy", "learning_rate", "loss", "val_accuracy", "val_loss"]
