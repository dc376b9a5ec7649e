"""fit, evaluate and predict on `ImageDataGenerator.flow`: batches made by the library where it means the same, else in
Python."""
from __future__ import annotations

from typing import Any, Iterator

import numpy as np
import pytest

import cnn
from cnn import keras
from cnn.keras import _fit, layers
from cnn.keras.preprocessing.image import ImageDataGenerator

RNG = np.random.default_rng(8)
X, Y = RNG.random((20, 8, 8, 1), np.float32), np.eye(3, dtype=np.float32)[np.arange(20) % 3]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    before = cnn.default_context()
    with cnn.Context(seed=3, threads=2) as context:
        cnn.set_default_context(context)
        yield
    cnn.set_default_context(before)


def model() -> Any:
    made = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")])
    made.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    return made


def test_the_library_makes_the_batches() -> None:
    mine, core = model(), model()
    flow = ImageDataGenerator(rotation_range=10, zoom_range=0.1).flow(X, Y, batch_size=6)
    history = mine.fit(flow, epochs=2, verbose=0, validation_data=(X, Y))
    assert history.params["steps"] == 4
    assert flow.total_batches_seen == 0
    core._core.fit(X, Y, epochs=2, batch_size=6, verbose=0, augmenter=cnn.Augmenter(rotation_range=10, zoom_range=0.1))
    assert mine._core.hash == core._core.hash
    assert history.history["val_loss"][-1] == pytest.approx(mine.evaluate(X, Y, verbose=0)[0], rel=1e-6)
    assert len(mine.fit(flow, steps_per_epoch=2, epochs=3, verbose=0).epoch) == 3
    core.fit(X, Y, batch_size=6, verbose=0)
    assert mine._core.hash != core._core.hash


def test_validation_arrays_are_not_standardised() -> None:
    flow = ImageDataGenerator(rescale=0.5).flow(X, Y, batch_size=5, shuffle=False)
    trained, plain = model(), model()
    history = trained.fit(flow, verbose=0, validation_data=(X, Y)).history
    wanted = plain.fit(X * np.float32(0.5), Y, batch_size=5, shuffle=False, verbose=0, validation_data=(X, Y)).history
    for name, values in wanted.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-6)


@pytest.mark.parametrize("training, validation, by_library", [
    ({"rescale": 0.5}, {"rescale": 0.5}, True), ({}, {}, True), ({"rotation_range": 30}, {}, True),
    ({"rescale": 0.5}, {"rescale": 0.25}, False), ({}, {"rescale": 0.25}, False), ({"rescale": 0.25}, {}, False)])
def test_validation_flows_do_what_they_are_told(training: Any, validation: Any, by_library: bool) -> None:
    flow = ImageDataGenerator(**training).flow(X, Y, batch_size=5, shuffle=False)
    checked = ImageDataGenerator(**validation).flow(X, Y, batch_size=5, shuffle=False)
    trained = model()
    figures = trained.fit(flow, verbose=0, validation_data=checked).history
    scale = np.float32(validation.get("rescale", 1))
    np.testing.assert_allclose(figures["val_loss"][0], trained.evaluate(X * scale, Y, verbose=0)[0], rtol=1e-6)
    assert (checked.total_batches_seen == 0) is by_library


def test_evaluate_and_predict_on_flows() -> None:
    trained = model()
    flow = ImageDataGenerator(rescale=0.5).flow(X, Y, batch_size=6, shuffle=False)
    scaled = X * np.float32(0.5)
    np.testing.assert_allclose(trained.evaluate(flow, verbose=0), trained.evaluate(scaled, Y, verbose=0), rtol=1e-6)
    images = ImageDataGenerator(rescale=0.5).flow(X, batch_size=6, shuffle=False)
    np.testing.assert_array_equal(trained.predict(images, verbose=0), trained.predict(scaled, verbose=0))
    assert flow.total_batches_seen == images.total_batches_seen == 0
    assert trained.evaluate(flow, steps=1, verbose=0) == pytest.approx(trained.evaluate(scaled[:6], Y[:6], verbose=0))
    mixed = ImageDataGenerator().flow(X, batch_size=6, seed=3)
    assert not (trained.predict(mixed, verbose=0) == trained.predict(X,
                                                                     verbose=0)).all() and mixed.total_batches_seen == 4
    turned = ImageDataGenerator(rotation_range=90).flow(X, Y, batch_size=20, shuffle=False, seed=1)
    assert trained.evaluate(turned, verbose=0)[0] != pytest.approx(trained.evaluate(X, Y, verbose=0)[0], rel=1e-4)


def test_a_function_of_ones_own_changes_the_images() -> None:
    def darker(image: Any) -> Any:
        return image * 0.25

    flow = ImageDataGenerator(preprocessing_function=darker).flow(X, Y, batch_size=5, shuffle=False)
    trained, plain = model(), model()
    trained.fit(flow, epochs=2, shuffle=False, verbose=0)
    plain.fit(X * np.float32(0.25), Y, epochs=2, batch_size=5, shuffle=False, verbose=0)
    for one, other in zip(trained.get_weights(), plain.get_weights()):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_shapes_come_from_the_flow() -> None:
    made = keras.Sequential([layers.Flatten(), layers.Dense(3, activation="softmax")])
    made.compile("sgd", "categorical_crossentropy")
    made.fit(ImageDataGenerator().flow(X, Y, batch_size=6), verbose=0)
    assert made.input_shape == (None, 8, 8, 1)


@pytest.mark.parametrize("arguments", [{"y": Y}, {"batch_size": 4}, {"sample_weight": np.ones(20)},
                                       {"validation_split": 0.5}])
def test_what_a_flow_gives_itself(arguments: Any) -> None:
    with pytest.raises(ValueError):
        model().fit(ImageDataGenerator().flow(X, Y), verbose=0, **arguments)


def test_what_standardises_and_what_draws() -> None:
    make = cnn.Augmenter
    assert not _fit.standardises(None) and not _fit.standardises(make(rotation_range=3))
    assert _fit.standardises(make(rescale=0.5)) and _fit.standardises(make(samplewise_center=True))
    assert not _fit.draws(None) and not _fit.draws(make(rescale=0.5)) and not _fit.draws(make(fill_mode="wrap"))
    drawing: Any = [{"rotation_range": 1}, {"zoom_range": 0.1}, {"horizontal_flip": True}, {"brightness_lower": 0.5},
                    {"channel_shift_range": 0.1}, {"shear_range": 2}, {"width_shift_range": 0.5}]
    assert all(_fit.draws(make(**attributes)) for attributes in drawing)
    assert _fit.alike(make(rescale=0.5, zoom_range=0.1), make(rescale=0.5)) and _fit.alike(None, make())
    featurewise = make(featurewise_center=True)
    assert _fit.alike(featurewise, featurewise) and not _fit.alike(featurewise, make(featurewise_center=True))
