"""Callbacks: what they are told and may do, what they raise, Ctrl-C."""
from __future__ import annotations

import gc
import os
import pathlib
import signal
import threading
import time
import weakref
from typing import Any, Callable

import numpy as np
import pytest

import cnn
import raw
import small
from cnn._calls import held_count
from cnn.callback import EVENTS


class Told(cnn.Callback):
    """Writes down what it hears."""

    def __init__(self, log: list[Any], name: str = "") -> None:
        self.log, self.name = log, name

    def _note(self, event: cnn.Event, what: str) -> None:
        self.log.append((self.name + what, event.epoch, event.step, sorted(event.logs)))

    def train_begin(self, event: cnn.Event) -> None:
        self._note(event, "train_begin")

    def train_end(self, event: cnn.Event) -> None:
        self._note(event, "train_end")

    def epoch_begin(self, event: cnn.Event) -> None:
        self._note(event, "epoch_begin")

    def epoch_end(self, event: cnn.Event) -> None:
        self._note(event, "epoch_end")

    def batch_begin(self, event: cnn.Event) -> None:
        self._note(event, "batch_begin")

    def batch_end(self, event: cnn.Event) -> None:
        self._note(event, "batch_end")

    def test_begin(self, event: cnn.Event) -> None:
        self._note(event, "test_begin")

    def test_end(self, event: cnn.Event) -> None:
        self._note(event, "test_end")


def at(name: str, function: Callable[[cnn.Event], Any]) -> cnn.Callback:
    """A callback with one method."""
    return type("At", (cnn.Callback,), {name: lambda self, event: function(event)})()


def test_what_is_told_in_which_order(context: cnn.Context) -> None:
    log: list[Any] = []
    x, y = small.images(16)
    small.model(context).fit(x, y, batch_size=8, verbose=0, validation=(x, y), callbacks=Told(log))
    both, four = ["accuracy", "loss"], ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert log == [
        ("train_begin", 0, 0, []), ("epoch_begin", 0, 0, []), ("batch_begin", 0, 0, []), ("batch_end", 0, 0, both),
        ("batch_begin", 0, 1, []), ("batch_end", 0, 1, both), ("test_begin", 0, 1, []), ("test_end", 0, 1, both),
        ("epoch_end", 0, 1, four), ("train_end", 0, 1, four)]
    assert {entry[0] for entry in log} == set(EVENTS)


def test_both_kinds_stand_in_one_list(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    x, y = small.images(16)
    order: list[str] = []
    add = at("epoch_end", lambda event: (order.append("add"), event.logs.update(extra=2.5)))
    look = at("epoch_end", lambda event: order.append(f"look {event.logs['extra']} {event.logs['learning_rate']}"))
    logger = cnn.CSVLogger(tmp_path / "log.csv")
    halves = cnn.LearningRateScheduler(lambda epoch, rate: 0.5 / 2**epoch)
    history = small.model(context).fit(x, y, epochs=2, verbose=0, callbacks=[halves, add, logger, look])
    assert order == ["add", "look 2.5 0.5", "add", "look 2.5 0.25"]
    assert history["extra"] == [2.5, 2.5] and history["learning_rate"] == [0.5, 0.25]
    assert (tmp_path / "log.csv").read_text().startswith("epoch,accuracy,extra,learning_rate,loss")


def test_the_models_own_object_and_what_may_be_done_with_it(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    x, y = small.images(16)
    model = small.model(context)
    seen: list[Any] = []

    def use(event: cnn.Event) -> None:
        gc.collect()
        assert event.model is model and event.epochs == 2 and event.steps == 2
        seen.append(event.model.evaluate(x, y)["loss"])
        event.model.predict(x)
        event.model.save(tmp_path / "now")
        event.model.learning_rate = event.model.learning_rate / 2
        event.model.set_weight("output/bias", np.zeros(3))
        seen.append(event.model.weight("output/bias").any())
        for refused in (lambda: model.fit(x, y), model.close, lambda: model.compile("sgd", "mse"),
                        lambda: model.train_on_batch(x, y), lambda: model.add("flatten")):
            with pytest.raises(cnn.StateError):
                refused()

    model.fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[at("epoch_end", use)])
    assert len(seen) == 4 and not seen[1] and model.learning_rate == pytest.approx(0.001 / 4)
    assert cnn.Model.load(tmp_path / "now").iterations == 4
    assert model.iterations == 4 and not model.closed


@pytest.mark.parametrize("name", EVENTS)
def test_what_a_callback_raises_comes_out_itself(context: cnn.Context, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    x, y = small.images(16)
    model = small.model(context)
    gc.collect()
    before = held_count()
    broken = LookupError("nothing there")

    def fail(event: cnn.Event) -> None:
        raise broken

    log: list[Any] = []
    with pytest.raises(LookupError) as caught:
        model.fit(x, y, batch_size=8, epochs=3, verbose=0, validation=(x, y), callbacks=[Told(log), at(name, fail)])
    assert caught.value is broken and log[-1][0] == "train_end"
    assert capfd.readouterr() == ("", "")
    del caught
    broken.__traceback__ = None
    gc.collect()
    assert held_count() == before
    model.fit(x, y, verbose=0)  # and all is well
    assert np.isfinite(model.evaluate(x, y)["loss"])


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), cnn.DataError("own")])
def test_all_kinds_of_exceptions(context: cnn.Context, error: BaseException) -> None:
    x, y = small.images(16)

    def fail(event: cnn.Event) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        small.model(context).fit(x, y, verbose=0, callbacks=at("batch_end", fail))
    assert caught.value is error


