"""Where features of teachers lie. Without torch."""

from __future__ import annotations

from pathlib import Path

from speefeare_core.folders import cache_dir


def features_dir() -> Path:
    """Of all teachers of this user."""
    return cache_dir() / "teachers"
