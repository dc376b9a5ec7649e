"""Models: made, compiled, trained, asked."""
from __future__ import annotations

import copy
import gc
import pathlib
import pickle
import weakref
from typing import Any, Callable

import numpy as np
import pytest

import cnn
import small


def test_layers_are_made_by_the_registry(context: cnn.Context) -> None:
    model = small.model(context)
    assert [layer.type for layer in model.layers] == [
        "input", "conv2d", "batch_normalization", "dropout", "flatten", "dense"]
    conv = model.layer("conv1")
    assert conv.output_shape == (6, 6, 4) and conv.parameters == 40 and conv.trainable
    assert conv.attributes["kernel_size"] == (3, 3) and conv.attributes["activation"] == "relu"
    assert conv == model.layers[1] and conv != model.layers[2] and len({conv, model.layers[1]}) == 1
    assert repr(conv) == "Layer('conv1' conv2d: (6, 6, 4), 40 parameters)"
    assert repr(model) == "Model('sequential': (8, 8, 1) -> (3,), 6 layers, 491 parameters)"
    assert {"conv2d", "dense", "add"} <= set(cnn.Layer.types())
    for type in cnn.Layer.types():
        assert cnn.Layer.help(type) and all(row.help for row in cnn.Layer.attributes_of(type))


def test_branches_take_layers_or_names(context: cnn.Context) -> None:
    model = cnn.Model("forked", context)
    one = model.add("input", shape=4)
    left = model.add("dense", units=3, input=one, name="left")
    model.add("dense", units=3, input="input", name="right")
    both = model.add("add", inputs=[left, "right"])
    assert both.output_shape == (3,)
    assert model.name == "forked"


def test_errors_name_the_nearest(context: cnn.Context) -> None:
    model = cnn.Model(context=context)
    model.add("input", shape=(8, 8, 1))
    with pytest.raises(cnn.NameError_, match="did you mean 'filters'"):
        model.add("conv2d", filter=3, kernel_size=3)
    with pytest.raises(cnn.NameError_, match="did you mean 'dense'"):
        model.add("dens", units=3)
    with pytest.raises(cnn.ShapeError, match="conv2d"):
        model.add("conv2d", filters=3, kernel_size=9)
    with pytest.raises(cnn.InvalidArgument, match="blank"):
        model.add("dense", units=3, name="two words")
    assert model.add("conv2d", filters=3, kernel_size=3).name == "conv2d" and len(model.layers) == 2
    with pytest.raises(cnn.NameError_, match="conv1"):
        small.model(context).layer("conv2")


def test_a_compiled_model_takes_no_more_layers(context: cnn.Context) -> None:
    model = small.model(context)
    with pytest.raises(cnn.StateError, match="compiled"):
        model.add("flatten")
    assert len(model.layers) == 6 and model.predict(small.images(2)[0]).shape == (2, 3)


def test_fit_evaluate_predict(context: cnn.Context) -> None:
    model = small.model(context)
    x, y = small.images()
    history = model.fit(x, y, epochs=20, batch_size=8, verbose=0, validation=(x[:6], y[:6]))
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert all(len(values) == 20 for values in history.history.values()) and history.epoch == list(range(20))
    assert model.history is history and model.iterations == 20 * 6
    figures = model.evaluate(x, y)
    assert figures["accuracy"] > 0.9 and list(figures) == ["accuracy", "loss"]
    rows = model.predict(x)
    assert rows.dtype == np.float32 and rows.shape == (48, 3) and np.allclose(rows.sum(1), 1, atol=1e-5)
    classes = model.predict_classes(x)
    assert classes.dtype == np.int32 and np.array_equal(classes, rows.argmax(1))
    assert figures["accuracy"] == pytest.approx((classes == y).mean())


def test_the_same_seed_gives_the_same_bits() -> None:
    hashes = set()
    for threads in (1, 2):
        model = small.model(cnn.Context(seed=3, threads=threads))
        x, y = small.images()
        model.fit(x, y, epochs=2, batch_size=10, verbose=0)
        hashes.add(model.hash)
    assert len(hashes) == 1 and len(hashes.pop()) == 32


def test_predict_gives_views_that_keep_their_memory(context: cnn.Context) -> None:
    model = small.model(context)
    x, _ = small.images(4)
    rows = model.predict(x)
    kept = rows.copy()
    part = rows[1:]
    del rows
    model.close()
    gc.collect()
    assert np.array_equal(part, kept[1:]) and part.base is not None


