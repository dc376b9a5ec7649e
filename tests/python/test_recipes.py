"""What is made by the name of a type and keywords: optimizers, schedules, losses, metrics, augmenters; reports."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cnn
import small

KINDS: list[Any] = [cnn.Optimizer, cnn.Loss, cnn.Metric]
SCHEDULES: dict[str, dict[str, Any]] = {
    "exponential_decay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    "inverse_time_decay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "piecewise_constant_decay": {"boundaries": (5, 20), "values": (0.1, 0.05, 0.0125)},
    "polynomial_decay": {"initial_learning_rate": 0.1, "decay_steps": 10, "end_learning_rate": 0, "power": 2.0},
    "cosine_decay": {"initial_learning_rate": 0, "decay_steps": 10, "warmup_target": 0.25, "warmup_steps": 4},
    "cosine_decay_restarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.5},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_is_made_with_its_defaults(context: cnn.Context, kind: Any) -> None:
    for type in kind.types():
        made = kind(type, context)
        assert made.type == type and kind.help(type)
        assert list(made.attributes) == [row.key for row in kind.attributes_of(type)]
        assert repr(made) == f"{kind.__name__}('{type}')"
        again = kind(type, context, **{key: value for key, value in made.attributes.items() if value != ""})
        assert again.attributes == made.attributes
    assert kind.help("none") == "" and kind.attributes_of("none") == ()
    with pytest.raises(cnn.NameError_):
        kind("none", context)


def test_every_schedule_gives_the_rate(context: cnn.Context) -> None:
    assert set(SCHEDULES) == set(cnn.Schedule.types())
    x, y = small.images()
    for type, attributes in SCHEDULES.items():
        schedule = cnn.Schedule(type, context, **attributes)
        for key, value in attributes.items():
            assert schedule.attributes[key] == value
        optimizer = cnn.Optimizer("sgd", context, learning_rate=schedule)
        schedule.close()
        model = small.model(context, optimizer=optimizer)
        rates: list[float] = []

        class Rates(cnn.Callback):
            def batch_begin(self, event: cnn.Event) -> None:
                rates.append(event.model.learning_rate)

        model.fit(x, y, batch_size=2, verbose=0, callbacks=Rates())
        fresh = cnn.Schedule(type, context, **attributes)
        assert rates == [fresh(step) for step in range(24)], type
    with pytest.raises(cnn.InvalidArgument):
        fresh(-1)
    with pytest.raises(cnn.InvalidArgument, match="initial_learning_rate must be given"):
        cnn.Schedule("cosine_decay", context)


def test_zero_is_taken_literally(context: cnn.Context) -> None:
    assert cnn.Optimizer("sgd", context, learning_rate=0, momentum=0).attributes["learning_rate"] == 0
    assert cnn.Optimizer("adam", context, beta_1=np.float32(0.5), amsgrad=np.bool_(True)).attributes["amsgrad"] is True
    reduce = cnn.ReduceLROnPlateau("loss", patience=0, min_delta=0)
    x, y = small.images(8)
    model = small.model(context, optimizer="sgd learning_rate=0.125")
    frozen = [cnn.LearningRateScheduler(lambda epoch, rate: rate), reduce]
    model.fit(x, y, epochs=1, verbose=0, callbacks=frozen)
    assert model.learning_rate == 0.125


def test_values_that_cannot_be_attributes(context: cnn.Context) -> None:
    for wrong in (object(), {"a": 1}, 1j, b"bytes", "two words", "", "a\nb"):
        with pytest.raises((cnn.InvalidArgument, TypeError)):
            cnn.Optimizer("adam", context, learning_rate=wrong)
    for value in (float("nan"), float("inf"), -1, 1e300):
        with pytest.raises(cnn.InvalidArgument):
            cnn.Optimizer("adam", context, learning_rate=value)
    with pytest.raises(cnn.InvalidArgument, match="NUL"):
        cnn.Optimizer("ad\0am", context)
    assert cnn.Optimizer("adam", context, learning_rate=None).attributes["learning_rate"] == 0.001


def test_names_of_metrics(context: cnn.Context) -> None:
    assert cnn.Metric("acc", context).name == "acc" and cnn.Metric("acc", context).type == "accuracy"
    assert cnn.Metric("binary_accuracy", context, threshold=0.25, name="quarter").name == "quarter"
    assert cnn.Loss("mse", context).type == "mean_squared_error"


# ---- augmenters ----

def test_images_are_changed_as_in_training(context: cnn.Context) -> None:
    augmenter = cnn.Augmenter(context, rotation_range=20, width_shift_range=0.1, horizontal_flip=True, fill_mode="reflect")
    assert repr(augmenter) == ("Augmenter(rotation_range=20.0, width_shift_range=0.1, fill_mode='reflect', "
                               "horizontal_flip=True)")
    image = small.images(1)[0][0]
    first = augmenter.apply(image, 0, 5)
    assert first.dtype == np.float32 and first.shape == image.shape and not np.array_equal(first, image)
    assert np.array_equal(first, augmenter.apply(image, pass_=0, sample=5))
    assert not np.array_equal(first, augmenter.apply(image, pass_=1, sample=5))
    assert np.array_equal(augmenter.apply(image[..., 0], 0, 5), first[..., 0])
    as_bytes = (image * 255).astype(np.uint8)
    assert np.allclose(augmenter.apply(as_bytes, 0, 5), augmenter.apply(as_bytes / 255, 0, 5), atol=1e-6)
    transform = augmenter.transform(8, 8, 0, 5)
    assert abs(transform["theta"]) <= 20 and abs(transform["ty"]) <= 0.8 and transform["zx"] == 1
    with pytest.raises(cnn.NameError_, match="did you mean 'rotation_range'"):
        cnn.Augmenter(context, rotation_rang=3)
    with pytest.raises(cnn.UnsupportedError):
        cnn.Augmenter(context, zca_whitening=True)
    with pytest.raises(cnn.InvalidArgument, match="pass_"):
        augmenter.apply(image, pass_=-1)
    for wrong in (np.zeros(3), np.zeros((2, 3, 4, 5, 6)), "image"):
        with pytest.raises(cnn.ShapeError):
            augmenter.apply(wrong)
    with pytest.raises(cnn.DataError):
        augmenter.apply(image * np.nan)


def test_statistics(context: cnn.Context) -> None:
    random = np.random.default_rng(3)
    images = random.normal(3, 2, (20, 6, 6, 3)).astype(np.float32)
    augmenter = cnn.Augmenter(context, featurewise_center=True, featurewise_std_normalization=True)
    for use in (lambda: augmenter.statistics, lambda: augmenter.standardize(images), lambda: augmenter.apply(images[0])):
        with pytest.raises(cnn.StateError):
            use()
    mean, deviation = augmenter.fit(images)
    assert np.allclose(mean, images.mean((0, 1, 2)), atol=1e-6) and np.allclose(deviation, images.std((0, 1, 2)), atol=1e-6)
    even = augmenter.standardize(images)
    assert even.shape == images.shape and np.allclose(even.mean((0, 1, 2)), 0, atol=1e-5) and np.allclose(even.std(), 1, atol=1e-4)
    augmenter.statistics = ([1, 2, 3], None)
    assert augmenter.statistics.mean.tolist() == [1, 2, 3] and augmenter.statistics.deviation.tolist() == [1, 1, 1]
    augmenter.fit(cnn.Dataset(images, context=context), augment=True, rounds=2)
    for wrong in (([1, 2], [1]), ([], []), ([np.nan], [1]), ([1], [-1])):
        with pytest.raises(cnn.Error):
            augmenter.statistics = wrong  # type: ignore[assignment]
    with pytest.raises(cnn.InvalidArgument):
        augmenter.fit(images, augment=True, rounds=-1)


# ---- reports ----

def test_report(context: cnn.Context, capsys: pytest.CaptureFixture[str]) -> None:
    labels, rows = np.array([0, 1, 2, 2, 1]), np.eye(3, dtype=np.float32)[[0, 1, 1, 2, 1]] * np.float32(0.75)
    report = cnn.Report(labels, rows, class_names=["a", "b", "c"], context=context)
    assert repr(report) == "Report(5 samples, 3 classes, accuracy 0.8)"
    assert report.confusion_matrix.tolist() == [[1, 0, 0], [0, 2, 0], [0, 1, 1]] and report.support.tolist() == [1, 2, 2]
    assert report.precision == pytest.approx([1, 2 / 3, 1]) and report.recall == pytest.approx([1, 1, 0.5])
    assert report.f1 == pytest.approx([1, 0.8, 2 / 3]) and report.class_accuracy == pytest.approx([1, 1, 0.5])
    assert report.most_confused == (2, 1, 1) and report.mistakes == [(2, 2, 1, 0.75)]
    assert "macro avg" in report.text(digits=3) and "b" in report.matrix_text()
    assert report.to_dict()["classification_report"]["c"]["support"] == 2
    assert cnn.Report(labels, labels, context=context).most_confused is None
    report.print()
    assert "weighted avg" in capsys.readouterr().out
    with pytest.raises(cnn.InvalidArgument, match="2 names for 3 classes"):
        cnn.Report(labels, labels, class_names=["a", "b"], classes=3)
    with pytest.raises(cnn.DataError):
        cnn.Report(labels, labels, class_names=["a", "b"], context=context)
    with pytest.raises(cnn.ShapeError):
        cnn.Report(labels, labels[:3], context=context)
    with pytest.raises(cnn.InvalidArgument):
        report.text(digits=10)
