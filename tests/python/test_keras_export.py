"""`Model.export` in Keras's words: what `cnn.Model.export` writes, and what is refused."""
from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

import cnn
import keras_models
from cnn import _companions, keras

export_built = pytest.mark.skipif(_companions.library("export") is None, reason="libcnn-export was not built")


@pytest.fixture
def model() -> Any:
    keras.backend.clear_session()
    return keras_models.residual()


@export_built
@pytest.mark.parametrize(("format", "ending", "options"), [
    ("onnx", "onnx", {}), ("onnx", "onnx", {"nchw": True, "batch_size": 2}), ("litert", "tflite", {}), ("tflite", "tflite", {"int8": True}),
    ("c", "c", {"name": "digits"}), ("npz", "npz", {})])
def test_formats(model: Any, format: str, ending: str, options: Any, tmp_path: pathlib.Path, capsys: Any) -> None:
    path = tmp_path / f"m.{ending}"
    model.export(path, format=format, **options)
    assert capsys.readouterr().out == f"Saved artifact at '{path}'.\n"
    model._core.export(tmp_path / f"other.{ending}", **options)
    assert path.read_bytes() == (tmp_path / f"other.{ending}").read_bytes()
    if format == "npz":
        with np.load(path) as held:
            np.testing.assert_array_equal(held["conv_a/kernel"], model.get_layer("conv_a").kernel.numpy())


@export_built
def test_arguments_of_keras(model: Any, tmp_path: pathlib.Path, capsys: Any) -> None:
    model.export(str(tmp_path / "m"), "onnx", False, None, opset_version=17)
    assert not capsys.readouterr().out and (tmp_path / "m").stat().st_size > 1000


@pytest.mark.parametrize(("given", "kind", "sentence"), [
    ({}, cnn.UnsupportedError, "'tf_saved_model' is not in libcnn; the nearest is format='onnx', or 'litert'"),
    ({"format": "openvino"}, cnn.UnsupportedError, "which OpenVINO reads"), ({"format": "torch"}, cnn.UnsupportedError, "'onnx'"),
    ({"format": "h5"}, ValueError, "Unrecognized format=h5"), ({"format": "litert"}, ValueError, "end with '.tflite'"),
    ({"format": "onnx", "input_signature": []}, cnn.UnsupportedError, "batch_size="),
    ({"format": "onnx", "opset_version": 18}, cnn.UnsupportedError, "it is 17"),
    ({"format": "tflite", "optimizations": []}, cnn.UnsupportedError, "int8=True"),
    ({"format": "onnx", "int8": True}, ValueError, "int8=True is no option of format 'onnx'"),
    ({"format": "onnx", "allow_custom_ops": True}, ValueError, "allow_custom_ops")])
def test_what_is_refused(model: Any, given: Any, kind: Any, sentence: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(kind, match=sentence):
        model.export(tmp_path / "m", **given)
    assert not list(tmp_path.iterdir())


def test_a_model_without_weights_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="no weights yet"):
        keras.Sequential([keras.layers.Dense(1)]).export(tmp_path / "m.onnx", format="onnx")


def test_without_the_companion_the_sentence_names_it(model: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_companions._found, "export", None)
    with pytest.raises(cnn.UnsupportedError, match="libcnn-export is not beside libcnn"):
        model.export(tmp_path / "m.onnx", format="onnx")
