"""The README's Python program, word for word but for the length of its training, from a folder that has the data where it says."""
from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

from conftest import ROOT


def test_program(tmp_path: pathlib.Path) -> None:
    programs = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert len(programs) == 1
    program = programs[0].replace("epochs=2", "epochs=1, steps_per_epoch=100")
    assert program != programs[0]
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    accuracy = re.findall(r"val_accuracy: ([\d.]+)", done.stdout)
    assert float(accuracy[-1]) > 0.8, done.stdout
    assert (tmp_path / "quickstart.safetensors").exists()
