"""What users should not do: an exception each time, and the model as it was, never a crash."""
from __future__ import annotations

import ctypes
import gc
import os
import threading
from typing import Any, Callable, Iterator

import numpy as np
import pytest

import cnn
import small

X, Y = small.images(24)


@pytest.fixture
def model(context: cnn.Context) -> cnn.Model:
    return small.model(context)


def usable(model: cnn.Model) -> None:
    before = model.hash
    model.fit(X, Y, verbose=0)
    assert model.hash != before and model.predict(X).shape == (24, 3)


# ---- arrays ----

@pytest.mark.parametrize("make", [
    lambda x: x.astype(np.float64), lambda x: x.astype(np.float16), np.asfortranarray, lambda x: x[::-1][::-1],
    lambda x: np.repeat(x, 2, axis=2)[:, :, ::2], lambda x: x.astype(">f4"),
    lambda x: np.ascontiguousarray(x.transpose(3, 2, 1, 0)).transpose(3, 2, 1, 0),
    lambda x: np.ascontiguousarray(x[::-1])[::-1], lambda x: x.view(type("Mine", (np.ndarray,), {})),
    lambda x: x.tolist(), lambda x: [row for row in x],
    lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape), lambda x: x[..., 0]],
    ids=["float64", "float16", "fortran", "reversed twice", "strided", "big-endian", "transposed", "reversed",
         "subclass", "lists", "list of arrays", "unaligned", "no channel axis"])
def test_other_forms_of_the_same_numbers(model: cnn.Model, make: Callable[[Any], Any]) -> None:
    """They give the same bits as the plain array."""
    x = X.astype(np.float16).astype(np.float32)
    assert np.array_equal(model.predict(make(x)), model.predict(x))
    other = small.model(model._context)
    other.set_weights(model.get_weights())
    for each, inputs in ((model, x), (other, make(x))):
        each.fit(inputs, Y, verbose=0, shuffle=False)


def test_read_only_arrays(model: cnn.Model) -> None:
    x, y = X.copy(), Y.copy()
    x.flags.writeable = y.flags.writeable = False
    model.fit(x, y, verbose=0)
    assert not np.shares_memory(model.predict(x), x)
    with pytest.raises(cnn.ShapeError, match="writeable"):
        model.predict(x, out=np.broadcast_to(np.zeros(3, np.float32), (24, 3)))


@pytest.mark.parametrize(("x", "y", "kind"), [
    (X.astype(object), Y, cnn.ShapeError), (X.astype(str), Y, cnn.ShapeError), (X.astype(complex), Y, cnn.ShapeError),
    (X, Y.astype(str), cnn.ShapeError), (X, np.array([None] * 24), cnn.ShapeError), (X[:0], Y[:0], cnn.InvalidArgument),
    (X[:, :0], Y, cnn.ShapeError), (X[:5], Y, cnn.ShapeError), (X, Y[:5], cnn.ShapeError),
    (X[..., None], Y, cnn.ShapeError),
    (X[0], Y, cnn.ShapeError), (np.float32(3), Y, cnn.ShapeError), (X, None, cnn.Error), (X, Y - 1, cnn.DataError),
    (X, Y + 1, cnn.ShapeError), (X, Y + 2**40, cnn.DataError), (X * np.nan, Y, cnn.DataError),
    (X + np.inf, Y, cnn.DataError), (X.astype(np.float64) * 1e300, Y, cnn.DataError), (X, X, cnn.ShapeError),
    (None, Y, cnn.ShapeError), ("x", Y, cnn.ShapeError),
    ({"x": X}, Y, cnn.ShapeError), (np.zeros((24, 8, 8, 1), "M8[s]"), Y, cnn.ShapeError),
    (np.ma.masked_array(X, X > 0.5), Y, cnn.ShapeError),  # type: ignore[no-untyped-call]
    (X, np.eye(3)[Y] * np.nan, cnn.DataError),
    (np.zeros((24, 1, 1, 1, 1, 1, 1, 1, 1), np.float32), Y, cnn.ShapeError)])
