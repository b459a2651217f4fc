"""Losses whose values can be worked out on paper or frame by frame in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.losses import LOSSES
from speefeare_core.losses.mel import mel_filters
from speefeare_core.losses.sub_band import pseudo_qmf

RATE = 16000


def row(*values: float) -> torch.Tensor:
    return torch.tensor(values)[None, None]


def test_samples() -> None:
    decoded, target = row(1.0, -1.0, 0.5, 0.0), row(0.0, -1.0, 0.0, 2.0)
    assert LOSSES["time_l1"](rate_hz=RATE)(decoded, target).item() == pytest.approx((1 + 0 + 0.5 + 2) / 4)
    assert LOSSES["time_l2"](rate_hz=RATE)(decoded, target).item() == pytest.approx((1 + 0 + 0.25 + 4) / 4)


def outputs(*logits: list[float]) -> list[DiscriminatorOutput]:
    return [DiscriminatorOutput(torch.tensor(values)[None, None], []) for values in logits]


def test_least_squares() -> None:
    fake, real = outputs([0.0, 2.0], [-1.0]), outputs([1.0, 3.0], [0.5])
    for_fake = [(1 + 1) / 2, 4.0]  # (1 - d)^2
    apart = [(0 + 4) / 2 + (0 + 4) / 2, 0.25 + 1]  # (1 - r)^2 + d^2
    assert LOSSES["least_squares"]().generator(fake).item() == pytest.approx(sum(for_fake))
    assert LOSSES["least_squares"]().discriminator(real, fake).item() == pytest.approx(sum(apart))
    assert LOSSES["mse"]().generator(fake).item() == pytest.approx(sum(for_fake) / 2)
    assert LOSSES["mse"]().discriminator(real, fake).item() == pytest.approx(sum(apart) / 2)


def test_the_linear_hinge_never_lets_go() -> None:
    fake = outputs([5.0, 1.0], [-1.0])
    assert LOSSES["hinge"](linear=True).generator(fake).item() == pytest.approx(-(3.0 - 1.0) / 2)
    assert LOSSES["hinge"]().generator(outputs([5.0, 1.0])).item() == 0.0


def test_feature_matching_counts_layers_as_asked() -> None:
    real = [DiscriminatorOutput(row(1.0), [row(1.0, -3.0), row(2.0)]), DiscriminatorOutput(row(0.0), [row(4.0)])]
    fake = [DiscriminatorOutput(row(0.5), [row(0.0, -1.0), row(2.5)]), DiscriminatorOutput(row(0.0), [row(3.0)])]
    value = {over: LOSSES["feature_matching"](mean_over=over)(real, fake).item()
             for over in ("everything", "discriminators", "nothing")}  # fmt: skip
    assert value == pytest.approx({"everything": 3.0 / 3, "discriminators": (2.0 + 1.0) / 2, "nothing": 3.0})
    with_logits = LOSSES["feature_matching"](mean_over="nothing", logits=True)(real, fake).item()
    assert with_logits == pytest.approx(3.0 + 0.5)
    with pytest.raises(ValueError, match="mean_over is everything"):
        LOSSES["feature_matching"](mean_over="layers")


def test_semantic_distances() -> None:
    taught = torch.tensor([[[1.0, 0.0], [1.0, 2.0]]])  # two frames of two dimensions
    features = torch.tensor([[[2.0, 1.0], [2.0, 0.0]]])

    def cost(cosine: float) -> float:
        return math.log(1 + math.exp(-cosine))

    # along time: dimension 0 is (1, 1) to (2, 2), dimension 1 is (0, 2) to (1, 0)
    assert LOSSES["d_axis"]()(taught, features).item() == pytest.approx((cost(1.0) + cost(0.0)) / 2, rel=1e-5)
    # along the dimensions: frame 0 is (1, 0) to (2, 1), frame 1 is (1, 2) to (2, 0)
    cosines = [2 / math.sqrt(5), 2 / (math.sqrt(5) * 2)]
    distance = (1 + 1 + 1 + 2) / 4
    expected = distance + 0.5 * (cost(cosines[0]) + cost(cosines[1])) / 2
    assert LOSSES["t_axis"](cosine_weight=0.5)(taught, features).item() == pytest.approx(expected, rel=1e-5)
    assert LOSSES["cosine"]()(taught, features).item() == pytest.approx(1 - sum(cosines) / 2, rel=1e-5)
    assert LOSSES["semantic_mse"]()(taught, features).item() == pytest.approx((1 + 1 + 1 + 4) / 4)


def magnitudes(signal: np.ndarray, size: int, window: int, hop: int) -> np.ndarray:
    """`[frames, bins]` of the mirrored signal, the window in the middle of the transform."""
    hann = np.zeros(size)
    start = (size - window) // 2
    hann[start : start + window] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    padded = np.pad(signal, size // 2, "reflect")
    frames = [padded[at : at + size] * hann for at in range(0, len(padded) - size + 1, hop)]
    return np.abs(np.fft.rfft(frames, axis=1))


def test_multi_resolution_stft_equals_its_formula() -> None:
    x, y = np.random.default_rng(0).normal(0, 0.1, (2, 1000))
    total = 0.0
    for size, window, hop in ((64, 40, 10), (128, 100, 25)):
        ours, theirs = (np.maximum(magnitudes(s, size, window, hop), 1e-7**0.5) for s in (y, x))
        total += np.linalg.norm(ours - theirs) / np.linalg.norm(theirs) + np.abs(np.log(ours / theirs)).mean()
    loss = LOSSES["mr_stft"](rate_hz=RATE, ffts=[64, 128], windows=[40, 100], hops=[10, 25])
    decoded, target = (torch.from_numpy(s).float()[None, None] for s in (y, x))
    assert loss(decoded, target).item() == pytest.approx(total / 2, rel=1e-4)


def test_vocos_mel_equals_its_formula() -> None:
    x, y = np.random.default_rng(1).normal(0, 0.1, (2, 900))
    filters = mel_filters(RATE, 256, 20).double().numpy()
    ours, theirs = (np.maximum(magnitudes(s, 256, 256, 64) @ filters.T, 1e-7) for s in (y, x))
    loss = LOSSES["vocos_mel"](rate_hz=RATE, window=256, hop=64, bands=20)
    decoded, target = (torch.from_numpy(s).float()[None, None] for s in (y, x))
    assert loss(decoded, target).item() == pytest.approx(np.abs(np.log(ours / theirs)).mean(), rel=1e-4)


def test_slaneys_scale_is_straight_below_1_khz_and_its_triangles_have_one_area() -> None:
    filters = mel_filters(RATE, 4096, 40, scale="slaney", equal_area=True)
    step_hz = RATE / 4096
    assert float((filters.sum(dim=1) * step_hz - 1).abs().max()) < 0.01
    peaks_hz = filters.argmax(dim=1) * step_hz
    low = peaks_hz[peaks_hz < 950]
    assert float(low.diff().max() - low.diff().min()) < 2.1 * step_hz
    high = peaks_hz[peaks_hz > 1100]
    ratios = high[1:] / high[:-1]
    assert float(ratios.max() - ratios.min()) < 0.01


@pytest.mark.parametrize("bands", [2, 4, 6, 8])
def test_each_sub_band_passes_its_own_band(bands: int) -> None:
    filters = pseudo_qmf(bands)[:, 0].double().numpy()
    response = np.abs(np.fft.rfft(filters, 2048, axis=1))
    middles = ((np.arange(bands) + 0.5) * 1024 / bands).astype(int)
    for band, middle in enumerate(middles):
        assert response[band, middle] == pytest.approx(1.0, abs=0.02)
        far = [other for other in range(bands) if abs(other - band) > 1]
        assert all(response[other, middle] < 1e-3 for other in far)
    power = (response**2).sum(axis=0)
    assert np.abs(power[32:-32] - 1).max() < 0.002  # together they lose nothing


def test_the_sub_band_loss_hears_where_the_other_one_does_not_look() -> None:
    """Noise that fills only the highest of six bands: its own spectral convergence is poor, the whole one's is not."""
    generator = np.random.default_rng(2)
    target = torch.from_numpy(generator.normal(0, 0.1, 6000)).float()[None, None]
    time = torch.arange(6000)
    loss = LOSSES["sub_band_stft"](rate_hz=RATE)
    quiet = loss.analysis(0.05 * torch.cos(math.pi * 0.95 * time)[None, None])
    level = quiet.square().mean(dim=(0, 2))
    assert int(level.argmax()) == 5 and float(level[5]) > 1e3 * float(level[:4].max())
    assert loss.analysis(target).shape == (1, 6, 1000)
    with pytest.raises(ValueError, match="2, 4, 6 or 8 bands"):
        LOSSES["sub_band_stft"](rate_hz=RATE, bands=5)
