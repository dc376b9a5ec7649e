"""Attributes as text, by the tables of the library."""
from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

import cnn
from cnn import _abi, _text
from cnn._handle import Owner, new
from cnn._library import lib

FAMILIES = ("layer", "loss", "metric", "optimizer", "schedule")


def rows() -> list[tuple[str, str | None, _text.Attribute]]:
    found: list[tuple[str, str | None, _text.Attribute]] = []
    found += [("augmenter", None, row) for row in _text.table("augmenter")]
    for family in FAMILIES:
        for kind in _text.types(family):
            found += [(family, kind, row) for row in _text.table(family, kind)]
    return found


def test_tables() -> None:
    assert "conv2d" in _text.types("layer") and "adam" in _text.types("optimizer")
    conv = {row.key: row for row in _text.table("layer", "conv2d")}
    assert conv["padding"].choices[:2] == ("valid", "same") and conv["filters"].required
    assert conv["kernel_size"].kind == _abi.CNN_ATTRIBUTE_PAIR
    assert _text.table("layer", "nothing") == ()
    assert all(row.key and row.help for _, _, row in rows())


def test_every_default_comes_back() -> None:
    """A default read as Python's value and written again reads as the same value, for each attribute there is."""
    kinds = set()
    for family, kind, row in rows():
        if row.standard:
            value = _text.read(row.standard, row.kind)
            text = _text.written(row.key, value, row.kind)
            assert _text.read(text, row.kind) == value, (family, kind, row)
            kinds.add(row.kind)
    assert len(kinds) >= 6


@pytest.mark.parametrize(("value", "kind", "text"), [
    (3, None, "3"), (np.int64(3), None, "3"), (0.1, None, "0.1"), (np.float32(0.5), None, "0.5"), (1e-7, None, "1e-07"),
    (True, None, "true"), (np.bool_(False), None, "false"), ("same", None, "same"), ((3, 2), None, "3,2"),
    ([28, 28, 1], None, "28,28,1"), (np.array([3, 3]), None, "3,3"), ((0.5, 1), _abi.CNN_ATTRIBUTE_LIST, "0.5:1"),
    ("random_normal(mean=0, stddev=0.1)", _abi.CNN_ATTRIBUTE_FORM, "random_normal(mean=0,stddev=0.1)"),
    (np.array(2.5), None, "2.5"), (np.array(7), None, "7")])
def test_written(value: Any, kind: int | None, text: str) -> None:
    assert _text.written("key", value, kind) == text


@pytest.mark.parametrize("value", [
    object(), "", "a b", "a\nunits=3", "\0", {"a": 1}, 1j, [object()], b"bytes", lambda: 3])
def test_not_written(value: Any) -> None:
    with pytest.raises(cnn.InvalidArgument, match="key: "):
        _text.written("key", value)


def test_through_a_layer(context: cnn.Context) -> None:
    """What goes in comes out, for kinds of each sort."""
    model = new("cnn_model", lib.cnn_model_new, context._handle, None)
    lib.cnn_input(model, 3, (ctypes.c_int64 * 3)(28, 28, 1), None)
    table = _text.table("layer", "conv2d")
    given = {"filters": 4, "kernel_size": (3, 5), "padding": "same", "use_bias": False, "name": "c", "strides": None,
             "kernel_initializer": "random_normal(stddev=0.25)"}
    layer = Owner(lib.cnn_layer_add(model, b"conv2d", _text.attributes(table, given)), parent=model)
    kinds = {row.key: row.kind for row in table}
    for key, value in given.items():
        if key in kinds and value is not None and key != "kernel_initializer":
            assert _text.read(_text.attribute("layer", layer, key), kinds[key]) == value
    assert "0.25" in _text.attribute("layer", layer, "kernel_initializer")
    with pytest.raises(cnn.NameError_, match="paddin"):
        _text.attribute("layer", layer, "paddin")


class Named:
    name = "conv1"


def test_layers_by_their_name() -> None:
    assert _text.attributes((), {"inputs": [Named(), "b"], "input": None}) == b"inputs=conv1,b"
