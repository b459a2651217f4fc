"""Discriminators: the paper's shapes, any length, gradients to the audio and to every weight."""

import pytest
import torch

from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.discriminators.stft import ComplexStftDiscriminator
from speefeare_core.discriminators.wave import MultiScaleWaveDiscriminator
from speefeare_core.losses.adversarial import HingeLoss

SMALL = {
    "multiscale_wave": {"channels": 4, "max_channels": 32},
    "complex_stft": {"window": 128, "hop": 32, "channels": 2},
    "multi_period": {"periods": [2, 3], "channels": 2},
    "multi_scale": {"channels": 8, "scales": 2},
    "ms_stft": {"windows": [128, 64], "channels": 4},
    "multi_band_stft": {"windows": [64], "channels": 8},
    "multi_frequency": {"hops": [16, 32], "channels": [64, 64]},
    "multi_resolution": {"ffts": [128], "windows": [80], "hops": [20], "channels": 8},
}


def test_waveform_discriminator_has_melgans_layers() -> None:
    scale = MultiScaleWaveDiscriminator().scales[0]
    shapes = [tuple(layer.weight.shape) for layer in scale.layers]
    assert shapes == [(16, 1, 15), (64, 4, 41), (256, 4, 41), (1024, 4, 41), (1024, 4, 41), (1024, 1024, 5)]
    assert tuple(scale.logits.weight.shape) == (1, 1024, 3)


def test_waveform_scales_see_1_2_and_4_times_less() -> None:
    outputs = MultiScaleWaveDiscriminator(channels=4, max_channels=32)(torch.randn(2, 1, 4096))
    assert [output.logits.shape for output in outputs] == [(2, 1, 16), (2, 1, 9), (2, 1, 5)]
    assert [len(output.features) for output in outputs] == [6, 6, 6]


def test_stft_discriminator_has_the_papers_shapes() -> None:
    """After the last residual unit: T / (H · 2^3) frames by F / 2^6 bins, with 16 C channels."""
    discriminator = ComplexStftDiscriminator(channels=2)
    samples = 256 * 64 - 256  # 64 frames with the centred first one
    (output,) = discriminator(torch.randn(1, 1, samples))
    assert output.features[0].shape == (1, 2, 64, 512)
    assert [feature.shape[1] for feature in output.features] == [2, 4, 8, 8, 16, 16, 32]
    assert output.features[-1].shape == (1, 32, 64 // 8, 512 // 64)
    assert output.logits.shape == (1, 1, 8, 1)


def test_stft_discriminator_sees_the_phase() -> None:
    """The magnitudes of a shifted tone hardly change, its complex spectrum does: not a magnitude discriminator."""
    discriminator = ComplexStftDiscriminator(window=128, hop=32, channels=2)
    tone = torch.sin(2 * torch.pi * torch.arange(1024) / 16)[None, None]
    plus, minus = discriminator.spectrogram(tone), discriminator.spectrogram(-tone)
    torch.testing.assert_close(plus, -minus)
    assert not torch.allclose(discriminator(tone)[0].logits, discriminator(-tone)[0].logits, atol=1e-5)


def test_stft_window_must_fit_the_halvings() -> None:
    with pytest.raises(ValueError, match="multiple of 128"):
        ComplexStftDiscriminator(window=1000)


@pytest.mark.parametrize("key", sorted(DISCRIMINATORS))
def test_every_discriminator_takes_any_length_and_stereo(key: str) -> None:
    discriminator = DISCRIMINATORS[key](**SMALL[key])
    for length in (1, 63, 1000, 1001):
        for output in discriminator(torch.randn(2, 2, length)):
            assert output.logits.shape[0] == 4 and output.logits.numel() > 0
            assert bool(torch.isfinite(output.logits).all())


@pytest.mark.parametrize("key", sorted(DISCRIMINATORS))
def test_every_discriminator_passes_gradients_everywhere(key: str) -> None:
    discriminator = DISCRIMINATORS[key](**SMALL[key])
    audio = torch.randn(1, 1, 2000, requires_grad=True)
    sum(output.logits.square().mean() for output in discriminator(audio)).backward()
    assert audio.grad is not None and float(audio.grad.abs().sum()) > 0
    assert all(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in discriminator.parameters())


@pytest.mark.parametrize("key", sorted(DISCRIMINATORS))
def test_every_part_of_a_discriminator_learns_to_tell_tones_from_noise(key: str) -> None:
    torch.manual_seed(0)
    discriminator, hinge = DISCRIMINATORS[key](**SMALL[key]), HingeLoss()
    optimiser = torch.optim.Adam(discriminator.parameters(), 3e-3)
    pitch = torch.tensor([30.0, 50.0, 90.0, 150.0])[:, None, None]
    tone, noise = torch.sin(2 * torch.pi * pitch * torch.arange(512) / 1024), 0.7 * torch.randn(4, 1, 512)
    for _ in range(25):
        optimiser.zero_grad()
        hinge.discriminator(discriminator(tone), discriminator(noise)).backward()
        optimiser.step()
    with torch.no_grad():
        for real, fake in zip(discriminator(tone), discriminator(noise), strict=True):
            assert hinge.discriminator([real], [fake]).item() < 1.5  # 2.0 for one that cannot tell
