"""A plugin of pytest for tests and for the examples of the package: each runs in an empty folder of its own, and a run ends in the line
that tests/count.py reads, as Check's programs end."""
from __future__ import annotations

import pathlib
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Counter:
    def __init__(self) -> None:
        self.passed = self.failed = self.errors = 0

    def pytest_collectreport(self, report: Any) -> None:
        self.errors += report.failed

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call":
            self.passed += report.passed
            self.failed += report.failed
        else:  # what a fixture raised before or after
            self.errors += report.failed

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        checks = self.passed + self.failed + self.errors
        share = 100 * self.passed // checks if checks else 0
        terminalreporter.write_line(f"{share}%: Checks: {checks}, Failures: {self.failed}, Errors: {self.errors}")


def pytest_configure(config: Any) -> None:
    config.pluginmanager.register(Counter(), "counter of checks")
