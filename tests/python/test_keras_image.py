"""ImageDataGenerator against what Keras's made, and its iterator in all uses."""
from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import cnn
import tensors
from cnn import keras
from cnn.keras.preprocessing.image import ImageDataGenerator, NumpyArrayIterator

NOTEBOOK = {"rotation_range": 10, "zoom_range": 0.1, "width_shift_range": 0.1, "height_shift_range": 0.1}


def images(count: int = 10, channels: int = 1) -> Any:
    return np.random.default_rng(3).random((count, 12, 12, channels), np.float32)


@pytest.mark.parametrize("name", ["augmentation/transform_digit0", "augmentation/transform_rgb"])
def test_given_transforms(name: str) -> None:
    arrays, meta = tensors.read(name)
    generator = ImageDataGenerator()
    for number, parameters in enumerate(meta["transforms"]):
        found = generator.apply_transform(arrays["input"], parameters)
        np.testing.assert_allclose(found, arrays[f"transform{number}"], atol=meta["atol"], rtol=0,
                                   err_msg=str(parameters))


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 7])
def test_standardisation(number: int) -> None:
    arrays, meta = tensors.read(f"augmentation/standardise_{number}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        generator = ImageDataGenerator(**meta["config"])
    generator.fit(arrays["input"])
    if "fit.mean" in arrays:
        assert generator.mean is not None
        np.testing.assert_allclose(generator.mean, arrays["fit.mean"], rtol=1e-6)
    if "fit.std" in arrays and generator.featurewise_std_normalization:
        assert generator.std is not None
        np.testing.assert_allclose(generator.std, arrays["fit.std"], rtol=1e-6)
    found = [generator.standardize(image) for image in arrays["input"]]
    np.testing.assert_allclose(found, arrays["output"], atol=2 * meta["atol"], rtol=1e-6)
    np.testing.assert_array_equal(generator.standardize(arrays["input"]), found)
    np.testing.assert_allclose(next(generator.flow(arrays["input"], shuffle=False)), found, atol=1e-6)


def test_the_order_is_keras_with_a_seed() -> None:
    arrays, meta = tensors.read("augmentation/flow")
    flow = ImageDataGenerator(**meta["config"]).flow(images(), np.arange(10), batch_size=4, seed=6)
    for number in range(6):
        assert next(flow)[1].tolist() == arrays[f"flow{number}.y"].tolist()


def test_the_order_follows_numpys_seed_as_in_keras() -> None:
    np.random.seed(42)
    flow = ImageDataGenerator().flow(images(), np.arange(10), batch_size=10)
    assert next(flow)[1].tolist() == [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]


def test_batches_by_hand() -> None:
    x, y, weights = images(), np.eye(10)[::-1], np.arange(10.0)
    flow = ImageDataGenerator().flow(x, y, batch_size=4, shuffle=False, sample_weight=weights)
    assert (len(flow), flow.n, flow.batch_size, flow.batch_index) == (3, 10, 4, 0)
    batches = [next(flow) for _ in range(4)]
    assert [len(batch[0]) for batch in batches] == [4, 4, 2, 4]
    assert flow.total_batches_seen == 4 and flow.batch_index == 1
    assert all(batch[0].dtype == np.float32 for batch in batches)
    for part, whole in zip(zip(*batches[:3]), (x, y, weights)):
        np.testing.assert_array_equal(np.concatenate(part), whole.astype(np.float32))
    np.testing.assert_array_equal(flow[2][0], x[8:])
    np.testing.assert_array_equal(flow[-1][0], x[8:])
    flow.reset()
    np.testing.assert_array_equal(next(flow)[0], x[:4])
    with pytest.raises(ValueError, match="batch 3 of an iterator that has 3"):
        flow[3]
    assert next(ImageDataGenerator().flow(x, batch_size=4)).shape == (4, 12, 12, 1)
    assert iter(flow) is flow


def test_every_image_is_changed_in_its_own_way() -> None:
    x = np.repeat(images(1), 6, axis=0)
    generator = ImageDataGenerator(**NOTEBOOK)
    flow = generator.flow(x, batch_size=6)
    first, second, other = next(flow), next(flow), next(generator.flow(x, batch_size=6))
    seen = np.concatenate([first, second, other, [x[0]]]).reshape(19, -1)
    assert len(np.unique(seen, axis=0)) == 19
    assert seen.min() >= x.min() - 1e-6 and seen.max() <= x.max() + 1e-6


def test_same_seed_same_batches() -> None:
    x = images(8)
    pair = [ImageDataGenerator(**NOTEBOOK).flow(x, np.arange(8), batch_size=3, seed=5) for _ in range(2)]
    for _ in range(5):
        (a, y), (b, z) = next(pair[0]), next(pair[1])
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(y, z)
    other = next(ImageDataGenerator(**NOTEBOOK).flow(x, np.arange(8), batch_size=3, seed=6))
    assert not np.array_equal(other[0], next(pair[0])[0])


def test_random_transforms_lie_in_their_ranges() -> None:
    generator = ImageDataGenerator(**NOTEBOOK, shear_range=5, channel_shift_range=0.2, horizontal_flip=True)
    drawn = [generator.get_random_transform((20, 20, 1)) for _ in range(300)]
    ranges = {"theta": 10, "tx": 2, "ty": 2, "shear": 5, "channel_shift_intensity": 0.2}
    for name, most in ranges.items():
        values = [parameters[name] for parameters in drawn]
        assert -most <= min(values) < -0.9 * most and 0.9 * most < max(values) <= most, name
    for name in ("zx", "zy"):
        values = [parameters[name] for parameters in drawn]
        assert 0.9 <= min(values) < 0.91 and 1.09 < max(values) <= 1.1
    assert {parameters["flip_horizontal"] for parameters in drawn} == {True, False}
    assert {(parameters["flip_vertical"], parameters["brightness"]) for parameters in drawn} == {(False, None)}
    assert generator.get_random_transform((9, 9), seed=3) == generator.get_random_transform((9, 9), seed=3)
    image = images(1)[0]
    np.testing.assert_array_equal(generator.random_transform(image, seed=3),
                                  generator.apply_transform(image, generator.get_random_transform(image.shape, seed=3)))


def test_whole_shifts() -> None:
    generator = ImageDataGenerator(width_shift_range=3)
    drawn = {generator.get_random_transform((20, 20), seed=seed)["ty"] for seed in range(60)}
    assert drawn == {-2, -1, 0, 1, 2}


def test_settings_may_change_between_batches() -> None:
    generator = ImageDataGenerator()
    x = images(2)
    np.testing.assert_array_equal(next(generator.flow(x, shuffle=False)), x)
    generator.horizontal_flip, generator.rescale = True, 2.0
    found = next(generator.flow(np.repeat(x[:1], 40, axis=0)))
    assert {bool(np.array_equal(image, 2 * x[0])) for image in found} == {True, False}
    generator.horizontal_flip = False
    generator.featurewise_center, generator.mean = True, np.full((1, 1, 1), 0.5)
    np.testing.assert_allclose(generator.standardize(x), 2 * x - 0.5, atol=1e-6)


def test_bytes_are_not_scaled_unless_asked() -> None:
    x = (255 * images(4)).astype(np.uint8)
    np.testing.assert_array_equal(next(ImageDataGenerator().flow(x, shuffle=False)), x.astype(np.float32))
    scaled = ImageDataGenerator(rescale=1 / 255).flow(x, [0, 1, 0, 1], shuffle=False)
    assert next(scaled)[0].max() <= 1
    made = scaled._batches(cnn.default_context())
    np.testing.assert_array_equal(made.dataset.inputs(), x)
    assert made.dataset.input_dtype == np.uint8


def test_subsets() -> None:
    x, y = images(10), np.arange(10) % 2
    generator = ImageDataGenerator(validation_split=0.3)
    for subset, wanted in (("validation", x[:3]), ("training", x[3:])):
        flow = generator.flow(x, y, subset=subset, shuffle=False)
        np.testing.assert_array_equal(next(flow)[0], wanted)
    sorted_labels = np.arange(10) // 5
    with pytest.raises(ValueError, match="other classes"):
        generator.flow(x, sorted_labels, subset="training")
    assert generator.flow(x, sorted_labels, subset="training", ignore_class_split=True).n == 7
    with pytest.raises(ValueError, match="is empty"):
        ImageDataGenerator().flow(x, y, subset="training")
    with pytest.raises(ValueError, match="must be 'training' or 'validation'"):
        generator.flow(x, y, subset="test")


def test_statistics_of_transformed_images() -> None:
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True, rotation_range=90,
                                   rescale=3.0)
    generator.fit(images(20, 2), augment=True, rounds=2, seed=1)
    assert generator.mean is not None and generator.std is not None and generator.mean.shape == (1, 1, 2)
    first = generator.mean
    generator.fit(images(20, 2), augment=True, rounds=2, seed=1)
    np.testing.assert_array_equal(generator.mean, first)
    generator.fit(images(20, 2))
    assert not np.array_equal(generator.mean, first)
    np.testing.assert_allclose(generator.mean.ravel(), 3 * images(20, 2).mean(axis=(0, 1, 2)), rtol=1e-5)


