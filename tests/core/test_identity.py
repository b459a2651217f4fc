"""No codec: the same bits at any rate, whole, in pieces, and through a token file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from speefeare_core import token_file
from speefeare_core.codec import CodecInfo
from speefeare_core.codecs.identity import IdentityCodec
from speefeare_core.errors import SpeefeareError


def noise(batch: int, channels: int, length: int) -> torch.Tensor:
    return 2 * torch.randn(batch, channels, length, generator=torch.Generator().manual_seed(0))  # beyond ±1 too


@pytest.mark.parametrize("source", ["identity", "identity:24000", "identity:11025", "identity:44100:2"])
@pytest.mark.parametrize("length", [1, 4800, 17_777])
def test_bit_for_bit(source: str, length: int) -> None:
    codec = IdentityCodec.from_source(source)
    sound = noise(3, codec.info.channels, length)
    encoded = codec.encode(sound)
    assert torch.equal(codec.decode(encoded), sound)
    assert encoded.latents is not None
    assert encoded.latents.shape == (3, codec.info.latent_dim, codec.frames_for(length))
    assert [depth for depth, _ in codec.decode_depths(encoded)] == [0]


def test_in_pieces() -> None:
    codec = IdentityCodec.from_source("identity:48000:2")
    sound = noise(2, 2, 480 * 10)
    stream = codec.stream(batch=2)
    pieces = [stream.step(piece).audio for piece in torch.split(sound, [480, 960, 3360], dim=-1)]
    assert torch.equal(torch.cat(pieces, dim=-1), sound)


def test_info_has_no_books_and_says_so() -> None:
    info = IdentityCodec.from_source("identity:44100:2").info
    assert (info.name, info.rate_hz, info.channels, info.hop_samples) == ("identity-44100-stereo", 44_100, 2, 441)
    assert (info.books, info.depth_mode, info.bitrate_kbps()) == ((), "none", 0)
    assert CodecInfo.from_dict(info.to_dict()) == info
    assert IdentityCodec.from_source(info.source).info == info
    with pytest.raises(SpeefeareError, match="no codebooks"):
        IdentityCodec().encode(noise(1, 1, 100), depth=1)


def test_through_a_token_file(tmp_path: Path) -> None:
    codec = IdentityCodec(16_000)
    sound = noise(1, 1, 1234)
    token_file.write(tmp_path / "a.safetensors", codec.encode(sound), codec.info)
    info, back = token_file.read(tmp_path / "a.safetensors")
    info.check_fits(codec.info)
    assert torch.equal(codec.decode(back), sound)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("identity:fast", "identity:24000"),
        ("identity:24000.5", "identity:24000"),
        ("identity:7", "1000 to 384000 Hz"),
        ("identity:99999999999999999999", "Hz, not"),
        ("identity:16000:7", "1 or 2 channels"),
        ("identity:16000:1:1", "identity:24000"),
    ],
)
def test_impossible_rates_are_one_sentence(source: str, words: str) -> None:
    with pytest.raises(SpeefeareError, match=words):
        IdentityCodec.from_source(source)
