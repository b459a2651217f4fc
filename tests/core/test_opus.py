"""Opus through PyAV: constant bitrate, right length, aligned, better with more bits."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core import blocks, load_codec, token_file
from speefeare_core.alignment import estimate_delay
from speefeare_core.audio import Audio
from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.metrics import METRICS
from speefeare_core.evaluation.one_file import sent_bits
from tests.core.speech import speech_like

SOUND = torch.from_numpy(speech_like(1.31))[None, None]


@pytest.mark.parametrize("kbps", [6, 9.2, 12, 24, 64])
def test_length_alignment_and_constant_bitrate(kbps: float) -> None:
    codec = load_codec(f"opus:{kbps}")
    encoded = codec.encode(SOUND)
    frames = codec.frames_for(SOUND.shape[-1])
    assert encoded.side["packets"].shape == (1, frames, round(kbps * 1000 / 8 / 50))
    assert sent_bits(codec.info, encoded, 0) / (frames * 0.02) == pytest.approx(kbps * 1000)
    assert any(f"{kbps:g} kbps" in note for note in codec.info.notes)
    out = codec.decode(encoded)
    assert out.shape == SOUND.shape
    found = estimate_delay(SOUND[0, 0].numpy(), out[0, 0].numpy())
    # The filters of its speech mode turn the phase of low tones, which moves the peak by a sample or two.
    assert abs(found.samples) <= 2 and found.polarity == 1 and found.confidence > 0.4


def test_a_bitrate_between_whole_bytes_says_what_is_sent() -> None:
    codec = load_codec("opus:6.5")
    assert codec.encode(SOUND).side["packets"].shape[-1] == 16
    assert any("6.4 kbps" in note for note in codec.info.notes)


def test_decoding_by_the_second_has_no_seams() -> None:
    codec = load_codec("opus:24")
    long = torch.from_numpy(speech_like(3.3, seed=3))[None, None]
    encoded = codec.encode(long)
    import av

    context = av.CodecContext.create("libopus", "r")
    context.sample_rate, context.layout = 16_000, "mono"
    packets = [av.Packet(row.tobytes()) for row in encoded.side["packets"][0].numpy()]
    at_48k = np.concatenate([frame.to_ndarray().reshape(-1) for packet in packets for frame in context.decode(packet)])
    whole = Audio(at_48k[None].astype(np.float32) / 32768, 48_000).resampled(16_000).samples
    ours = codec.decode(encoded)[0].numpy()
    delay = codec.info.delay_samples
    np.testing.assert_allclose(ours, whole[:, delay : delay + ours.shape[1]], atol=2e-6)


def test_more_bits_sound_better() -> None:
    values = []
    for kbps in (6, 12, 32):
        codec = load_codec(f"opus:{kbps}")
        out = codec.decode(codec.encode(SOUND))
        values.append(METRICS["pesq_wb"].measure(SOUND[0, 0].numpy(), out[0, 0].numpy(), 16_000).value)
    assert values == sorted(values)  # type: ignore[type-var]
    assert values[-1] is not None and values[-1] > 3


def test_rows_of_a_batch_are_coded_alone_and_it_is_deterministic() -> None:
    codec = load_codec("opus:16")
    both = torch.cat([SOUND, SOUND.flip(-1)])
    packets = codec.encode(both).side["packets"]
    assert torch.equal(packets[:1], codec.encode(SOUND).side["packets"])
    assert torch.equal(packets[1:], codec.encode(both[1:]).side["packets"])


def test_info_has_no_books_and_no_depth_and_no_stream() -> None:
    codec = load_codec("opus:12")
    assert (codec.info.books, codec.info.depth_mode, codec.info.name) == ((), "none", "opus-12")
    assert CodecInfo.from_dict(codec.info.to_dict()) == codec.info
    with pytest.raises(SpeefeareError, match="no codebooks"):
        codec.encode(SOUND, depth=1)
    with pytest.raises(SpeefeareError, match="cannot stream"):
        codec.stream()
    assert [depth for depth, _ in codec.decode_depths(codec.encode(SOUND))] == [0]


def test_tokens_are_its_packets(tmp_path: Path) -> None:
    codec = load_codec("opus:12")
    encoded = codec.encode(SOUND)
    token_file.write(tmp_path / "a.safetensors", encoded, codec.info, "opus:12")
    info, back = token_file.read(tmp_path / "a.safetensors")
    info.check_fits(codec.info)
    assert (info.source, info.depth) == ("opus:12", 0)
    assert torch.equal(codec.decode(back), codec.decode(encoded))


@pytest.mark.parametrize(("source", "words"), [("opus:3", "6 to 64"), ("opus:", "opus:12"), ("opus:loud", "opus:12")])
def test_impossible_bitrates_are_one_sentence(source: str, words: str) -> None:
    with pytest.raises(SpeefeareError, match=words):
        load_codec(source)


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(SpeefeareError, match="pip install"):
        load_codec("opus:12")


@pytest.mark.parametrize("size", [100, 777, 16_000, 60_000])
def test_blocks_of_a_long_recording_are_the_packets_and_the_sound_of_one_call(size: int) -> None:
    codec = load_codec("opus:12")
    sound = torch.from_numpy(speech_like(3.1))[None, None].expand(2, 1, -1) * torch.tensor([1.0, -0.5])[:, None, None]
    whole = codec.encode(sound)
    found = list(blocks.encode(codec, torch.split(sound, size, dim=-1)))
    joined = blocks.join(codec, found)
    assert torch.equal(joined.side["packets"], whole.side["packets"]) and joined.length_samples == sound.shape[-1]
    decoder = blocks.decoder(codec, batch=2)
    heard = torch.cat([*(decoder.push(piece) for piece in found), decoder.finish()], dim=-1)
    torch.testing.assert_close(heard, codec.decode(whole), atol=1e-6, rtol=0)
    assert blocks.way_of(codec) == "segments" and len(found) > (size < 40_000)
