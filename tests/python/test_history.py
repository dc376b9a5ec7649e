"""Histories as JSON, and the log of JSON lines."""
from __future__ import annotations

import ctypes
import io
import json
import math
import pathlib
from typing import Any

import pytest

import cnn
import small
from cnn._calls import call
from cnn._library import lib
from cnn._output import sink


def written_by_c(context: cnn.Context, text: str) -> str:
    """The text read and written by the library's own functions."""
    pointer = ctypes.c_void_p()
    call(lib.cnn_history_from_json, ctypes.byref(pointer), context._handle, text.encode(), len(text.encode()))
    stream = io.StringIO()
    call(lib.cnn_history_to_json, pointer, sink(stream))
    lib.cnn_history_free(pointer)
    return stream.getvalue()


def test_both_languages_write_the_same(context: cnn.Context) -> None:
    x, y = small.images(16)
    history = small.model(context).fit(x, y, epochs=3, verbose=0, validation=(x, y), validation_freq=2)
    assert len(history["val_loss"]) == 1 and len(history["loss"]) == 3
    text = history.to_json()
    assert json.loads(text)["history"]["val_loss"] == [None, history["val_loss"][0], None]
    assert written_by_c(context, text) == text
    back = cnn.History.from_json(text)
    assert back == history and back.seconds == history.seconds and back.to_json() == text


def test_numbers_of_every_kind(context: cnn.Context) -> None:
    values = [0.1, -0.0, 5e-324, 1e23, 1.7976931348623157e308, math.inf, -math.inf, math.nan]
    text = cnn.History({"loss": values}, list(range(8)), [0.5] * 8).to_json()
    assert written_by_c(context, text) == text
    back = cnn.History.from_json(text)["loss"]
    assert [value.hex() for value in back] == [value.hex() for value in values]


@pytest.mark.parametrize("text", [
    "", "[]", "{", "null", "{}", '{"epoch": [], "seconds": []}', '{"epoch": [0], "seconds": [], "history": {}}',
    '{"epoch": [0], "seconds": [1], "history": {"loss": [1, 2]}}', '{"epoch": [0], "seconds": [1], "history": {"loss": 3}}',
    '{"epoch": [-1], "seconds": [1], "history": {}}', '{"epoch": [true], "seconds": [1], "history": {}}',
    '{"epoch": [0], "seconds": ["x"], "history": {}}', '{"epoch": [0], "seconds": [1], "history": {"loss": [[]]}}',
    '{"epoch": [0], "seconds": [1], "history": {"loss": [%s]}}' % ("9" * 400), '{"epoch": 1, "seconds": 1, "history": 1}',
    "[" * 100000])
def test_what_is_no_history(text: str) -> None:
    with pytest.raises(cnn.FormatError, match="history"):
        cnn.History.from_json(text)


def test_lists_that_do_not_fit() -> None:
    with pytest.raises(cnn.InvalidArgument, match="'loss' has 1 values for 2 epochs"):
        cnn.History({"loss": [1.0]}, [0, 1], [1.0, 1.0]).to_json()


def test_lines_of_json(context: cnn.Context, tmp_path: pathlib.Path) -> None:
    x, y = small.images(16)
    log = cnn.JSONLogger(tmp_path / "log.jsonl", every_batches=1, context=context)
    history = small.model(context).fit(x, y, epochs=2, batch_size=8, verbose=0, callbacks=log)
    rows: list[dict[str, Any]] = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(row["epoch"], row.get("batch")) for row in rows] == [(0, 0), (0, 1), (0, None), (1, 0), (1, 1), (1, None)]
    assert [row["loss"] for row in rows if "batch" not in row] == history["loss"]
    assert list(rows[2]) == ["epoch", "accuracy", "loss", "learning_rate", "seconds", "time"]