def test_a_function_of_ones_own() -> None:
    x = images(6)
    generator = ImageDataGenerator(preprocessing_function=lambda image: 1 - image, rescale=2.0)
    flow = generator.flow(x, np.arange(6) % 2, shuffle=False)
    np.testing.assert_allclose(next(flow)[0], 2 * (1 - x), atol=1e-6)
    assert not hasattr(flow, "_batches") and isinstance(flow, NumpyArrayIterator)
    model = small()
    assert len(model.fit(flow, epochs=2, verbose=0).epoch) == 2


def small() -> Any:
    keras.utils.set_random_seed(1)
    output = keras.layers.Dense(2, activation="softmax")
    model = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Flatten(), output])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_fit_leaves_batches_to_the_library() -> None:
    x, y = images(50), np.arange(50) % 2
    generator = ImageDataGenerator(**NOTEBOOK)
    models = [small(), small()]
    flows = [generator.flow(x, y, batch_size=8, seed=seed) for seed in (4, 4)]
    losses = [model.fit(flow, epochs=2, verbose=0).history["loss"] for model, flow in zip(models, flows)]
    assert losses[0] == losses[1]
    assert flows[0].total_batches_seen == 0
    made = generator.flow(x, y, batch_size=8)._batches(models[0]._core._context)
    core, augmented = small()._core, []
    core.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    augmented = core.fit(made.dataset, batch_size=8, epochs=2, augmenter=made.augmenter).history["loss"]
    assert augmented == small().fit(generator.flow(x, y, batch_size=8), epochs=2, verbose=0).history["loss"]
    assert augmented != small().fit(x, y, batch_size=8, epochs=2, verbose=0).history["loss"]


