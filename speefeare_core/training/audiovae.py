"""A continuous autoencoder of speech as something to train: KL or a given width of noise, on the AudioVAE trunk.

kl: z = μ + exp(½ log σ²) ε with the loss KL(N(μ, σ²) ‖ N(0, 1)) (Kingma and Welling, arXiv 1312.6114; AudioVAE, arXiv
2509.24650, weight 5e-5). sigma: z = μ + σ ε with σ given, so that no dimension can fall asleep (VibeVoice, arXiv
2508.19205: σ 0.5; its code draws σ ~ N(0, (0.5 / 0.8)²) for each example); the loss is then ½ mean μ².
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.audiovae import AudioVaeCodec
from speefeare_core.nn.audiovae import AudioVaeConfig, AudioVaeModel
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.recipe_parts import LatentRecipe
from speefeare_core.training.trainable import Reconstruction, Trainable, whole_weights

GAUSSIAN_SHARE = 0.8  # sigma / this is the width of the widths, so that about 80 % of them are below sigma


class TrainableAudioVae(Trainable):
    """Starts at random. Its loss `kl` pulls the latents towards a normal distribution."""

    module: AudioVaeModel

    def __init__(self, network: dict[str, Any]) -> None:
        config = AudioVaeConfig.from_dict(network)
        if config.factor != 1:
            raise ValueError("training is for one rate; rate_hz and out_rate_hz should be the same")
        self.module = AudioVaeModel(config)
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.latent = LatentRecipe()

    def prepare(self, recipe: Recipe) -> None:
        """How latents are drawn, too."""
        super().prepare(recipe)
        self.latent = recipe.latent

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Latents are drawn in training, and are their means otherwise."""
        with whole_weights():
            mean, log_variance = self.module.encoder.distribution(audio)
            latents, kl = self._drawn(mean, log_variance)
            decoded = self.module.decoder(latents)
        return Reconstruction(decoded, audio[..., : decoded.shape[-1]], {"kl": kl})

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents."""
        return self.native_of(AudioVaeCodec, name, licence, notes)

    def _drawn(self, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor]:
        """Latents `[B, D, F]` and the loss, a mean over all their values."""
        kind = self.latent.kind
        if kind == "kl":
            log_variance = log_variance.clamp(-30.0, 20.0)
            kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
            width = (0.5 * log_variance).exp()
        else:
            kl = 0.5 * mean.square().mean()
            width = mean.new_full((mean.shape[0], 1, 1), self.latent.sigma if kind == "sigma" else 0.0)
            if kind == "sigma" and self.latent.spread == "gaussian":
                width = width / GAUSSIAN_SHARE * torch.randn_like(width)
        if not self.module.training:
            return mean, kl
        return mean + width * torch.randn_like(mean), kl