def test_the_first_of_several_exceptions(context: cnn.Context) -> None:
    x, y = small.images(16)

    def fail(event: cnn.Event) -> None:
        raise ValueError("first")

    def fail_again(event: cnn.Event) -> None:
        raise KeyError("second")

    with pytest.raises(ValueError, match="first"):
        small.model(context).fit(x, y, verbose=0, callbacks=[at("batch_end", fail), at("train_end", fail_again)])


def test_a_schedule_that_raises(context: cnn.Context) -> None:
    x, y = small.images(16)
    model = small.model(context)
    for wrong, kind in [(lambda epoch, rate: 1 / 0, ZeroDivisionError), (lambda epoch, rate: "fast", ValueError),
                        (lambda epoch, rate: -1.0, cnn.InvalidArgument), (lambda epoch, rate: None, TypeError)]:
        with pytest.raises(kind):
            model.fit(x, y, verbose=0, callbacks=cnn.LearningRateScheduler(wrong))  # type: ignore[arg-type]


def test_stop(context: cnn.Context) -> None:
    x, y = small.images(32)
    model = small.model(context)
    history = model.fit(x, y, batch_size=8, epochs=9, verbose=0, validation=(x, y), callbacks=at(
        "batch_end", lambda event: event.stop() if event.epoch == 1 and event.step == 1 else None))
    assert len(history) == 2 and len(history["val_loss"]) == 2 and model.iterations == 6
    assert len(model.fit(x, y, epochs=9, verbose=0, callbacks=at("train_begin", lambda event: event.stop()))) == 0


def test_events_and_figures_that_are_kept(context: cnn.Context) -> None:
    x, y = small.images(16)
    kept: list[cnn.Event] = []

    def keep(event: cnn.Event) -> None:
        assert event.logs["loss"] > 0
        kept.append(event)

    unseen: list[cnn.Event] = []
    history = small.model(context).fit(x, y, epochs=2, verbose=0, callbacks=[at("epoch_end", keep), at("epoch_end", unseen.append)])
    assert [event.logs["loss"] for event in kept] == history["loss"] and dict(kept[0].logs)["loss"] == history["loss"][0]
    assert repr(kept[1]) == "Event(epoch 2/2, step 1/1)" and repr(kept[0].logs).startswith("{'accuracy'")
    for use in (lambda: kept[0].logs.update(more=1.0), lambda: kept[0].write("text"), lambda: unseen[0].logs,
                lambda: kept[0].logs.pop("loss")):
        with pytest.raises(cnn.StateError):
            use()


