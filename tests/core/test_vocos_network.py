"""Vocos' blocks: the inverse Fourier transform against torch's, how far a frame sees, conditions, gradients."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from speefeare_core.nn.convnext import AdaLayerNorm, ConvNextBlock, normed
from speefeare_core.nn.istft_head import Istft, IstftHead
from speefeare_core.nn.vocos import VocosConfig, VocosDecoder

SMALL = VocosConfig(input_dim=12, dim=16, inner_dim=24, layers=3, conditions=4, n_fft=40, hop_samples=10)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def decoder() -> VocosDecoder:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made = VocosDecoder(SMALL)
        for name, weight in made.named_parameters():
            torch.nn.init.normal_(weight, std=0.3) if weight.ndim > 1 or "gamma" in name else None
    return made.eval()


@pytest.mark.parametrize(("n_fft", "hop"), [(64, 16), (60, 25), (48, 24)])
def test_centred_frames_as_in_torch(n_fft: int, hop: int) -> None:
    spectra = torch.complex(drawn(2, n_fft // 2 + 1, 9), drawn(2, n_fft // 2 + 1, 9, seed=1))
    theirs = torch.istft(spectra, n_fft, hop, window=torch.hann_window(n_fft), center=True)
    torch.testing.assert_close(Istft(n_fft, hop, "center")(spectra), theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("n_fft", "hop", "frames"), [(64, 16, 1), (64, 16, 7), (60, 25, 5), (48, 24, 4)])
def test_same_padding_gives_a_sound_back(n_fft: int, hop: int, frames: int) -> None:
    trim = (n_fft - hop) // 2
    sound = drawn(2, frames * hop + (n_fft - hop) % 2)
    windows = F.pad(sound, (trim, trim)).unfold(-1, n_fft, hop) * torch.hann_window(n_fft)
    spectra = torch.fft.rfft(windows, dim=-1).transpose(1, 2)
    assert spectra.shape[-1] == frames
    torch.testing.assert_close(Istft(n_fft, hop)(spectra), sound, atol=1e-4, rtol=1e-4)


def test_the_head_gives_magnitudes_and_phases_and_caps_wild_ones() -> None:
    head = IstftHead(8, 16, 4)
    with torch.no_grad():
        head.out.weight.zero_()
        head.out.bias.copy_(torch.cat([torch.full((9,), 300.0), torch.full((9,), 0.7)]))
        sound = head(torch.zeros(1, 6, 8))
    spectra = torch.polar(torch.full((1, 9, 6), 100.0), torch.full((1, 9, 6), 0.7))
    torch.testing.assert_close(sound, Istft(16, 4)(spectra))


@pytest.mark.parametrize(
    ("n_fft", "hop", "padding"), [(16, 16, "same"), (16, 15, "same"), (16, 0, "same"), (16, 4, "even")]
)
def test_transforms_with_holes_are_refused(n_fft: int, hop: int, padding: str) -> None:
    with pytest.raises(ValueError, match="holes|padding"):
        Istft(n_fft, hop, padding)  # type: ignore[arg-type]


def test_a_condition_chooses_scale_and_shift() -> None:
    norm = AdaLayerNorm(3, 8)
    x = drawn(2, 5, 8)
    torch.testing.assert_close(norm(x, torch.tensor([1])), F.layer_norm(x, (8,), eps=1e-6))
    with torch.no_grad():
        norm.scale.weight.copy_(drawn(3, 8, seed=1))
        norm.shift.weight.copy_(drawn(3, 8, seed=2))
        both = norm(x, torch.tensor([2, 0]))
    for row, condition in enumerate((2, 0)):
        expected = F.layer_norm(x[row], (8,), norm.scale.weight[condition], norm.shift.weight[condition], 1e-6)
        torch.testing.assert_close(both[row], expected, atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match="condition"):
        normed(norm, x, None)


def test_a_block_is_its_formula() -> None:
    block = ConvNextBlock(6, 10, conditions=0, branch_scale=0.5).eval()
    x = drawn(1, 6, 12)
    over_time = torch.stack(
        [
            F.conv1d(x[:, i : i + 1], block.dwconv.weight[i : i + 1], block.dwconv.bias[i : i + 1], padding=3)
            for i in range(6)
        ],
        dim=-1,
    )[:, 0]
    hidden = F.layer_norm(over_time, (6,), eps=1e-6) @ block.pwconv1.weight.t() + block.pwconv1.bias
    gelu = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
    expected = x + 0.5 * (gelu @ block.pwconv2.weight.t() + block.pwconv2.bias).transpose(1, 2)
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)


def test_a_frame_sees_just_its_context(decoder: VocosDecoder) -> None:
    frames, hop, context = 60, SMALL.hop_samples, SMALL.context_frames
    features = drawn(1, 12, frames)
    with torch.no_grad():
        before = decoder(features, 1)
        features[..., 30] += 1
        moved = (decoder(features, 1) - before).abs()[0, 0].view(frames, hop).amax(dim=1)
    changed = (moved > 1e-7).nonzero()[:, 0]
    assert 30 - context <= int(changed.min()) <= 30 - context + 2
    assert 30 + context - 2 <= int(changed.max()) <= 30 + context


def test_conditions_and_lengths(decoder: VocosDecoder) -> None:
    features = drawn(2, 12, 7)
    with torch.no_grad():
        sounds = [decoder(features, condition) for condition in range(4)]
        mixed = decoder(features, torch.tensor([3, 1]))
    assert sounds[0].shape == (2, 1, 70)
    assert all(float((a - b).abs().max()) > 1e-3 for a, b in itertools.pairwise(sounds))
    torch.testing.assert_close(mixed[:1], sounds[3][:1], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(mixed[1:], sounds[1][1:], atol=1e-6, rtol=1e-5)
    assert decoder(drawn(1, 12, 1)).shape == (1, 1, 10)


def test_every_weight_learns(decoder: VocosDecoder) -> None:
    decoder(drawn(4, 12, 9), torch.arange(4)).square().mean().backward()
    dead = [name for name, weight in decoder.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not dead


@pytest.mark.parametrize(
    "entry", [{"layers": 0}, {"dim": "384"}, {"padding": "reflect"}, {"conditions": -1}, {"depth": 2}]
)
def test_impossible_sizes_are_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(entry))):
        VocosConfig.from_dict(VocosConfig().to_dict() | entry)
    assert VocosConfig.from_dict(SMALL.to_dict()) == SMALL
