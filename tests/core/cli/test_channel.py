"""roundtrip through a bad channel: the stream's sound, every kind of codec, and options that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from speefeare_core import audio, load_codec
from speefeare_core.audio import Audio
from speefeare_core.channel.channel import Channel
from speefeare_core.channel.conceal import Concealer
from speefeare_core.channel.recording import RecordingChannel
from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.checkpoints import native
from speefeare_core.cli import long_files, main
from speefeare_core.codec import Codec, Encoded
from speefeare_core.codecs import FAMILIES
from tests.core.small_seanet import SEGMENTS, small_encodec
from tests.core.speech import speech_like
from tests.core.tiny_kinds import AHEAD, KINDS, kind_file


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    audio.write(path, Audio(speech_like(1.37)[None], 16_000))
    return path


def through(capsys: pytest.CaptureFixture[str], speech: Path, codec: object, *options: object) -> dict[str, Any]:
    argv = ["roundtrip", speech, speech.with_name("out.wav"), "--codec", codec, "--device", "cpu", *options, "--json"]
    code = main([str(word) for word in argv])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    data = json.loads(shown.out)
    assert isinstance(data, dict)
    return data


def heard(data: dict[str, Any]) -> np.ndarray:
    return audio.read(data["file"]).samples


def by_hand(codec: Codec, speech: Path, settings: ChannelSettings) -> tuple[np.ndarray, np.ndarray]:
    """Frame by frame through the stream: the sound without its delay, and which frames were lost."""
    hop, length = codec.info.hop_samples, audio.read(speech, 16_000, 1).samples.shape[1]
    samples = torch.from_numpy(audio.read(speech, 16_000, 1).samples[None])
    padded = torch.nn.functional.pad(samples, (0, codec.frames_for(length) * hop - length))
    stream, channel, concealer = codec.stream(), Channel(codec.info, settings), Concealer(hop, codec.info.rate_hz)
    sound, lost = [], []
    for frame in torch.split(padded, hop, dim=-1):
        codes, _ = stream.encode(frame)
        assert codes is not None
        received = channel.send(codes)
        gain = concealer.gain(received.lost, settings.conceal)
        out = stream.decode(received.codes)[0].numpy()
        sound.append(out if gain is None else out * gain)
        lost.append(received.lost)
    delay = codec.info.delay_samples
    return np.concatenate(sound, axis=1)[:, delay : delay + length], np.concatenate(lost)


@pytest.mark.parametrize("conceal", [True, False])
def test_a_file_sounds_as_the_stream_does(
    tiny: Path, speech: Path, conceal: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ChannelSettings(0.2, 3.0, 2, conceal, 0.01, seed=9)
    wanted, lost = by_hand(load_codec(tiny), speech, settings)
    words = ["--loss", "20%", "--burst", 3, "--packet-frames", 2, "--bit-errors", 0.01, "--seed", 9]
    data = through(capsys, speech, tiny, *words, *([] if conceal else ["--no-conceal"]))
    assert np.abs(heard(data) - wanted).max() <= 1e-6
    told = data["channel"]
    assert told["lost_frames"] == lost.sum() > 0 and told["frames"] == len(lost)
    assert told["lost_packets"] <= told["packets"] == -(-len(lost) // 2)
    assert 0 < told["flipped_bits"] < told["bits"] == len(lost) * 4 * 4
    assert told["concealed"] is conceal


def test_long_files_sound_as_short_ones_do(tiny: Path, speech: Path) -> None:
    codec = load_codec(tiny)
    settings, freeze = ChannelSettings(0.1, 2.0, bit_errors=0.01), ((1, 0.3), (3, 0.61))
    found = []
    for block_s in (0.013, 0.4, 10.0):
        channel = RecordingChannel(codec, settings, freeze)
        blocks = long_files.channel_blocks(codec, speech, None, None, channel, lambda done: None, block_s)
        found.append((np.concatenate(list(blocks), axis=1), channel.counts))
    for sound, counts in found[1:]:
        assert np.abs(sound - found[0][0]).max() <= 1e-6 and counts == found[0][1]


def test_a_frozen_book_holds_from_its_moment_on(tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codec = load_codec(tiny)
    encoded = codec.encode(torch.from_numpy(audio.read(speech).samples[None]))
    codes, start = encoded.codes.clone(), round(0.5 * codec.info.frame_rate_hz)
    codes[:, 1, start:] = codes[:, 1, start - 1 : start]
    codes[:, 2] = codes[:, 2, :1]
    wanted = codec.decode(Encoded((codes,), None, encoded.length_samples))[0].numpy()
    data = through(capsys, speech, tiny, "--freeze-book", "2@0.5", "--freeze-book", "3")
    assert np.abs(heard(data) - wanted).max() <= 1e-6
    assert data["channel"]["frozen_books"] == [2, 3]


@pytest.mark.parametrize("flavour", ["plain", "rates", "continuous", "side", "parallel", "approximate", "stereo"])
def test_every_kind_of_codec_loses_packets_and_keeps_time(
    flavour: str, tmp_path: Path, speech: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for family in KINDS:
        monkeypatch.setitem(FAMILIES, family.key, family)
    path = kind_file(tmp_path, AHEAD.key, flavour=flavour)
    plain = heard(through(capsys, speech, path))
    none = through(capsys, speech, path, "--loss", 1e-12)
    assert none["channel"]["lost_frames"] == 0
    assert np.abs(heard(none) - plain).max() <= 1e-5
    gone = through(capsys, speech, path, "--loss", 0.3, "--packet-frames", 8, "--no-conceal")
    assert gone["channel"]["lost_frames"] > 0
    sound = heard(gone)
    assert sound.shape == plain.shape
    assert np.isfinite(sound).all() and (sound == 0).mean() > (plain == 0).mean() + 0.05


def test_segments_that_share_samples_keep_time(
    speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "segments.safetensors"
    native.save(small_encodec(**SEGMENTS).to_native(), path)
    plain = heard(through(capsys, speech, path))
    sound = heard(through(capsys, speech, path, "--loss", 0.5, "--burst", 10, "--no-conceal", "--seed", 2))
    assert sound.shape == plain.shape and 0.2 < (sound == 0).all(axis=0).mean() < 0.8


def test_books_alone_are_decoded(speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = heard(through(capsys, speech, "mulaw"))
    alone = through(capsys, speech, "mulaw", "--books", "1")
    assert np.array_equal(heard(alone), plain) and alone["channel"]["books"] == [1]


def refused(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    code = main(["roundtrip", *map(str, argv)])
    shown = capsys.readouterr()
    assert code == 2 and shown.out == "" and len(shown.err.splitlines()) == 1, shown
    return shown.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--loss", "1.5"], "share from 0 to 1, not 1.5"),
        (["--loss", "much"], "'much' is no share such as 0.05 or 5%"),
        (["--bit-errors", "-1"], "share from 0 to 1, not -1"),
        (["--burst", "0"], "1 packet or more, not 0"),
        (["--packet-frames", "0"], "1 frame or more, not 0"),
        (["--seed", "-4"], "0 or more, not -4"),
        (["--freeze-book", "5"], "Book 5 cannot be frozen: tiny has books 1 to 4"),
        (["--freeze-book", "0"], "Book 0 cannot be frozen"),
        (["--freeze-book", "2@soon"], "is no book such as 2"),
        (["--books", "9"], "Book 9 is not there to decode: tiny gives books 1 to 4"),
        (["--depth", "2", "--books", "3"], "Book 3 is not there to decode: tiny gives books 1 to 2"),
        (["--books", "2"], "decodes the first books only"),
    ],
)
def test_options_that_cannot_be_are_one_sentence(
    options: list[str], words: str, tiny: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = speech.with_name("never.wav")
    assert words in refused(capsys, speech, out, "--codec", tiny, *options)
    assert not out.exists() and not list(out.parent.glob(".never*"))


def test_codecs_without_codes_say_what_cannot_be_lost(speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "continuous latents" in refused(capsys, speech, "--codec", "identity:16000", "--bit-errors", "0.1")
    assert "no codebooks" in refused(capsys, speech, "--codec", "identity:16000", "--books", "1")
    assert "packets of its own" in refused(capsys, speech, "--codec", "opus:12", "--loss", "0.1")
