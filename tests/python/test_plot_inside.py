"""Pictures of what a network has learnt: kernels, activations, saliency, reliability, embedding."""
from __future__ import annotations

from typing import Any, Callable, Dict, Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

import cnn
import cnn.plot
import pictures
from cnn.plot import _style
from cnn.plot.calibration import _fill, _interval
from cnn.plot.embedding import principal_components

RANDOM = np.random.default_rng(7)
IMAGES, LABELS = pictures.mnist("t10k")
SHARES = pictures.predicted()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def titles(figure: Any) -> Any:
    return [axes.get_title() for axes in figure.axes]


# ---- kernels ----

def test_kernels_stand_on_one_scale_around_zero() -> None:
    kernels = RANDOM.normal(size=(3, 5, 1, 32))
    figure = cnn.plot.first_layer_kernels(kernels)
    assert titles(figure)[:32] == [str(i) for i in range(32)] and len(figure.axes) == 33
    for i, axes in enumerate(figure.axes[:32]):
        shown = axes.images[0]
        assert np.array_equal(shown.get_array(), kernels[:, :, 0, i]) and shown.get_cmap().name == "gray"
        assert shown.get_clim() == (-np.abs(kernels).max(), np.abs(kernels).max())
    assert figure.axes[32].get_ylabel() == "Weight"
    assert pictures.check_texts(figure) > 33
    assert len({round(axes.get_position().y0, 6) for axes in figure.axes[:32]}) == 4


def test_kernels_of_several_channels() -> None:
    kernels = RANDOM.normal(size=(3, 3, 3, 4))
    figure = cnn.plot.first_layer_kernels(kernels, count=2)
    assert len(figure.axes) == 2
    assert np.allclose(figure.axes[1].images[0].get_array(), 0.5 + kernels[..., 1] / (2 * np.abs(kernels).max()))
    figure = cnn.plot.first_layer_kernels(RANDOM.normal(size=(3, 3, 6, 4)), channel=-2)
    assert figure._suptitle.get_text() == "First-Layer Kernels (Channel 4 of 6)"
    pictures.check_texts(figure)
    cnn.plot.first_layer_kernels(np.zeros((1, 1, 1, 1))).canvas.draw()


@pytest.mark.parametrize("kernels, more, wanted", [
    (np.zeros((3, 3, 4)), {}, "shape \\(3, 3, 4\\) must be \\[height, width, channels, filters\\]"),
    (np.full((3, 3, 1, 2), np.nan), {}, "NaN or infinity"), (np.zeros((3, 3, 2, 2)), {"channel": 2}, "2 is none of 2"),
    (np.zeros((3, 3, 1, 2)), {"count": 0}, "0 must be 1 or more"), (np.zeros((3, 3, 1, 0)), {}, "shape"),
    (np.zeros((3, 3, 1, 2), "U1"), {}, "are no weights")])
def test_what_are_no_kernels(kernels: Any, more: Any, wanted: str) -> None:
    with pytest.raises((ValueError, TypeError), match="first_layer_kernels '.*" + wanted):
        cnn.plot.first_layer_kernels(kernels, **more)
    assert not plt.get_fignums()


# ---- activations ----

def test_maps_stand_on_one_scale() -> None:
    maps = RANDOM.normal(size=(1, 7, 6, 20)).clip(0)
    maps[..., 3] = 0
    figure = cnn.plot.activation_maps(maps, image=IMAGES[0])
    assert titles(figure)[:5] == ["Input", "Map 0", "Map 1", "Map 2", "Map 3: all 0"] and len(figure.axes) == 18
    assert np.array_equal(figure.axes[0].images[0].get_array(), IMAGES[0])
    for i, axes in enumerate(figure.axes[1:17]):
        assert np.array_equal(axes.images[0].get_array(), maps[0, ..., i])
        assert axes.images[0].get_clim() == (0, maps.max())
    pictures.check_texts(figure)
    figure = cnn.plot.activation_maps(maps[0] - 0.5, indices=[-1, 2])
    assert titles(figure)[:2] == ["Map 19", "Map 2"] and figure.axes[0].images[0].get_clim()[0] == -0.5
    cnn.plot.activation_maps(np.zeros((2, 2, 1)), image=np.zeros((4, 4, 3), np.uint8)).canvas.draw()


