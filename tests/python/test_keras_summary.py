"""`model.summary()` prints what Keras prints, byte for byte."""
from __future__ import annotations

import io
import pathlib
import sys
from typing import Any, Callable

import pytest

import keras_models
from cnn import keras
from cnn.keras import _summary, layers

UNBUILT = """\
Model: "unbuilt"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ d1 (Dense)                      │ ?                      │   0 (unbuilt) │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ d2 (Dense)                      │ ?                      │   0 (unbuilt) │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 0 (0.00 B)
"""


@pytest.fixture(autouse=True)
def fresh() -> None:
    keras.backend.clear_session()


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What summary prints into a file or on a terminal of so many columns."""

    def run(model: Any, columns: int = 80, terminal: bool = False, **options: Any) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(_summary, "_colored", lambda stream: terminal)
        model.summary(**options)
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("place, columns", [("pipe_80", 80), ("pipe_120", 120), ("terminal_80", 80)])
@pytest.mark.parametrize("name, options", [("built_and_compiled", {}), ("line_length_100", {"line_length": 100}),
                                           ("show_trainable", {"show_trainable": True})])
def test_the_notebooks_model(place: str, columns: int, name: str, options: dict[str, Any], printed: Callable[..., str],
                             root: pathlib.Path) -> None:
    expected = (root / f"tests/reference/text/keras/{place}/summary_{name}.txt").read_bytes().replace(b"\r\n", b"\n")
    model = keras_models.notebook()
    text = printed(model, columns, place.startswith("terminal"), **options)
    if name == "built_and_compiled":  # the notebook's next line stands in the file too
        text += f"\nTotal Parameters: {model.count_params():,}\n"
    assert text.encode() == expected


@pytest.mark.parametrize("place", ["pipe_80", "terminal_80"])
def test_a_model_with_a_branch(place: str, printed: Callable[..., str], root: pathlib.Path) -> None:
    expected = (root / f"tests/reference/text/keras/{place}/functional_summary.txt").read_bytes().replace(b"\r\n", b"\n")
    assert printed(keras_models.residual(), terminal=place.startswith("terminal")).encode() == expected


def test_a_model_that_is_not_built(printed: Callable[..., str]) -> None:
    model = keras.Sequential([layers.Dense(3, name="d1"), layers.Dense(2, name="d2")], name="unbuilt")
    assert printed(model) == UNBUILT


def test_a_row_of_layers_made_of_symbols_shows_its_input(printed: Callable[..., str]) -> None:
    x = keras.Input((4,))
    text = printed(keras.Model(x, layers.Dense(2)(x)))
    assert text.startswith('Model: "functional"\n') and "│ input_layer (InputLayer)        │ (None, 4)" in text
    assert "Connected to" not in text and "Total params: 10 (40.00 B)" in text


def test_a_stream_without_boxes_gets_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    model = keras_models.residual()
    model.summary()
    text = raw.getvalue().decode("ascii")
    assert "| image (InputLayer)  | (None, 9, 8, 6)   |          0 | -                 |" in text
    assert "| (BatchNormalizatio. |" in text
    assert text.startswith('Model: "residual"\n+' + "-" * 21 + "+")


def test_print_fn_gets_the_whole_text_once(printed: Callable[..., str]) -> None:
    got: list[str] = []
    model = keras_models.notebook()
    assert printed(model, print_fn=got.append) == ""
    assert got == [printed(model)]


def test_layers_of_a_range(printed: Callable[..., str]) -> None:
    model = keras_models.notebook()
    text = printed(model, layer_range=("bn1", "pool2"))
    assert [name for name in ("conv1", "bn1", "pool2", "dropout2") if f"│ {name} " in text] == ["bn1", "pool2"]
    for wrong in (("bn1",), ("bn1", 3), ("nothing", "bn1")):
        with pytest.raises(ValueError):
            printed(model, layer_range=wrong)


def test_columns_of_ones_own(printed: Callable[..., str]) -> None:
    model = keras_models.notebook()
    assert printed(model, positions=[0.45, 0.80, 1.0]) == printed(model)
    assert printed(model, positions=[0.6, 0.85, 1.0]) != printed(model)
    with pytest.raises(ValueError, match="positions"):
        printed(model, positions=[0.5, 1.0])
    with pytest.raises(ValueError, match="width"):
        printed(model, line_length=9)


def test_frozen_layers_are_shown(printed: Callable[..., str]) -> None:
    model = keras_models.notebook()
    model.get_layer("conv1").trainable = False
    text = printed(model, show_trainable=True)
    assert "│        320 │   N   │" in text and " Trainable params: 421,514 " in text
