"""Threads of Python with one model, and what the collector may do in the midst of a training."""
from __future__ import annotations

import gc
import random
import threading
import time
from typing import Any, Callable

import numpy as np
import pytest

import cnn
import small
from cnn._calls import held_count
from cnn._gate import Pass


def run(*functions: Callable[[], Any]) -> list[Any]:
    """All at once; what they give, or raise."""
    found: list[Any] = [None] * len(functions)
    start = threading.Barrier(len(functions))

    def work(number: int) -> None:
        start.wait()
        try:
            found[number] = functions[number]()
        except BaseException as error:
            found[number] = error

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    for item in found:
        if isinstance(item, BaseException):
            raise item
    return found


def test_several_threads_predict_on_one_model(context: cnn.Context) -> None:
    model = small.model(context)
    x, y = small.images()
    rows, figures = model.predict(x), model.evaluate(x, y)

    def use(number: int) -> None:
        for turn in range(30):
            first = (number + turn) % 40
            assert np.array_equal(model.predict(x[first:first + 7]), rows[first:first + 7])
            assert model.evaluate(x, y) == figures and model.test_on_batch(x, y)["loss"] == pytest.approx(figures["loss"])
            assert len(model.to_bytes()) > 1000 and model.weight("conv1/bias").shape == (4,)

    run(*[lambda number=number: use(number) for number in range(12)])


def test_the_interpreter_runs_on_during_fit() -> None:
    """The GIL is free while C works: another thread counts meanwhile."""
    model = cnn.Model(context=cnn.Context(threads=1))
    model.add("input", shape=(32, 32, 8))
    model.add("conv2d", filters=64, kernel_size=3)
    model.add("flatten")
    model.add("dense", units=2)
    model.compile("sgd", "mean_squared_error")
    x, y = np.zeros((512, 32, 32, 8), np.float32), np.zeros((512, 2), np.float32)
    ended, count = threading.Event(), 0

    def train() -> None:
        model.fit(x, y, batch_size=512, verbose=0)
        ended.set()

    thread = threading.Thread(target=train)
    thread.start()
    while not ended.is_set():
        count += 1
        time.sleep(0.0005)
    thread.join()
    assert count >= 5


def test_other_threads_are_refused_during_fit(context: cnn.Context) -> None:
    model = small.model(context)
    x, y = small.images()
    begun, done = threading.Event(), threading.Event()

    class Wait(cnn.Callback):
        def batch_end(self, event: cnn.Event) -> None:
            begun.set()
            done.wait(30)

    thread = threading.Thread(target=lambda: model.fit(x, y, verbose=0, callbacks=Wait()))
    thread.start()
    assert begun.wait(30)
    for use in (lambda: model.predict(x), lambda: model.fit(x, y, verbose=0), lambda: model.evaluate(x, y),
                lambda: model.set_weight("output/bias", [0, 0, 0]), lambda: model.train_on_batch(x, y), lambda: model.save("x")):
        with pytest.raises(cnn.StateError, match="another thread"):
            use()
    assert repr(model).startswith("Model(") and model.name == "sequential"
    done.set()
    thread.join(30)
    assert model.predict(x).shape == (48, 3)


def test_no_look_at_the_layers_while_one_is_added(context: cnn.Context) -> None:
    """The library's lists move then."""
    model = small.model(context, compiled=False)
    looks: list[Callable[[], Any]] = [
        lambda: model.layers, lambda: model.layer("conv1"), lambda: model.weights, lambda: model.parameters,
        lambda: model.flops, lambda: model.output_shape, lambda: model.summary_text(), lambda: model.diagram()]
    begun, done = threading.Event(), threading.Event()

    def add() -> None:
        with Pass(model._structure, None, "Model", True):
            begun.set()
            done.wait(30)

    thread = threading.Thread(target=add)
    thread.start()
    assert begun.wait(30)
    for look in looks:
        with pytest.raises(cnn.StateError, match="another thread"):
            look()
    done.set()
    thread.join(30)
    for look in looks:
        assert look()