@pytest.mark.parametrize("maps, more, wanted", [
    (np.zeros((5, 128)), {}, "a layer whose outputs are a row"), (np.zeros((2, 4, 4, 3)), {}, "of one sample"),
    (np.full((2, 2, 2), np.inf), {}, "NaN or infinity"), (np.zeros((2, 2, 2)), {"indices": [2]}, "2 is none of 2"),
    (np.zeros((2, 2, 2)), {"image": IMAGES[:2]}, "2 images; give the one"), (np.zeros((2, 2, 2), complex), {}, "no activations")])
def test_what_are_no_maps(maps: Any, more: Any, wanted: str) -> None:
    with pytest.raises((ValueError, TypeError), match="activation_maps '.*" + wanted):
        cnn.plot.activation_maps(maps, **more)
    assert not plt.get_fignums()


# ---- saliency ----

def test_saliency_is_the_absolute_gradient() -> None:
    gradients = RANDOM.normal(size=(9, 28, 28, 1))
    figure = cnn.plot.saliency(IMAGES[:9], gradients, labels=LABELS[:9], predictions=SHARES[:9], count=4)
    assert titles(figure)[:2] == ["True: 7\nPred: 7 (100.0%)", "Saliency"] and len(figure.axes) == 9
    for i in range(4):
        expected = np.abs(gradients[i, ..., 0])
        assert np.array_equal(figure.axes[2 * i].images[0].get_array(), IMAGES[i])
        assert np.allclose(figure.axes[2 * i + 1].images[0].get_array(), expected / expected.max())
        assert figure.axes[2 * i + 1].collections, "the outline"
    pictures.check_texts(figure)


def test_saliency_of_colours_takes_the_largest_channel() -> None:
    images, gradients = RANDOM.random((3, 6, 6, 3)), RANDOM.normal(size=(3, 6, 6, 3))
    gradients[2] = 0
    figure = cnn.plot.saliency(images, gradients, predictions=np.array([1, 0, 1]), class_names=pictures.LONG_NAMES)
    expected = np.abs(gradients[1]).max(axis=-1)
    assert np.allclose(figure.axes[3].images[0].get_array(), expected / expected.max())
    assert not np.asarray(figure.axes[5].images[0].get_array()).any() and not figure.axes[1].collections
    pictures.check_texts(figure)
    cnn.plot.saliency(np.zeros((1, 4, 4)), np.ones((1, 4, 4))).canvas.draw()


@pytest.mark.parametrize("gradients, more, wanted", [
    (np.zeros((2, 28, 28)), {}, "gradients.*beside images of shape \\(3, 28, 28\\)"), (np.full((3, 28, 28), np.nan), {}, "NaN"),
    (np.zeros((3, 28, 28)), {"labels": [1]}, "1 for 3 images"), (np.zeros((3, 28, 28)), {"columns": 0}, "0 must be 1 or more"),
    (np.zeros((3, 28, 28)), {"class_names": ["a"], "labels": [0, 1, 2]}, "1 names for 3"),
    (np.zeros((3, 28, 28), "O"), {}, "no gradients")])
def test_what_are_no_gradients(gradients: Any, more: Any, wanted: str) -> None:
    with pytest.raises((ValueError, TypeError), match="saliency '.*" + wanted):
        cnn.plot.saliency(IMAGES[:3], gradients, **more)
    assert not plt.get_fignums()


# ---- reliability ----

def test_calibration_error_is_the_mean_gap() -> None:
    bins = _fill("reliability", LABELS, SHARES, 15)
    sure, right, error = SHARES.max(axis=1).astype(np.float64), SHARES.argmax(axis=1) == LABELS, 0.0
    for i in range(15):
        inside = (sure > i / 15) & (sure <= (i + 1) / 15)
        assert bins.counts[i] == inside.sum()
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    assert bins.error == pytest.approx(error, abs=1e-12) and 0 < error < 0.05
    low, high = _interval(np.array([0.5, 0.0, 1.0]), np.array([10, 5, 5]))
    assert (low, high) == (pytest.approx([0.2366, 0, 0.5655], abs=1e-4), pytest.approx([0.7634, 0.4345, 1], abs=1e-4))


