"""The DAC codec: depths, books alone, lengths, blocks, files of its own, what is told of a file that does not fit."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from speefeare_core import blocks, load_codec
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.official import Official
from speefeare_core.codec import BlockContext, CodecInfo
from speefeare_core.codecs.dac import DacCodec
from speefeare_core.codecs.dac_names import from_transformers
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.dac_model import DacConfig, DacModel

SMALL = DacConfig(
    rate_hz=16000,
    channels=4,
    strides=(2, 5, 8),
    latent_dim=16,
    decoder_channels=32,
    decoder_strides=(8, 5, 2),
    books=5,
    book_size=64,
)


def lively(config: DacConfig = SMALL) -> DacModel:
    torch.manual_seed(5)
    model = DacModel(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("alpha"):
                weight.uniform_(0.5, 1.5)
            elif weight.ndim == 3:
                weight.normal_(0.0, (0.9 if name.startswith("encoder") else 0.4) / weight[0].numel() ** 0.5)
    return model.eval()


@pytest.fixture(scope="module")
def codec() -> DacCodec:
    return DacCodec(lively(), name="small")


@pytest.fixture(scope="module")
def audio() -> Tensor:
    return torch.randn(2, 1, 8123, generator=torch.Generator().manual_seed(2)) * 0.3


def official(codec: DacCodec, **changes: Any) -> Official:
    tensors = {name: tensor.clone() for name, tensor in codec.module.state_dict().items()}
    found = Official(
        Path("weights.pth"), "dac", "official", tensors, {}, {"metadata": {"kwargs": {"sample_rate": 16000}}}
    )
    return dataclasses.replace(found, **changes)


def test_what_it_says_of_itself(codec: DacCodec) -> None:
    info = codec.info
    assert (info.hop_samples, info.frame_rate_hz, info.depth, info.latent_dim) == (80, 200.0, 5, 16)
    assert info.bitrate_kbps() == pytest.approx(5 * 6 * 200 / 1000)
    assert not info.causal and not info.streamable
    assert CodecInfo.from_dict(info.to_dict()) == info
    with pytest.raises(SpeefeareError, match="cannot stream"):
        codec.stream()


def test_depths_books_and_lengths(codec: DacCodec, audio: Tensor) -> None:
    encoded = codec.encode(audio)
    assert all(encoded.codes[:, level].unique().numel() >= 8 for level in range(5))
    seen = []
    for depth, decoded in codec.decode_depths(encoded):
        assert decoded.shape == audio.shape
        torch.testing.assert_close(decoded, codec.decode(codec.encode(audio, depth)), atol=1e-5, rtol=0)
        assert torch.equal(decoded, codec.decode(encoded, books=range(depth)))
        seen.append(decoded)
    assert all(not torch.allclose(a, b, atol=1e-4) for a, b in pairwise(seen))
    alone = codec.decode(encoded, books=[3])
    assert alone.shape == audio.shape and not torch.allclose(alone, seen[3], atol=1e-4)
    latents = codec.quantized_latents(encoded, 2)
    assert latents.shape == encoded.latents.shape  # type: ignore[union-attr]
    for length in (1, 79, 80, 81):
        assert codec.decode(codec.encode(audio[..., :length])).shape[-1] == length


def test_the_look_ahead_is_what_the_sound_hangs_on(codec: DacCodec) -> None:
    """The sound of a frame takes its gradient from samples up to the stated look-ahead, and from none beyond."""
    model, hop, frames, middle = lively(), 80, 121, 60
    x = torch.randn(1, 1, hop * frames, requires_grad=True)
    heard = model.decoder(model.encoder(x))
    heard[..., middle * hop : (middle + 1) * hop].square().sum().backward()
    assert x.grad is not None
    last = int(x.grad[0, 0].nonzero()[-1, 0])
    assert last - (hop * (middle + 1) - 1) == codec.info.look_ahead_samples


@pytest.mark.parametrize("frames", [7, 16, 40])
def test_blocks_give_the_whole(codec: DacCodec, frames: int) -> None:
    assert codec.block_context is not None and codec.block_context.exact
    context = codec.block_context
    cut = DacCodec(codec.module)
    cut.block_context = BlockContext(frames, context.encode, context.decode, exact=True)
    audio = torch.randn(1, 1, 80 * 100 + 33, generator=torch.Generator().manual_seed(1)) * 0.3
    whole = codec.encode(audio)
    joined = blocks.join(cut, blocks.encode(cut, audio.split(1000, dim=-1)))
    assert torch.equal(joined.codes, whole.codes)
    assert joined.length_samples == audio.shape[-1]
    decoded = torch.cat(list(blocks.decode(cut, whole, piece_s=0.07)), dim=-1)
    torch.testing.assert_close(decoded, codec.decode(whole), atol=1e-6, rtol=0)


def test_less_context_would_not_do(codec: DacCodec) -> None:
    """The stated context has not a frame too many: with one less, the sound at the seams is another."""
    assert codec.block_context is not None
    before, after = codec.block_context.decode
    latents = torch.randn(1, 16, 60, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        decoder = codec.module.decoder
        expected = decoder(latents)[..., 30 * 80 : 31 * 80]
        enough = decoder(latents[..., 30 - before : 31 + after])[..., before * 80 : (before + 1) * 80]
        torch.testing.assert_close(enough, expected, atol=1e-6, rtol=0)
        early = decoder(latents[..., 31 - before : 31 + after])[..., (before - 1) * 80 : before * 80]
        late = decoder(latents[..., 30 - before : 30 + after])[..., before * 80 : (before + 1) * 80]
    for less in (early, late):
        assert not torch.equal(less, expected)


def test_file_of_its_own(codec: DacCodec, audio: Tensor, tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    native.save(codec.to_native(), path)
    loaded = load_codec(path, device="cpu")
    assert isinstance(loaded, DacCodec) and loaded.info.depth == 5
    encoded = codec.encode(audio)
    assert torch.equal(loaded.encode(audio).codes, encoded.codes)
    assert torch.equal(loaded.decode(encoded, 3), codec.decode(encoded, 3))


def test_either_spelling_of_weight_norm(codec: DacCodec, audio: Tensor) -> None:
    spellings = (("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1"))
    for magnitude, direction in spellings:
        tensors = {}
        for name, tensor in official(codec).tensors.items():
            if tensor.ndim == 3 and name.endswith("weight"):
                stem = name.removesuffix("weight")
                tensors[stem + magnitude] = tensor.norm(dim=(1, 2), keepdim=True)
                tensors[stem + direction] = 3.0 * tensor
            else:
                tensors[name] = tensor
        loaded = DacCodec.from_official(official(codec, tensors=tensors))
        assert loaded.info.rate_hz == 16000
        assert torch.equal(loaded.encode(audio).codes, codec.encode(audio).codes)


def test_a_file_that_does_not_say_its_rate() -> None:
    """The published sizes tell it; of others nobody knows, and that is said."""
    published = DacConfig(channels=4, latent_dim=16, decoder_channels=32, book_size=8, books=9)
    silent = official(DacCodec(DacModel(published)), extra={})
    loaded = DacCodec.from_official(silent)
    assert loaded.info.rate_hz == 44100
    assert any("does not say its rate" in note for note in loaded.info.notes)
    with pytest.raises(SpeefeareError, match="rate"):
        DacCodec.from_official(official(DacCodec(DacModel(SMALL)), extra={}))


@pytest.mark.parametrize("layout", ["official", "transformers"])
def test_files_that_do_not_fit_are_one_sentence(codec: DacCodec, layout: str) -> None:
    whole = official(codec).tensors
    for lost in ("encoder.block.0.weight", "decoder.model.2.block.1.weight", "quantizer.quantizers.2.codebook.weight"):
        tensors = {name: tensor for name, tensor in whole.items() if name != lost}
        with pytest.raises(SpeefeareError, match="weights.pth"):
            DacCodec.from_official(official(codec, tensors=tensors, layout=layout))
    with pytest.raises(SpeefeareError, match=r"weights\.pth"):
        DacCodec.from_official(official(codec, tensors={}, layout=layout))


def test_names_of_transformers_under_other_prefixes() -> None:
    """X-Codec's folders hold the same trunk under prefixes of their own."""
    names = ["a.conv1.weight", "a.block.0.res_unit3.conv2.bias", "a.snake1.alpha", "b.block.0.conv_t1.weight", "c.x"]
    found = from_transformers({name: torch.zeros(1) for name in names}, "a.", "b.")
    assert list(found) == [
        "a.block.0.weight",
        "a.block.1.block.2.block.3.bias",
        "a.block.2.alpha",
        "b.model.1.block.1.weight",
        "c.x",
    ]


def test_sizes_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="hop"):
        DacConfig(decoder_strides=(8, 8, 4))
    with pytest.raises(ValueError, match="books"):
        DacConfig(books=0)


def test_it_can_be_trained() -> None:
    """A few steps bring the sound closer; every weight takes part."""
    torch.manual_seed(0)
    model = lively().train()
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    audio = torch.sin(torch.arange(3200) * 0.2)[None, None] * 0.5
    errors = []
    for _ in range(25):
        output = model(audio, model.quantizer.sample_depths(1))
        error = (output.audio - audio[..., : output.audio.shape[-1]]).square().mean()
        optimiser.zero_grad()
        (error + output.quantized.codebook_loss + 0.25 * output.quantized.commitment_loss).backward()
        if not errors:
            assert all(weight.grad is not None for weight in model.parameters())
        optimiser.step()
        errors.append(float(error.detach()))
    assert sum(errors[-5:]) < 0.8 * sum(errors[:5])
