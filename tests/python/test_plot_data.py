"""Pictures of data: grids of images, augmentation, counts of classes."""
from __future__ import annotations

from typing import Any, Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba

import cnn.plot
import pictures

IMAGES, LABELS = pictures.mnist()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def titles(figure: Any) -> Any:
    return [axes.get_title() for axes in figure.axes]


def test_sample_images_of_the_notebook(tmp_path: Any) -> None:
    figure = cnn.plot.sample_images(IMAGES, LABELS, title="Sample MNIST Images")
    assert titles(figure) == [f"Label: {label}" for label in [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1]]
    assert tuple(figure.get_size_inches()) == pytest.approx((12, 8))
    assert figure._suptitle.get_text() == "Sample MNIST Images" and figure._suptitle.get_weight() == "bold"
    assert pictures.check_texts(figure) == 16
    for axes, image in zip(figure.axes, IMAGES):
        assert np.array_equal(axes.images[0].get_array(), image) and axes.images[0].get_cmap().name == "gray"
        assert not axes.axison
    rows = [axes.get_position().y0 for axes in figure.axes]
    assert len(set(rows)) == 3 and rows[0] > rows[5] > rows[10]
    pictures.check_saved(figure, tmp_path, 20000)


@pytest.mark.parametrize("form", ["bytes", "channel", "floats", "standardised", "rgb bytes", "rgb floats", "rgb beyond",
                                  "rgba", "one image", "flags"])
def test_forms_of_images(form: str) -> None:
    grey = IMAGES[:4]
    rgb = np.stack([grey, grey[::-1], 255 - grey], axis=-1)
    images = {"bytes": grey, "channel": grey[..., None], "floats": grey / np.float32(255),
              "standardised": (grey - 33.0) / 78, "rgb bytes": rgb, "rgb floats": rgb / 255, "rgb beyond": rgb / 100 - 1,
              "rgba": np.concatenate([rgb, 255 - 0 * rgb[..., :1]], axis=-1), "one image": grey[0], "flags": grey > 99}[form]
    figure = cnn.plot.sample_images(images)
    assert len(figure.axes) == (1 if form == "one image" else 4)
    figure.canvas.draw()
    shown = np.asarray(figure.axes[0].images[0].get_array())
    expected = {"rgb beyond": rgb[0] / 255}.get(form, np.squeeze(images[0] if images.ndim > 2 else images))
    assert shown.shape == expected.shape and np.allclose(shown, expected)
    assert titles(figure) == [""] * len(figure.axes)


def test_odd_values_of_images() -> None:
    images = IMAGES[:2].astype(np.float32)
    images[0, 3, 3], images[1, 5, 5] = np.nan, np.inf
    cnn.plot.sample_images(images).canvas.draw()
    cnn.plot.sample_images(np.stack([images] * 3, axis=-1)).canvas.draw()
    cnn.plot.sample_images(np.zeros((1, 4, 4, 3))).canvas.draw()


def test_choice_of_samples() -> None:
    figure = cnn.plot.sample_images(IMAGES, LABELS, indices=[7, -1, 0], columns=2)
    assert titles(figure) == [f"Label: {LABELS[i]}" for i in (7, -1, 0)]
    assert np.array_equal(figure.axes[1].images[0].get_array(), IMAGES[-1])
    one_hot = np.eye(10)[LABELS[:3]]
    assert titles(cnn.plot.sample_images(IMAGES[:3], one_hot)) == ["Label: 5", "Label: 0", "Label: 4"]
    assert titles(cnn.plot.sample_images(IMAGES[:1], LABELS[:1, None])) == ["Label: 5"]


@pytest.mark.parametrize("count, columns", [(1, 5), (3, 5), (10, 5), (8, 8)])
def test_long_names_fit(count: int, columns: int) -> None:
    figure = cnn.plot.sample_images(IMAGES[:count], np.arange(count), count=count, columns=columns,
                                    class_names=pictures.LONG_NAMES, title="A title that is wider than the one image")
    pictures.check_texts(figure)
    assert figure.axes[0].get_title().startswith("Label: an ankle boot")
    assert figure.axes[0].get_title().endswith("...") == (count > 1)


def test_long_names_fit_given_axes() -> None:
    figure, axes = plt.subplots(2, 5)
    cnn.plot.sample_images(IMAGES[:10], np.arange(10), class_names=pictures.LONG_NAMES, ax=axes)
    pictures.check_texts(figure)


