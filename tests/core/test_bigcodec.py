"""BigCodec: the alias-free Snake, pieces, padding, files, gradients."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speefeare_core import load_codec, token_file
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.official import Official
from speefeare_core.codecs.bigcodec import BigCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn import pieces
from speefeare_core.nn.alias_free import AliasFreeSnake, kaiser_sinc
from speefeare_core.nn.bigcodec import BigCodecConfig, BigCodecModel


def small_codec(**changed: object) -> BigCodec:
    sizes = {
        "channels": 4, "strides": (2, 5), "latent_dim": 12, "decoder_channels": 16, "book_size": 64, "book_dim": 4,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BigCodecModel(BigCodecConfig(**{**sizes, **changed}))
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if name.endswith(("alpha", "beta")):
                    weight.uniform_(-0.3, 0.3)
            for module in model.modules():
                if isinstance(module, nn.Conv1d):
                    module.weight.normal_(0, 0.8 / module.weight[0].numel() ** 0.5)
            found = model.quantizer.book(0)
            found.in_proj.bias -= found.project(model.encoder(sound(1, 4000))).mean(dim=(0, 2))
    return BigCodec(model.requires_grad_(False), name="small bigcodec")


def sound(batch: int, length: int) -> Tensor:
    draw = torch.Generator().manual_seed(3)
    time = torch.arange(length) / 16_000
    voice = 0.3 * torch.sin(2 * torch.pi * 150 * time * (1 + time))
    return (voice + 0.1 * torch.randn(batch, length, generator=draw))[:, None]


def plainly_snaked(module: AliasFreeSnake, x: Tensor) -> Tensor:
    """Zeros between the samples, a filter, Snake, a filter, every other sample."""
    taps = torch.tensor(kaiser_sinc())
    channels = x.shape[1]
    filters = taps.expand(channels, 1, -1)
    doubled = torch.zeros(x.shape[0], channels, 2 * (x.shape[-1] + 10))
    doubled[..., ::2] = F.pad(x, (5, 5), mode="replicate")
    twice = 2 * F.conv1d(F.pad(doubled, (11, 11)), filters, groups=channels)[..., 15 : 15 + 2 * x.shape[-1]]
    alpha, beta = module.alpha.exp()[:, None], module.beta.exp()[:, None]
    bent = twice + torch.sin(alpha * twice).square() / beta
    return F.conv1d(F.pad(bent, (5, 6), mode="replicate"), filters, groups=channels)[..., ::2]


def test_default_is_the_published_model() -> None:
    with torch.device("meta"):
        model = BigCodecModel(BigCodecConfig())
    info = BigCodec(model).info
    assert info.rate_hz == 16000 and info.frame_rate_hz == 80 and info.bitrate_kbps() == pytest.approx(1.04)
    assert info.depth_mode == "none" and info.depth == 1 and 155e6 < info.parameters < 165e6
    assert not info.streamable and info.look_ahead_samples is not None


@pytest.mark.parametrize("length", [1, 2, 7, 300])
def test_alias_free_snake_is_the_long_way_round(length: int) -> None:
    torch.manual_seed(0)
    module = AliasFreeSnake(3).requires_grad_(False)
    module.alpha.uniform_(-0.5, 0.5)
    module.beta.uniform_(-0.5, 0.5)
    x = torch.randn(2, 3, length)
    expected = plainly_snaked(module, x)
    torch.testing.assert_close(module(x), expected, atol=1e-5, rtol=1e-5)
    trained = copy.deepcopy(module).requires_grad_(True)
    torch.testing.assert_close(trained(x).detach(), expected, atol=1e-5, rtol=1e-5)
    for size in (1, 3, 11):
        assert torch.allclose(pieces.in_pieces([module], x), module(x))
        state, parts = module.initial_state(2), []
        cuts = x.split(size, dim=-1)
        for index, cut in enumerate(cuts):
            part, state = module.push(cut, state, index == len(cuts) - 1)
            parts.append(part)
        torch.testing.assert_close(torch.cat(parts, dim=-1), expected, atol=1e-5, rtol=1e-5)


def test_gradient_of_the_alias_free_snake() -> None:
    torch.manual_seed(0)
    module = AliasFreeSnake(2).double()
    x = torch.randn(1, 2, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, (x,))


@pytest.mark.parametrize("elements", [512, 1 << 12])
def test_pieces_are_the_whole(elements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, audio = small_codec().module, sound(2, 1500)
    with torch.enable_grad():
        expected = model.encoder(audio.clone().requires_grad_()).detach()
        heard = model.decoder(expected.clone().requires_grad_()).detach()
    monkeypatch.setattr(pieces, "CPU_ELEMENTS", elements)
    torch.testing.assert_close(model.encoder(audio), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(model.decoder(expected), heard, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("length", "frames"), [(1, 1), (9, 1), (10, 2), (1001, 101)])
def test_padding_is_the_official_scripts(length: int, frames: int) -> None:
    codec = small_codec()
    encoded = codec.encode(sound(2, length))
    assert encoded.codes.shape == (2, 1, frames) and codec.frames_for(length) == frames
    assert codec.decode(encoded).shape == (2, 1, length)


def test_blocks_are_honest() -> None:
    remembers, forgets = small_codec(), small_codec(lstm_layers=0)
    assert remembers.block_context is not None and not remembers.block_context.exact
    assert forgets.block_context is not None and forgets.block_context.exact
    assert small_codec(bidirectional=True).info.look_ahead_samples is None
    assert any("LSTM" in note for note in remembers.info.notes)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_native_file_and_tokens(bidirectional: bool, tmp_path: Path) -> None:
    codec = small_codec(bidirectional=bidirectional)
    encoded = codec.encode(sound(1, 4001))
    assert encoded.codes.unique().numel() >= 8
    native.save(codec.to_native(), tmp_path / "model.safetensors")
    again = load_codec(tmp_path / "model.safetensors", device="cpu")
    token_file.write(tmp_path / "tokens.safetensors", encoded, codec.info)
    told, read = token_file.read(tmp_path / "tokens.safetensors")
    told.check_fits(again.info)
    assert torch.equal(again.encode(sound(1, 4001)).codes, read.codes)
    assert torch.equal(again.decode(read), codec.decode(encoded))


def test_gradients_reach_every_weight() -> None:
    model = copy.deepcopy(small_codec().module).train().requires_grad_(True)
    out = model(sound(2, 400))
    assert out.audio.shape == (2, 1, 400)
    (out.audio.square().mean() + out.quantized.commitment_loss + out.quantized.codebook_loss).backward()
    assert not [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]


def test_a_file_of_another_kind_is_told_in_a_sentence() -> None:
    tensors = {"CodecEnc.block.0.weight": torch.zeros(4, 1, 7), "generator.x": torch.zeros(1)}
    with pytest.raises(SpeefeareError, match="looks like BigCodec"):
        BigCodec.from_official(Official(Path("somewhere"), "bigcodec", "official", tensors))


@pytest.mark.parametrize("wrong", [{"strides": ()}, {"books": 0}, {"decoder_channels": 18}, {"latent_dim": 2.5}])
def test_a_configuration_that_cannot_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="BigCodec"):
        BigCodecConfig(**wrong)
