"""Fixtures for the tests of the core."""

from __future__ import annotations

from pathlib import Path

import pytest

from speefeare_core.codecs import FAMILIES
from tests.core.tiny_codec import FAMILY, tiny_file


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A codec file of the tiny test codec; its family is known while the test runs (in this process only)."""
    monkeypatch.setitem(FAMILIES, FAMILY.key, FAMILY)
    folder = tmp_path / "codec"
    folder.mkdir()
    return tiny_file(folder)
