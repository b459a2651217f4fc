"""Speech for tiny runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.training.tiny_run import make_tones


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the packed set `tones`."""
    return make_tones(tmp_path_factory.mktemp("tones"))
