"""What Keras goes on with, and tells of by a warning; and figures that come in Keras's order."""
from __future__ import annotations

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
    made.compile("sgd", "categorical_crossentropy", **{"metrics": ["accuracy"], **options})
    return made


def batches(count: int) -> Iterator[Any]:
    return ((X[number:number + 3], Y[number:number + 3]) for number in range(count))


def test_training_goes_on_with_the_first_batch_of_a_generator_that_has_ended() -> None:
    seen = []
    made = model()
    with pytest.warns(UserWarning, match="no more batches"):
        history = made.fit(batches(5), steps_per_epoch=3, epochs=4, verbose=0, callbacks=[
            keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))])
    assert history.epoch == [0, 1, 2, 3] and seen == [0, 1, 2, 0, 1, 0, 0]
    by_hand = model()
    for first in (0, 1, 2, 3, 4, 0, 0):
        by_hand.train_on_batch(X[first:first + 3], Y[first:first + 3])
    for one, other in zip(made.get_weights(), by_hand.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_validation_by_a_generator_that_has_ended_goes_on() -> None:
    with pytest.warns(UserWarning, match="no more batches"):
        history = model().fit(X, Y, epochs=3, verbose=0, validation_data=batches(3), validation_steps=2)
    assert len(history.history["val_loss"]) == 3


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
