"""Files of other programs: what `save`, `load` and `export` write and read by the companion libraries, and what they say without them."""
from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import cnn
from cnn import _companions, _export

BUILT = {name: _companions.library(name) is not None for name in ("keras", "export")}
keras_built = pytest.mark.skipif(not BUILT["keras"], reason="libcnn-keras was not built")
export_built = pytest.mark.skipif(not BUILT["export"], reason="libcnn-export was not built")


def made(context: cnn.Context) -> cnn.Model:
    """A trained model with moving statistics, slots of an optimizer and steps."""
    model = cnn.Model("small", context=context)
    model.add("input", shape=(8, 8, 2))
    model.add("conv2d", filters=4, kernel_size=3, activation="relu", name="conv1")
    model.add("batch_normalization")
    model.add("flatten")
    model.add("dense", units=3, activation="softmax")
    model.compile("adam learning_rate=0.01", "categorical_crossentropy", ["accuracy"])
    model.fit(*data(), epochs=2, batch_size=4, verbose=0)
    return model


def data() -> tuple[Any, Any]:
    return np.random.default_rng(3).random((12, 8, 8, 2), np.float32), np.arange(12) % 3


def parts(model: cnn.Model) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Notes and tensors of all that the model holds, its training included."""
    content = model.to_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    notes = header.pop("__metadata__")
    return notes, {name: content[end + row["data_offsets"][0]:end + row["data_offsets"][1]] for name, row in header.items()
                   if name != "__checksum__"}


@keras_built
@pytest.mark.parametrize("name", ["m.h5", "m.HDF5", "m.keras"])
def test_keras_files_hold_every_bit(context: cnn.Context, tmp_path: pathlib.Path, name: str) -> None:
    model = made(context)
    model.save(tmp_path / name)
    assert (tmp_path / name).read_bytes()[:4] == (b"PK\3\4" if name == "m.keras" else b"\x89HDF")
    for loaded in (cnn.Model.load(tmp_path / name, context=context),
                   cnn.Model.from_bytes((tmp_path / name).read_bytes(), context=cnn.Context(seed=7))):
        (notes, tensors), (other_notes, other_tensors) = parts(model), parts(loaded)
        assert any(name.startswith("optimizer/conv1/kernel/") for name in tensors)
        assert loaded.hash == model.hash and other_tensors == tensors
        # Keras has no place for the count of epochs, by which random numbers are drawn.
        assert {key for key in notes if notes[key] != other_notes[key]} == {"pass"}
    x, y = data()
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    for _ in range(3):
        assert loaded.train_on_batch(x, y) == model.train_on_batch(x, y)
    assert loaded.hash == model.hash


@keras_built
def test_h5py_opens_what_was_written(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    h5py = pytest.importorskip("h5py", reason="python3-h5py")
    model = made(context)
    model.save(tmp_path / "m.h5")
    model.save(tmp_path / "m.weights.h5", weights_only=True)
    with h5py.File(tmp_path / "m.h5", "r") as file:
        assert json.loads(file.attrs["model_config"])["config"]["name"] == "small"
        assert json.loads(file.attrs["training_config"])["optimizer_config"]["class_name"] == "Adam"
        np.testing.assert_array_equal(file["model_weights/conv1/small/conv1/kernel"], model.weight("conv1/kernel"))
        assert "optimizer_weights" in file
    with h5py.File(tmp_path / "m.weights.h5", "r") as file:
        np.testing.assert_array_equal(file["layers/conv2d/vars/0"], model.weight("conv1/kernel"))


@keras_built
def test_weights_alone(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    model, other = made(context), made(cnn.Context(seed=8))
    model.save(tmp_path / "m.weights.h5", weights_only=True)
    model.save(tmp_path / "m.h5")
    assert other.hash != model.hash
    other.load_weights(tmp_path / "m.weights.h5")
    assert other.hash == model.hash
    other = made(cnn.Context(seed=8))
    other.load_weights((tmp_path / "m.h5").read_bytes())
    assert other.hash == model.hash


@keras_built
def test_checkpoints_are_written_as_their_names_end(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    model = made(context)
    model.fit(*data(), epochs=2, batch_size=4, verbose=0, callbacks=[cnn.ModelCheckpoint(tmp_path / "{epoch}.h5", context=context)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.h5", "2.h5"]
    assert (tmp_path / "2.h5").read_bytes()[:4] == b"\x89HDF"
    assert cnn.Model.load(tmp_path / "2.h5", context=cnn.Context()).hash == model.hash


@export_built
@pytest.mark.parametrize("form", sorted(_export._FORMS))
def test_export_writes_what_save_does(context: cnn.Context, tmp_path: pathlib.Path, form: str) -> None:
    model = made(context)
    model.export(tmp_path / f"m.{form}")
    model.export(tmp_path / "other.bin", format=form)
    written = (tmp_path / f"m.{form}").read_bytes()
    assert (tmp_path / "other.bin").read_bytes() == written
    (tmp_path / f"m.{form}").unlink()
    model.save(tmp_path / f"m.{form}")
    assert (tmp_path / f"m.{form}").read_bytes() == written
    if form == "npz":
        with np.load(tmp_path / "m.npz") as held:
            np.testing.assert_array_equal(held["conv1/kernel"], model.weight("conv1/kernel"))


@export_built
def test_options_of_export(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    model, path = made(context), tmp_path / "m"

    def size(**options: Any) -> int:
        model.export(path, **options)
        return path.stat().st_size

    def text(**options: Any) -> str:
        model.export(path, **options)
        return path.read_bytes().decode("latin-1")

    assert "Transpose" in text(format="onnx") and "Transpose" not in text(format="onnx", nchw=True)
    assert text(format="onnx", batch_size=5) != text(format="onnx")
    assert "int32_t digits_predict(" in text(format="c", name="digits") and "int32_t small_predict(" in text(format="c")
    assert "signed char" in text(format="c", int8=True) or "int8_t" in text(format="c", int8=True)
    wide = cnn.Model(context=context)
    wide.add("input", shape=(256,))
    wide.add("dense", units=64)
    model = wide
    assert size(format="tflite", int8=True) < size(format="tflite") / 3


@pytest.mark.parametrize(("name", "options", "sentence"), [
    ("m.safetensors", {}, "tells no format"), ("m", {}, "tells no format"), ("m", {"format": "h5"}, "must be one of onnx, tflite, c, npz"),
    ("m.onnx", {"int8": True}, "int8=True is no option of format 'onnx', which has nchw and batch_size"),
    ("m.npz", {"name": "a"}, "name='a' is no option of format 'npz', which has none")])
def test_export_refuses(context: cnn.Context, tmp_path: pathlib.Path, name: str, options: Any, sentence: str) -> None:
    model = made(context)
    with pytest.raises(cnn.InvalidArgument, match=sentence):
        model.export(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


@keras_built
@export_built
def test_companions_are_loaded_when_a_file_needs_them(tmp_path: pathlib.Path, python: Any) -> None:
    python(f"""
