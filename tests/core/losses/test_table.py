"""Every loss of the table: built by its row, zero (or least) for what is equal, and with a gradient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from speefeare_core.discriminators import DISCRIMINATORS
from speefeare_core.discriminators.output import DiscriminatorOutput
from speefeare_core.losses import LOSSES, LossRow
from tests.core.speech import speech_like

RATE = 16000
RECONSTRUCTION = sorted(key for key, row in LOSSES.items() if row.kind == "reconstruction")
SEMANTIC = sorted(key for key, row in LOSSES.items() if row.kind == "semantic")
ADVERSARIAL = sorted(key for key, row in LOSSES.items() if row.kind == "adversarial")


def build(row: LossRow, **options: Any) -> torch.nn.Module:
    made = row(rate_hz=RATE, **options) if row.kind == "reconstruction" else row(**options)
    assert isinstance(made, torch.nn.Module)
    return made


@pytest.mark.parametrize("key", sorted(LOSSES))
def test_every_row_can_be_built_and_names_its_source(key: str) -> None:
    row = LOSSES[key]
    assert build(row).__doc__ and row.key == key and row.source and row.title
    assert not list(build(row).parameters()), "a loss has nothing to learn"
    with pytest.raises(TypeError):
        build(row, no_such_option=1)


@pytest.mark.parametrize("key", RECONSTRUCTION)
def test_reconstruction_grows_with_noise_and_is_least_without(key: str) -> None:
    loss = build(LOSSES[key])
    target = torch.from_numpy(speech_like(0.5, RATE))[None, None]
    noise = torch.randn(target.shape, generator=torch.Generator().manual_seed(0))
    values = [float(loss(target + level * noise, target)) for level in (0.0, 0.003, 0.01, 0.03)]
    assert values == sorted(values) and values[3] > 1.5 * values[1] > 0
    assert values[0] < 0.02 * values[3]


@pytest.mark.parametrize("key", RECONSTRUCTION)
@pytest.mark.parametrize("length", [1, 40, 3001])
def test_reconstruction_of_any_length_has_finite_gradients(key: str, length: int) -> None:
    """Silence too: logarithms and roots must not blow up. Shorter than a window: it is continued with zeros."""
    if key in ("companded_stft", "log_mel", "loudness_disturbance") and length < 1024:
        length = 1024  # these read no frame beyond the end
    loss = build(LOSSES[key])
    decoded = (1e-4 * torch.randn(2, 1, length, generator=torch.Generator().manual_seed(1))).requires_grad_()
    target = torch.zeros(2, 1, length)
    target[0] = 0.1
    loss(decoded, target).backward()
    assert decoded.grad is not None and bool(torch.isfinite(decoded.grad).all())


@pytest.mark.parametrize("key", SEMANTIC)
def test_semantic_losses_bring_features_together(key: str) -> None:
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(2, 20, 6, generator=generator)
    taught = torch.randn(2, 20, 6, generator=generator).requires_grad_()
    loss = LOSSES[key]()
    before = loss(taught, features)
    (slope,) = torch.autograd.grad(before, [taught])
    assert float(loss(taught.detach() - 2 * slope, features)) < before.item()
    assert float(loss(features, features)) < before.item()


@pytest.mark.parametrize("key", ADVERSARIAL)
def test_adversarial_losses_pull_two_ways(key: str) -> None:
    logits = torch.zeros(1, 1, 4, requires_grad=True)
    fake = [DiscriminatorOutput(logits, [])]
    loss = LOSSES[key]()
    (upwards,) = torch.autograd.grad(loss.generator(fake), [logits])
    real = [DiscriminatorOutput(torch.full((1, 1, 4), 0.5), [])]
    (downwards,) = torch.autograd.grad(loss.discriminator(real, [DiscriminatorOutput(logits + 0.25, [])]), [logits])
    assert bool((upwards < 0).all()) and bool((downwards > 0).all())


def test_the_document_names_every_loss_and_discriminator() -> None:
    text = (Path(__file__).parents[3] / "docs" / "losses.md").read_text(encoding="utf-8")
    missing = [key for key in (*LOSSES, *DISCRIMINATORS) if f"`{key}`" not in text]
    assert not missing
