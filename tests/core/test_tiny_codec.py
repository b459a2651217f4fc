"""The tests' own codec keeps the contract that it stands for."""

from __future__ import annotations

import pytest
import torch

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