def test_predict_writes_into_arrays_and_views(context: cnn.Context) -> None:
    model = small.model(context)
    x, _ = small.images(4)
    room = np.zeros((6, 3), np.float32)
    assert model.predict(x, out=room[1:5]).base is room
    assert np.array_equal(room[1:5], model.predict(x)) and not room[0].any() and not room[5].any()
    for wrong in (np.zeros((4, 3)), np.zeros((4, 6), np.float32)[:, ::2], np.zeros((3, 4), np.float32).T, [0]):
        with pytest.raises(cnn.ShapeError, match="out must be"):
            model.predict(x, out=wrong)  # type: ignore[arg-type]
    locked = np.zeros((4, 3), np.float32)
    locked.flags.writeable = False
    with pytest.raises(cnn.ShapeError, match="writeable"):
        model.predict(x, out=locked)
    with pytest.raises(cnn.ShapeError):
        model.predict(x, out=np.zeros((5, 3), np.float32))
    with pytest.raises(cnn.InvalidArgument, match="float inputs"):
        model.predict((x * 255).astype(np.uint8), out=np.zeros((4, 3), np.float32))


def test_bytes_are_scaled_as_in_training(context: cnn.Context) -> None:
    model = small.model(context)
    x = (small.images(4)[0] * 255).astype(np.uint8)
    scaled = x.astype(np.float32) * np.float32(1 / 255)
    assert np.allclose(model.predict(x), model.predict(scaled), atol=1e-6)


def test_no_copy_of_float_data() -> None:
    x = np.zeros((64, 8, 8, 1), np.float32)
    data = cnn.Dataset(x, np.zeros(64, np.int64))
    x[3] = 0.5
    assert (data.inputs(3, 1) == 0.5).all() and not data.inputs(4, 1).any()


def test_weights_are_copied_out_and_in(context: cnn.Context) -> None:
    model = small.model(context)
    assert model.weights[:2] == ("conv1/kernel", "conv1/bias")
    kernel = model.weight("conv1/kernel")
    kernel += 1
    assert not np.array_equal(kernel, model.weight("conv1/kernel"))
    model.set_weight("conv1/kernel", kernel.astype(np.float64))
    assert np.array_equal(kernel, model.weight("conv1/kernel"))
    with pytest.raises(cnn.NameError_, match="did you mean 'conv1/kernel'"):
        model.weight("conv1/kernels")
    before = model.hash
    layer = model.layer("conv1")
    with pytest.raises(cnn.ShapeError, match="1 arrays for 2 weights"):
        layer.set_weights([kernel])
    with pytest.raises(cnn.DataError):
        layer.set_weights([kernel * 2, np.full(4, np.nan)])
    assert model.hash == before
    layer.set_weights(layer.get_weights())
    model.set_weights(model.get_weights())
    assert model.hash == before


