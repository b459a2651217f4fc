"""Further codecs on the same clip: at their own rates inside, heard at the same sample as everything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr
import torch

from speefeare_core.audio import mix_channels, read
from speefeare_core.codecs import FAMILIES
from speefeare_core.evaluation.metrics import mel_distance
from tests.app.engine.checks import of
from tests.app.engine.harness import Talk, speech_file
from tests.app.engine.one_clip import OneClip, finished
from tests.core.tiny_codec import TinyCodec, tiny_file
from tests.core.tiny_kinds import KINDS, TinyAhead, kind_file
from workbench.engine import protocol as p
from workbench.engine.server import measures
from workbench.engine.server.columns import Column, Fitting
from workbench.engine.server.topics.audition import code_alone
from workbench.engine.topics.audition import AuditionCode, Auditioned, PlayOnce
from workbench.engine.topics.columns import AddColumn, ColumnAdded, ColumnCodesReady, RemoveColumn
from workbench.engine.topics.takes import DifferenceReady, MeasureRenders, RenderDropped, RenderMeasured
from workbench.state.derived_takes import number_of


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for family in KINDS:
        monkeypatch.setitem(FAMILIES, family.key, family)


@pytest.fixture
def faster(tmp_path: Path) -> Path:
    """The tiny codec at 24 kHz."""
    folder = tmp_path / "faster"
    folder.mkdir()
    return tiny_file(folder, rate_hz=24_000)


def lag(one: np.ndarray, other: np.ndarray) -> int:
    """Of the second behind the first, in samples."""
    size = 2 * len(one)
    cross = np.fft.irfft(np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size)))
    at = int(cross.argmax())
    return at - size if at > size // 2 else at


def test_a_column_is_what_the_library_decodes_at_its_own_rate(talk: Talk, tmp_path: Path, faster: Path) -> None:
    path = speech_file(tmp_path, 0.8, 44_100)
    (opened,) = of(p.ClipOpened, talk.ask(p.ProcessClip(str(path))))
    events = talk.ask(AddColumn(2, str(faster), "cpu"))
    (added,) = of(ColumnAdded, events)
    assert added.column == 2 and added.info.rate_hz == 24_000 and added.load_s > 0
    (codes,) = of(ColumnCodesReady, events)
    codec = TinyCodec(rate_hz=24_000)
    encoded = codec.encode(torch.from_numpy(read(path, 24_000, 1).samples)[None])
    assert np.array_equal(talk.client.array(codes.groups[0]), encoded.codes[0].numpy())
    renders = {event.depth: event for event in of(p.RenderReady, events)}
    assert list(renders) == [number_of("take", k, 2) for k in (4, 1, 2, 3)], "the fullest first"
    original = talk.client.array(opened.audio)
    for depth in (1, 4):
        render = renders[number_of("take", depth, 2)]
        found = talk.client.array(render.audio)
        assert found.shape == original.shape
        own = codec.decode(encoded, depth)[0].numpy()
        wanted = soxr.resample(own.T, 24_000, 16_000, quality="VHQ").T * 10 ** (render.gain_db / 20)
        wanted = wanted[:, : found.shape[1]]
        np.testing.assert_allclose(found[:, : wanted.shape[1]], wanted, atol=1e-4)
        assert render.bitrate_kbps == pytest.approx(codec.info.bitrate_kbps(depth))
    full = talk.client.array(renders[number_of("take", 4, 2)].audio)
    assert lag(original[0], full[0]) == 0, "heard at the same sample"


def test_its_differences_spectrogram_and_sound_are_those_of_any_take(talk: Talk, tmp_path: Path, faster: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.4))))
    talk.ask(AddColumn(1, str(faster), "cpu"))
    missing = number_of("missing", 4, 1)
    events = talk.ask(p.WantDepth(missing))
    (ready,) = of(DifferenceReady, events)
    assert ready.terms == ((0, 1.0), (number_of("take", 4, 1), -1.0))
    assert of(p.SpectrogramReady, events)[-1].depth == missing
    talk.ask(p.SelectDepth(number_of("take", 4, 1)))
    talk.until(lambda: talk.client.player_status["depth"] == number_of("take", 4, 1))  # type: ignore[index]
    assert "first codec" in talk.refused(p.WantDepth(number_of("edited", 1, 1)))
    assert "first codec" in talk.refused(p.WantDepth(number_of("take", 0, 1)))


def test_removing_a_column_gives_its_memory_back_and_silences_it(talk: Talk, tmp_path: Path, faster: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.4))))
    events = talk.ask(AddColumn(1, str(faster), "cpu"))
    places = [Path(event.audio.name) for event in of(p.RenderReady, events)]
    places += [Path(event.peaks.name) for event in of(p.PeaksReady, events)]
    places += [Path(ref.name) for event in of(ColumnCodesReady, events) for ref in event.groups]
    assert all(place.exists() for place in places)
    talk.ask(p.SelectDepth(number_of("take", 4, 1)))
    talk.ask(RemoveColumn(1))
    assert not any(place.exists() for place in places)
    assert {event.depth for event in of(RenderDropped, talk.events)} == {number_of("take", k, 1) for k in (1, 2, 3, 4)}
    talk.until(lambda: talk.client.player_status["depth"] == 0)  # type: ignore[index]
    talk.ask(RemoveColumn(1))
    assert "no column" in talk.refused(p.WantDepth(number_of("take", 1, 1)))
    assert of(ColumnAdded, talk.ask(AddColumn(1, str(faster), "cpu")))[0].load_s > 0, "its codec went too"


def test_another_clip_needs_the_column_again_but_not_its_codec(talk: Talk, tmp_path: Path, faster: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.3))))
    talk.ask(AddColumn(1, str(faster), "cpu"))
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.3, name="b.wav"))))
    assert "no column" in talk.refused(p.WantDepth(number_of("take", 1, 1)))
    assert of(ColumnAdded, talk.ask(AddColumn(1, str(faster), "cpu")))[0].load_s == 0


def test_a_bad_codec_or_no_clip_is_one_sentence(talk: Talk, tmp_path: Path, faster: Path) -> None:
    assert "open a sound file" in talk.refused(AddColumn(1, str(faster), "cpu"))
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.3))))
    sentence = talk.refused(AddColumn(1, str(tmp_path / "nothing.safetensors"), "cpu"))
    assert "nothing.safetensors" in sentence and "\n" not in sentence
    assert of(p.SpectrogramReady, talk.ask(p.WantDepth(1))), "the clip goes on"


def test_a_new_clip_voids_a_column_that_is_being_made(talk: Talk, tmp_path: Path, faster: Path) -> None:
    short = speech_file(tmp_path, 0.3, name="b.wav")
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 60.0))))
    number = talk.client.send(AddColumn(1, str(faster), "cpu"))
    talk.next(ColumnAdded, number)
    talk.ask(p.ProcessClip(str(short)))
    assert isinstance(talk.end(number), p.Voided)


@pytest.mark.parametrize("flavour", ["rates", "continuous", "side", "parallel", "single", "stereo"])
def test_codecs_of_every_kind_are_columns(talk: Talk, flavour: str, tmp_path: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.4))))
    file = kind_file(tmp_path, "tiny_ahead", flavour=flavour)
    events = talk.ask(AddColumn(1, str(file), "cpu"))
    (added,) = of(ColumnAdded, events)
    (codes,) = of(ColumnCodesReady, events)
    assert len(codes.groups) == {"rates": 3, "continuous": 0}.get(flavour, 1)
    codec = TinyAhead(flavour)  # type: ignore[arg-type]
    sound = read(tmp_path / "clip.wav", 16_000, codec.info.channels)
    decoded = codec.decode(codec.encode(torch.from_numpy(sound.samples)[None]))[0].numpy()
    render = of(p.RenderReady, events)[0]
    wanted = mix_channels(decoded, 1) * 10 ** (render.gain_db / 20)
    found = talk.client.array(render.audio)
    inside = slice(300, -300)
    np.testing.assert_allclose(found[:, inside], np.roll(wanted, -render.delay_samples, axis=1)[:, inside], atol=2e-4)
    assert (added.info.name, added.info.books) == (codec.info.name, codec.info.books)


# -- measures -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("channels", [1, 2])
def test_measures_in_blocks_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch, channels: int) -> None:
    monkeypatch.setattr(measures, "BLOCK", 4096)
    draw = np.random.default_rng(0)
    x = (0.1 * draw.standard_normal((channels, 30_000))).astype(np.float32)
    y = (x + 0.02 * draw.standard_normal(x.shape)).astype(np.float32)
    gain = 3.0
    found = finished(measures.measures(x, y * np.float32(10 ** (gain / 20)), 16_000, gain))
    whole = [mel_distance.measure(a, b, 16_000).value for a, b in zip(x, y, strict=True)]
    assert found.mel_distance_db == pytest.approx(np.mean(whole), rel=1e-5)
    assert found.snr_db == pytest.approx(10 * np.log10((x**2).sum() / ((x - y) ** 2).sum()), abs=1e-3)
    assert found.si_sdr_db == pytest.approx(found.snr_db, abs=0.3)


def test_measures_of_silence_copies_and_short_clips() -> None:
    nothing, noise = np.zeros((1, 4000), np.float32), np.full((1, 4000), 0.1, np.float32)
    noise[0, ::3] = -0.2
    assert finished(measures.measures(nothing, noise, 16_000, 0.0)) == measures.Measures(None, None, None)
    silent = finished(measures.measures(noise, nothing, 16_000, 0.0))
    assert silent.si_sdr_db is None and silent.snr_db == pytest.approx(0.0)
    copy = finished(measures.measures(noise, noise, 16_000, 0.0))
    assert copy.snr_db == copy.si_sdr_db == 100.0 and copy.mel_distance_db == 0.0
    assert finished(measures.measures(noise[:, :500], noise[:, :500], 16_000, 0.0)).mel_distance_db is None


def test_every_take_is_a_point_of_the_plot(talk: Talk, tmp_path: Path, faster: Path) -> None:
    events = talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.5))))
    renders = {event.depth: event for event in of(p.RenderReady, events)}
    talk.ask(AddColumn(1, str(faster), "cpu"))
    column = number_of("take", 4, 1)
    rows = {row.depth: row for row in of(RenderMeasured, talk.ask(MeasureRenders((1, 4, column, 2_001))))}
    assert set(rows) == {1, 4, column}, "what is not there is left out"
    for depth in (1, 4):
        assert rows[depth].si_sdr_db == pytest.approx(renders[depth].si_sdr_db, abs=1e-3)
        assert rows[depth].bitrate_kbps == renders[depth].bitrate_kbps
    assert rows[4].snr_db > rows[1].snr_db and rows[4].mel_distance_db < rows[1].mel_distance_db


# -- moments and single codes ---------------------------------------------------------------------------------------
def test_a_moment_and_a_code_are_played_beside_the_clip(talk: Talk, tmp_path: Path, faster: Path) -> None:
    assert "open a sound file" in talk.refused(PlayOnce(0, 100, 0))
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.8))))
    status = talk.client.player_status
    assert status is not None
    talk.ask(p.Seek(700))
    talk.ask(PlayOnce(2000, 6000, 2))
    talk.until(lambda: status["peak"] > 0.01)
    assert status["position"] == 700 and not status["playing"]
    talk.ask(AddColumn(1, str(faster), "cpu"))
    for column in (0, 1):
        (heard,) = of(Auditioned, talk.ask(AuditionCode(0, 20, column)))
        assert heard.length_s > 0.02 and (heard.book, heard.frame, heard.column) == (0, 20, column)
    assert status["position"] == 700
    assert "Book 9" in talk.refused(AuditionCode(8, 0))
    assert "frames" in talk.refused(AuditionCode(0, 99_999))


@pytest.mark.parametrize("flavour", ["plain", "rates", "side", "parallel", "single", "stereo"])
def test_a_code_alone_is_what_it_adds_to_silence_at_its_place(flavour: str) -> None:
    codec = TinyAhead(flavour)  # type: ignore[arg-type]
    draw = torch.Generator().manual_seed(0)
    sound = 0.2 * torch.randn(1, codec.info.channels, 16_000, generator=draw)
    encoded = codec.encode(sound)
    book = codec.info.depth - 1
    for frame in (0, 100, encoded.code_groups[-1].shape[-1] - 1):
        heard, code = finished(code_alone(codec, encoded, book, frame))
        assert code == int(encoded.code_groups[-1][0, book if flavour != "rates" else 0, frame])
        energy = np.square(heard).sum(axis=0)
        around = np.flatnonzero(energy > 1e-9)
        if not len(around):
            continue  # the code of silence
        hop = codec.info.hop_samples
        assert around[-1] - around[0] < 4 * hop, "the code, and the frames beside it"
    if flavour == "rates":
        slow, _ = finished(code_alone(codec, encoded, 0, 7))
        around = np.flatnonzero(np.abs(slow[0]) > 1e-5)
        assert 3 * codec.info.hop_samples < around[-1] - around[0] < 7 * codec.info.hop_samples


def test_codecs_without_codes_say_so(tmp_path: Path) -> None:
    codec = TinyAhead("continuous")
    encoded = codec.encode(torch.zeros(1, 1, 3200))
    with pytest.raises(Exception, match="no codes"):
        finished(code_alone(codec, encoded, 0, 0))


# -- parts ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("from_hz", "to_hz"), [(16_000, 16_000), (24_000, 16_000), (8_000, 44_100)])
def test_pieces_fit_without_seams(from_hz: int, to_hz: int) -> None:
    draw = np.random.default_rng(0)
    sound = draw.standard_normal((1, 9000)).astype(np.float32)
    out = np.full((2, 9000 * to_hz // from_hz + 50), 9.0, np.float32)
    fitting = Fitting(out, from_hz, to_hz)
    for start in range(0, 9000, 700):
        fitting.write(sound[:, start : start + 700])
    fitting.finish()
    whole = soxr.resample(sound.T, from_hz, to_hz, quality="VHQ").T if from_hz != to_hz else sound
    np.testing.assert_allclose(out[:, : whole.shape[1]], np.repeat(whole, 2, axis=0), atol=1e-4)
    assert not out[:, whole.shape[1] + 1 :].any(), "silence up to the end"


def test_a_column_that_has_not_encoded_yet_says_so() -> None:
    with pytest.raises(Exception, match="not encoded"):
        _ = Column(1, TinyCodec()).encoded


def test_a_column_that_goes_while_its_take_is_made_ends_that_work(tmp_path: Path) -> None:
    one = OneClip(TinyAhead(), speech_file(tmp_path, 20.0))
    column = Column(1, TinyAhead("plain"))
    one.clip.add_column(column)
    finished(column.encode(one.clip.file.path, lambda done, total: None))
    work = one.clip.want(1, number_of("take", 4, 1))
    for _ in range(4):
        next(work)
    one.clip.remove_column(1)
    with pytest.raises(Exception, match="no column"):
        finished(work)
    one.clip.unlink()
    column_groups = column._there().groups
    for group in column_groups:
        group.unlink()
