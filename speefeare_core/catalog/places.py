"""Where downloads live, where huggingface_hub keeps its own, and whether the network may be used."""

from __future__ import annotations

import os
from pathlib import Path

from speefeare_core.folders import cache_dir

_YES = {"1", "true", "yes", "on"}


def models_dir() -> Path:
    """The folder of our downloads: SPEEFEARE_MODELS, or `models` in the cache folder of this user and platform."""
    chosen = os.environ.get("SPEEFEARE_MODELS")
    return Path(chosen).expanduser().absolute() if chosen else cache_dir() / "models"


def hub_cache_dir() -> Path:
    """The cache of huggingface_hub: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub, or the default."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return Path(os.environ[name]).expanduser()
    if os.environ.get("HF_HOME"):
        return Path(os.environ["HF_HOME"]).expanduser() / "hub"
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "huggingface" / "hub"


def offline_reason() -> str:
    """Which environment variable forbids the network; empty where none does."""
    for name in ("SPEEFEARE_OFFLINE", "HF_HUB_OFFLINE"):
        if os.environ.get(name, "").strip().lower() in _YES:
            return name
    return ""
