"""The programs of docs/python.md up to its pictures, word for word, one after the other; examples of all that is public."""
from __future__ import annotations

import importlib
import inspect
import re

from conftest import ROOT

import pytest


def test_programs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```", page[:page.index("\n## Pictures")], re.S)
    assert len(programs) == 3
    names: dict[str, object] = {}
    for program in programs:
        exec(compile(program, "docs/python.md", "exec"), names)
    out = capsys.readouterr().out
    assert "conv1 (Conv2D)" in out and "Epoch 2/2" in out and "epoch 2: " in out


MODULES = ["cnn", "cnn.plot", "cnn.metrics", *(f"cnn.keras.{name}" for name in (
    "layers", "models", "optimizers", "losses", "metrics", "callbacks", "utils", "datasets.mnist", "initializers", "regularizers",
    "activations", "preprocessing.image"))]
# What others hand out, or are made from, whose examples are theirs.
HANDED_OUT = {"Attribute", "BuiltinCallback", "Event", "Initializer", "Layer", "Logs", "NumpyArrayIterator", "Regularizer", "Activation", "attributes_of"}


@pytest.mark.parametrize("module", MODULES)
def test_everything_public_has_an_example(module: str) -> None:
    """Of exceptions the base has one for all. That examples are right is the test 'python examples'."""
    names = importlib.import_module(module)
    own = [name for name, thing in vars(names).items() if name[0] != "_" and getattr(thing, "__module__", "") == module]
    for name in getattr(names, "__all__", own):
        thing = getattr(names, name)
        if (inspect.isclass(thing) and not issubclass(thing, Exception) or inspect.isfunction(thing)) and name not in HANDED_OUT:
            assert ">>>" in (inspect.getdoc(thing) or ""), f"{module}.{name}"