def test_bins_of_few_samples_can_be_told() -> None:
    figure = cnn.plot.reliability(LABELS, SHARES)
    curve, counts = figure.axes
    bins = _fill("reliability", LABELS, SHARES, 10)
    assert curve.get_title() == f"Reliability (ECE {100 * bins.error:.2g} %)" and counts.get_title() == "Samples by Confidence"
    there, few = bins.counts > 0, (bins.counts > 0) & (bins.counts < 20)
    assert few.any(), "the data have such bins"
    lines = {line.get_label(): line for line in curve.lines}
    hollow, filled = lines["Bins of Fewer than 20"], lines["Bins of 20 or More"]
    assert np.allclose(hollow.get_xdata(), bins.confidence[few]) and np.allclose(hollow.get_ydata(), bins.accuracy[few])
    assert len(filled.get_xdata()) == (there & ~few).sum()
    assert hollow.get_markerfacecolor() == curve.get_facecolor() != filled.get_markerfacecolor()
    assert [bar.get_hatch() for bar in counts.patches] == ["///" if count < 20 else None for count in bins.counts]
    assert [text.get_text() for text in counts.texts] == [str(count) for count in bins.counts]
    pictures.check_texts(figure)
    assert pictures.check_texts(cnn.plot.reliability(LABELS[:300], SHARES[:300], bins=20, few=400)) > 20


def test_reliability_of_two_classes_and_without_title() -> None:
    figure = cnn.plot.reliability([1, 0, 1], [0.8, 0.3, 0.4], title=None)
    assert titles(figure) == ["", ""]
    assert [text.get_text() for text in figure.axes[1].texts] == ["0", "0", "0", "0", "0", "1", "1", "1", "0", "0"]


@pytest.mark.parametrize("labels, shares, more, wanted", [
    ([0, 1], [[2.0, -1], [1, 0]], {}, "take the softmax first"), ([0, 1], [[0.5, np.nan], [1, 0]], {}, "must lie in"),
    ([0], [[0.5, 0.5], [1, 0]], {}, "shape"), ([0, 1], [[0.5, 0.5], [1, 0]], {"bins": 0}, "0 must be 1 or more"),
    ([0, 1], [3, 4], {}, "a probability for each class")])
def test_what_are_no_probabilities(labels: Any, shares: Any, more: Any, wanted: str) -> None:
    with pytest.raises(ValueError, match="reliability '.*" + wanted):
        cnn.plot.reliability(labels, shares, **more)
    assert not plt.get_fignums()


# ---- embedding ----

def test_components_are_those_of_the_covariance() -> None:
    features = RANDOM.normal(size=(200, 3, 4)) * [1, 5, 3, 0.5]
    points, shares = principal_components(features)
    rows = features.reshape(200, 12)
    values, vectors = np.linalg.eigh(np.cov(rows.T))
    assert shares == pytest.approx(values[[-1, -2]] / values.sum())
    for axis in range(2):
        along = (rows - rows.mean(axis=0)) @ vectors[:, -1 - axis]
        assert np.allclose(np.abs(points[:, axis]), np.abs(along))
    assert np.array_equal(principal_components(features)[0], points)
    assert np.allclose(principal_components([[1.0], [2], [4]])[0][:, 1], 0)


def test_classes_can_be_told_without_colour() -> None:
    features = np.eye(10)[LABELS[:500]] * 9 + RANDOM.normal(size=(500, 10))
    axes = cnn.plot.embedding(features, LABELS[:500])
    assert [text.get_text() for text in axes.texts] == [str(i) for i in range(10)]
    assert len(axes.collections) == 10
    drawn = {tuple(np.round(path.vertices, 6).ravel()) for cloud in axes.collections for path in cloud.get_paths()}
    assert len(drawn) == 10, "each class has a marker of its own"
    assert sum(len(cloud.get_offsets()) for cloud in axes.collections) == 500
    pictures.check_texts(axes.figure)
    names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    axes = cnn.plot.embedding(features, LABELS[:500], class_names=names, limit=100, style="dark")
    drawn = {tuple(np.round(path.vertices, 6).ravel()) for cloud in axes.collections for path in cloud.get_paths()}
    assert len(drawn) == 10 and sum(len(cloud.get_offsets()) for cloud in axes.collections) == 100
    assert all(_style.luminance(cloud.get_facecolor()[0]) > 0.1 for cloud in axes.collections)
    pictures.check_texts(axes.figure)


