"""`speefeare document`: what it says, and that its replay is that of `speefeare edit`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from speefeare_core import audio
from speefeare_core.checkpoints import native
from speefeare_core.cli import main
from speefeare_core.documents import writer
from tests.core.small_soundstream import small_codec

EDITS = {"speefeare_edits": 1, "sources": {}, "continuous": [], "edits": [{"do": "shuffle", "seed": 3}]}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """With its sound in it, and edits."""
    rate, codec, sound = 16_000, tmp_path / "small.safetensors", tmp_path / "voice.wav"
    native.save(small_codec(books=3).to_native(), codec)  # type: ignore[attr-defined]
    wave = 0.3 * np.sin(np.arange(rate) * 0.05) * np.sin(np.arange(rate) * 0.0007)
    audio.write(sound, audio.Audio(wave.astype(np.float32)[None], rate))
    parts = {
        "codec": {"source": str(codec), "info": None},
        "audio": {"path": str(sound), "name": "voice.wav", "length_s": 1.0, "bytes": 64_000},
        "edits": EDITS,
        "marks": {"marks": [{"id": 1, "time_s": 0.5, "name": "dull"}]},
    }
    writer.write(tmp_path / "talk.speefeare", parts, audio=sound, audio_name="voice.wav")
    return tmp_path / "talk.speefeare"


def test_it_says_what_is_in_it(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["document", str(document), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["edits"] == 1 and data["marks"] == [{"time_s": 0.5, "name": "dull"}]
    assert data["audio"]["embedded"] and data["audio"]["found"]
    assert main(["document", str(document)]) == 0
    said = capsys.readouterr().out
    assert "voice.wav, 1.00 s, in it" in said and "dull" in said


def test_its_edits_replayed_are_those_of_the_list_alone(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = document.parent
    (folder / "list.json").write_text(json.dumps(EDITS))
    words = [str(folder / "voice.wav"), "--edits", str(folder / "list.json"), "--output", str(folder / "edit.wav")]
    assert main(["edit", *words, "--codec", str(folder / "small.safetensors"), "--device", "cpu"]) == 0
    (folder / "voice.wav").unlink()  # the document has it
    out = folder / "document.wav"
    assert main(["document", str(document), "--output", str(out), "--device", "cpu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["output"]["depth"] == 3
    one, other = audio.read(folder / "edit.wav").samples, audio.read(out).samples
    assert np.array_equal(one, other) and np.abs(one).max() > 0


@pytest.mark.parametrize("words", [["none.speefeare"], ["voice.wav"]])
def test_bad_files_are_told(
    document: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(document.parent)
    assert main(["document", *words]) == 2
    assert words[0] in capsys.readouterr().err


def test_a_document_without_its_sound_says_how_to_give_it(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = document.with_name("other.speefeare")
    writer.write(other, {"audio": {"path": "/no/such.wav", "name": "such.wav"}})
    assert main(["document", str(other), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["audio"]["found"] is False
    assert main(["document", str(other), "--output", str(document.with_name("x.wav"))]) == 2
    assert "--audio" in capsys.readouterr().err
