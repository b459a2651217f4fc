"""The tests' own codec keeps the contract that it stands for."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from speefeare_core.errors import SpeefeareError
from speefeare_core.stream import Framer
from tests.core.tiny_codec import TinyCodec


@pytest.fixture
def speech_like() -> torch.Tensor:
    noise = torch.randn(2, 1, 4003, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.avg_pool1d(noise, 15, 1, 7)[..., :4003] * 0.6


def test_every_depth_is_better_than_the_one_before(speech_like: torch.Tensor) -> None:
    codec = TinyCodec()
    errors = [
        float((audio - speech_like).square().mean()) for _, audio in codec.decode_depths(codec.encode(speech_like))
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.7 * errors[0]


def test_the_transform_alone_gives_the_input_back_sample_aligned(speech_like: torch.Tensor) -> None:
    codec = TinyCodec()
    hop = codec.info.hop_samples
    padded = torch.nn.functional.pad(speech_like, (0, codec.frames_for(4003) * hop - 4003))
    latents = codec.module.analyse(padded, torch.zeros_like(padded[..., :hop]))
    audio, _ = codec.module.synthesise(latents, latents.new_zeros(2, hop))
    assert torch.allclose(audio[..., hop : hop + 4003], speech_like, atol=1e-6)


@pytest.mark.parametrize("chunk", [64, 128, 192, 448])
def test_streaming_equals_offline(speech_like: torch.Tensor, chunk: int) -> None:
    codec = TinyCodec()
    encoded = codec.encode(speech_like)
    stream, framer = codec.stream(2), Framer(64, 2)
    blocks = [*speech_like[:, 0].split(chunk - 1, -1), torch.zeros(2, 64)]
    steps = [stream.step(torch.from_numpy(f)[:, None]) for b in blocks if (f := framer.push(b.numpy())).size]
    codes = torch.cat([s.codes for s in steps if s.codes is not None], -1)
    frames = codes.shape[-1]
    assert torch.equal(codes, encoded.codes[..., :frames])
    audio = torch.cat([s.audio for s in steps], -1)[..., 64:]
    assert torch.allclose(audio, codec.decode(encoded)[..., : audio.shape[-1]], atol=1e-6)


def test_audio_and_codes_that_are_none_of_its_own_are_refused_in_words() -> None:
    codec = TinyCodec()
    with pytest.raises(SpeefeareError, match="in floating point, not torch.int16"):
        codec.encode(torch.zeros(1, 1, 1000, dtype=torch.int16))
    with pytest.raises(SpeefeareError, match="wants audio"):
        codec.encode(torch.zeros(0, 1, 1000))
    with pytest.raises(SpeefeareError, match="batch of 1 or more, not 0"):
        codec.stream(batch=0)
    encoded = codec.encode(torch.zeros(1, 1, 1000))
    (codes,) = encoded.code_groups
    for wrong in (codes + 10_000, codes - 10_000, codes[0], codes.float(), torch.cat([codes, codes], 1)):
        with pytest.raises(SpeefeareError, match="no codes of"):
            codec.decode(dataclasses.replace(encoded, code_groups=(wrong,)))
