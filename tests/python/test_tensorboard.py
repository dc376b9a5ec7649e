"""Event files of `cnn.TensorBoard` and of Keras's word for it."""
from __future__ import annotations

import gc
import inspect
import json
import pathlib
import struct
from typing import Any

import numpy as np
import pytest

import cnn
import small
from cnn import _companions, keras

pytestmark = pytest.mark.skipif(_companions.library("export") is None, reason="libcnn-export was not built")
DEFAULTS = ("log_dir='logs', histogram_freq=0, write_graph=True, write_images=False, write_steps_per_second=False, "
            "update_freq='epoch', profile_batch=0, embeddings_freq=0, embeddings_metadata=None")


# ---- a reader of what is asked about: protobuf's wire form by hand ----


def fields(data: bytes) -> list[tuple[int, Any]]:
    """Numbers and values of a message's fields."""
    found: list[tuple[int, Any]] = []
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            found.append((key >> 3, varint()))
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        found.append((key >> 3, data[at:at + size]))
        at += size
    return found


def events(folder: pathlib.Path) -> list[tuple[str, int, bytes]]:
    """Tag, step and tensor of each event of a run, in order."""
    found = []
    for path in sorted(folder.iterdir()):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            event = dict(fields(data[at + 12:at + 12 + length]))
            at += length + 16
            if 5 in event:
                value = dict(fields(dict(fields(event[5]))[1]))
                found.append((value[1].decode(), event.get(2, 0), value[8]))
    return found


def scalar(tensor: bytes) -> float:
    return float(struct.unpack("<f", dict(fields(tensor))[4])[0])


def strings(tensor: bytes) -> list[bytes]:
    return [value for number, value in fields(tensor) if number == 8]


# ---- cnn ----


