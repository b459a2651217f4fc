"""Where the official Lyra v2 files are, for the tests that need trained weights."""

from __future__ import annotations

from pathlib import Path

import pytest

LYRA_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "weights" / "lyra"


def lyra_folder() -> Path:
    """The folder beside the checkout. The weights do not ship with the product: without them a test is skipped."""
    if not LYRA_FOLDER.is_dir():
        pytest.skip(f"the Lyra v2 files are not in {LYRA_FOLDER}")
    return LYRA_FOLDER