def test_arrays_that_do_not_fit(model: cnn.Model, x: Any, y: Any, kind: type[Exception]) -> None:
    before = model.hash
    calls: list[Callable[[], Any]] = [lambda: model.fit(x, y, verbose=0), lambda: model.evaluate(x, y)]
    for call in calls:
        with pytest.raises(kind):
            call()
    assert model.hash == before
    usable(model)


def test_no_overflow_warning_but_an_error(model: cnn.Model, recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(cnn.DataError):
        model.predict(X.astype(np.float64) + 1e300)
    assert not recwarn.list


@pytest.mark.parametrize("options", [
    {"batch_size": 0}, {"batch_size": -1}, {"batch_size": 2**70}, {"batch_size": 1.5}, {"batch_size": "all"},
    {"epochs": -1}, {"epochs": 0}, {"initial_epoch": -1}, {"validation_split": 1.0}, {"validation_split": -0.1},
    {"validation_split": float("nan")}, {"steps_per_epoch": -2}, {"verbose": 2**40}, {"validation_freq": -1},
    {"class_weight": {-1: 1}}, {"class_weight": {"a": 1}}, {"class_weight": {0: float("nan")}},
    {"class_weight": {2**50: 1}}, {"sample_weight": Y[:3]}, {"sample_weight": [float("inf")] * 24},
    {"sample_weight": ["a"] * 24}, {"validation": (X,)}, {"validation": 3}, {"validation": (X[:3], Y)},
    {"callbacks": [3]}, {"callbacks": 3}, {"augmenter": "rotate"}, {"nothing": 1},
    {"validation": X, "validation_split": 0.5}])
def test_options_that_do_not_fit(model: cnn.Model, options: dict[str, Any]) -> None:
    before = model.hash
    with pytest.raises((cnn.Error, TypeError, ValueError, OverflowError)):
        given: dict[str, Any] = {"verbose": 0, **options}
        model.fit(X, Y, **given)
    assert model.hash == before
    usable(model)


def test_memory_that_cannot_be_had(context: cnn.Context) -> None:
    big = cnn.Model(context=context)
    big.add("input", shape=(4, 4, 1))
    big.add("flatten")
    with pytest.raises((cnn.OutOfMemory, cnn.InvalidArgument, cnn.ShapeError)):
        big.add("dense", units=2**50)


def test_arrays_changed_while_they_are_held(context: cnn.Context) -> None:
    """They must not be. Figures are then anybody's guess, but nothing crashes, and labels stay what they were."""
    x, y = X.copy(), Y.astype(np.int32)
    data = cnn.Dataset(x, y, context=context)
    model = small.model(context)
    model.fit(data, verbose=0)
    with pytest.raises(ValueError):
        x.resize((1, 8, 8, 1))
    x[:] = np.nan
    y[:] = 2**31 - 1
    try:
        model.fit(data, verbose=0)
        model.evaluate(data)
    except cnn.Error:
        pass
    del x, y
    gc.collect()
    assert np.isnan(data.range[0]) and data.class_counts().tolist() == [8, 8, 8]


# ---- callbacks ----

class Doing(cnn.Callback):
    """Does something in each event of one name."""

    def __init__(self, event: str, action: Callable[[Any], Any]) -> None:
        self.action = action
        setattr(self, event, self._do)

    def _do(self, event: Any) -> None:
        self.action(event)


EVENTS = ("train_begin", "epoch_begin", "batch_begin", "batch_end", "test_begin", "test_end", "epoch_end", "train_end")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("action", ["fit", "fit_source", "compile", "close", "train_on_batch", "add", "load_weights"])
def test_what_a_callback_may_not_do(model: cnn.Model, event: str, action: str) -> None:
    actions: dict[str, Callable[[Any], Any]] = {
        "fit": lambda happened: happened.model.fit(X, Y, verbose=0),
        "fit_source": lambda happened: happened.model.fit(iter([(X, Y)]), verbose=0),
        "compile": lambda happened: happened.model.compile("sgd", "mse"),
        "close": lambda happened: happened.model.close(),
        "train_on_batch": lambda happened: happened.model.train_on_batch(X, Y),
        "add": lambda happened: happened.model.add("dense", units=2),
        "load_weights": lambda happened: happened.model.load_weights(b"nonsense")}
    with pytest.raises(cnn.FormatError if action == "load_weights" else cnn.StateError):
        model.fit(X, Y, validation_split=0.25, batch_size=6, verbose=0,
                  callbacks=[Doing(event, actions[action])])
    usable(model)


@pytest.mark.parametrize("event", EVENTS)
def test_what_a_callback_may_do(model: cnn.Model, event: str) -> None:
    """Look, predict, evaluate, save, set weights and rate, close what else is in use, begin another fit."""
    data, stop = cnn.Dataset(X, Y), cnn.EarlyStopping("loss")
    other = small.model(model._context)

    def all_of_it(happened: Any) -> None:
        happened.model.predict(X)
        happened.model.evaluate(data if not data.closed else X, None if not data.closed else Y)
        happened.model.to_bytes()
        happened.model.set_weight("output/bias", [0.0, 0.0, 0.0])
        happened.model.learning_rate = 0.01
        happened.model.summary_text()
        happened.model.layers.clear()
        other.fit(X, Y, verbose=0)
        data.close()
        stop.close()
        gc.collect()

    model.fit(data, validation=(X, Y), batch_size=6, verbose=0, callbacks=[Doing(event, all_of_it), stop])
    assert data.closed
    usable(model)


def test_events_outlive_their_call(model: cnn.Model) -> None:
    events: list[Any] = []
    model.fit(X, Y, batch_size=6, epochs=2, verbose=0, callbacks=[Doing(name, events.append) for name in EVENTS])
    for event in events:
        repr(event)
        with pytest.raises(cnn.StateError):
            event.logs["loss"] = 1
        with pytest.raises(cnn.StateError):
            event.write("late")
        event.stop()


@pytest.mark.parametrize("event", EVENTS[:3])
def test_weights_that_become_wrong(model: cnn.Model, event: str) -> None:
    def setting(value: Any) -> Any:
        return Doing(event, lambda happened: happened.model.set_weight("output/bias", value))

    with pytest.raises(cnn.DataError):
        model.fit(X, Y, verbose=0, callbacks=[setting([0, 0, np.nan])])
    with pytest.raises(cnn.ShapeError):
        model.fit(X, Y, verbose=0, callbacks=[setting(X)])
    usable(model)


def test_deep_recursion(model: cnn.Model) -> None:
    def again(happened: Any) -> None:
        fresh = small.model(model._context)
        fresh.fit(X[:8], Y[:8], verbose=0, callbacks=[Doing("train_begin", again)])

    # ctypes makes an ArgumentError of what happens while it looks at an argument
    with pytest.raises((RecursionError, ctypes.ArgumentError), match="maximum recursion depth"):
        model.fit(X, Y, verbose=0, callbacks=[Doing("train_begin", again)])
    usable(model)


# ---- batches ----

def batches(action: Callable[[int], Any]) -> Iterator[Any]:
    for number in range(4):
        yield action(number)


@pytest.mark.parametrize("item", [
    None, 3, "text", (), (X, Y, None, 1), (X[:0], Y[:0]), (X[:3], Y[:2]), {"x": X}, (X[:, :4], Y),
    (X.astype(object), Y), (X, None), (X, Y, Y[:2]), [X, Y + 7], (X * np.nan, Y), object()])
def test_batches_that_do_not_fit(model: cnn.Model, item: Any) -> None:
    before = model.hash
    with pytest.raises((cnn.Error, TypeError)):
        model.fit(batches(lambda number: item), verbose=0, epochs=1)
    with pytest.raises((cnn.Error, TypeError)):
        model.evaluate(batches(lambda number: item))
    assert model.hash == before
    usable(model)


def test_batches_that_misbehave(model: cnn.Model) -> None:
    """A generator that closes its model, trains it, frees its arrays, or raises what ends generators."""
    kept: list[Any] = []

    def frees(number: int) -> Any:
        kept[:] = [X.copy(), Y.copy()]
        return kept[0], kept[1]

    model.fit(batches(frees), verbose=0)
    refusals: list[Callable[[int], Any]] = [
        lambda number: model.close(), lambda number: model.fit(X, Y, verbose=0),
        lambda number: model.compile("sgd", "mse")]
    for refuse in refusals:
        with pytest.raises(cnn.StateError):
            model.fit(batches(refuse), verbose=0)
    class Raising:
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def __iter__(self) -> Any:
            raise self.error

    for error in (GeneratorExit(), KeyboardInterrupt(), SystemExit(2), LookupError("gone")):
        with pytest.raises(type(error)):
            model.fit(Raising(error), verbose=0)
    with pytest.raises(cnn.DataError):
        model.fit(iter([]), verbose=0)
    usable(model)


# ---- threads and forks ----

def test_one_model_in_many_hands(model: cnn.Model) -> None:
    """Threads that train, predict, save, look and close at once: StateError or a result."""
    outcomes: set[str] = set()
    stop = threading.Event()

    def hammer(action: Callable[[], Any]) -> None:
        while not stop.is_set():
            try:
                action()
                outcomes.add("done")
            except cnn.StateError:
                outcomes.add("refused")
            except BaseException as error:
                outcomes.add(repr(error))

    actions: list[Callable[[], Any]] = [
        lambda: model.fit(X, Y, verbose=0), lambda: model.predict(X), lambda: model.evaluate(X, Y), model.to_bytes,
        lambda: model.hash, lambda: model.set_weight("output/bias", [0.0] * 3), lambda: model.compile("sgd", "mse"),
        model.summary_text, lambda: repr(model), lambda: model.layer("conv1").attributes]
    threads = [threading.Thread(target=hammer, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    threading.Event().wait(1.5)
    model.close()
    stop.set()
    for thread in threads:
        thread.join()
    assert outcomes == {"done", "refused"}


def test_one_data_set_in_many_hands(context: cnn.Context) -> None:
    outcomes: set[str] = set()
    data = cnn.Dataset(np.tile(X, (50, 1, 1, 1)), np.tile(Y, 50), context=context)
    parts: list[Any] = []

    def work() -> None:
        model = small.model(context)
        for _ in range(5):
            try:
                parts.append(data.split(0.1))
                model.fit(data, batch_size=64, verbose=0)
                outcomes.add("done")
            except cnn.StateError:
                outcomes.add("refused")
            except BaseException as error:
                outcomes.add(repr(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes <= {"done", "refused"} and "done" in outcomes
    assert len(data) + sum(len(part) for part in parts) == 1200


def test_one_callback_in_many_hands(context: cnn.Context) -> None:
    """Early stopping keeps weights; two models that share it at once are kept apart."""
    stop = cnn.EarlyStopping("loss", patience=100, restore_best_weights=True, context=context)
    outcomes: set[str] = set()

    def work() -> None:
        model = small.model(context)
        for _ in range(5):
            try:
                model.fit(X, Y, epochs=3, verbose=0, callbacks=[stop])
                outcomes.add("done")
            except cnn.StateError:
                outcomes.add("refused")
            except BaseException as error:
                outcomes.add(repr(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes <= {"done", "refused"} and "done" in outcomes


def test_forks_while_others_predict(model: cnn.Model) -> None:
    """Children forked in the midst of other threads' calls use the model, close everything and end."""
    stop, expected = threading.Event(), model.predict(X)

    def hammer() -> None:
        while not stop.is_set():
            model.predict(X)

    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for thread in threads:
        thread.start()
    statuses = []
    try:
        for _ in range(30):
            pid = os.fork()
            if pid == 0:
                try:
                    right = np.array_equal(model.predict(X), expected)
                    model.close()
                    small.model(cnn.Context(threads=2)).fit(X, Y, verbose=0)
                    os._exit(0 if right else 2)
                except BaseException:
                    os._exit(1)
            statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert statuses == [0] * 30
