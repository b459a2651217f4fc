"""The published shapes of each discriminator, and what each one looks at."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.discriminators.levelling import levelled
from speefeare_core.discriminators.normed import normed

AUDIO = torch.randn(2, 1, 3000, generator=torch.Generator().manual_seed(0))


def shapes(module: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(part.weight.shape) for part in module.modules() if isinstance(part, (nn.Conv1d, nn.Conv2d))]


def test_multi_period_has_hifi_gans_layers() -> None:
    made = DISCRIMINATORS["multi_period"]()
    assert [part.period for part in made.parts] == [2, 3, 5, 7, 11]
    widths = [(32, 1, 5), (128, 32, 5), (512, 128, 5), (1024, 512, 5), (1024, 1024, 5), (1, 1024, 3)]
    assert shapes(made.parts[0]) == widths


def test_a_period_sees_columns_of_the_signal() -> None:
    part = DISCRIMINATORS["multi_period"](periods=[3], channels=2).parts[0]
    columns = part.columns(torch.arange(8.0)[None])
    assert columns[:, 0].tolist() == [[0, 3, 6], [1, 4, 7], [2, 5, 6]]  # the missing ninth is mirrored


def test_multi_period_is_the_two_dimensional_network_it_stands_for() -> None:
    """Kernels of one column: what one column says does not depend on its neighbours."""
    made = DISCRIMINATORS["multi_period"](periods=[2], channels=4)
    other = AUDIO.clone()
    other[..., 1::2] = 0
    same, changed = made(AUDIO)[0].logits, made(other)[0].logits
    assert same.shape == (2, 1, math.ceil(1500 / 81), 2)
    torch.testing.assert_close(same[..., 0], changed[..., 0])
    assert not torch.allclose(same[..., 1], changed[..., 1])


def test_multi_scale_has_hifi_gans_layers_and_spectral_norm_at_first() -> None:
    made = DISCRIMINATORS["multi_scale"]()
    assert shapes(made.parts[1]) == [
        (128, 1, 15), (128, 32, 41), (256, 8, 41), (512, 16, 41), (1024, 32, 41), (1024, 64, 41), (1024, 1024, 5),
        (1, 1024, 3),
    ]  # fmt: skip
    kinds = [type(part.inner.layers[0].parametrizations.weight[0]).__name__ for part in made.parts]
    assert kinds[0] == "_SpectralNorm" and set(kinds[1:]) == {"_WeightNorm"}


def test_ms_stft_has_encodecs_layers_and_a_first_one_without_norm() -> None:
    made = DISCRIMINATORS["ms_stft"]()
    sizes = [(32, 2, 3, 9), *[(32, 32, 3, 9)] * 3, (32, 32, 3, 3), (1, 32, 3, 3)]
    assert [shapes(part) for part in made.parts] == [sizes] * 5
    assert [hasattr(layer, "parametrizations") for layer in made.parts[0].layers] == [False] + [True] * 4
    assert [layer.dilation for layer in made.parts[0].layers] == [(1, 1), (1, 1), (2, 1), (4, 1), (1, 1)]
    output = DISCRIMINATORS["ms_stft"](windows=[256], channels=2)(AUDIO)[0]
    assert output.logits.shape == (2, 1, (3000 - 256) // 64 + 1, 17)


def test_multi_band_splits_the_bins_where_dac_does() -> None:
    made = DISCRIMINATORS["multi_band_stft"]()
    assert made.parts[0].bands == [(0, 102), (102, 256), (256, 512), (512, 768), (768, 1025)]
    assert shapes(made.parts[0]) == [*[(32, 2, 3, 9), *[(32, 32, 3, 9)] * 3, (32, 32, 3, 3)] * 5, (1, 32, 3, 3)]
    small = DISCRIMINATORS["multi_band_stft"](windows=[128], channels=2)
    assert small.parts[0].spectrogram(AUDIO[:, 0]).shape == (2, 2, math.ceil(3000 / 32), 65)
    with pytest.raises(ValueError, match="do not rise"):
        DISCRIMINATORS["multi_band_stft"](bands=[0.0, 0.5, 0.5, 1.0])


def test_levelled_audio_has_no_offset_and_one_peak() -> None:
    found = levelled(torch.tensor([[0.1, 0.3, 0.1, -0.1]]))
    torch.testing.assert_close(found, torch.tensor([[0.0, 0.8, 0.0, -0.8]]), atol=1e-6, rtol=0)
    made = DISCRIMINATORS["multi_band_stft"](windows=[128], channels=2)
    torch.testing.assert_close(made(AUDIO)[0].logits, made(0.1 * AUDIO + 0.2)[0].logits, atol=1e-4, rtol=1e-3)


def test_multi_frequency_has_x_codecs_layers_and_spectrogram() -> None:
    made = DISCRIMINATORS["multi_frequency"]()
    assert [part.hop for part in made.parts] == [32, 64, 128, 256, 512, 1024]
    widths = [16, 32, 64, 128, 256, 512]
    pairs = zip([2, *widths], [*widths, 1], strict=False)
    assert shapes(made.parts[5]) == [(b, a, 3, 3) for a, b in pairs]
    part = DISCRIMINATORS["multi_frequency"](hops=[16], channels=[32]).parts[0]
    found = part.spectrogram(AUDIO[:, 0])
    assert found.shape == (2, 2, 33, 3000 // 16 + 1)
    frame = AUDIO[0, 0, 10 * 16 - 32 : 10 * 16 + 32]
    spectrum = torch.fft.rfft(frame * torch.hann_window(64)).abs() / 8
    mel = part.filters @ spectrum
    torch.testing.assert_close(found[0, 0, :, 10], mel, rtol=1e-4, atol=1e-5)
    decibels = ((20 * mel.log10() - 20 + 100) / 100).clamp(0, 1)
    torch.testing.assert_close(found[0, 1, :, 10], decibels, rtol=1e-4, atol=1e-5)


def test_multi_resolution_has_univnets_layers_and_sees_magnitudes_alone() -> None:
    made = DISCRIMINATORS["multi_resolution"]()
    assert shapes(made.parts[0]) == [(32, 1, 3, 9), *[(32, 32, 3, 9)] * 3, (32, 32, 3, 3), (1, 32, 3, 3)]
    assert [(part.fft, part.window.shape[0], part.hop) for part in made.parts] == [
        (1024, 600, 120), (2048, 1200, 240), (512, 240, 50),
    ]  # fmt: skip
    small = DISCRIMINATORS["multi_resolution"](ffts=[128], windows=[80], hops=[20], channels=2)
    torch.testing.assert_close(small(AUDIO)[0].logits, small(-AUDIO)[0].logits)


def test_a_norm_has_one_of_three_names() -> None:
    with pytest.raises(ValueError, match="weight, spectral or none"):
        normed(nn.Conv1d(1, 1, 3), "batch")
