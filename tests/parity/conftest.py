"""The table that the parity tests fill, printed at the end; `--write-parity` keeps it under resources/."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.summary import Summary

_SUMMARY = Summary()


@pytest.fixture
def parity_summary() -> Summary:
    return _SUMMARY


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _SUMMARY.rows:
        return
    terminalreporter.section("parity")
    terminalreporter.write_line(_SUMMARY.table())
    if config.getoption("--write-parity"):
        _SUMMARY.write(Path(__file__).parents[2] / "resources" / "parity" / "parity")
