"""Cases and their comparison: a case is written once, in Keras's (or scikit-learn's) words, and run under both."""
from __future__ import annotations

import traceback
from typing import Any, Callable, Mapping, NamedTuple, Sequence

import numpy as np


class Case(NamedTuple):
    name: str
    run: Callable[[Any], Any]  # takes the module whose words are used; gives numbers, texts, or lists and dicts of such
    within: float = 0.0        # largest difference allowed; 0: equal


class Table(NamedTuple):
    title: str
    theirs: Any  # modules
    ours: Any
    cases: Sequence[Case]


class Row(NamedTuple):
    title: str
    cases: int
    largest: float
    within: float
    failures: list[str]


class Different(Exception):
    pass


def difference(theirs: Any, ours: Any, where: str = "result") -> float:
    """The largest difference of two results, of arrays with numbers beyond 1 relative to the largest. What is not a number must be equal."""
    if isinstance(theirs, Mapping):
        if not isinstance(ours, Mapping) or list(theirs) != list(ours):
            raise Different(f"{where}: keys {list(theirs)}; ours {list(ours) if isinstance(ours, Mapping) else ours!r}")
        return max((difference(theirs[key], ours[key], f"{where}[{key!r}]") for key in theirs), default=0.0)
    if isinstance(theirs, (list, tuple)):
        if not isinstance(ours, (list, tuple)) or len(theirs) != len(ours):
            raise Different(f"{where}: {theirs!r}; ours {ours!r}")
        return max((difference(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(theirs, ours))), default=0.0)
    if theirs is None or isinstance(theirs, (str, bool)):
        if theirs != ours:
            raise Different(f"{where}: {theirs!r}\nours: {ours!r}")
        return 0.0
    a, b = np.asarray(theirs, np.float64), np.asarray(ours, np.float64)
    if a.shape != b.shape:
        raise Different(f"{where}: shape {a.shape}; ours {b.shape}")
    if not a.size:
        return 0.0
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        raise Different(f"{where}: NaN in one alone")
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | np.isnan(a), 0.0, np.abs(a - b))
    return float(apart.max() / max(1.0, np.nanmax(np.abs(a))))


def compare(table: Table) -> Row:
    """Run a table's cases under both; the failures say what differs."""
    largest, within, failures = 0.0, 0.0, []
    for case in table.cases:
        try:
            found = difference(case.run(table.theirs), case.run(table.ours))
        except Different as different:
            failures.append(f"{table.title}, {case.name}: {different}")
        except Exception:
            failures.append(f"{table.title}, {case.name}:\n{traceback.format_exc()}")
        else:
            largest, within = max(largest, found), max(within, case.within)
            if found > case.within:
                failures.append(f"{table.title}, {case.name}: differs by {found:.2g}, {case.within:.2g} are allowed")
    return Row(table.title, len(table.cases), largest, within, failures)


def drawn(seed: int, *shape: int) -> Any:
    """Numbers of a normal distribution, the same for both sides."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def labels(seed: int, count: int, classes: int) -> Any:
    return np.random.default_rng(seed).integers(0, classes, count)


def one_hot(numbers: Any, classes: int) -> Any:
    return np.eye(classes, dtype=np.float32)[numbers]


def fill(model: Any, seed: int = 0) -> Any:
    """Give a model weights that do not depend on who draws them; vectors (biases, scales, moving statistics) are positive."""
    random = np.random.default_rng(seed)
    model.set_weights([random.uniform(0.5, 1.5, w.shape).astype(np.float32) if w.ndim == 1 else
                       (random.standard_normal(w.shape) / np.sqrt(np.prod(w.shape[:-1]))).astype(np.float32) for w in model.get_weights()])
    return model
