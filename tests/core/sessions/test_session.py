"""Session folders: what was written is read, whatever happened to the program that wrote it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from speefeare_core import audio
from speefeare_core.cli import main
from speefeare_core.errors import SpeefeareError
from speefeare_core.sessions import is_session
from speefeare_core.sessions.format import FILES, Change, Dropped, SessionInfo, Step, StreamStart, parse_row, row_text
from speefeare_core.sessions.reader import GROWS_S, Session
from speefeare_core.sessions.writer import SessionWriter
from tests.core.sessions.made import info_of, record
from tests.core.tiny_codec import TinyCodec

HOP = 64


def age(folder: Path) -> None:
    """As if nobody had written there for long."""
    past = time.time() - 2 * GROWS_S
    os.utime(folder / "timing.jsonl", (past, past))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "session"
    writer = record(folder, TinyCodec(), changes={10: {"depth": 2}, 20: {"dropped": 3}})
    session = Session.open(folder)
    assert session.note == "" and session.info == writer.info and session.info.complete
    assert session.length_samples == 40 * HOP and session.codes is not None and session.codes.shape == (4, 40)
    assert session.codes.dtype == np.int32
    assert audio.probe(folder / "input.wav").length_samples == audio.probe(folder / "output.wav").length_samples
    assert session.dropped_frames == 3 and session.settings_at_end()["depth"] == 2
    assert [step.at for step in session.steps] == list(range(0, 40 * HOP, HOP))
    assert session.real_time_factor == pytest.approx(0.001 * 16_000 / HOP)
    assert Session.open(folder / "session.json").folder == folder
    assert not (folder / "codes.part").exists()


@pytest.mark.parametrize(
    "row",
    [
        Step(640, 64, 1.25, 0.003),
        Change(5, {"depth": 3, "channel": {"loss": 0.1}}),
        Dropped(7, 2),
        StreamStart(0, 2, "int8_decoder", True, "MimiPlan", "stream-0.pt"),
        StreamStart(64, 1, known=False),
    ],
)
def test_rows_survive_the_text(row: object) -> None:
    assert parse_row(row_text(row)) == row  # type: ignore[arg-type]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(SpeefeareError, match="is there already"):
        SessionWriter(tmp_path, info_of(TinyCodec(), "tiny"))
    with pytest.raises(SpeefeareError, match="choose another folder"):
        SessionWriter(tmp_path / "diary.txt" / "deeper", info_of(TinyCodec(), "tiny"))


def test_a_recording_that_was_never_ended_opens_and_is_mended(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    record(folder, TinyCodec(), close=False)
    whole = record(tmp_path / "whole", TinyCodec())
    with (folder / "timing.jsonl").open("ab") as file:
        file.write(b'{"at": 2560, "sam')  # the last line was being written
    with (folder / "input.wav").open("ab") as file:
        file.write(np.zeros(30, "<f4").tobytes() + b"\0")
    session = Session.open(folder)
    assert "was not ended" in session.note and session.length_samples == 40 * HOP
    assert (folder / "codes.part").exists(), "it may still grow, so nothing is touched"
    age(folder)
    assert Session.open(folder).note == session.note
    mended = Session.open(folder)
    assert mended.note == "" and mended.info.complete and mended.info.notes == (session.note,)
    assert np.array_equal(mended.codes, Session.open(whole.folder).codes)
    for name in ("input.wav", "output.wav", "timing.jsonl"):
        assert (folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_steps_that_are_not_whole_everywhere_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    record(folder, TinyCodec(), close=False)
    size = (folder / "output.wav").stat().st_size
    os.truncate(folder / "output.wav", size - 4 * (HOP + 10))
    age(folder)
    assert Session.open(folder).length_samples == 38 * HOP
    assert audio.probe(folder / "input.wav").length_samples == 38 * HOP


KILLED = """
    import os, sys, time
    from pathlib import Path
    from tests.core.sessions.made import record
    from tests.core.tiny_codec import TinyCodec
    from speefeare_core.sessions.writer import SessionWriter
    flush = SessionWriter.flush
    def tell(self):
        flush(self)
        print(self.length_samples, flush=True)
        time.sleep(0.002)
    SessionWriter.flush = tell
    record(Path(sys.argv[1]), TinyCodec(), steps=3000)
"""


def test_killed_in_the_middle_nothing_that_was_flushed_is_lost(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "s")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = 0
    for line in process.stdout:
        told = int(line)
        if told > 50 * HOP:
            break
    process.kill()
    rest = process.stdout.read().split("\n")
    process.stdout.close()
    process.wait()
    told = max([told, *(int(text) for text in rest[:-1] if text)])
    age(tmp_path / "s")
    session = Session.open(tmp_path / "s")
    assert session.length_samples >= told
    assert session.codes is not None and session.codes.shape[1] == session.length_samples // HOP
    assert audio.read(tmp_path / "s" / "input.wav").length_samples == session.length_samples


@pytest.mark.parametrize("name", FILES[:4])
def test_a_folder_without_one_of_its_files_is_one_sentence(name: str, tmp_path: Path) -> None:
    record(tmp_path / "s", TinyCodec())
    (tmp_path / "s" / name).unlink()
    with pytest.raises(SpeefeareError, match="session"):
        Session.open(tmp_path / "s")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("session.json", b"{"),
        ("session.json", b"[]"),
        ("session.json", b'{"speefeare_session": "9"}'),
        ("session.json", b'{"speefeare_session": "1"}'),
        ("timing.jsonl", b"nonsense\n"),
        ("timing.jsonl", b'{"at": 1, "stream": {"what": 1}}\n'),
        ("codes.npz", b"nonsense"),
    ],
)
def test_damage_is_one_sentence(name: str, content: bytes, tmp_path: Path) -> None:
    record(tmp_path / "s", TinyCodec())
    (tmp_path / "s" / name).write_bytes(content)
    with pytest.raises(SpeefeareError, match=r"damaged|version 9"):
        Session.open(tmp_path / "s")


def test_info_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "s", TinyCodec(), changes={3: {"depth": 1}})
    assert is_session(tmp_path / "s") and is_session(tmp_path / "s" / "session.json") and not is_session(tmp_path)
    assert main(["info", str(tmp_path / "s"), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["kind"], data["codec"], data["frames"], data["books"], data["changes"]) == (
        "session",
        "tiny",
        40,
        4,
        1,
    )
    assert main(["info", str(tmp_path / "s")]) == 0
    assert "recorded 2026-01-02T03:04:05+00:00 with tiny" in capsys.readouterr().out


def test_the_info_survives_the_text(tmp_path: Path) -> None:
    record(tmp_path / "s", TinyCodec())
    info = Session.open(tmp_path / "s").info
    assert isinstance(info, SessionInfo) and info.info == TinyCodec().info and len(info.fingerprint) == 32
