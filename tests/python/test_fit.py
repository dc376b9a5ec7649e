"""What fit, evaluate and predict take: arrays, data sets, batches of Python; validation, weights, steps."""
from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import cnn
import small
from cnn._calls import held_count


def batches(x: Any, y: Any, size: int = 8) -> Iterator[Any]:
    """One pass."""
    for first in range(0, len(x), size):
        yield x[first:first + size], y[first:first + size]


def without_drawing(context: cnn.Context) -> cnn.Model:
    """A model whose training depends on the batches alone."""
    model = cnn.Model(context=context)
    model.add("input", shape=(8, 8, 1))
    model.add("flatten")
    model.add("dense", units=3, activation="softmax")
    model.compile("sgd learning_rate=0.5", "categorical_crossentropy", ["accuracy"])
    return model


class Sized:
    """Batches by number, gone over anew at each pass."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y, self.passes = x, y, 0

    def __len__(self) -> int:
        return len(self.x) // 8

    def __getitem__(self, number: int) -> Any:
        self.passes += number == 0
        return self.x[8 * number:8 * number + 8], self.y[8 * number:8 * number + 8]


def test_all_forms_of_data_train_alike(context: cnn.Context) -> None:
    x, y = small.images()
    forms: list[Any] = [
        lambda: (x, y), lambda: (x.tolist(), y.tolist()), lambda: (x.astype(np.float64), y.astype(np.uint8)),
        lambda: (np.asfortranarray(x), y[::-1][::-1]), lambda: (x[..., 0], y[:, None]),
        lambda: (cnn.Tensor(x, context), cnn.Tensor(y, context)), lambda: (cnn.Dataset(x, y, context=context),),
        lambda: (list(batches(x, y)),), lambda: (Sized(x, y),), lambda: (batches(np.tile(x, (2, 1, 1, 1)), np.tile(y, 2)),),
        lambda: (x, np.eye(3)[y])]
    hashes = []
    for form in forms:
        model = without_drawing(context)
        given = form()
        history = model.fit(*given, batch_size=8, epochs=2, verbose=0, shuffle=False, steps_per_epoch=6)
        assert len(history) == 2
        hashes.append(model.hash)
    assert len(set(hashes)) == 1, hashes


def test_an_iterable_is_gone_over_anew_and_its_length_known(context: cnn.Context) -> None:
    x, y = small.images()
    sized, steps = Sized(x, y), []

    class Steps(cnn.Callback):
        def batch_end(self, event: cnn.Event) -> None:
            steps.append(event.steps)

    without_drawing(context).fit(sized, epochs=3, verbose=0, callbacks=Steps())
    assert sized.passes == 3 and steps == [6] * 18


def test_a_length_that_is_not_known(context: cnn.Context) -> None:
    x, y = small.images(16)

    class Stream:
        def __len__(self) -> int:
            raise TypeError("a stream has no length")

        def __iter__(self) -> Iterator[Any]:
            return batches(x, y)

    model = without_drawing(context)
    model.fit(Stream(), epochs=2, verbose=0)
    assert model.iterations == 4

    class Broken(Stream):
        def __len__(self) -> int:
            raise OSError("gone")

    before = held_count()
    with pytest.raises(OSError, match="gone"):
        model.fit(Broken(), verbose=0)
    assert held_count() == before


def test_a_generator_goes_on(context: cnn.Context) -> None:
    x, y = small.images()
    seen = []

    def endless() -> Iterator[Any]:
        number = 0
        while True:
            seen.append(number)
            yield x[:4], y[:4]
            number += 1

    model = without_drawing(context)
    model.fit(endless(), steps_per_epoch=3, epochs=2, verbose=0)
    assert seen == [0, 1, 2, 3, 4, 5] and model.iterations == 6
    with pytest.raises(cnn.DataError, match="gave no batch in epoch 1"):
        model.fit(batches(x, y), epochs=2, verbose=0)


def test_what_a_generator_raises_comes_out_itself(context: cnn.Context) -> None:
    x, y = small.images()
    before = held_count()
    broken = LookupError("the disk is gone")

    def failing() -> Iterator[Any]:
        yield x[:4], y[:4]
        raise broken

    model = without_drawing(context)
    for call in (lambda: model.fit(failing(), verbose=0), lambda: model.evaluate(failing()),
                 lambda: model.predict(failing()), lambda: model.fit(x, y, verbose=0, validation=failing())):
        with pytest.raises(LookupError) as caught:
            call()
        assert caught.value is broken
        del caught
    broken.__traceback__ = None  # it holds the frames of the calls
    gc.collect()
    assert held_count() == before


def test_bad_batches_are_named(context: cnn.Context) -> None:
    x, y = small.images()
    model = without_drawing(context)
    for batch, problem in [(("a", y), "batch 0 of epoch 0: x"), ((x, y, y, y), "got a tuple of 4"), ({"x": x}, "got a dict"),
                           ((x[:4], y[:5]), "."), ((x[:, :5], y), "None, 8, 8, 1"), ((x * np.nan, y), "nan|NaN"), ((x, y + 5), ".")]:
        with pytest.raises(cnn.Error, match=problem):
            model.fit([batch], verbose=0)
    assert model.iterations == 0


def test_arrays_of_a_batch_live_until_the_next(context: cnn.Context) -> None:
    alive: list[Any] = []

    class Array(np.ndarray[Any, Any]):
        pass

    def given() -> Iterator[Any]:
        x, y = small.images(8)
        for _ in range(5):
            fresh = x.copy()
            alive.append(weakref.ref(fresh))
            yield fresh, y.copy()
            del fresh
            gc.collect()

    model = without_drawing(context)
    model.fit(given(), verbose=0)
    gc.collect()
    assert model.iterations == 5 and not any(reference() is not None for reference in alive)


def test_validation_in_every_form(context: cnn.Context) -> None:
    x, y = small.images()
    forms: list[Any] = [
        {"validation": (x[40:], y[40:])}, {"validation": cnn.Dataset(x[40:], y[40:], context=context)},
        {"validation": list(batches(x[40:], y[40:], 4))}, {"validation": Sized(x[40:], y[40:])},
        {"validation": (x[40:], y[40:], np.ones(8))}, {"validation_split": 1 / 6}]
    found = set()
    for form in forms:
        model = without_drawing(context)
        data = (x, y) if "validation_split" in form else (x[:40], y[:40])
        history = model.fit(*data, epochs=2, batch_size=8, verbose=0, shuffle=False, **form)
        found.add(tuple(round(value, 6) for value in history["val_loss"]))
    assert len(found) == 1
    model = without_drawing(context)
    history = model.fit(x, y, epochs=4, validation=(x, y), validation_freq=2, validation_steps=2, validation_batch_size=4, verbose=0)
    assert len(history["loss"]) == 4 and len(history["val_loss"]) == 2
    for epochs, validations in (([1, 3], 2), (np.array([4]), 1), ((), 0)):
        history = model.fit(x, y, epochs=4, validation=(x, y), validation_freq=epochs, verbose=0)
        assert len(history["loss"]) == 4 and ("val_loss" in history.history) == bool(validations)
        assert not validations or len(history["val_loss"]) == validations
    with pytest.raises(TypeError, match="integer"):
        model.fit(x, y, validation=(x, y), validation_freq="12", verbose=0)
    with pytest.raises(cnn.InvalidArgument, match="tuple of 4"):
        model.fit(x, y, validation=(x, y, y, y), verbose=0)
    with pytest.raises(cnn.InvalidArgument, match="validation_split"):
        model.fit(batches(x, y), validation_split=0.5, verbose=0)


def test_weights_of_classes_and_samples(context: cnn.Context) -> None:
    x, y = small.images()
    by_class = {0: 2.0, 2: 0.5}
    hashes = set()
    for given in ({"class_weight": by_class}, {"class_weight": [2, 1, 0.5]}, {"class_weight": np.array([2, 1, 0.5])},
                  {"sample_weight": [by_class.get(int(label), 1) for label in y]}):
        model = without_drawing(context)
        model.fit(x, y, verbose=0, **given)  # type: ignore[arg-type]
        hashes.add(model.hash)
    assert len(hashes) == 1
    model = without_drawing(context)
    with pytest.raises(cnn.InvalidArgument, match="class weights"):
        model.fit(x, y, sample_weight=np.ones(48), class_weight=by_class, verbose=0)
    with pytest.raises(cnn.InvalidArgument, match="leave out sample_weight"):
        model.fit(cnn.Dataset(x, y, context=context), sample_weight=np.ones(48), verbose=0)
    with pytest.raises(cnn.InvalidArgument, match="leave out y"):
        model.fit(batches(x, y), y, verbose=0)
    with pytest.raises(cnn.InvalidArgument, match="classes -1 to"):
        model.fit(x, y, class_weight={-1: 2.0}, verbose=0)
    with pytest.raises(cnn.InvalidArgument, match="classes 0 to 1099511627776"):
        model.fit(x, y, class_weight={0: 1, 1 << 40: 2.0}, verbose=0)


@pytest.mark.parametrize("option", ["batch_size", "epochs", "steps_per_epoch", "validation_freq", "validation_steps"])
def test_zero_is_no_count(context: cnn.Context, option: str) -> None:
    x, y = small.images(8)
    for value in (0, -1):
        with pytest.raises(cnn.InvalidArgument, match=f"{option} is {value}, must be 1 or more"):
            without_drawing(context).fit(x, y, verbose=0, **{option: value})  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        without_drawing(context).fit(x, y, verbose=0, **{option: 1.5})  # type: ignore[arg-type]
    with pytest.raises(cnn.InvalidArgument, match="range"):
        without_drawing(context).fit(x, y, verbose=0, **{option: 1 << 70})  # type: ignore[arg-type]


def test_evaluate_and_predict_go_over_data_and_batches(context: cnn.Context) -> None:
    x, y = small.images()
    model = without_drawing(context)
    model.fit(x, y, epochs=3, verbose=0)
    data = cnn.Dataset(x, y, context=context)
    expected, rows = model.evaluate(x, y), model.predict(x)
    for given in (data, list(batches(x, y)), Sized(x, y), batches(x, y)):
        assert model.evaluate(given) == pytest.approx(expected)
    assert np.array_equal(model.predict(data), rows)
    assert np.array_equal(model.predict(Sized(x, y)), rows)
    assert np.array_equal(model.predict(part for part, _ in batches(x, y)), rows)
    assert np.array_equal(model.predict_classes(batches(x, y)), rows.argmax(1))
    assert np.array_equal(model.predict(x, steps=2, batch_size=8), rows[:16])
    assert model.evaluate(x, y, sample_weight=np.zeros(48))["loss"] == 0
    assert model.predict(np.zeros((0, 8, 8, 1), np.float32)).shape == (0, 3)


def test_initial_epoch_goes_on_counting(context: cnn.Context) -> None:
    x, y = small.images(8)
    history = without_drawing(context).fit(x, y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4] and len(history.seconds) == 2


def test_an_augmenter_changes_training_alone(context: cnn.Context) -> None:
    x, y = small.images()
    plain, changed = without_drawing(context), without_drawing(context)
    plain.fit(x, y, verbose=0)
    changed.fit(x, y, verbose=0, augmenter=cnn.Augmenter(context, rotation_range=90))
    assert plain.hash != changed.hash
    centred = cnn.Augmenter(context, featurewise_center=True)
    centred.fit(x)
    assert changed.evaluate(x, y, augmenter=centred) == pytest.approx(changed.evaluate(x - x.mean(), y), abs=1e-5)
    assert np.allclose(changed.predict(x, augmenter=centred), changed.predict(x - x.mean()), atol=1e-5)


def test_the_text_of_a_training(context: cnn.Context, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = small.images()
    model = without_drawing(context)
    model.fit(x, y, epochs=2, verbose=2, validation_split=0.25)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2" and "val_loss" in lines[1] and len(lines) == 4
    model.evaluate(x, y, verbose=1)
    assert "loss" in capsys.readouterr().out


def test_pandas_takes_the_history(context: cnn.Context) -> None:
    pandas = pytest.importorskip("pandas")
    x, y = small.images()
    frame = pandas.DataFrame(without_drawing(context).fit(x, y, epochs=3, verbose=0, validation=(x, y)).history)
    assert list(frame.columns) == ["accuracy", "loss", "val_accuracy", "val_loss"] and len(frame) == 3


def test_verbose_is_named(context: cnn.Context) -> None:
    model = small.model(context)
    x, y = small.images()
    for call in (lambda: model.fit(x, y, verbose="auto"), lambda: model.predict(x, verbose=None)):  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="verbose is .*, must be 0, 1 or 2"):
            call()
