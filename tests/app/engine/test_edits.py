"""Edits in the engine: what `speefeare edit` writes, cell by cell and sample by sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from speefeare_core.cli import main
from speefeare_core.editing import edit_file
from tests.app.engine.harness import Talk, speech_file
from workbench.engine import protocol as p
from workbench.engine.topics.edits import CHANGED, CONTINUOUS, SILENT, EditsApplied, SetEdits
from workbench.engine.topics.takes import RenderDropped
from workbench.state.derived_takes import number_of

FULL = number_of("edited", 4)


def listed(*edits: dict[str, Any], **more: Any) -> str:
    return json.dumps({"speefeare_edits": 1, "edits": edits, **more})


def ask(talk: Talk, edits: str, take: int = 4) -> tuple[EditsApplied, p.RenderReady]:
    events = talk.ask(SetEdits(edits, take))
    applied = next(event for event in events if isinstance(event, EditsApplied))
    return applied, next(event for event in events if isinstance(event, p.RenderReady) and event.depth > 1000)


@pytest.fixture
def clip(talk: Talk, tmp_path: Path) -> Path:
    path = speech_file(tmp_path, 1.5)
    talk.ask(p.ProcessClip(str(path)))
    return path


def test_the_command_line_gives_the_same_audio(talk: Talk, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deepest = next(
        event for event in talk.ask(p.LoadCodec("default", "cpu")) if isinstance(event, p.CodecLoaded)
    ).info.depth
    talk.ask(p.ProcessClip(str(clip)))
    other = speech_file(clip.parent, 0.7, name="other.wav")
    lists = [
        listed({"do": "shuffle", "frames": [10, 30], "seed": 3}),
        listed(
            {"do": "shuffle", "frames": [10, 30], "seed": 3},
            {"do": "zero", "frames": [50, 60], "books": [1, 2]},
            {"do": "swap", "frames": [3, 8], "books": [3], "source": "b"},
            continuous=[4],
            sources={"b": str(other)},
        ),
        listed({"do": "freeze", "frames": [5, 9]}),
    ]
    for edits in lists:  # each goes on from what was decoded of the one before
        _, rendered = ask(talk, edits, take=deepest)
        heard = talk.client.array(rendered.audio)
        path = clip.with_name("list.json")
        path.write_text(edits)
        out = clip.with_name("out.wav")
        options = ["--edits", str(path), "--codec", "default", "--output", str(out), "--json"]
        assert main(["edit", str(clip), *options]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["gain_db"] == pytest.approx(rendered.gain_db, abs=1e-4)
        assert told["delay_samples"] == rendered.delay_samples
        written = soundfile.read(out, dtype="float32", always_2d=True)[0].T
        np.testing.assert_allclose(written, heard, atol=2e-5)
    assert edit_file.from_dict(json.loads(lists[1])).continuous == (3,)


def test_cells_say_what_they_are(talk: Talk, clip: Path) -> None:
    edits = listed(
        {"do": "set", "frames": [20, 30], "books": [2], "index": 7},
        {"do": "zero", "frames": [50, 60], "books": [1]},
        {"do": "continuous", "frames": [70, 75], "books": [3]},
    )
    applied, _ = ask(talk, edits)
    (codes,), (cells,) = (tuple(map(talk.client.array, refs)) for refs in (applied.codes, applied.cells))
    assert (codes[1, 20:30] == 7).all()
    assert (cells[0, 50:60] == SILENT + CHANGED).all()
    assert (cells[2, 70:75] == CONTINUOUS + CHANGED).all()
    assert not cells[3].any()
    assert applied.changed == int((cells >= CHANGED).sum())


def test_what_was_not_touched_is_the_take_itself(talk: Talk, clip: Path) -> None:
    events = talk.ask(p.ProcessClip(str(clip)))
    plain = next(event for event in events if isinstance(event, p.RenderReady) and event.depth == 4)
    _, rendered = ask(talk, listed({"do": "set", "frames": [100, 104], "index": 0}))
    assert (rendered.gain_db, rendered.delay_samples) == (plain.gain_db, plain.delay_samples)
    heard, before = talk.client.array(rendered.audio), talk.client.array(plain.audio)
    np.testing.assert_allclose(heard[:, :5000], before[:, :5000], atol=1e-6)
    assert np.abs(heard - before).max() > 1e-3


def test_other_takes_of_the_list_before_are_forgotten(talk: Talk, clip: Path) -> None:
    ask(talk, listed({"do": "shuffle"}), take=2)
    ask(talk, listed({"do": "shuffle", "seed": 1}), take=4)
    assert number_of("edited", 2) in [event.depth for event in talk.events if isinstance(event, RenderDropped)]
    events = talk.ask(p.WantDepth(number_of("edited", 2)))
    assert any(isinstance(event, p.RenderReady) for event in events)


def test_an_empty_list_ends_editing(talk: Talk, clip: Path) -> None:
    ask(talk, listed({"do": "shuffle"}))
    events = talk.ask(SetEdits(listed(), 0))
    assert next(event for event in events if isinstance(event, EditsApplied)).codes == ()
    assert FULL in [event.depth for event in talk.events if isinstance(event, RenderDropped)]
    assert "Nothing is edited" in talk.refused(p.WantDepth(FULL))


def test_what_cannot_be_is_one_sentence(talk: Talk, clip: Path) -> None:
    assert "entries 0 to" in talk.refused(SetEdits(listed({"do": "set", "index": 99999}), 4))
    assert "Edit 1" in talk.refused(SetEdits(listed({"do": "zero", "frames": [9000, 9001]}), 4))
    missing = listed({"do": "copy", "source": "b"}, sources={"b": "/nowhere/at/all.wav"})
    assert "/nowhere/at/all.wav" in talk.refused(SetEdits(missing, 4))


def test_without_codes_nothing_can_be_edited(talk: Talk, clip: Path) -> None:
    talk.ask(p.LoadCodec("identity:16000", "cpu"))
    talk.ask(p.ProcessClip(str(clip)))
    assert "continuous" in talk.refused(SetEdits(listed({"do": "set", "index": 1}), 1))
