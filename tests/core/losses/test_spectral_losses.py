"""Spectral and loudness losses: zero for equal signals, right by formula, and sensible about what is worse."""

from __future__ import annotations

import pytest
import torch

from speefeare_core.losses.loudness import LoudnessDisturbanceLoss
from speefeare_core.losses.spectral import FLOOR, CompandedStftLoss, LogMelLoss
from speefeare_core.training.balancer import Balancer

RATE = 16000


def speech_like(seed: int = 0) -> torch.Tensor:
    """[2, 1, 16000]: harmonics that come and go over a little noise."""
    torch.manual_seed(seed)
    time = torch.arange(RATE) / RATE
    tones = torch.stack([torch.sin(2 * torch.pi * 150 * k * time) / k for k in range(1, 20)]).sum(0)
    envelope = (torch.sin(2 * torch.pi * 3 * time) > 0).float()
    return (0.1 * tones * envelope + 0.001 * torch.randn(2, RATE))[:, None]


LOSSES = [CompandedStftLoss(RATE), LogMelLoss(RATE), LoudnessDisturbanceLoss(RATE)]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_more_noise_is_worse_and_none_is_zero(loss: torch.nn.Module) -> None:
    target = speech_like()
    noise = torch.randn_like(target)
    values = [float(loss(target + level * noise, target)) for level in (0.0, 0.003, 0.01, 0.03)]
    assert values[0] < 5e-3  # the roots have a floor
    assert values == sorted(values)
    assert values[3] > 1.5 * values[1] > 0


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_the_gradient_is_finite_on_silence(loss: torch.nn.Module) -> None:
    decoded = (1e-4 * torch.randn(1, 1, 8000)).requires_grad_()
    loss(decoded, torch.zeros(1, 1, 8000)).backward()
    assert decoded.grad is not None
    assert bool(torch.isfinite(decoded.grad).all())


def test_the_companded_loss_follows_its_formula() -> None:
    torch.manual_seed(1)
    ours, theirs = torch.randn(1, 1, 64), torch.randn(1, 1, 64)
    loss = CompandedStftLoss(RATE, windows=(64,), power=0.5, phase_weight=3.0)
    spectra = [torch.fft.rfft(signal.flatten() * torch.hann_window(64)) / 8 for signal in (ours, theirs)]
    sizes = [(spectrum.abs() ** 2 + FLOOR) ** 0.25 for spectrum in spectra]
    bent = [size * torch.exp(1j * spectrum.angle()) for size, spectrum in zip(sizes, spectra, strict=True)]
    expected = (sizes[0] - sizes[1]).abs().mean() + 3.0 * (bent[0] - bent[1]).abs().square().mean()
    torch.testing.assert_close(loss(ours, theirs), expected, rtol=1e-3, atol=1e-5)


def test_one_window_at_a_time_has_the_mean_of_all_as_its_expectation() -> None:
    torch.manual_seed(2)
    target = speech_like()
    decoded = target + 0.01 * torch.randn_like(target)
    loss = CompandedStftLoss(RATE, one_at_a_time=True)
    singles = {round(float(loss.train()(decoded, target)), 7) for _ in range(40)}
    assert len(singles) == 3
    assert float(loss.eval()(decoded, target)) == pytest.approx(sum(singles) / 3, rel=1e-4)


def test_loudness_ignores_a_common_level_and_blames_addition_more_than_loss() -> None:
    loss, target = LoudnessDisturbanceLoss(RATE), speech_like()
    decoded = target + 0.005 * torch.randn_like(target)
    assert float(loss(0.3 * decoded, 0.3 * target)) == pytest.approx(float(loss(decoded, target)), rel=1e-3)
    added, lost = target.clone(), target.clone()
    added[..., 4000:6000] += 0.02 * torch.randn(2, 1, 2000)
    lost[..., 4000:6000] *= 0.3
    assert float(loss(added, target)) > float(loss(lost, target))


def test_loudness_is_made_for_one_rate() -> None:
    with pytest.raises(ValueError, match="16000 Hz, not 24000"):
        LoudnessDisturbanceLoss(24000)


def test_the_balancer_gives_each_loss_its_share_whatever_its_unit() -> None:
    torch.manual_seed(3)
    decoded = torch.randn(4, 1, 50, requires_grad=True)
    first, second = torch.randn(4, 1, 50), torch.randn(4, 1, 50)
    losses = {"small": (3.0, (decoded * first).sum() * 1e-6), "large": (1.0, (decoded * second).sum() * 1e6)}
    made = Balancer().gradient(losses, decoded)
    unit = [
        0.75 * first / first.flatten(1).norm(dim=1).median(),
        0.25 * second / second.flatten(1).norm(dim=1).median(),
    ]
    torch.testing.assert_close(made, unit[0] + unit[1])


def test_the_balancer_shortens_an_example_that_would_drown_the_others() -> None:
    decoded = torch.randn(5, 1, 50, requires_grad=True)
    direction = torch.ones(5, 1, 50)
    direction[4] *= 1000
    lengths = Balancer().gradient({"only": (1.0, (decoded * direction).sum())}, decoded).flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, torch.tensor([1.0, 1.0, 1.0, 1.0, 3.0]))
