"""`speefeare phones` and `speefeare teachers`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speefeare_core import audio
from speefeare_core.audio import Audio
from speefeare_core.cli import main
from speefeare_core.synthetic_speech import espeak, flite
from speefeare_core.synthetic_speech.shipped import shipped_speech
from speefeare_core.teachers import TEACHERS, open_teacher
from speefeare_core.teachers.cache import FeatureCache


def call(capsys: pytest.CaptureFixture[str], *argv: object) -> dict[str, Any]:
    code = main([*map(str, argv), "--json"])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    data: dict[str, Any] = json.loads(shown.out)
    return data


def test_phones_of_two_codecs_side_by_side(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "phones.md"
    found = call(
        capsys, "phones", "--codec", tiny, "--codec", tiny, "--recordings", 2, "--no-decode", "--output", output
    )
    first, second = found["reports"]
    assert first == second and first["mel_distance"] is None and first["seconds"] > 2
    assert all(
        {"pnmi", "pnmi_floor", "phone_purity", "cluster_purity", "voice_nmi"} <= set(book) for book in first["books"]
    )
    assert "PNMI +0.000" in output.read_text() and "synthetic speech" in found["note"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--recordings", "0"), "--recordings should be 1 or more"),
        (("--synthesise", "0"), "--synthesise should be a number of seconds above 0"),
        (("--output", "phones.txt"), "phones.txt"),
    ],
)
def test_phones_says_what_does_not_go(
    options: tuple[str, ...], words: str, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["phones", "--codec", str(tiny), *options]) == 2
    assert words in capsys.readouterr().err


def test_without_a_synthesiser_nothing_is_spoken_anew(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(espeak, "available", lambda: False)
    monkeypatch.setattr(flite, "available", lambda: False)
    assert main(["phones", "--codec", str(tiny), "--synthesise", "3"]) == 2
    assert "install espeak-ng" in capsys.readouterr().err


def test_the_list_has_every_teacher_and_the_cache_can_be_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    sound = np.zeros(6400, np.float32)
    FeatureCache(open_teacher("phones")).features("a", 6400, lambda start, count: sound[start : start + count], 0, 9)
    found = call(capsys, "teachers")
    assert [row["key"] for row in found["teachers"]] == list(TEACHERS)
    assert found["cache"]["files"] == 1 and found["cache"]["bytes"] > 0
    assert call(capsys, "teachers", "clear")["files"] == 1
    assert call(capsys, "teachers", "list")["cache"]["files"] == 0


def test_features_of_a_sound_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    speech = shipped_speech()[0]
    path, output = tmp_path / "speech.wav", tmp_path / "features.npy"
    audio.write(path, Audio(speech.samples[None], 16_000))
    found = call(capsys, "teachers", "hear", path, "--output", output)
    features = np.load(output)
    assert features.shape == (found["frames"], 64) and found["frame_rate_hz"] == 50
    assert main(["teachers", "hear", str(path), "--teacher", "parrot"]) == 2
    assert "There is no teacher parrot" in capsys.readouterr().err


def test_training_the_tiny_teacher_writes_one_that_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speech = shipped_speech()[:3]
    monkeypatch.setattr("speefeare_core.synthetic_speech.corpus.synthetic_corpus", lambda *_, **__: iter(speech))
    path = tmp_path / "mine.safetensors"
    found = call(capsys, "teachers", "train", path, "--minutes", 0.02, "--batch", 2, "--hours", 0.01)
    assert 0 <= found["heard_voices"]["accuracy"] <= 1 and found["unheard_voices"]["frames"] > 0
    assert open_teacher("phones", str(path)).width == 64
    assert main(["teachers", "train", str(path), "--minutes", "0"]) == 2
