"""What `import cnn` brings with it: NumPy, and nothing that is only drawn or asked with."""
from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["matplotlib", "pandas", "seaborn", "sklearn", "scipy", "IPython", "asyncio", "cnn.plot", "cnn.keras", "cnn.metrics", "cnn.page"]


def loaded(words: str) -> set[str]:
    """The modules that a fresh interpreter has after these words, beyond those of `import numpy`."""
    text = f"import numpy, sys; before = set(sys.modules); {words}; print(*sorted(set(sys.modules) - before))"
    return set(subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split())


def test_is_light() -> None:
    assert not loaded("import cnn") & set(HEAVY)


def test_says_what_is_there() -> None:
    """A name that is loaded on first use is listed before."""
    import cnn
    assert {"plot", "keras", "metrics"} <= set(dir(cnn))
    with pytest.raises(AttributeError, match="module 'cnn' has no attribute 'no_such_name'"):
        cnn.no_such_name
