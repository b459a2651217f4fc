"""`speefeare edit`: a list replayed, heard beside the decode that nobody edited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speefeare_core import audio, token_file
from speefeare_core.audio import Audio
from speefeare_core.cli import main
from tests.core.speech import speech_like


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    audio.write(path, Audio(speech_like(0.8)[None], 16_000))
    return path


def listed(folder: Path, *edits: dict[str, Any], **more: Any) -> str:
    path = folder / "list.json"
    path.write_text(json.dumps({"speefeare_edits": 1, "edits": edits, **more}))
    return str(path)


def edit(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["edit", *arguments, "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_what_is_not_edited_sounds_as_before(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edits = listed(speech.parent, {"do": "set", "frames": [100, 120], "books": [1], "index": 3})
    told = edit(capsys, str(speech), "--edits", edits, "--codec", str(tiny))
    assert told["edits"] == 1
    assert 0 < sum(told["changed_cells"]) <= 20
    assert told["changed_cells"][1:] == [0, 0, 0]
    found = audio.read(told["file"]).samples
    nothing = edit(capsys, str(speech), "--edits", listed(speech.parent), "--codec", str(tiny), "--output",
                   str(speech.with_name("plain.wav")))  # fmt: skip
    plain = audio.read(nothing["file"]).samples
    hop = told["length_samples"] // told["cells"] * 4
    assert (nothing["gain_db"], nothing["delay_samples"]) == (told["gain_db"], told["delay_samples"])
    differs = np.flatnonzero((found != plain).any(axis=0))
    assert len(differs)
    assert 90 * hop < differs[0] < differs[-1] < 130 * hop


def test_raw_is_the_decode_of_the_tokens(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens, decoded = speech.with_name("edited.safetensors"), speech.with_name("decoded.wav")
    edits = listed(speech.parent, {"do": "shuffle", "seed": 4}, {"do": "freeze", "frames": [3, 9]})
    options = ["--codec", str(tiny), "--raw", "--depth", "2", "--tokens", str(tokens)]
    told = edit(capsys, str(speech), "--edits", edits, *options)
    assert told["gain_db"] == 0
    assert main(["decode", str(tokens), str(decoded), "--codec", str(tiny), "--depth", "2"]) == 0
    np.testing.assert_allclose(audio.read(told["file"]).samples, audio.read(decoded).samples, atol=1e-6)
    assert token_file.read_info(tokens).depth == 4


def test_another_clip_is_found_beside_the_list(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audio.write(speech.with_name("other.wav"), Audio(speech_like(0.4, seed=5)[None], 16_000))
    edits = listed(
        speech.parent, {"do": "swap", "books": [1, 2, 3, 4], "source": "b", "fit": "cut"}, sources={"b": "other.wav"}
    )
    told = edit(capsys, str(speech), "--edits", edits, "--codec", str(tiny), "--raw")
    alone = speech.with_name("alone.wav")
    assert main(["roundtrip", str(speech.with_name("other.wav")), str(alone), "--codec", str(tiny)]) == 0
    found, wanted = audio.read(told["file"]).samples, audio.read(alone).samples
    part = wanted.shape[1] * 3 // 4
    np.testing.assert_allclose(found[:, :part], wanted[:, :part], atol=1e-5)


def test_a_list_in_words(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edits = listed(speech.parent, {"do": "zero", "books": [2], "frames": [10, None]}, continuous=[1])
    assert main(["edit", str(speech), "--edits", edits, "--codec", str(tiny)]) == 0
    assert "1. zero book 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--output", "out.txt"], "should end in"),
        (["--depth", "2", "--books", "1"], "cannot both be given"),
        (["--books", "9"], "has 4 books"),
        (["--tokens", "t.safetensors"], "silent or continuous"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    tiny: Path, speech: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(speech.parent)
    edits = listed(speech.parent, {"do": "zero", "books": [2], "frames": [10, 12]})
    assert main(["edit", str(speech), "--edits", edits, "--codec", str(tiny), *options]) == 2
    assert words in capsys.readouterr().err
    assert not speech.with_suffix(".edited.wav").exists()