@pytest.mark.parametrize("arguments, name", [
    ({"zca_whitening": True}, "zca_whitening"), ({"zca_epsilon": 1e-3}, "zca_epsilon"), ({"dtype": "float64"}, "dtype"),
    ({"data_format": "channels_first"}, "data_format"), ({"width_shift_range": [1, 2]}, "list of shifts"),
    ({"width_shift_range": 2, "height_shift_range": 0.5}, "mix"), ({"interpolation_order": 3}, "order"),
])
def test_what_is_lacking_is_refused(arguments: dict[str, Any], name: str) -> None:
    with pytest.raises(cnn.UnsupportedError, match=name):
        ImageDataGenerator(**arguments)


@pytest.mark.parametrize("arguments", [{"zoom_range": (1, 2, 3)}, {"brightness_range": (1,)}, {"rotation_range": -1},
                                       {"validation_split": 1.5}, {"fill_mode": "mirror"}, {"zoom_range": "big"}])
def test_wrong_arguments(arguments: dict[str, Any]) -> None:
    with pytest.raises((ValueError, LookupError)):
        ImageDataGenerator(**arguments)


def test_wrong_data() -> None:
    generator = ImageDataGenerator(featurewise_center=True)
    with pytest.raises(ValueError, match="shape"):
        generator.flow(np.zeros((10, 12, 12)))
    with pytest.raises(ValueError, match="y has 9"):
        generator.flow(images(), np.zeros(9))
    with pytest.raises(ValueError, match="without y"):
        generator.flow(images(), sample_weight=np.zeros(10))
    with pytest.raises(ValueError, match="batches of 0"):
        generator.flow(images(), batch_size=0)
    with pytest.raises(cnn.UnsupportedError, match="save_to_dir"):
        generator.flow(images(), save_to_dir="here")  # type: ignore[arg-type]
    with pytest.raises(cnn.UnsupportedError, match="flow_from_directory"):
        generator.flow_from_directory("here")
    with pytest.raises(cnn.UnsupportedError, match="flow_from_dataframe"):
        generator.flow_from_dataframe("here")
    with pytest.raises(ValueError, match="'turn' is not known"):
        generator.apply_transform(images()[0], {"turn": 3})
