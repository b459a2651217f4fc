"""The DAC trunk: pieces equal the whole, the causal form streams, and `needs` is the receptive field."""

from typing import Any

import pytest
import torch
from torch import Tensor

from speefeare_core.nn import pieces
from speefeare_core.nn.dac import DacDecoder, DacEncoder, NoiseBlock, Trunk
from speefeare_core.nn.trunk_conv import TrunkConv1d, TrunkConvTranspose1d

STRIDES = (2, 5, 3)
HOP = 30
FORMS: list[dict[str, Any]] = [
    {},
    {"depthwise": True},
    {"causal": True},
    {"causal": True, "depthwise": True},
]
CAUSAL = [form for form in FORMS if form.get("causal")]


def lively(trunk: Trunk, seed: int = 0) -> Trunk:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in trunk.named_parameters():
            if name.endswith("alpha"):
                weight.copy_(0.5 + torch.rand(weight.shape, generator=generator))
            elif weight.ndim == 3:
                weight.copy_(0.5 * torch.randn(weight.shape, generator=generator) / weight[0].numel() ** 0.5)
            else:
                weight.copy_(0.1 * torch.randn(weight.shape, generator=generator))
    return trunk.requires_grad_(False)


def encoder(**form: Any) -> DacEncoder:
    made = lively(DacEncoder(4, STRIDES, 12, late=bool(form.get("causal")), **form))
    assert isinstance(made, DacEncoder)
    return made


def decoder(**form: Any) -> DacDecoder:
    made = lively(DacDecoder(12, 32, STRIDES[::-1], **form), 1)
    assert isinstance(made, DacDecoder)
    return made


def plain(trunk: Trunk, x: Tensor) -> Tensor:
    """By plain tensor operations on the whole signal."""
    return trunk(x.clone().requires_grad_()).detach()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("elements", [1, 100, 3000, 1 << 20])
@pytest.mark.parametrize(("batch", "frames"), [(1, 23), (3, 8), (1, 1)])
def test_pieces_equal_the_whole(
    form: dict[str, Any], elements: int, batch: int, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if elements == 1:
        frames = min(frames, 4)  # sample by sample
    monkeypatch.setattr(pieces, "CPU_ELEMENTS", elements)
    audio, latents = torch.randn(batch, 1, HOP * frames).double(), torch.randn(batch, 12, frames).double()
    # In double precision, in which nothing but a mistake can differ.
    for trunk, x in ((encoder(**form).double(), audio), (decoder(**form).double(), latents)):
        before = x.clone()
        with torch.inference_mode():
            found = trunk(x)
        assert torch.equal(x, before), "the input was overwritten"
        expected = plain(trunk, x)
        assert found.shape == expected.shape
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_pieces_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "CPU_ELEMENTS", 3000)
    for trunk, x in ((encoder(), torch.randn(1, 1, HOP * 60)), (decoder(), 0.3 * torch.randn(1, 12, 60))):
        with torch.inference_mode():
            found = trunk(x)
        expected = plain(trunk, x)
        torch.testing.assert_close(found, expected, atol=1e-6 * max(1.0, float(expected.abs().max())), rtol=0)


def test_lengths() -> None:
    """Odd strides lose samples in the symmetric decoder, unless it is told to keep them."""
    latents = torch.randn(1, 12, 5)
    assert encoder()(torch.randn(1, 1, 5 * HOP)).shape == (1, 12, 5)
    lost = 5 * HOP - decoder()(latents).shape[-1]
    assert lost == 2 * (1 + 5 * 1)  # one at the stride of 3, one at the stride of 5, in samples of the output
    assert decoder(whole=True)(latents).shape == (1, 1, 5 * HOP)
    assert decoder(causal=True)(latents).shape == (1, 1, 5 * HOP)


