"""What is remembered between two starts: one typed, versioned JSON file in the platform's configuration folder.

A bad file or field never blocks the start: it falls back to its default, with a notice. Knows nothing of Qt.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from speefeare_core.folders import config_dir

VERSION = 1
THEMES = ("system", "light", "dark", "projector")
TEXT_SCALES = (0.5, 3.0)  # least and most
RECENT_KEPT = 10


@dataclass
class Settings:
    """Every remembered value. `path` None: nothing is ever written (tests)."""

    theme: str = "system"
    text_scale: float = 1.0  # of the size that the desktop gives
    recent_clips: tuple[str, ...] = ()  # newest first
    recent_codecs: tuple[str, ...] = ()
    recent_documents: tuple[str, ...] = ()
    compute_device: str = "auto"
    output_device: str = "default"
    live_input: str = "default"
    live_output: str = "default"
    sessions_folder: str = ""  # where Live records; empty: in the home folder
    runs_folder: str = ""  # where training runs go; empty: in the home folder
    runs: tuple[str, ...] = ()  # run folders that lie elsewhere
    volume_db: float = 0.0
    offline: bool = False  # nothing is ever downloaded
    geometry: str = ""  # base64 of QWidget.saveGeometry
    docks: str = ""  # base64 of QMainWindow.saveState
    panels: dict[str, dict[str, Any]] = field(default_factory=dict)  # panel key → view_state()
    path: Path | None = field(default=None, repr=False, compare=False)
    notices: list[str] = field(default_factory=list, repr=False, compare=False)

    def add_recent_clip(self, path: str) -> None:
        """Newest first, each once."""
        self.recent_clips = _newest_first(path, self.recent_clips)

    def add_recent_codec(self, source: str) -> None:
        """Newest first, each once."""
        self.recent_codecs = _newest_first(source, self.recent_codecs)

    def add_recent_document(self, path: str) -> None:
        """Newest first, each once."""
        self.recent_documents = _newest_first(path, self.recent_documents)

    def forget_recent_clip(self, path: str) -> None:
        """It is none that a person would open again."""
        self.recent_clips = tuple(other for other in self.recent_clips if other != path)

    def save(self) -> None:
        """Write by a temporary file and a rename; where that fails, a notice is added."""
        if self.path is None:
            return
        data: dict[str, Any] = {"version": VERSION}
        data |= {name: getattr(self, name) for name in _CHECKS}
        part = self.path.with_name(self.path.name + ".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
            part.replace(self.path)
        except OSError as error:
            self.notices.append(f"The settings could not be saved to {self.path}: {error.strerror or error}.")


def settings_path() -> Path:
    """The settings file of this user on this platform."""
    return config_dir() / "settings.json"


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings; what is missing or bad takes its default, what is bad is told in `notices`."""
    path = path or settings_path()
    settings = Settings(path=path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return settings
    except (OSError, ValueError):
        settings.notices.append(f"The settings file {path} could not be read, so the defaults are used.")
        return settings
    if not isinstance(data, dict) or data.get("version") != VERSION:
        settings.notices.append(f"The settings file {path} is of another version, so the defaults are used.")
        return settings
    for name, check in _CHECKS.items():
        if name not in data:
            continue
        value = check(data[name])
        if value is None:
            settings.notices.append(f"The setting {name} in {path} was not valid, so its default is used.")
        else:
            setattr(settings, name, value)
    return settings


def _newest_first(item: str, items: tuple[str, ...]) -> tuple[str, ...]:
    return (item, *(other for other in items if other != item))[:RECENT_KEPT]


# Each check gives the value to keep, or None where it is not valid.
def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _theme(value: Any) -> str | None:
    return value if value in THEMES else None


def _texts(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value[:RECENT_KEPT])


def _folders(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _gain_db(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and -60.0 <= value <= 12.0 else None


def _scale(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and TEXT_SCALES[0] <= value <= TEXT_SCALES[1] else None


def _switch(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _panels(value: Any) -> dict[str, dict[str, Any]] | None:
    good = isinstance(value, dict) and all(isinstance(row, dict) for row in value.values())
    return value if good else None


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "theme": _theme,
    "text_scale": _scale,
    "recent_clips": _texts,
    "recent_codecs": _texts,
    "recent_documents": _texts,
    "compute_device": _text,
    "output_device": _text,
    "live_input": _text,
    "live_output": _text,
    "sessions_folder": _text,
    "runs_folder": _text,
    "runs": _folders,
    "volume_db": _gain_db,
    "offline": _switch,
    "geometry": _text,
    "docks": _text,
    "panels": _panels,
}
assert set(_CHECKS) == {row.name for row in fields(Settings)} - {"path", "notices"}