import cnn

def mapped():
    with open("/proc/self/maps") as maps:
        text = maps.read()
    return [name for name in ("keras", "export") if f"libcnn-{{name}}.so" in text]

model = cnn.Model()
model.add("input", shape=4)
model.add("dense", units=2)
model.compile("sgd", "mse")
for name in ("m.safetensors", "m"):
    model.save(r"{tmp_path}/" + name)
    cnn.Model.load(r"{tmp_path}/" + name)
assert mapped() == []
model.save(r"{tmp_path}/m.npz")
assert mapped() == ["export"]
model.save(r"{tmp_path}/m.keras")
assert mapped() == ["keras", "export"]
""")


@keras_built
def test_without_companions_the_sentences_name_them(context: cnn.Context, tmp_path: pathlib.Path, python: Any) -> None:
    """In a folder without any of them."""
    made(context).save(tmp_path / "there.h5")
    (tmp_path / "none").mkdir()
    done = python(f"""
import cnn

model = cnn.Model()
model.add("input", shape=4)
model.add("dense", units=2)
model.compile("sgd", "mse")

def says(call, *words):
    try:
        call()
    except cnn.UnsupportedError as error:
        assert all(word in str(error) for word in words), error
    else:
        raise SystemExit("nothing was raised")

for name in ("m.h5", "m.keras", "m.weights.h5"):
    says(lambda: model.save(r"{tmp_path}/none/" + name), "cnn_keras_register of libcnn-keras")
for name in ("m.onnx", "m.tflite", "m.c", "m.npz"):
    says(lambda: model.save(r"{tmp_path}/none/" + name), "cnn_export_register of libcnn-export")
    says(lambda: model.export(r"{tmp_path}/none/" + name), "libcnn-export is not beside libcnn")
for call in (cnn.Model.load, model.load_weights):
    says(lambda: call(r"{tmp_path}/there.h5"), "is an HDF5 file", "libcnn-keras")
""", LIBCNN_COMPANIONS=str(tmp_path / "none"))
    assert not done.stderr and not list((tmp_path / "none").iterdir())


def test_a_companion_that_cannot_be_used_is_told(tmp_path: pathlib.Path, python: Any) -> None:
    (tmp_path / "libcnn-keras.so.0").write_bytes(b"no library")
    done = python(f"import cnn, logging; logging.basicConfig(); print(cnn._companions.library('keras'))", LIBCNN_COMPANIONS=str(tmp_path))
    assert done.stdout == "None\n" and "libcnn-keras.so.0' cannot be used" in done.stderr
