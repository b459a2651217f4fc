"""Settings come back as they were saved, and nothing in their file can stop the start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.settings import RECENT_KEPT, Settings, load_settings, settings_path


def test_round_trip(tmp_path: Path) -> None:
    settings = Settings(theme="dark", volume_db=-3.0, panels={"codes": {"zoom": 2}}, path=tmp_path / "a" / "s.json")
    for index in range(RECENT_KEPT + 3):
        settings.add_recent_clip(f"/clips/{index}.wav")
    settings.add_recent_clip("/clips/5.wav")
    settings.save()
    again = load_settings(settings.path)
    assert again == settings and again.notices == []
    assert again.recent_clips[:2] == ("/clips/5.wav", "/clips/12.wav") and len(again.recent_clips) == RECENT_KEPT
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["s.json"]


def test_no_file_means_defaults_without_a_word(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "none.json")
    assert settings == Settings() and settings.notices == []


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("theme", "pink"),
        ("volume_db", "loud"),
        ("volume_db", True),
        ("volume_db", 1e9),
        ("recent_clips", "/one/string.wav"),
        ("recent_clips", [1, 2]),
        ("compute_device", None),
        ("panels", {"codes": 3}),
        ("docks", 7),
    ],
)
def test_a_bad_field_falls_back_with_a_notice_and_the_others_stay(tmp_path: Path, field: str, bad: object) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"version": 1, "live_input": "desk microphone", field: bad, "unknown": 1}))
    settings = load_settings(path)
    assert getattr(settings, field) == getattr(Settings(), field)
    assert settings.live_input == "desk microphone"
    assert len(settings.notices) == 1 and field in settings.notices[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"version": 99}', b'{"theme": "dark"}'])
def test_a_bad_file_falls_back_with_a_notice(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(content)
    settings = load_settings(path)
    assert settings == Settings() and len(settings.notices) == 1


def test_a_folder_that_cannot_be_written_is_a_notice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings(path=tmp_path / "file" / "s.json")
    settings.save()
    assert "could not be saved" in settings.notices[0]


def test_the_path_follows_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert settings_path() == tmp_path / "speefeare-workbench" / "settings.json"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("APPDATA", str(tmp_path / "Roaming"))
    assert settings_path() == tmp_path / "Roaming" / "speefeare-workbench" / "settings.json"
