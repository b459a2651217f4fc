"""Awkward files and awkward codecs, with a column beside them: everything works, or is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.app.engine.checks import of
from tests.app.engine.harness import Talk, speech_file
from tests.core.tiny_codec import tiny_file
from tests.core.tiny_kinds import kind_file
from workbench.engine import protocol as p
from workbench.engine.topics.audition import AuditionCode, PlayOnce
from workbench.engine.topics.columns import AddColumn
from workbench.engine.topics.takes import DifferenceReady, MeasureRenders, RenderMeasured
from workbench.state.derived_takes import number_of

FULL = number_of("take", 4, 1)


@pytest.fixture
def faster(tmp_path: Path) -> Path:
    folder = tmp_path / "faster"
    folder.mkdir()
    return tiny_file(folder, rate_hz=24_000)


def sound_file(folder: Path, seconds: float, rate_hz: int, channels: int, silent: bool = False) -> Path:
    path = folder / "awkward.wav"
    mono, _ = soundfile.read(speech_file(folder, max(seconds, 1 / rate_hz), rate_hz), always_2d=True)
    mixed = np.concatenate([mono * (0.9**channel) for channel in range(channels)], axis=1)
    soundfile.write(path, np.zeros_like(mixed) if silent else mixed, rate_hz)
    return path


def assert_all_of_it_works(talk: Talk, path: Path, column: Path) -> None:
    """The clip, a column, differences, measures, moments: no failure, nothing that is not a number."""
    events = talk.ask(p.ProcessClip(str(path)))
    (opened,) = of(p.ClipOpened, events)
    shape = talk.client.array(opened.audio).shape
    events += talk.ask(AddColumn(1, str(column), "cpu"))
    for number in (number_of("missing", 1), number_of("missing", 4, 1)):
        asked = talk.ask(p.WantDepth(number))
        assert of(DifferenceReady, asked)
        assert of(p.SpectrogramReady, asked)[-1].depth == number
    for render in of(p.RenderReady, events):
        found = talk.client.array(render.audio)
        assert found.shape == shape and np.isfinite(found).all()
    rows = of(RenderMeasured, talk.ask(MeasureRenders((1, FULL))))
    assert [row.depth for row in rows] == [1, FULL]
    talk.ask(PlayOnce(0, shape[1], 1))
    end = talk.end(talk.client.send(AuditionCode(0, 0)))
    if isinstance(end, p.Failed):
        assert "silence" in end.sentence or "no codes" in end.sentence
        assert "unforeseen" not in end.sentence


@pytest.mark.parametrize(
    ("seconds", "rate_hz", "channels"),
    [(0.5, 8_000, 1), (0.3, 192_000, 2), (0.4, 48_000, 6), (0.1, 44_100, 1), (0.004, 16_000, 1), (0.0, 16_000, 1)],
    ids=["8 kHz", "192 kHz stereo", "six channels", "0.1 s", "one frame", "one sample"],
)
def test_files_of_every_size_rate_and_channel_count(
    talk: Talk, tmp_path: Path, faster: Path, seconds: float, rate_hz: int, channels: int
) -> None:
    assert_all_of_it_works(talk, sound_file(tmp_path, seconds, rate_hz, channels), faster)


def test_silence(talk: Talk, tmp_path: Path, faster: Path) -> None:
    assert_all_of_it_works(talk, sound_file(tmp_path, 0.5, 16_000, 2, silent=True), faster)


@pytest.mark.parametrize("flavour", ["single", "continuous", "rates", "stereo", "side"])
def test_codecs_with_one_book_none_and_several_rates(talk: Talk, tmp_path: Path, faster: Path, flavour: str) -> None:
    talk.ask(p.LoadCodec(str(kind_file(tmp_path, "tiny_ahead", flavour=flavour)), "cpu"))
    assert_all_of_it_works(talk, sound_file(tmp_path, 0.4, 22_050, 2), faster)


def test_a_long_file_decodes_what_is_wanted_and_nothing_else(talk: Talk, tmp_path: Path) -> None:
    folder = tmp_path / "slow"
    folder.mkdir()
    slow = tiny_file(folder, rate_hz=8_000, hop=256, depth=3, size=4)
    path = tmp_path / "long.wav"
    piece = soundfile.read(speech_file(tmp_path, 30.0, 8_000), dtype="float32")[0]
    with soundfile.SoundFile(path, "w", 8_000, 1) as file:
        for _ in range(21):
            file.write(piece)
    talk.ask(p.LoadCodec(str(slow), "cpu"))
    events = talk.ask(p.ProcessClip(str(path)))
    (opened,) = of(p.ClipOpened, events)
    assert opened.long and not of(p.RenderReady, events)
    events = talk.ask(AddColumn(1, str(slow), "cpu"))
    assert [event.depth for event in of(p.RenderReady, events)] == [number_of("take", 3, 1)], "the fullest alone"
    assert of(DifferenceReady, talk.ask(p.WantDepth(number_of("added", 2))))