def test_text_of_callbacks(context: cnn.Context, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = small.images(16)
    small.model().fit(x, y, epochs=2, verbose=2, callbacks=at("epoch_end", lambda event: event.write("größer: ja\n")))
    out = capsys.readouterr().out
    assert "größer: ja\n" in out and out.index("Epoch 1/2") < out.index("größer")


def test_callbacks_may_die_before_and_outlive_models(context: cnn.Context) -> None:
    x, y = small.images(16)
    model = small.model(context)
    told = Told([])
    stop = cnn.EarlyStopping("loss", patience=1)
    reference = weakref.ref(told)
    callbacks: list[Any] = [told, stop, at("epoch_begin", lambda event: (callbacks.clear(), gc.collect()))]
    del told
    model.fit(x, y, epochs=2, verbose=0, callbacks=callbacks)
    gc.collect()
    assert reference() is None
    model.close()
    del model
    gc.collect()
    assert stop.best_epoch is not None
    other = small.model(cnn.Context(seed=1))
    other.fit(x, y, verbose=0, callbacks=[stop])
    stop.close()
    with pytest.raises(cnn.StateError, match="closed"):
        other.fit(x, y, verbose=0, callbacks=[stop])


def test_a_builtin_closed_in_the_midst(context: cnn.Context) -> None:
    x, y = small.images(16)
    stop = cnn.EarlyStopping("loss", patience=3)
    history = small.model(context).fit(x, y, epochs=3, verbose=0, callbacks=[at("epoch_begin", lambda event: stop.close()), stop])
    assert len(history) == 3 and stop.closed


def test_only_callbacks_are_taken(context: cnn.Context) -> None:
    x, y = small.images(16)
    for wrong in (print, [Told], ["stop"], [None]):
        with pytest.raises(TypeError, match="must be a cnn.Callback"):
            small.model(context).fit(x, y, verbose=0, callbacks=wrong)  # type: ignore[arg-type]


def test_early_stopping_and_its_state(context: cnn.Context) -> None:
    x, y = small.images(16)
    stop = cnn.EarlyStopping("loss", patience=2, baseline=1e-9, restore_best_weights=True)
    model = small.model(context)
    history = model.fit(x, y, epochs=9, verbose=0, callbacks=[stop])
    assert stop.stopped_epoch == len(history) - 1 == 2
    state = stop.state
    assert state and any(isinstance(value, np.ndarray) for value in state.values())
    other = cnn.EarlyStopping("loss", patience=2)
    other.state = state
    assert other.best_epoch == stop.best_epoch
    with pytest.raises(cnn.InvalidArgument, match="mode"):
        cnn.EarlyStopping(mode="best")
    with pytest.raises(cnn.InvalidArgument, match="factor"):
        cnn.ReduceLROnPlateau(factor=0)


def test_checkpoints(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    x, y = small.images(16)
    model = small.model(context)
    model.fit(x, y, epochs=2, verbose=0, callbacks=[cnn.ModelCheckpoint(tmp_path / "at" / "{epoch:02d}.safetensors")])
    assert sorted(path.name for path in (tmp_path / "at").iterdir()) == ["01.safetensors", "02.safetensors"]
    assert cnn.Model.load(tmp_path / "at" / "02.safetensors").hash == model.hash
    with pytest.raises(cnn.NameError_, match="val_loss"):
        model.fit(x, y, verbose=0, callbacks=[cnn.ModelCheckpoint(tmp_path / "{val_loss}")])
    with pytest.raises(cnn.InvalidArgument, match="save_freq"):
        cnn.ModelCheckpoint("x", save_freq="batch")


# ---- Ctrl-C ----

def interrupt_soon(number: int = signal.SIGINT, seconds: float = 0.05) -> threading.Thread:
    """From another thread, as a person would."""

    def send() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize("event,last,epochs,steps", [
    ("train_begin", "batch_end", 0, 1), ("batch_begin", "batch_end", 0, 1), ("batch_end", "batch_end", 0, 1),
    ("epoch_end", "batch_end", 1, 3), ("test_begin", "batch_end", 2, 5), ("train_end", "epoch_end", 4, 8)])
def test_ctrl_c_ends_fit_after_its_step(context: cnn.Context, capfd: pytest.CaptureFixture[str], event: str, last: str,
                                        epochs: int, steps: int) -> None:
    x, y = small.images(16)
    model = small.model(context)
    log: list[Any] = []
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=8, epochs=4, verbose=0, validation=(x, y), validation_freq=2,
                  callbacks=[raw.Striking(context, event, signal.SIGINT), Told(log)])
    assert (log[-1][0], log[-2][0]) == ("train_end", last) and model.iterations == steps
    assert model.history is not None and len(model.history) == epochs
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert capfd.readouterr() == ("", "")
    assert len(model.fit(x, y, batch_size=8, verbose=0)) == 1 and model.iterations == steps + 2
    assert np.isfinite(model.predict(x)).all()


def test_ctrl_c_in_a_users_code_is_felt_at_once(context: cnn.Context) -> None:
    x, y = small.images(16)
    threads, slept = [], []

    def wait(event: cnn.Event) -> None:
        threads.append(interrupt_soon())
        for _ in range(3000):
            time.sleep(0.01)
        slept.append(event.step)

    with pytest.raises(KeyboardInterrupt):
        small.model(context).fit(x, y, verbose=0, callbacks=at("batch_begin", wait))
    threads[0].join()
    assert not slept


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGINT])
def test_handlers_of_ones_own(context: cnn.Context, capfd: pytest.CaptureFixture[str], number: signal.Signals) -> None:
    x, y = small.images(16)
    model = small.model(context)
    late = TimeoutError("too late")

    def ring(signum: int, frame: Any) -> None:
        raise late

    before = signal.signal(number, ring)
    try:
        with pytest.raises(TimeoutError) as caught:
            model.fit(x, y, batch_size=8, epochs=10**7, verbose=0, callbacks=raw.Striking(context, "batch_end", number))
        assert caught.value is late and signal.getsignal(number) is ring
    finally:
        signal.signal(number, before)
    assert capfd.readouterr() == ("", "")


def test_a_handler_that_returns_changes_nothing(context: cnn.Context) -> None:
    x, y = small.images(16)
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
    try:
        thread = interrupt_soon(signal.SIGALRM)
        model = small.model(context)
        until = at("epoch_end", lambda event: event.stop() if heard else None)
        model.fit(x, y, batch_size=8, epochs=10**7, verbose=0, callbacks=until)
        thread.join()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert heard == [signal.SIGALRM]


def test_fit_in_another_thread_leaves_ctrl_c_to_the_main_one(context: cnn.Context) -> None:
    x, y = small.images(16)
    model, done = small.model(context), threading.Event()
    training = threading.Thread(target=lambda: model.fit(x, y, epochs=10**7, verbose=0, callbacks=at(
        "epoch_end", lambda event: event.stop() if done.is_set() else None)))
    training.start()
    threads = []
    with pytest.raises(KeyboardInterrupt):
        threads.append(interrupt_soon())
        time.sleep(30)
    threads[0].join()
    assert training.is_alive()
    done.set()
    training.join(30)
    assert not training.is_alive() and len(model.history or ()) > 0