def test_figures_are_those_of_the_history(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    x, y = small.images()
    board = cnn.TensorBoard(tmp_path / "new" / "logs", update_freq=2, histogram_freq=2, write_images=True,
                            write_steps_per_second=True, context=context)
    assert not (tmp_path / "new").exists()
    model = small.model(context)
    history = model.fit(x, y, batch_size=16, epochs=3, verbose=0, validation=(x, y), callbacks=[board])
    train, validation = (events(tmp_path / "new" / "logs" / run) for run in ("train", "validation"))
    for name, values in history.history.items():
        seen = [scalar(t) for tag, _, t in (validation if name.startswith("val_") else train)
                if tag == "epoch_" + name.replace("val_", "")]
        assert seen == [np.float32(value) for value in values]
    assert [step for tag, step, _ in train if tag == "batch_loss"] == [2, 4, 6, 8]
    assert [step for tag, step, _ in validation if tag == "evaluation_loss_vs_iterations"] == [3, 6, 9]
    tags = {tag for tag, _, _ in train}
    assert {"keras", "epoch_learning_rate", "epoch_steps_per_second", "batch_steps_per_second"} < tags
    weights = {f"{model.name}/{name}/{what}" for name in model.weights for what in ("histogram", "image")}
    assert weights < tags and {step for tag, step, _ in train if tag in weights} == {0, 2}


def test_the_graph_names_what_each_layer_reads(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    x = keras.Input((4,), name="given")
    y = keras.layers.Dense(4, name="wide")(x)
    model = keras.Model(x, keras.layers.Add(name="both")([x, y]), name="branched")
    model.compile("sgd", "mse")
    model.fit(np.eye(4), np.eye(4), verbose=0, callbacks=[keras.callbacks.TensorBoard(tmp_path / "on"),
                                                          keras.callbacks.TensorBoard(tmp_path / "off", write_graph=False)])
    (graph,) = [json.loads(strings(tensor)[0]) for tag, _, tensor in events(tmp_path / "on" / "train") if tag == "keras"]
    reads = {layer["name"]: [tensor["config"]["keras_history"][0] for node in layer["inbound_nodes"]
                             for tensor in node["args"][0]] for layer in graph["config"]["layers"]}
    assert graph["class_name"] == "Functional" and reads == {"given": [], "wide": ["given"], "both": ["given", "wide"]}
    assert not any(tag == "keras" for tag, _, _ in events(tmp_path / "off" / "train"))


def test_pictures(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    x, y = small.images(12)
    board = cnn.TensorBoard(tmp_path, images=x[..., 0], labels=y, class_names=["top", "mid", "low"], image_freq=2,
                            image_count=5, context=context)
    small.model(context).fit(x, y, epochs=3, verbose=0, callbacks=[board])
    found = {(tag, step): strings(tensor) for tag, step, tensor in events(tmp_path / "validation")}
    assert list(found) == [("samples", 0), ("confusion_matrix", 0), ("samples", 2), ("confusion_matrix", 2)]
    assert len(found["samples", 2]) == 2 + 5 and found["samples", 2][2].startswith(b"\x89PNG")
    assert len(found["confusion_matrix", 2]) == 3


def test_the_augmenter_lives_as_long_as_the_callback(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    x, y = small.images(12)
    made = cnn.Augmenter(context=context, featurewise_center=True)
    made.fit(x)
    board = cnn.TensorBoard(tmp_path, images=x, augmenter=made, context=context)
    del made
    gc.collect()
    small.model(context).fit(x, y, verbose=0, callbacks=[board])
    assert [tag for tag, _, _ in events(tmp_path / "validation")] == ["samples"]


@pytest.mark.parametrize(("options", "kind", "sentence"), [
    ({"update_freq": "often"}, cnn.InvalidArgument, "must be 'epoch', 'batch' or a count"),
    ({"update_freq": -1}, cnn.InvalidArgument, "update_freq is -1"),
    ({"histogram_freq": -2}, cnn.InvalidArgument, "histogram_freq is -2"),
    ({"image_count": 0}, cnn.InvalidArgument, "image_count is 0, must be 1 or more"),
    ({"images": np.zeros((2, 3))}, cnn.ShapeError, "rank 2"),
    ({"images": np.zeros((2, 3, 3, 2))}, cnn.ShapeError, "1 or 3"),
    ({"images": np.zeros((2, 3, 3)), "labels": [1]}, cnn.ShapeError, r"integers \[2\]"),
    ({"labels": [1]}, cnn.InvalidArgument, "without images"),
    ({"augmenter": 3}, TypeError, "must be a cnn.Augmenter")])
def test_what_cannot_be_is_refused(context: cnn.Context, tmp_path: pathlib.Path, options: Any, kind: Any, sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        cnn.TensorBoard(tmp_path / "logs", context=context, **options)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told_before_training(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    model = small.model(context)
    before = model.hash
    with pytest.raises(cnn.FileError, match="file"):
        model.fit(*small.images(), verbose=0, callbacks=[cnn.TensorBoard(tmp_path / "file", context=context)])
    assert model.hash == before


# ---- Keras's word ----


def model_of(seed: int = 1) -> Any:
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax", name="out")], name="tiny")
    made.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def fit(made: Any, *given: Any, epochs: int = 3) -> Any:
    return made.fit(np.eye(4), [0, 1, 0, 1], batch_size=2, epochs=epochs, verbose=0, shuffle=False,
                    validation_data=(np.eye(4), [0, 1, 0, 1]), callbacks=list(given))


def test_arguments_are_those_of_keras(tmp_path: pathlib.Path) -> None:
    assert str(inspect.signature(keras.callbacks.TensorBoard)) == f"({DEFAULTS})"
    board = keras.callbacks.TensorBoard(tmp_path / "logs", 1, update_freq="batch")
    assert repr(board) == f"TensorBoard(log_dir='{tmp_path}/logs', histogram_freq=1, update_freq=1)"
    for given, sentence in (({"profile_batch": 2}, "profile_batch=2.*write_steps_per_second"), ({"embeddings_freq": 1}, "cnn.plot.embedding"),
                            ({"embeddings_metadata": "m"}, "no embedding layers")):
        with pytest.raises(cnn.UnsupportedError, match=sentence):
            keras.callbacks.TensorBoard(tmp_path, **given)
    for often in ("often", 0, False, True, -1, 2.0):
        with pytest.raises(ValueError, match="update_freq=.* must be 'epoch', 'batch' or a whole number of 1 or more"):
            keras.callbacks.TensorBoard(tmp_path, update_freq=often)
    assert keras.callbacks.TensorBoard(tmp_path, update_freq=np.int64(2)).update_freq == 2
    with pytest.raises(cnn.UnsupportedError, match="nearest is cnn.TensorBoard"):
        board.summary
    with pytest.raises(cnn.UnsupportedError, match="validation_data"):
        model_of().evaluate(np.eye(4), [0, 1, 0, 1], callbacks=[board], verbose=0)
    assert not list(tmp_path.iterdir())


def test_a_training_of_keras_is_written(tmp_path: pathlib.Path) -> None:
    board = keras.callbacks.TensorBoard(str(tmp_path), histogram_freq=1, update_freq="batch")
    made = model_of()
    history = fit(made, board).history
    train, validation = (events(tmp_path / run) for run in ("train", "validation"))
    assert [scalar(t) for tag, _, t in train if tag == "epoch_accuracy"] == [np.float32(v) for v in history["accuracy"]]
    assert [scalar(t) for tag, _, t in validation if tag == "epoch_loss"] == [np.float32(v) for v in history["val_loss"]]
    assert [step for tag, step, _ in train if tag == "batch_loss"] == [1, 2, 3, 4, 5, 6]
    assert [step for tag, step, _ in train if tag == "tiny/out/kernel/histogram"] == [0, 1, 2]
    assert train[0][0] == "keras"
    files = len(list((tmp_path / "train").iterdir()))
    fit(made, board, epochs=1)  # a second training is a run of its own, in a file of its own
    assert len(list((tmp_path / "train").iterdir())) == files + 1


def test_a_training_that_goes_on_writes_no_step_twice(tmp_path: pathlib.Path) -> None:
    def callbacks(*more: Any) -> list[Any]:
        return [*more, keras.callbacks.TensorBoard(tmp_path / "logs", update_freq=1),
                keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=1)]

    def stop(batch: int, logs: Any) -> None:
        if batch == 1:
            raise RuntimeError("the power is gone")

    made = model_of()
    fit(made, *callbacks(), epochs=1)
    with pytest.raises(RuntimeError, match="the power is gone"):
        fit(model_of(), *callbacks(keras.callbacks.LambdaCallback(on_train_batch_end=stop)))
    history = fit(model_of(), *callbacks()).history
    train = [(tag, step) for tag, step, _ in events(tmp_path / "logs" / "train")]
    last = train[train.index(("keras", 0), 1):]  # those of the second run
    assert len(last) == len(set(last)) and [step for tag, step in last if tag == "batch_loss"] == [1, 2, 3, 4, 5, 6]
    assert [step for tag, step in last if tag == "epoch_loss"] == [0, 1, 2] and len(history["loss"]) == 3


def test_without_the_companion_it_is_refused_when_made(tmp_path: pathlib.Path, python: Any) -> None:
    done = python("""
import cnn
from cnn.keras.callbacks import TensorBoard
for kind in (cnn.TensorBoard, TensorBoard):
    try:
        kind("logs")
    except cnn.UnsupportedError as error:
        print(error)
""", LIBCNN_COMPANIONS=str(tmp_path))
    assert done.stdout.count("libcnn-export is not beside libcnn") == 2
