"""Where this program keeps things, for this user and platform: settings, caches, what must outlive a crash."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAME = "speefeare-workbench"


def config_dir() -> Path:
    """Of what a person has chosen."""
    return _folder("APPDATA", "Roaming", "Application Support", "XDG_CONFIG_HOME", ".config")


def cache_dir() -> Path:
    """Of what can be made or fetched again."""
    return _folder("LOCALAPPDATA", "Local", "Caches", "XDG_CACHE_HOME", ".cache")


def state_dir() -> Path:
    """Of what must outlive a crash."""
    return _folder("LOCALAPPDATA", "Local", "Application Support", "XDG_STATE_HOME", ".local/state")


def _folder(windows: str, windows_name: str, mac_name: str, xdg: str, xdg_name: str) -> Path:
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get(windows) or home / "AppData" / windows_name)
    elif sys.platform == "darwin":
        base = home / "Library" / mac_name
    else:
        base = Path(os.environ.get(xdg) or home / xdg_name)
    return base / NAME
