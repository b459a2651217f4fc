"""µ-law: the formula of G.711, another implementation, its levels, and the same codes as a stream."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from speefeare_core.codec import CodecInfo
from speefeare_core.codecs.mulaw import MulawCodec
from speefeare_core.errors import SpeefeareError
from tests.core.speech import speech_like

SOUND = torch.from_numpy(speech_like(1.31))[None, None]


def test_the_steps_are_even_on_the_compressed_scale_of_g711() -> None:
    codec = MulawCodec.from_source("mulaw")
    codes = codec.encode(SOUND).codes[0, 0].double().numpy()
    x = SOUND[0, 0].double().numpy()
    companded = np.sign(x) * np.log(1 + 255 * np.abs(x)) / np.log(256)
    error = companded - (2 * codes / 255 - 1)
    assert np.abs(error).max() <= 1 / 255 + 1e-6  # half a step
    assert np.abs(error).mean() == pytest.approx(0.5 / 255, rel=0.15)  # and rounded, not cut


def test_levels_are_those_of_the_formula() -> None:
    codec = MulawCodec()
    codes = torch.arange(256).view(1, 1, -1)
    levels = codec.stream().decode(codes)[0, 0].double().numpy()
    scale = 2 * np.arange(256) / 255 - 1
    np.testing.assert_allclose(levels, np.sign(scale) * (256.0 ** np.abs(scale) - 1) / 255, atol=1e-6)
    assert torch.equal(codec.encode(torch.from_numpy(levels).float()[None, None]).codes, codes)


@pytest.mark.parametrize("bits", [4, 8])
def test_same_codes_and_sound_as_torchaudio(bits: int) -> None:
    from torchaudio import functional

    codec = MulawCodec(bits)
    encoded = codec.encode(SOUND)
    assert torch.equal(encoded.codes, functional.mu_law_encoding(SOUND, 2**bits))
    theirs = functional.mu_law_decoding(encoded.codes, 2**bits)
    torch.testing.assert_close(codec.decode(encoded), theirs, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("bits", "least_db"), [(4, 8), (8, 35), (12, 58)])
def test_more_bits_less_noise(bits: int, least_db: float) -> None:
    codec = MulawCodec.from_source(f"mulaw:{bits}")
    noise = codec.decode(codec.encode(SOUND)) - SOUND
    assert 10 * math.log10(float(SOUND.square().sum() / noise.square().sum())) > least_db


def test_any_cut_into_pieces_gives_the_same_codes_and_sound() -> None:
    codec = MulawCodec()
    sound = torch.cat([SOUND, SOUND.flip(-1)])
    whole = codec.encode(sound)
    stream = codec.stream(batch=2)
    pieces = [stream.step(piece) for piece in torch.split(sound, [1, 2, 3, 777, sound.shape[-1] - 783], dim=-1)]
    assert torch.equal(torch.cat([piece.codes for piece in pieces], dim=-1), whole.codes)
    assert torch.equal(torch.cat([piece.audio for piece in pieces], dim=-1), codec.decode(whole))
    with pytest.raises(SpeefeareError, match="batch of 2"):
        stream.step(SOUND)


def test_info_is_honest() -> None:
    info = MulawCodec.from_source("mulaw").info
    assert (info.name, info.depth, info.depth_mode, info.source) == ("mulaw-8", 1, "none", "mulaw:8")
    assert info.bitrate_kbps() == 128.0  # 16 000 samples of 8 bits, one a frame
    assert info.hop_samples * info.frame_rate_hz == info.rate_hz
    assert info.live_frames == 80  # live steps of 5 ms, not of one sample
    assert CodecInfo.from_dict(info.to_dict()) == info
    assert MulawCodec(8).encode(SOUND[..., :1]).codes.shape == (1, 1, 1)


def test_beyond_full_scale_it_clips() -> None:
    codec = MulawCodec()
    loud = torch.tensor([[[-3.0, 3.0]]])
    assert codec.encode(loud).codes.tolist() == [[[0, 255]]]
    assert codec.decode(codec.encode(loud)).tolist() == [[[-1.0, 1.0]]]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("mulaw:1", "2 to 16 bits"),
        ("mulaw:99999999999999999999", "2 to 16"),
        ("mulaw:8.5", "mulaw:8"),
        ("mulaw:x", "bits"),
    ],
)
def test_impossible_word_lengths_are_one_sentence(source: str, words: str) -> None:
    with pytest.raises(SpeefeareError, match=words):
        MulawCodec.from_source(source)
