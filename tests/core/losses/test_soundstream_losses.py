"""SoundStream's losses against their formulas, written out by hand."""

import numpy as np
import pytest
import torch

from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.losses.adversarial import HingeLoss
from speefeare_core.losses.feature_matching import FeatureMatchingLoss
from speefeare_core.losses.mel import mel_filters
from speefeare_core.losses.reconstruction import FLOOR, MultiScaleMelLoss


def outputs(*logits: list[float]) -> list[DiscriminatorOutput]:
    return [DiscriminatorOutput(torch.tensor(row)[None, None], []) for row in logits]


def test_hinge_by_hand() -> None:
    loss = HingeLoss()
    fake = outputs([0.0, 2.0], [-1.0])  # max(0, 1 - d): (1 + 0) / 2 and 2
    real = outputs([3.0, 0.5], [1.0])  # max(0, 1 - d): (0 + 0.5) / 2 and 0
    assert loss.generator(fake).item() == pytest.approx((0.5 + 2.0) / 2)
    # max(0, 1 + d) of the fakes: (1 + 3) / 2 and 0
    assert loss.discriminator(real, fake).item() == pytest.approx(((0.25 + 2.0) + (0.0 + 0.0)) / 2)


def test_feature_matching_by_hand() -> None:
    real = [DiscriminatorOutput(torch.zeros(1), [torch.tensor([1.0, -3.0]), torch.tensor([2.0])])]
    fake = [DiscriminatorOutput(torch.zeros(1), [torch.tensor([0.0, -1.0]), torch.tensor([2.5])])]
    assert FeatureMatchingLoss()(real, fake).item() == pytest.approx((1.5 + 0.5) / 2)
    assert FeatureMatchingLoss(relative=True)(real, fake).item() == pytest.approx((1.5 / 2 + 0.5 / 2) / 2)


def test_feature_matching_moves_only_the_decoded_side() -> None:
    target, feature = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    real, fake = (DiscriminatorOutput(torch.zeros(1), [x]) for x in (target, feature))
    FeatureMatchingLoss()([real], [fake]).backward()
    assert target.grad is None
    assert feature.grad is not None and bool((feature.grad < 0).all())


def reference_mel_loss(x: np.ndarray, y: np.ndarray, rate: int, windows: tuple[int, ...]) -> float:
    """The paper's formula frame by frame, in float64."""
    total = 0.0
    for s in windows:
        n = np.arange(s)
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / s)
        filters = mel_filters(rate, s, 64).double().numpy()
        padded = [np.pad(signal, s // 2) for signal in (x, y)]
        frames = range(0, len(padded[0]) - s + 1, s // 4)
        mel = [np.array([filters @ np.abs(np.fft.rfft(p[at : at + s] * hann)) for at in frames]) for p in padded]
        first = np.abs(mel[0] - mel[1]).sum(axis=1).mean()
        second = np.linalg.norm(np.log(mel[0] + FLOOR) - np.log(mel[1] + FLOOR), axis=1).mean()
        total += first + np.sqrt(s / 2) * second
    return float(total)


def test_multiscale_mel_equals_the_formula() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 0.1, (2, 3000))
    windows = (64, 128, 256, 512, 1024, 2048)
    ours = MultiScaleMelLoss(16000)(torch.tensor(y)[None, None].float(), torch.tensor(x)[None, None].float())
    assert ours.item() == pytest.approx(reference_mel_loss(x, y, 16000, windows), rel=1e-4)


def test_multiscale_mel_is_zero_and_has_a_finite_gradient_for_equal_audio() -> None:
    audio = torch.zeros(2, 1, 4000)  # silence in one example: the logarithm must not blow up
    audio[1] = torch.randn(1, 4000)
    decoded = audio.clone().requires_grad_(True)
    loss = MultiScaleMelLoss(24000)(decoded, audio)
    loss.backward()
    assert loss.item() == 0.0
    assert decoded.grad is not None and bool(torch.isfinite(decoded.grad).all())


def test_multiscale_mel_takes_short_and_stereo_audio() -> None:
    loss = MultiScaleMelLoss(24000)
    assert bool(torch.isfinite(loss(torch.randn(1, 2, 7), torch.randn(1, 2, 7))))


def test_mel_filters_cover_the_band_and_peak_in_order() -> None:
    filters = mel_filters(16000, 2048, 64)
    assert filters.shape == (64, 1025)
    assert float(filters.max()) <= 1.0 and float(filters.min()) == 0.0
    peaks = filters.argmax(dim=1)
    assert bool((peaks.diff() > 0).all())
    inside = filters[:, int(peaks[0]) : int(peaks[-1])].sum(dim=0)
    torch.testing.assert_close(inside, torch.ones_like(inside), atol=0.02, rtol=0)  # neighbours add up to 1
