"""Data, helpers and the picture of a model in Keras's words."""
from __future__ import annotations

import gzip
import pathlib
import random
import shutil
from typing import Any, Callable

import numpy as np
import pytest

import cnn
import keras_models
from cnn import keras
from cnn.keras.datasets import mnist as data
from cnn.keras.utils import normalize, plot_model, set_random_seed, to_categorical


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder of IDX files with a few images, one of them packed."""
    folder = tmp_path_factory.mktemp("few")
    for name, count in (("train", 6), ("t10k", 4)):
        pixels = np.arange(count * 28 * 28, dtype=np.uint8)
        images = b"\0\0\x08\x03" + np.array([count, 28, 28], ">u4").tobytes() + pixels.tobytes()
        labels = b"\0\0\x08\x01" + np.array([count], ">u4").tobytes() + bytes(range(count))
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(labels)
    return folder


def check_few(loaded: Any) -> None:
    (x_train, y_train), (x_test, y_test) = loaded
    assert (x_train.shape, x_test.shape, x_train.dtype) == ((6, 28, 28), (4, 28, 28), np.uint8)
    assert y_train.tolist() == [0, 1, 2, 3, 4, 5] and y_test.tolist() == [0, 1, 2, 3] and x_train[0, 0, 5] == 5


def test_mnist(mnist: pathlib.Path) -> None:
    (x_train, y_train), (x_test, y_test) = data.load_data(mnist)
    assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    x_train[0, 0, 0] = 1  # the arrays are the caller's own


def test_a_given_folder_or_archive(few: pathlib.Path, tmp_path: pathlib.Path) -> None:
    check_few(data.load_data(few))
    check_few(data.load_data(str(few)))
    (x_train, y_train), (x_test, y_test) = data.load_data(few)
    np.savez_compressed(tmp_path / "mnist.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    check_few(data.load_data(tmp_path / "mnist.npz"))
    check_few(data.load_data(tmp_path))


def test_the_environment_says_where(few: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNN_DATA", str(few))
    check_few(data.load_data())
    shutil.copytree(few, tmp_path / "mnist")
    monkeypatch.setenv("CNN_DATA", str(tmp_path))
    check_few(data.load_data())
    monkeypatch.setenv("CNN_DATA", str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError, match="empty.*CNN_DATA.*train-images-idx3-ubyte.*nothing is downloaded"):
        data.load_data()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        data.load_data("nowhere")


def test_without_data_it_says_what_to_give(python: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    package = tmp_path / "site"
    shutil.copytree(pathlib.Path(cnn.__file__).parent, package / "cnn")
    done = python("import os, sys\n"
                  f"sys.path.insert(0, {str(package)!r}); os.chdir({str(tmp_path)!r})\n"
                  "import cnn.keras.datasets.mnist as data\n"
                  f"assert data.__file__.startswith({str(package)!r})\n"
                  "try:\n    data.load_data()\nexcept FileNotFoundError as error:\n    print(error)",
                  HOME=str(tmp_path), CNN_DATA="")
    assert "MNIST is not in examples/data/mnist, nor " in done.stdout and "Give load_data(path=...)" in done.stdout


def test_a_damaged_file(few: pathlib.Path, tmp_path: pathlib.Path) -> None:
    shutil.copytree(few, tmp_path / "bad")
    (tmp_path / "bad" / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x04\0")
    with pytest.raises(cnn.FormatError):
        data.load_data(tmp_path / "bad")


def test_to_categorical() -> None:
    found = to_categorical([1, 0, 3])
    assert found.dtype == np.float64 and found.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    assert to_categorical(np.uint8([[2], [0]]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert to_categorical(np.zeros((2, 3), int), 5).shape == (2, 3, 5) and to_categorical(1, 2).tolist() == [0, 1]
    assert to_categorical(np.array([0.0, 1.0])).tolist() == [[1, 0], [0, 1]]
    for wrong, options in (([0, 4], {"num_classes": 4}), ([-1], {}), ([0.5], {}), (["a"], {})):
        with pytest.raises(ValueError, match="to_categorical"):
            to_categorical(wrong, **options)


def test_normalize() -> None:
    np.testing.assert_allclose(normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0.0, 0.0]])
    np.testing.assert_allclose(normalize([[3.0, 4.0], [1.0, 0.0]], axis=0, order=1), [[0.75, 1.0], [0.25, 0.0]])


def test_seeds() -> None:
    drawn = []
    for _ in range(2):
        set_random_seed(11)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
        drawn.append((random.random(), float(np.random.rand()), model.get_weights()[0].tolist()))
    assert drawn[0] == drawn[1] and cnn.default_context().seed == 11
    keras.random.set_seed(12)
    assert cnn.default_context().seed == 12
    with pytest.raises(ValueError):
        set_random_seed(-1)
    with pytest.raises(cnn.InvalidArgument):
        keras.random.set_seed(2**64)


def test_devices() -> None:
    assert keras.config.list_physical_devices("GPU") == []
    (device,) = keras.config.list_physical_devices("CPU")
    assert device.device_type == "CPU" and keras.config.list_physical_devices() == [device]
    assert (keras.config.floatx(), keras.config.image_data_format()) == ("float32", "channels_last")


@pytest.mark.parametrize("options, there, not_there", [
    ({}, ["Conv2D", "dpi=200"], ["conv1", "Output shape", "relu"]),
    ({"show_shapes": True, "show_layer_names": True, "dpi": 150}, ["conv1", "(None, 28, 28, 32)", "dpi=150"], ["relu"]),
    ({"show_layer_activations": True, "show_trainable": True, "rankdir": "LR"},
     ["relu", "Trainable", "rankdir=LR", "splines=ortho;"], ["conv1"]),
    ({"splines": "curved"}, ["splines=curved;"], ["ortho"]),
])
def test_plot_model_as_text(tmp_path: pathlib.Path, options: dict[str, Any], there: list[str],
                            not_there: list[str]) -> None:
    assert plot_model(keras_models.notebook(), tmp_path / "model.dot", **options) is None
    text = (tmp_path / "model.dot").read_text()
    assert text.startswith("digraph") and all(word in text for word in there)
    assert not any(word in text for word in not_there)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not there")
@pytest.mark.parametrize("name, magic", [("model.png", b"\x89PNG"), ("model.svg", b"<?xml"), ("model.pdf", b"%PDF")])
def test_plot_model_by_graphviz(tmp_path: pathlib.Path, name: str, magic: bytes) -> None:
    plot_model(keras_models.residual(), to_file=str(tmp_path / name), show_shapes=True)
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_plot_model_refuses(tmp_path: pathlib.Path) -> None:
    model = keras_models.notebook()
    for options, error in (({"show_dtype": True}, cnn.UnsupportedError), ({"rankdir": "BT"}, cnn.UnsupportedError),
                           ({"layer_range": ["conv1", "bn1"]}, ValueError), ({"splines": "wavy"}, ValueError)):
        with pytest.raises(error):
            plot_model(model, tmp_path / "model.dot", **options)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        plot_model(model, tmp_path / "new" / "model.png")
    with pytest.raises(ValueError, match="not yet been built"):
        plot_model(keras.Sequential([keras.layers.Dense(2)]), tmp_path / "model.dot")
    assert not list(tmp_path.iterdir())