def test_files_and_bytes_go_on_with_the_same_bits(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    model = small.model(context)
    x, y = small.images()
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = cnn.Model.load(tmp_path / "model.safetensors", context=context)
    copied = cnn.Model.from_bytes(model.to_bytes(), context=context)
    for other in (loaded, copied, model):
        other.fit(x, y, epochs=1, verbose=0)
    assert model.hash == loaded.hash == copied.hash
    plain = cnn.Model.from_bytes(model.to_bytes(), optimizer=False)
    with pytest.raises(cnn.StateError, match="not compiled"):
        plain.evaluate(x, y)
    fresh = small.model(context)
    fresh.load_weights(model.to_bytes(weights_only=True))
    assert fresh.hash == model.hash
    with pytest.raises(cnn.FileError):
        cnn.Model.load(tmp_path / "none")
    with pytest.raises(cnn.FormatError):
        cnn.Model.from_bytes(b"nothing of the kind" * 9)


def test_handles_are_neither_pickled_nor_copied(context: cnn.Context) -> None:
    model = small.model(context)
    handles = (model, model.layers[0], cnn.Optimizer("adam"), cnn.Loss("huber"), cnn.Augmenter(), cnn.EarlyStopping())
    attempts: list[Callable[[Any], Any]] = [pickle.dumps, copy.copy, copy.deepcopy]
    for handle in handles:
        for attempt in attempts:
            with pytest.raises(TypeError, match="to_bytes"):
                attempt(handle)


def test_any_order_of_collection(context: cnn.Context) -> None:
    model = small.model(context)
    layer = model.layers[1]
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert layer.name == "conv1" and gone() is layer.model
    layer.model.close()
    assert layer.output_shape == (6, 6, 4)
    del layer
    gc.collect()
    assert gone() is None


def test_closed_handles_are_refused(context: cnn.Context) -> None:
    model = small.model(context)
    x, y = small.images(6)
    model.close()
    model.close()
    assert repr(model) == "Model(closed)"
    uses: list[Callable[[], Any]] = [
        lambda: model.predict(x), lambda: model.fit(x, y), lambda: model.add("flatten"), lambda: model.weights,
        lambda: model.save("x"), lambda: model.summary()]
    for use in uses:
        with pytest.raises(cnn.StateError, match="closed"):
            use()


def test_summary_and_diagram(context: cnn.Context, capsys: pytest.CaptureFixture[str]) -> None:
    model = small.model()
    model.summary()
    assert "conv1 (Conv2D)" in capsys.readouterr().out
    assert model.summary_text(line_length=70).count("conv1 (Conv2D)") == 1
    with pytest.raises(cnn.InvalidArgument, match="line_length"):
        model.summary(line_length=0)
    assert model.diagram().startswith("digraph")


def test_batches_of_ones_own(context: cnn.Context) -> None:
    model = small.model(context)
    x, y = small.images(12)
    before = model.test_on_batch(x, y)
    assert list(before) == ["accuracy", "loss"]
    for _ in range(30):
        model.train_on_batch(x, y)
    assert model.test_on_batch(x, y)["loss"] < before["loss"] and model.iterations == 30
    model.finalize()


def test_the_rate(context: cnn.Context) -> None:
    model = small.model(context, compiled=False)
    assert model.learning_rate == 0
    model.compile(cnn.Optimizer("sgd", learning_rate=0.5), cnn.Loss("categorical_crossentropy"))
    assert model.learning_rate == 0.5
    model.learning_rate = 0.25
    assert model.learning_rate == 0.25
    with pytest.raises(cnn.InvalidArgument):
        model.learning_rate = -1
    halves = cnn.Schedule("piecewise_constant_decay", boundaries=[10], values=[0.5, 0.125])
    model.compile(cnn.Optimizer("adam", learning_rate=halves), "categorical_crossentropy")
    assert model.learning_rate == 0.5 and halves(10) == 0.5 and halves(11) == 0.125
    with pytest.raises(cnn.StateError, match="schedule"):
        model.learning_rate = 0.25


def test_compile_takes_texts_and_handles(context: cnn.Context) -> None:
    model = small.model(context, metrics=["accuracy", "top_k_categorical_accuracy k=2 name=top2", cnn.Metric("mae")],
                        weighted_metrics=["accuracy"], loss="categorical_crossentropy label_smoothing=0.1")
    x, y = small.images(6)
    rows = np.eye(3, dtype=np.float32)[y]
    assert list(model.evaluate(x, rows)) == ["accuracy", "loss", "mae", "top2", "weighted_accuracy"]
    with pytest.raises(cnn.InvalidArgument, match="sequence"):
        model.compile("adam", "mse", "accuracy")
    with pytest.raises(cnn.NameError_, match="did you mean"):
        model.compile("adam", "mean_squared_eror")


def test_frozen_layers(context: cnn.Context) -> None:
    model = small.model(context, compiled=False)
    model.layer("conv1").trainable = False
    model.compile("sgd", "categorical_crossentropy")
    kernel, output = model.weight("conv1/kernel"), model.weight("output/kernel")
    x, y = small.images(12)
    model.fit(x, y, verbose=0)
    assert np.array_equal(kernel, model.weight("conv1/kernel"))
    assert not np.array_equal(output, model.weight("output/kernel"))


def test_things_of_another_kind_are_refused(context: cnn.Context) -> None:
    """C would take any pointer for what its place says."""
    model, x, y = small.model(context), *small.images(6)
    loss, metric, adam = cnn.Loss("mse"), cnn.Metric("mae"), cnn.Optimizer("adam")
    uses: list[Callable[[], Any]] = [
        lambda: model.compile(loss, loss), lambda: model.compile(adam, metric), lambda: model.compile(adam, loss, [loss]),
        lambda: model.compile(adam, loss, [3]), lambda: model.compile(3, loss), lambda: model.compile(adam, loss, (), [adam]),
        lambda: model.fit(x, y, augmenter=3, verbose=0), lambda: model.fit(x, y, augmenter=model, verbose=0),
        lambda: model.predict(x, augmenter=adam), lambda: model.evaluate(x, y, augmenter=3),
        lambda: model.activations("conv1", x, augmenter=3), lambda: model.input_gradient(x, augmenter=model),
        lambda: cnn.Model(context=model), lambda: cnn.Dataset(x, context=3), lambda: cnn.Augmenter(adam),
        lambda: cnn.set_default_context(model), lambda: model.fit(x, y, validation=3, verbose=0),
        lambda: model.load_weights(3), lambda: model.fit(model, verbose=0), lambda: model.predict(model),
        lambda: cnn.Tensor(model), lambda: model.set_weight("conv1/bias", model), lambda: model.fit(x, y, validation=model)]
    for number, use in enumerate(uses):
        with pytest.raises((TypeError, cnn.Error)):
            use()
            pytest.fail(f"use {number} is taken")
    assert cnn.default_context().seed == 0 and model.iterations == 0
