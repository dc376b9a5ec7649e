"""Contexts: what they say, where text and log lines go, how errors come out."""
from __future__ import annotations

import ctypes
import io
import logging
import sys
from typing import Any

import pytest

import cnn
from cnn import _abi, _output
from cnn._calls import call
from cnn._handle import Owner, new
from cnn._library import lib
from cnn._options import options


def test_says_what_it_is(context: cnn.Context) -> None:
    assert (context.seed, context.threads) == (7, 2)
    assert context.cpu in ("ref", "avx2", "avx512") and context.gemm in ("native", "blas", "ref")
    assert repr(context) == "Context(seed=7, threads=2)"
    assert cnn.Context(seed=2**64 - 1).seed == 2**64 - 1
    assert cnn.build_info().startswith(f"libcnn {cnn.__version__}")


def test_closes() -> None:
    context = cnn.Context()
    with context as same:
        assert same is context and not context.closed
    assert context.closed and repr(context) == "Context(closed)"
    context.close()
    with pytest.raises(cnn.StateError, match="this Context is closed"):
        context.seed
    with pytest.raises(cnn.StateError):
        context.__enter__()


@pytest.mark.parametrize(("arguments", "kind", "text"), [
    ({"threads": -1}, cnn.InvalidArgument, "threads is -1, not 0 to 1024"),
    ({"threads": 2**32 + 1}, cnn.InvalidArgument, "threads: 4294967297 is out of the range of int32"),
    ({"seed": -1}, cnn.InvalidArgument, "seed: -1 is out of the range"),
    ({"max_load_bytes": -5}, cnn.InvalidArgument, "max_load_bytes is -5"),
    ({"seed": "one"}, TypeError, "cannot be interpreted as an integer")])
def test_refuses(arguments: dict[str, Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        cnn.Context(**arguments)


def test_errors_are_a_family() -> None:
    with pytest.raises(ValueError) as caught:
        cnn.Context(threads=1025)
    error = caught.value
    assert isinstance(error, cnn.Error) and (error.status, error.name) == (_abi.CNN_EINVAL, "CNN_EINVAL")
    assert str(cnn.FileError("no 'x'")) == "no 'x'" and isinstance(cnn.FileError(""), OSError)
    assert isinstance(cnn.OutOfMemory(""), MemoryError) and str(cnn.NameError_("no 'x'")) == "no 'x'"


def test_default_context() -> None:
    before = cnn.default_context()
    try:
        mine = cnn.Context(seed=3)
        cnn.set_default_context(mine)
        assert cnn.default_context() is mine
        mine.close()
        assert cnn.default_context() is not mine and not cnn.default_context().closed
        with pytest.raises(cnn.StateError):
            cnn.set_default_context(mine)
        cnn.set_default_context(None)
        assert cnn.default_context().seed == 0
    finally:
        cnn.set_default_context(before)


def test_options_keep_what_c_reads() -> None:
    struct = options(_abi.cnn_compile_opts, metrics=["accuracy", "top3"], metric_count=2)
    assert [struct.metrics[index] for index in range(2)] == [b"accuracy", b"top3"]
    assert struct.size == ctypes.sizeof(_abi.cnn_compile_opts) and struct.weighted_metric_count == 0
    with pytest.raises(TypeError, match="cnn_fit_opts has no field 'epoch'"):
        options(_abi.cnn_fit_opts, epoch=3)
    with pytest.raises(cnn.InvalidArgument, match="NUL"):
        options(_abi.cnn_model_opts, name="a\0b")
    weights = options(_abi.cnn_fit_opts, class_weights=[1, 2.5], class_weight_count=2)
    assert weights.class_weights[1] == 2.5


def _summary(context: cnn.Context, sink: Any) -> None:
    model = new("cnn_model", lib.cnn_model_new, context._handle, None)
    shape = (ctypes.c_int64 * 1)(3)
    layer = lib.cnn_input(model, 1, shape, None)
    assert layer is not None
    call(lib.cnn_model_summary, model, sink, None)


def test_text_goes_to_what_stdout_is_now(context: cnn.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = context.sink()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    _summary(context, sink)
    text = stream.getvalue()
    assert 'Model: "sequential"' in text and "\u2501" in text and "\x1b" not in text
    mine = io.StringIO()
    _summary(context, _output.sink(mine))
    assert mine.getvalue() == stream.getvalue()
    monkeypatch.setattr(sys, "stdout", None)
    _summary(context, context.sink())
    _summary(context, None)


def test_characters_may_be_cut() -> None:
    stream = io.StringIO()
    writer = _output.Writer(stream)
    for byte in "a\u2501\U0001f600z".encode():
        writer.write(bytes([byte]))
    assert stream.getvalue() == "a\u2501\U0001f600z"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True




def test_streams_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert _output.sink(_Terminal()).is_terminal == 1
    assert _output.sink(io.StringIO()).is_terminal == 0
    assert _output.sink(io.StringIO()).ascii == 0
    assert _output.sink(io.TextIOWrapper(io.BytesIO(), encoding="ascii")).ascii == 1
    notebook = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})
    assert _output.sink(notebook()).is_terminal == 1
    monkeypatch.setenv("TERM", "dumb")
    assert _output.sink(_Terminal()).is_terminal == 0


def test_a_stream_that_fails_comes_out(context: cnn.Context) -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(ValueError, match="closed file"):
        _summary(context, _output.sink(stream))
    _summary(context, _output.sink(io.StringIO()))


def test_a_sink_that_is_gone_is_silent(context: cnn.Context, capsys: pytest.CaptureFixture[str]) -> None:
    sink = _output.sink(None)
    number = sink.user
    _output._write(number, b"shown", 5)
    assert capsys.readouterr().out == "shown"
    del sink
    _output._write(number, b"text", 4)
    assert capsys.readouterr().out == ""


def test_log_lines_go_to_logging(caplog: pytest.LogCaptureFixture, tmp_path: Any) -> None:
    """A file whose weights hold NaN is a warning; debug lines come where they are wanted."""
    logger = logging.getLogger("mine")
    with caplog.at_level(logging.DEBUG, "mine"), cnn.Context(threads=1, log=logger) as context:
        model = new("cnn_model", lib.cnn_model_new, context._handle, None)
        lib.cnn_input(model, 1, (ctypes.c_int64 * 1)(3), None)
        lib.cnn_layer_add(model, b"dense", b"units=2")
        optimizer = new("cnn_optimizer", lib.cnn_optimizer_new, context._handle, b"sgd", None)
        call(lib.cnn_model_compile, model, optimizer, 1, (ctypes.c_char_p * 1)(b"mean_squared_error"), None)
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
    assert caplog.records[0].name == "mine" and "sequential" in caplog.records[0].getMessage()


def test_borrowed_handles_keep_their_parent(context: cnn.Context) -> None:
    model = new("cnn_model", lib.cnn_model_new, context._handle, None)
    layer = Owner(lib.cnn_input(model, 1, (ctypes.c_int64 * 1)(3), None), parent=model)
    context.close()
    del model
    assert lib.cnn_layer_type(layer) == b"input"
