"""The continuous autoencoder: how latents are drawn, and what the pull towards a normal distribution is."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from speefeare_core.training.audiovae import TrainableAudioVae
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.recipe_parts import DepthsRecipe
from speefeare_core.training.trainable import trainable_for
from tests.core.training.small_networks import recipe_data


def autoencoder(**latent: Any) -> TrainableAudioVae:
    torch.manual_seed(0)
    made = trainable_for(Recipe.from_dict(recipe_data("audiovae", latent=latent)))
    assert isinstance(made, TrainableAudioVae)
    return made


def drawn(trainable: TrainableAudioVae, mean: torch.Tensor, log_variance: torch.Tensor) -> tuple[torch.Tensor, float]:
    torch.manual_seed(3)
    trainable.module.train()
    latents, kl = trainable._drawn(mean, log_variance)
    return latents, float(kl)


def test_kl_is_the_divergence_from_a_normal_distribution() -> None:
    mean, log_variance = torch.full((400, 4, 50), 2.0), torch.full((400, 4, 50), -1.0)
    latents, kl = drawn(autoencoder(kind="kl"), mean, log_variance)
    assert kl == pytest.approx(0.5 * (4 + 2.718281828**-1 - 1 + 1), rel=1e-5)
    assert float(latents.mean()) == pytest.approx(2.0, abs=0.01)
    assert float(latents.std()) == pytest.approx(2.718281828**-0.5, rel=0.01)


def test_a_given_width_is_the_same_for_all_or_drawn_for_each_example() -> None:
    mean, log_variance = torch.zeros(2000, 4, 20), torch.zeros(2000, 4, 20)
    latents, kl = drawn(autoencoder(kind="sigma", sigma=0.5), mean, log_variance)
    widths = latents.flatten(1).std(dim=1)
    assert kl == 0
    assert float(widths.mean()) == pytest.approx(0.5, rel=0.02)
    assert float(widths.std()) < 0.06
    spread, _ = drawn(autoencoder(kind="sigma", sigma=0.5, spread="gaussian"), mean, log_variance)
    widths = spread.flatten(1).std(dim=1)
    assert float(widths.square().mean().sqrt()) == pytest.approx(0.5 / 0.8, rel=0.05)
    assert float(widths.std()) > 0.3


def test_without_noise_and_outside_training_latents_are_their_means() -> None:
    mean, log_variance = torch.randn(2, 4, 5), torch.zeros(2, 4, 5)
    latents, _ = drawn(autoencoder(kind="none"), mean, log_variance)
    assert torch.equal(latents, mean)
    quiet = autoencoder(kind="kl")
    quiet.module.eval()
    assert torch.equal(quiet._drawn(mean, log_variance)[0], mean)
    audio = 0.1 * torch.randn(1, 1, 10 * quiet.frame_samples)
    draw = DepthDraw(DepthsRecipe())
    assert torch.equal(quiet.reconstruct(audio, draw).decoded, quiet.reconstruct(audio, draw).decoded)
