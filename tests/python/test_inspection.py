"""Outputs of layers and gradients for inputs, through Python."""
from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest

import cnn
import small


@pytest.fixture
def trained(context: cnn.Context) -> cnn.Model:
    model = small.model(context)
    x, y = small.images()
    model.fit(x, y, epochs=2, batch_size=16, verbose=0)
    return model


def in_double(model: cnn.Model, x: Any) -> dict[str, Any]:
    """Outputs of the layers of `small.model`, worked out by NumPy."""
    kernel, bias = model.weight("conv1/kernel").astype(np.float64), model.weight("conv1/bias").astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (3, 3), axis=(1, 2))  # type: ignore[call-overload]
    conv = np.maximum(np.einsum("nhwcij,ijcf->nhwf", windows, kernel) + bias, 0)
    gamma, beta, mean, variance = [model.weight(f"bn1/{name}") for name in ("gamma", "beta", "moving_mean", "moving_variance")]
    normal = (conv - mean) / np.sqrt(variance.astype(np.float64) + 1e-3) * gamma + beta
    logits = normal.reshape(len(x), -1) @ model.weight("output/kernel").astype(np.float64) + model.weight("output/bias")
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"conv1": conv, "bn1": normal, "dropout": normal, "logits": logits, "output": powers / powers.sum(axis=1, keepdims=True)}


def test_activations_are_the_layers_outputs(trained: cnn.Model) -> None:
    x, _ = small.images()
    expected = in_double(trained, x)
    names = ["output", "bn1", "conv1", "dropout"]
    for name, values in zip(names, trained.activations(names, x)):
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, expected[name], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trained.activations("output", x, before_activation=True), expected["logits"], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(trained.activations(trained.layers[-1], x, batch_size=5), trained.predict(x))
    np.testing.assert_array_equal(trained.activations(trained.layers[0], x), x)
    assert trained.activations([trained.layer("flatten")], x)[0].shape == (len(x), 144)


def test_gradients_are_differences(trained: cnn.Model) -> None:
    x, y = small.images(6)
    step = 1e-6
    for given, wanted in ((y, y), (2, np.full(6, 2)), (None, trained.predict_classes(x))):
        for key, after in (("logits", False), ("output", True)):
            actual = trained.input_gradient(x, given, after_activation=after)
            assert actual.shape == x.shape and actual.dtype == np.float32
            for sample, pixel in ((0, (2, 3)), (3, (4, 4)), (5, (6, 2))):
                moved = np.repeat(x[sample:sample + 1].astype(np.float64), 2, axis=0)
                moved[:, pixel[0], pixel[1], 0] += (step, -step)
                above, below = in_double(trained, moved)[key][:, wanted[sample]]
                assert actual[sample][pixel][0] == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-5)


def test_bytes_and_data_sets_are_scaled_as_in_predict(trained: cnn.Model) -> None:
    x, y = small.images()
    images = (255 * x.clip(0, 1)).astype(np.uint8)
    with cnn.Dataset(images, y, context=trained._context) as data:
        np.testing.assert_array_equal(trained.activations("output", images), trained.predict(images))
        np.testing.assert_array_equal(trained.activations("output", data), trained.predict(images))
        np.testing.assert_array_equal(trained.input_gradient(data), trained.input_gradient(images))
    np.testing.assert_allclose(trained.input_gradient(images), trained.input_gradient(images / np.float32(255)), atol=1e-6)
    np.testing.assert_array_equal(trained.input_gradient(x[::-1]), trained.input_gradient(x)[::-1])
    np.testing.assert_array_equal(trained.activations("bn1", np.asfortranarray(x)), trained.activations("bn1", x))
    np.testing.assert_array_equal(trained.activations("bn1", cnn.Tensor(x, trained._context)), trained.activations("bn1", x))


def test_augmenters_standardise(trained: cnn.Model) -> None:
    x, _ = small.images()
    augmenter = cnn.Augmenter(samplewise_center=True, rotation_range=90, context=trained._context)
    np.testing.assert_array_equal(trained.activations("output", x, augmenter=augmenter), trained.predict(x, augmenter=augmenter))
    np.testing.assert_allclose(trained.input_gradient(x, augmenter=augmenter),
                               trained.input_gradient(x - x.mean(axis=(1, 2, 3), keepdims=True)), rtol=1e-3, atol=1e-5)


def test_what_is_wrong_is_refused(trained: cnn.Model) -> None:
    x, y = small.images()
    with pytest.raises(cnn.NameError_, match="activations: unknown layer 'conv2'; did you mean 'conv1'?"):
        trained.activations("conv2", x)
    with pytest.raises(cnn.InvalidArgument, match="before_activation is for one layer"):
        trained.activations(["conv1", "bn1"], x, before_activation=True)
    with pytest.raises(cnn.InvalidArgument):
        trained.activations([], x)
    with pytest.raises(cnn.InvalidArgument, match="NUL"):
        trained.activations("conv1\0", x)
    with pytest.raises(cnn.ShapeError, match="input gradient: input is float32"):
        trained.input_gradient(x[:, 1:])
    with pytest.raises(cnn.ShapeError, match="classes are float32"):
        trained.input_gradient(x, y.astype(np.float64))
    with pytest.raises(cnn.ShapeError, match="must be integers \\(48,\\)"):
        trained.input_gradient(x, y[1:])
    with pytest.raises(cnn.DataError, match="class 3 of sample 0 is not in \\[0, 3\\)"):
        trained.input_gradient(x, 3)
    with pytest.raises(cnn.DataError, match="is NaN"):
        trained.input_gradient(x * np.nan)
    with pytest.raises(cnn.InvalidArgument, match="batch_size is 0"):
        trained.input_gradient(x, batch_size=0)
    with pytest.raises(cnn.InvalidArgument, match="gives batches"):
        trained.activations("conv1", (batch for batch in [x]))
    trained.close()
    with pytest.raises(cnn.StateError):
        trained.activations("conv1", x)


def test_the_arrays_own_their_memory(context: cnn.Context) -> None:
    model = small.model(context)
    x, _ = small.images()
    maps, gradient = model.activations("conv1", x), model.input_gradient(x)
    before = maps.copy(), gradient.copy()
    model.close()
    del model
    gc.collect()
    np.testing.assert_array_equal(maps, before[0])
    np.testing.assert_array_equal(gradient, before[1])
    maps += 1


def test_several_threads_inspect_one_model(trained: cnn.Model) -> None:
    x, y = small.images()
    expected = trained.activations("bn1", x), trained.input_gradient(x, y)
    found: list[Any] = []

    def inspect() -> None:
        for _ in range(5):
            found.append((trained.activations("bn1", x), trained.input_gradient(x, y), trained.predict(x)))

    threads = [threading.Thread(target=inspect) for _ in range(4)]
    hash = trained.hash
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20 and trained.hash == hash
    for maps, gradient, _ in found:
        np.testing.assert_array_equal(maps, expected[0])
        np.testing.assert_array_equal(gradient, expected[1])


def test_a_callback_may_inspect_the_model_that_trains(context: cnn.Context) -> None:
    class Look(cnn.Callback):
        seen = 0

        def epoch_end(self, event: cnn.Event) -> None:
            self.seen += int(np.isfinite(event.model.input_gradient(x[:2])).all())

    x, y = small.images()
    plain, looked_at = small.model(context), small.model(context)
    look = Look()
    looked_at.fit(x, y, epochs=3, verbose=0, callbacks=[look])
    plain.fit(x, y, epochs=3, verbose=0)
    assert look.seen == 3 and looked_at.hash == plain.hash