@pytest.mark.parametrize("form", CAUSAL)
@pytest.mark.parametrize("batch", [1, 3])
def test_the_causal_form_streams(form: dict[str, Any], batch: int) -> None:
    frames = 19
    audio, latents = torch.randn(batch, 1, HOP * frames), torch.randn(batch, 12, frames)
    for trunk, x, unit in ((encoder(**form), audio, HOP), (decoder(**form), latents, 1)):
        with torch.inference_mode():
            whole = trunk(x)
            for size in (1, 2, 3, 7, frames):
                state, parts = trunk.initial_state(batch), []
                for piece in torch.split(x, size * unit, dim=-1):
                    kept = piece.clone()
                    out, state = trunk.step(piece, state)
                    assert torch.equal(piece, kept), "the stream overwrote what it was given"
                    assert out.shape[-1] * whole.shape[-1] ** -1 == pytest.approx(piece.shape[-1] / x.shape[-1])
                    parts.append(out)
                torch.testing.assert_close(torch.cat(parts, dim=-1), whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("form", FORMS)
def test_needs_is_the_receptive_field(form: dict[str, Any]) -> None:
    """The gradient of one frame reaches just the samples that `needs` names."""
    middle, frames = 45, 91
    for trunk, x, unit, span in (
        (encoder(**form), torch.randn(1, 1, HOP * frames), 1, HOP),
        (decoder(**form), torch.randn(1, 12, frames), HOP, 1),
    ):
        x.requires_grad_()
        at = middle * unit
        trunk(x)[..., at : at + unit].square().sum().backward()
        assert x.grad is not None
        touched = x.grad.abs().sum(dim=(0, 1)).nonzero()[:, 0]
        first, last = trunk.needs(at, at + unit - 1)
        assert (int(touched[0]), int(touched[-1])) == (first, last)
        if form.get("causal"):
            assert last <= middle * span + span - 1


@pytest.mark.parametrize("stride", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("causal", [False, True])
def test_transposed_convolution_by_either_way(stride: int, causal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a matrix product and as torch computes it."""
    conv = TrunkConvTranspose1d(6, 5, stride, causal=causal).requires_grad_(False)
    x = torch.randn(2, 6, 13)
    expected = plain_transposed(conv, x)
    for few in (0, 1000):
        monkeypatch.setattr("speefeare_core.nn.trunk_conv._FEW_OUTPUTS", few)
        torch.testing.assert_close(conv(x), expected, atol=1e-6, rtol=0)


def plain_transposed(conv: TrunkConvTranspose1d, x: Tensor) -> Tensor:
    full = torch.nn.functional.conv_transpose1d(x, conv.weight, conv.bias, conv.stride)
    return full[..., conv.left : full.shape[-1] - conv.right]


@pytest.mark.parametrize(("channels", "groups"), [((3, 5), 1), ((4, 1), 1), ((4, 4), 4)])
def test_convolution_by_either_way(channels: tuple[int, int], groups: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """To few outputs, to one channel, and as torch computes it."""
    conv = TrunkConv1d(*channels, 7, dilation=3, groups=groups).requires_grad_(False)
    x = torch.randn(2, channels[0], 50)
    expected = torch.nn.functional.conv1d(x, conv.weight, conv.bias, padding=9, dilation=3, groups=groups)
    for few in (0, 1000):
        monkeypatch.setattr("speefeare_core.nn.trunk_conv._FEW_OUTPUTS", few)
        torch.testing.assert_close(conv(x), expected, atol=1e-6, rtol=0)


def test_noise_block_is_heard_and_can_be_silenced() -> None:
    noisy = NoiseBlock(4)
    x = torch.randn(2, 4, 50)
    with torch.inference_mode():
        assert not torch.allclose(noisy(x), noisy(x))
        added = noisy(x) - x
        ratio = added / noisy.linear(x)  # the same noise in every channel
        torch.testing.assert_close(ratio[:, :1].expand_as(ratio), ratio, atol=1e-3, rtol=1e-3)
        noisy.level = 0.0
        assert torch.equal(noisy(x), x)


def test_gradients_reach_every_weight() -> None:
    for trunk, x in ((encoder(), torch.randn(2, 1, 4 * HOP)), (decoder(), torch.randn(2, 12, 4))):
        trunk.requires_grad_(True)
        trunk(x).square().sum().backward()
        assert all(w.grad is not None and bool(w.grad.abs().sum() > 0) for w in trunk.parameters())
