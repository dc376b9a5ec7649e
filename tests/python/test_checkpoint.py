"""A training that is stopped and goes on from its checkpoint ends as the one that never was."""
from __future__ import annotations

import pathlib
from typing import Any

import pytest
import small

import cnn


class Counts(cnn.Callback):
    """A callback with a state of its own, which may stop training by an exception or by a request."""

    def __init__(self, at: int = -1, act: Any = None) -> None:
        self.batches = 0
        self.at = at
        self.act = act

    def batch_end(self, event: cnn.Event) -> None:
        self.batches += 1
        if self.batches == self.at:
            self.act()

    def state_save(self) -> dict[str, Any]:
        return {"batches": self.batches}

    def state_load(self, state: dict[str, Any]) -> None:
        self.batches = int(state["batches"])


def train(path: pathlib.Path, threads: int = 1, at: int = -1, act: Any = None,
          keep: cnn.Checkpoint | None = None) -> tuple[str, Any, int, int | None]:
    """Four epochs of six batches, resumed where there is a file: hash, history, batches counted, epoch resumed in."""
    with cnn.Context(seed=3, threads=threads) as context:
        x, y = small.images()
        model = small.model(context)
        keep = keep or cnn.Checkpoint(path, resume=True, every_steps=1, context=context)
        counts = Counts(at, act)
        stop = cnn.EarlyStopping("loss", patience=2, restore_best_weights=True, context=context)
        history = model.fit(x, y, batch_size=8, epochs=4, verbose=0, callbacks=[counts, stop, keep])
        return model.hash, history.history, counts.batches, keep.resumed_epoch


def fails() -> None:
    raise RuntimeError("the power is gone")


def test_an_exception_in_the_middle(tmp_path: pathlib.Path) -> None:
    whole = train(tmp_path / "whole")
    assert whole[2:] == (24, None)
    for threads, at in ((2, 4), (1, 9), (2, 18)):
        with pytest.raises(RuntimeError, match="the power is gone"):
            train(tmp_path / "run", threads, at, fails)
    assert train(tmp_path / "run", 2) == (*whole[:3], 2)
    assert train(tmp_path / "run") == (*whole[:3], 4)  # it was at its end


def test_asked_to_stop(tmp_path: pathlib.Path) -> None:
    whole = train(tmp_path / "whole")
    context = cnn.Context(seed=3, threads=1)
    keep = cnn.Checkpoint(tmp_path / "run", context=context)
    _, history, batches, _ = train(tmp_path / "run", 1, 8, lambda: keep.request(stop=True), keep)
    assert batches == 8 and len(history["loss"]) == 1
    assert train(tmp_path / "run", 2) == (*whole[:3], 1)


def test_another_training_is_refused(tmp_path: pathlib.Path) -> None:
    x, y = small.images()
    keep = [cnn.Checkpoint(tmp_path / "run", resume=True)]
    small.model().fit(x, y, verbose=0, callbacks=keep)
    with pytest.raises(cnn.StateError, match="batch_size is 32 there, 16 here"):
        small.model().fit(x, y, batch_size=16, verbose=0, callbacks=keep)
    with pytest.raises(cnn.StateError, match="data.xxh3"):
        small.model().fit(x * x, y, verbose=0, callbacks=keep)
    with pytest.raises(cnn.InvalidArgument, match="every_steps is -1"):
        cnn.Checkpoint(tmp_path / "run", every_steps=-1)
    with pytest.raises(cnn.FileError, match="No such file"):
        small.model().fit(x, y, verbose=0, callbacks=[cnn.Checkpoint(tmp_path / "none" / "run")])
