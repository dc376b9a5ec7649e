"""The programs of docs/python.md up to its pictures, word for word, one after the other."""
from __future__ import annotations

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