@pytest.mark.parametrize("arguments, options, message", [
    ((np.zeros((0, 28, 28)),), {}, r"shape \(0, 28, 28\) holds nothing to show"),
    ((np.zeros((2, 5, 5, 2)),), {}, r"shape \(2, 5, 5, 2\) is none of \[N, H, W\]"),
    ((np.zeros(5),), {}, r"shape \(5,\) is none of"),
    ((["a"],), {}, "are no numbers"),
    ((IMAGES[:3], [1, 2]), {}, "'labels': 2 for 3 images"),
    ((IMAGES[:2], [1.5, 2]), {}, "1.5 at 0 is no class"),
    ((IMAGES[:2], [1, -2]), {}, "-2 at 1 is no class"),
    ((IMAGES[:2], ["a", "b"]), {}, "are no classes"),
    ((IMAGES[:2], [0, 2]), {"class_names": ["a", "b"]}, "2 names for 3 classes"),
    ((IMAGES[:2],), {"count": 0}, "'count': 0 must be 1 or more"),
    ((IMAGES[:2],), {"columns": 0}, "'columns': 0 must be 1 or more"),
    ((IMAGES[:2],), {"indices": []}, "'indices': empty"),
    ((IMAGES[:2],), {"indices": [2]}, "2 is none of 2 samples"),
])
def test_samples_that_cannot_be_shown(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match="sample_images.*" + message):
        cnn.plot.sample_images(*arguments, **options)
    assert not plt.get_fignums()


@pytest.mark.parametrize("form", ["array", "channel", "list", "batches", "rgb"])
def test_augmentation_of_the_notebook(form: str, tmp_path: Any) -> None:
    original, others = IMAGES[0], np.stack([np.roll(IMAGES[0], i, axis=1) for i in range(1, 10)])
    given = {"array": (original, others), "channel": (original[..., None], others[..., None]),
             "list": (original, list(others)), "batches": (original[None, ..., None], [i[None, ..., None] for i in others]),
             "rgb": (np.stack([original] * 3, -1), np.stack([others] * 3, -1))}[form]
    figure = cnn.plot.augmentation(*given)
    assert titles(figure) == ["Original", *(f"Augmented {i}" for i in range(1, 10))]
    assert [axes.title.get_weight() for axes in figure.axes] == ["bold"] + ["normal"] * 9
    assert tuple(figure.get_size_inches()) == pytest.approx((12, 5))
    assert figure._suptitle.get_text() == "Data Augmentation Examples"
    assert np.array_equal(np.asarray(figure.axes[4].images[0].get_array()).reshape(28, 28, -1)[..., 0], others[3])
    pictures.check_texts(figure)
    pictures.check_saved(figure, tmp_path, 10000)


def test_augmentation_refuses() -> None:
    with pytest.raises(ValueError, match=r"images of shape \(14, 14\) beside an original of \(28, 28\)"):
        cnn.plot.augmentation(IMAGES[0], np.zeros((2, 14, 14)))
    with pytest.raises(ValueError, match="'original': 2 images; give one"):
        cnn.plot.augmentation(IMAGES[:2], IMAGES[:2])
    with pytest.raises(ValueError, match="nothing to show"):
        cnn.plot.augmentation(IMAGES[0], np.zeros((0, 28, 28)))


def test_class_distribution_of_the_notebook(tmp_path: Any) -> None:
    axes = cnn.plot.class_distribution(LABELS, title="Class Distribution in Training Set", xlabel="Digit")
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert [text.get_text() for text in axes.texts] == [str(count) for count in counts]
    assert [bar.get_height() for bar in axes.patches] == counts
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(i) for i in range(10)]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Digit", "Frequency")
    assert axes.get_title() == "Class Distribution in Training Set"
    assert axes.patches[0].get_facecolor() == to_rgba("steelblue", 0.7) and to_hex(axes.patches[0].get_edgecolor()) == "#000000"
    assert all(text.get_rotation() == 0 for text in axes.texts)
    assert tuple(axes.figure.get_size_inches()) == (10, 5)
    pictures.check_texts(axes.figure)
    pictures.check_saved(axes.figure, tmp_path, 10000)


@pytest.mark.parametrize("classes, long", [(1, False), (2, True), (10, True), (26, False), (26, True), (100, True)])
def test_class_distribution_fits(classes: int, long: bool) -> None:
    counts = {f"{i} {pictures.LONG_NAMES[i % 10] if long else ''}": 10 ** (i % 6) for i in range(classes)}
    axes = cnn.plot.class_distribution(counts)
    assert pictures.check_texts(axes.figure) > 2 * classes + 2
    top = axes.transAxes.transform((0, 1))[1]
    for text in axes.texts:
        assert text.get_window_extent().y1 < top


def test_class_distribution_takes() -> None:
    named = cnn.plot.class_distribution([0, 0, 2], class_names=["a", "b", "c", "d"])
    assert [text.get_text() for text in named.texts] == ["2", "0", "1", "0"]
    assert [label.get_text() for label in named.get_xticklabels()] == ["a", "b", "c", "d"]
    one_hot = cnn.plot.class_distribution(np.eye(5)[[1, 1, 3]], title=None)
    assert [text.get_text() for text in one_hot.texts] == ["0", "2", "0", "1", "0"] and one_hot.get_title() == ""


@pytest.mark.parametrize("labels, message", [
    ([], "no samples to count"), ({}, "no samples to count"), ({"a": -1, "b": 2}, "must not be below 0"),
    ([0.5], "0.5 at 0 is no class"), (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)")])
def test_class_distribution_refuses(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cnn.plot.class_distribution(labels)
    assert not plt.get_fignums()