def test_closing_while_others_predict(context: cnn.Context) -> None:
    x, _ = small.images()
    for _ in range(20):
        model = small.model(context)
        rows = model.predict(x)
        closed = threading.Event()

        def predict() -> int:
            count = 0
            while True:
                try:
                    assert np.array_equal(model.predict(x), rows)
                    count += 1
                except cnn.StateError:
                    return count

        def close() -> None:
            time.sleep(0.002)
            try:
                model.close()
            finally:
                closed.set()

        run(predict, predict, close)
        assert model.closed


def test_models_of_one_context_train_side_by_side(context: cnn.Context) -> None:
    x, y = small.images()

    def train() -> str:
        model = small.model(context)
        model.fit(x, y, batch_size=8, epochs=3, verbose=0, validation=(x, y))
        return model.hash

    assert len(set(run(train, train, train, train))) == 1


def test_collection_in_the_midst() -> None:
    """Everything goes in any order, in callbacks too."""
    chance = random.Random(1)
    gc.collect()
    gc.freeze()  # what was there before need not be looked at each time
    before = held_count()

    class Collect(cnn.Callback):
        def __init__(self, bag: list[Any]) -> None:
            self.bag, self.me = bag, self

        def batch_end(self, event: cnn.Event) -> None:
            self.drop()

        def epoch_end(self, event: cnn.Event) -> None:
            self.bag.append(event.model.predict(np.ones((2, 8, 8, 1), np.float32)))
            self.drop()

        def drop(self) -> None:
            chance.shuffle(self.bag)
            self.bag[:] = self.bag[len(self.bag) // 2:]
            gc.collect()

    for turn in range(6):
        context = cnn.Context(seed=turn, threads=1 + turn % 2)
        x, y = small.images()
        data = cnn.Dataset(x, y, context=context)
        bag: list[Any] = [context, data, data.inputs(), data.split(0.5), cnn.Augmenter(context, rotation_range=5),
                          cnn.EarlyStopping("loss", context=context), x, y]
        model = small.model(context)
        bag += [model, *model.layers, model.predict(x[:3]), model.weight("conv1/kernel")]
        callbacks = [Collect(bag), cnn.EarlyStopping("loss", context=context), cnn.TerminateOnNaN(context=context)]
        del context
        bag.append(callbacks[1])
        model.fit(data, batch_size=8, epochs=2, verbose=0, callbacks=callbacks,
                  augmenter=cnn.Augmenter(rotation_range=5) if turn % 3 else None)
        names = ["model", "data", "callbacks", "bag", "x", "y"]
        chance.shuffle(names)
        things = {"model": model, "data": data, "callbacks": callbacks, "bag": bag, "x": x, "y": y}
        del model, data, callbacks, bag, x, y
        for name in names:
            del things[name]
            gc.collect()
    gc.unfreeze()
    assert held_count() == before


def test_nothing_is_left_behind(context: cnn.Context) -> None:
    """No thing held and no growing memory over many calls."""
    resident = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096  # noqa: E731
    x, y = small.images()
    model = small.model(context)

    def turn() -> None:
        model.fit(x, y, verbose=0, validation=(x, y), callbacks=[cnn.Callback(), cnn.EarlyStopping()])
        model.fit(((x, y) for _ in range(2)), verbose=0)
        model.predict(x), model.evaluate(x, y), model.train_on_batch(x, y)
        cnn.Model.from_bytes(model.to_bytes(), context=context)
        with pytest.raises(cnn.Error):
            model.add("dense", units=-1)

    for _ in range(60):
        turn()
    gc.collect()
    held, memory = held_count(), resident()
    for _ in range(300):
        turn()
    gc.collect()
    assert held_count() == held
    assert resident() - memory < 8 << 20