def test_names_at_one_place_move_apart() -> None:
    axes = cnn.plot.embedding(np.zeros((20, 4)) + RANDOM.normal(size=(20, 4)) * 1e-3, np.arange(20) % 10,
                              class_names=["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
    pictures.check_texts(axes.figure)
    for names in (None, pictures.LONG_NAMES):
        axes = cnn.plot.embedding(np.zeros((10, 3)), np.arange(10), class_names=names)
        pictures.check_texts(axes.figure)


@pytest.mark.parametrize("features, labels, wanted", [
    (np.zeros(3), [0, 1, 2], "must be \\[N, features\\]"), (np.zeros((1, 3)), [0], "N at least 2"),
    (np.full((2, 2), np.nan), [0, 1], "NaN"), (np.zeros((3, 2)), [0, 1], "2 for 3"), (np.zeros((3, 2), "U1"), [0, 1, 2], "no numbers")])
def test_what_are_no_features(features: Any, labels: Any, wanted: str) -> None:
    with pytest.raises((ValueError, TypeError), match="embedding '.*" + wanted):
        cnn.plot.embedding(features, labels)
    assert not plt.get_fignums()


# ---- large letters, small figures ----

NAMES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
DRAW: Dict[str, Callable[..., Any]] = {
    "kernels": lambda **more: cnn.plot.first_layer_kernels(RANDOM.normal(size=(3, 3, 1, 8)), **more),
    "kernel": lambda **more: cnn.plot.first_layer_kernels(RANDOM.normal(size=(3, 3, 1, 1)), **more),
    "maps": lambda **more: cnn.plot.activation_maps(RANDOM.normal(size=(7, 7, 5)), image=IMAGES[0], **more),
    "saliency": lambda **more: cnn.plot.saliency(IMAGES[:3], IMAGES[:3], labels=LABELS[:3], predictions=SHARES[:3],
                                                 class_names=NAMES, **more),
    "reliability": lambda **more: cnn.plot.reliability(LABELS, SHARES, **more),
    "embedding": lambda **more: cnn.plot.embedding(np.eye(10)[LABELS[:200]], LABELS[:200], class_names=NAMES, **more),
}
SETTINGS: Dict[str, Dict[str, Any]] = {
    "large": {"font.size": 24}, "labels": {"axes.labelsize": 24, "xtick.labelsize": 20, "ytick.labelsize": 20, "legend.fontsize": 20},
    "pads": {"axes.titlepad": 20, "axes.labelpad": 15}, "tight": {"figure.autolayout": True},
}


@pytest.mark.parametrize("setting", list(SETTINGS))
@pytest.mark.parametrize("name", list(DRAW))
def test_texts_fit_in_large_letters(name: str, setting: str) -> None:
    with plt.rc_context(SETTINGS[setting]):
        made = DRAW[name]()
        pictures.check_texts(getattr(made, "figure", made))


@pytest.mark.parametrize("layout", ["constrained", None])
@pytest.mark.parametrize("name", sorted(set(DRAW) - {"embedding"}))
def test_texts_fit_in_a_small_figure(name: str, layout: Any) -> None:
    """Which gets a layout where none was chosen for it."""
    figure = plt.figure(figsize=(5, 3), layout=layout)
    assert DRAW[name](ax=figure) is figure
    pictures.check_texts(figure)
    assert figure.get_layout_engine() is not None


# ---- of a model ----

def test_a_model_gives_what_they_draw(context: cnn.Context) -> None:
    model = cnn.Model(context=context)
    for type, attributes in [("input", {"shape": (28, 28, 1)}), ("conv2d", {"filters": 8, "kernel_size": 3, "activation": "relu"}),
                             ("max_pooling2d", {}), ("flatten", {}), ("dense", {"name": "hidden", "units": 16, "activation": "relu"}),
                             ("dense", {"units": 10, "activation": "softmax"})]:
        model.add(type, **attributes)
    x, y = IMAGES[:64, ..., None], LABELS[:64]
    for made in (cnn.plot.first_layer_kernels(model.weight("conv2d/kernel")),
                 cnn.plot.activation_maps(model.activations("conv2d", x[:1]), image=x[:1]),
                 cnn.plot.saliency(x, model.input_gradient(x), labels=y, predictions=model.predict(x)),
                 cnn.plot.reliability(y, model.predict(x)), cnn.plot.embedding(model.activations("hidden", x), y)):
        figure = getattr(made, "figure", made)
        pictures.check_texts(figure)
        assert to_rgba(figure.get_facecolor()) == to_rgba("white")
