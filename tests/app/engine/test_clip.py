"""Files through the engine: the same results as the library, in order, and newer work first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from speefeare_core import levels
from speefeare_core.audio import read
from tests.app.engine.harness import Talk, speech_file
from tests.core.tiny_codec import TinyCodec
from workbench.engine import protocol as p


def of(kind: type, events: list) -> list:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2)])
def test_results_are_those_of_the_library(talk: Talk, tmp_path: Path, rate: int, channels: int) -> None:
    path = speech_file(tmp_path, 1.3, rate)
    if channels > 1:
        mono, _ = soundfile.read(path, dtype="float32")
        soundfile.write(path, np.stack([mono, 0.5 * mono], axis=1), rate)
    events = talk.ask(p.ProcessClip(str(path)))
    array = talk.client.array

    sound = read(path, 16_000, 1)
    codec = TinyCodec()
    encoded = codec.encode(torch.from_numpy(sound.samples)[None])
    (opened,) = of(p.ClipOpened, events)
    assert np.array_equal(array(opened.audio), sound.samples)
    assert opened.loudness_lufs == pytest.approx(levels.loudness_lufs(sound.samples, 16_000), abs=0.01)
    assert (opened.file_rate_hz, opened.file_channels, opened.long) == (rate, channels, False)
    (codes,) = of(p.CodesReady, events)
    assert np.array_equal(array(codes.groups[0]), encoded.codes[0].numpy())
    renders = of(p.RenderReady, events)
    assert [render.depth for render in renders] == [1, 2, 3, 4]
    for render in renders:
        wanted = codec.decode(encoded, render.depth)[0].numpy()
        found = array(render.audio) / 10 ** (render.gain_db / 20)
        np.testing.assert_allclose(found, wanted, atol=2e-5)
        assert render.delay_samples == 0
        assert render.bitrate_kbps == pytest.approx(codec.info.bitrate_kbps(render.depth))
        level = levels.loudness_lufs(array(render.audio), 16_000)
        assert level == pytest.approx(opened.loudness_lufs, abs=0.05)
    ratios = [render.si_sdr_db for render in renders]
    assert ratios == sorted(ratios)


def test_order_of_events_and_shapes(talk: Talk, tmp_path: Path) -> None:
    events = talk.ask(p.ProcessClip(str(speech_file(tmp_path))))
    names = [type(event).__name__ for event in events if not isinstance(event, p.Progress)]
    first = ["ClipOpened", "PeaksReady", "SpectrogramReady", "CodesReady", "LatentsReady"]
    assert names == [*first, *(["RenderReady", "PeaksReady"] * 4), "Done"]
    array = talk.client.array
    peaks = of(p.PeaksReady, events)[0]
    samples = array(of(p.ClipOpened, events)[0].audio)[0]
    values = array(peaks.peaks)
    assert values.shape == (2, -(-16_000 // peaks.block_samples))
    assert values[0, 3] == samples[768:1024].min() and values[1, -1] == samples[15_872:].max()
    latents = of(p.LatentsReady, events)[0]
    before, after = array(latents.before), array(latents.after)
    assert before.shape == after.shape == (251, 3)
    assert 0 < latents.explained[1] <= latents.explained[0] < 1 and "sample" in latents.basis


def test_a_spectrogram_shows_a_tone_where_it_is(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    tone = np.sin(2 * np.pi * 1000 * np.arange(32_000) / 16_000).astype(np.float32)
    soundfile.write(path, tone, 16_000, subtype="FLOAT")
    events = talk.ask(p.ProcessClip(str(path)))
    shown = of(p.SpectrogramReady, events)[-1]
    image = talk.client.array(shown.spectrogram)
    assert shown.columns_done == len(image) == 1 + 32_000 // shown.hop_samples
    middle = image[100].astype(int)
    assert middle.argmax() == round(1000 * 512 / 16_000)
    assert middle.max() >= 254, "a sine at full scale is 0 dB"
    assert middle[200] < 40


def test_wanted_depth_comes_with_its_spectrogram_and_unknown_depths_are_refused(talk: Talk, tmp_path: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path))))
    events = talk.ask(p.WantDepth(3))
    assert [event.depth for event in of(p.SpectrogramReady, events)] == [3]
    assert not of(p.RenderReady, events), "it was there already"
    assert "Depth 9 does not exist" in talk.refused(p.WantDepth(9))


def test_a_depth_that_is_wanted_overtakes_the_others(talk: Talk, tmp_path: Path) -> None:
    number = talk.client.send(p.ProcessClip(str(speech_file(tmp_path, 8.0))))
    talk.next(p.ClipOpened, number)
    wanted = talk.client.send(p.WantDepth(4))
    talk.end(wanted)
    talk.end(number)
    renders = [event.depth for event in of(p.RenderReady, talk.events)]
    assert sorted(renders) == [1, 2, 3, 4], "each is made once"
    assert renders.index(4) < 3


def test_a_newer_clip_voids_the_older_one(talk: Talk, tmp_path: Path) -> None:
    long = speech_file(tmp_path, 30.0, name="long.wav")
    short = speech_file(tmp_path, 0.5, name="short.wav")
    older = talk.client.send(p.ProcessClip(str(long)))
    talk.next(p.Progress, older)
    newer = talk.client.send(p.ProcessClip(str(short)))
    assert isinstance(talk.end(newer), p.Done)
    assert isinstance(talk.end(older), p.Voided)
    after = talk.events[talk.events.index(talk.next(p.ClipOpened, newer)) :]
    assert not [event for event in after if event.request_id == older and isinstance(event, p.CLIP_EVENTS)]
    assert len(talk.ends(older)) == len(talk.ends(newer)) == 1


def test_cancel_keeps_what_is_there(talk: Talk, tmp_path: Path) -> None:
    number = talk.client.send(p.ProcessClip(str(speech_file(tmp_path, 30.0))))
    opened = talk.next(p.ClipOpened, number)
    talk.ask(p.Cancel(number))
    assert isinstance(talk.end(number), p.Voided)
    assert talk.client.array(opened.audio).shape == (1, 480_000)
    assert of(p.RenderReady, talk.ask(p.WantDepth(1))), "the rest can still be asked for"


def test_bad_requests_are_one_sentence_and_the_engine_goes_on(talk: Talk, tmp_path: Path, codec_file: Path) -> None:
    picture = tmp_path / "picture.safetensors"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    nan = tmp_path / "nan.wav"
    soundfile.write(nan, np.full(8000, np.nan, np.float32), 16_000, subtype="FLOAT")
    empty = tmp_path / "empty.wav"
    empty.touch()
    for request, words in (
        (p.LoadCodec("no-such-codec"), "no-such-codec"),
        (p.LoadCodec(str(picture)), "picture"),
        (p.ProcessClip(str(tmp_path / "missing.wav")), "missing.wav"),
        (p.ProcessClip(str(empty)), "empty"),
        (p.ProcessClip(str(nan)), "NaN"),
        (p.WantDepth(1), "open"),
    ):
        sentence = talk.refused(request)
        assert words in sentence and "\n" not in sentence and "Traceback" not in sentence
    assert of(p.RenderReady, talk.ask(p.ProcessClip(str(speech_file(tmp_path)))))


def test_a_clip_that_cannot_be_opened_leaves_the_one_before(talk: Talk, tmp_path: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path))))
    talk.refused(p.ProcessClip(str(tmp_path / "missing.wav")))
    assert of(p.SpectrogramReady, talk.ask(p.WantDepth(2)))


@pytest.mark.parametrize("length", [1, 3, 160])
def test_very_short_files_work(talk: Talk, tmp_path: Path, length: int) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, np.linspace(-0.5, 0.5, length, dtype=np.float32), 48_000, subtype="FLOAT")
    events = talk.ask(p.ProcessClip(str(path)))
    assert len(of(p.RenderReady, events)) == 4


def test_the_player_plays_a_clip_to_its_end(talk: Talk, tmp_path: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.4))))
    talk.ask(p.Seek(1000))
    talk.until(lambda: talk.position() == 1000)
    talk.ask(p.SelectDepth(2))
    talk.ask(p.Play())
    talk.next(p.PlayerStopped)
    status = talk.client.player_status
    assert status is not None
    assert (status["position"], status["playing"], status["depth"]) == (6400, 0, 2)


def test_nothing_to_play_is_a_sentence(talk: Talk) -> None:
    assert "open a sound file" in talk.refused(p.Play())


def test_a_missing_loudspeaker_is_a_notice_and_the_virtual_device_plays(talk: Talk, tmp_path: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.3))))
    talk.ask(p.SetOutput("No such loudspeaker"))
    talk.ask(p.Play())
    notice = talk.next(p.Notice)
    assert "No such loudspeaker" in notice.sentence
    talk.next(p.PlayerStopped)
