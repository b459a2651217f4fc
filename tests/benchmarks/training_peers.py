"""The official training steps of EnCodec and DAC: their networks, losses, discriminators, balancer and optimisers.

EnCodec: audiocraft 1.3.0 in the order of `solvers/compression.py: run_step`, with the values of config/solver/
compression/default.yaml. DAC: descript-audio-codec 1.0.0 in the order of `scripts/train.py: train_loop`, with the
values of conf/final/44khz.yml. Solver and script need launchers and configuration frameworks; what they call in a step
is called here instead, and nothing else.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from tests.parity.peers.dac import import_dac, old_torch_ways, save_official
from tests.parity.seanet_peers import liven_books
from tests.parity.training_peers import Signal, alone, audiocraft_module, dac_module, module

WEIGHTS = {"adv": 4.0, "feat": 4.0, "l1": 0.1, "msspec": 2.0}
RATE, BETAS = 3e-4, (0.5, 0.9)


@dataclass(frozen=True)
class Sizes:
    """What both sides are built from."""

    rate_hz: int = 24_000
    filters: int = 32
    dimension: int = 128
    books: int = 8
    entries: int = 1024
    windows: tuple[int, ...] = (1024, 2048, 512, 256, 128)
    channels: int = 32  # of the STFT discriminators
    bands: tuple[int, ...] = (2048, 1024, 512)  # windows of DAC's
    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    kmeans_rounds: int = 50


class AudiocraftStep:
    """EnCodec's network, discriminators and optimisers, and one step on a batch."""

    name, hop = "audiocraft 1.3.0", 320

    def __init__(self, sizes: Sizes) -> None:
        with old_torch_ways():
            self._build_network(sizes)
            self._build_losses(sizes)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=RATE, betas=BETAS)
        self.frame_rate = sizes.rate_hz // self.hop

    def start_books(self, audio: Tensor) -> None:
        """Entries around the latents of `[B, 1, T]`, so that k-means, which draws at random, is not needed."""
        with torch.no_grad():
            latents = self.encoder(audio)
            books = [layer._codebook for layer in self.quantizer.vq.layers]
            liven_books([book.embed for book in books], latents)
            for book in books:
                book.inited.fill_(1)
                book.cluster_size.fill_(2)
                book.embed_avg.copy_(2 * book.embed)

    def save(self, folder: Path) -> Path:
        """As audiocraft exports it."""
        path = folder / "compression_state_dict.bin"
        seanet = {"norm": "weight_norm", "causal": True, "compress": 2, "lstm": 2} | self.seanet
        encodec = {"autoencoder": "seanet", "quantizer": "rvq", "sample_rate": self.rate_hz, "channels": 1,
                   "causal": True, "renormalize": False}  # fmt: skip
        recipe = {
            "sample_rate": self.rate_hz, "channels": 1, "compression_model": "encodec", "encodec": encodec,
            "seanet": {**seanet, "decoder": {"trim_right_ratio": 1.0, "final_activation": None}, "encoder": {}},
            "rvq": {"n_q": self.quantizer.n_q, "bins": self.quantizer.bins},
        }  # fmt: skip
        torch.save(
            {
                "best_state": self.network.state_dict(),
                "xp.cfg": yaml.safe_dump(recipe),
                "version": "1.3.0",
                "exported": True,
            },
            path,
        )
        return path

    def _build_network(self, sizes: Sizes) -> None:
        seanet, vq = alone("audiocraft.modules.seanet"), alone("audiocraft.quantization.vq", {"flashy": _flashy()})
        self.rate_hz = sizes.rate_hz
        self.seanet: dict[str, Any] = {
            "channels": 1, "dimension": sizes.dimension, "n_filters": sizes.filters, "n_residual_layers": 1,
            "ratios": [8, 5, 4, 2], "norm": "weight_norm", "causal": True, "pad_mode": "constant", "true_skip": True,
            "lstm": 2,
        }  # fmt: skip
        self.encoder, self.decoder = seanet.SEANetEncoder(**self.seanet), seanet.SEANetDecoder(**self.seanet)
        self.quantizer = vq.ResidualVectorQuantizer(
            dimension=sizes.dimension, n_q=sizes.books, bins=sizes.entries, kmeans_iters=sizes.kmeans_rounds
        )
        self.network = nn.ModuleDict(
            {"encoder": self.encoder, "decoder": self.decoder, "quantizer": self.quantizer}
        ).train()

    def _build_losses(self, sizes: Sizes) -> None:
        kind = audiocraft_module("audiocraft.adversarial.discriminators.msstftd").MultiScaleSTFTDiscriminator
        windows = list(sizes.windows)
        self.adversary = kind(
            filters=sizes.channels, n_ffts=windows, win_lengths=windows, hop_lengths=[size // 4 for size in windows],
            activation_params={"negative_slope": 0.3},
        )  # fmt: skip
        losses = alone("audiocraft.adversarial.losses", {"flashy": _flashy()})
        optimiser = torch.optim.Adam(self.adversary.parameters(), lr=RATE, betas=BETAS)
        self.adversarial = losses.AdversarialLoss(
            self.adversary, optimiser, loss=losses.hinge_loss, loss_real=losses.hinge_real_loss,
            loss_fake=losses.hinge_fake_loss, loss_feat=losses.FeatureMatchingLoss(),
        )  # fmt: skip
        self.spectral = audiocraft_module("audiocraft.losses.specloss").MultiScaleMelSpectrogramLoss(
            sizes.rate_hz, 6, 11, n_mels=64, f_min=64, normalized=True, alphas=False, floor_level=1e-5
        )
        self.balancer = audiocraft_module("audiocraft.losses.balancer").Balancer(WEIGHTS, ema_decay=0.999)

    def step(self, audio: Tensor) -> dict[str, Tensor]:
        """One step on `[B, 1, T]`; the values of all losses, before it."""
        result = self.quantizer(self.encoder(audio), self.frame_rate)
        decoded = self.decoder(result.x)[..., : audio.shape[-1]]
        told = self.adversarial.train_adv(decoded, audio)
        adversarial, feature = self.adversarial(decoded, audio)
        balanced = {
            "adv": adversarial,
            "feat": feature,
            "l1": nn.functional.l1_loss(decoded, audio),
            "msspec": self.spectral(decoded, audio),
        }
        result.penalty.backward(retain_graph=True)
        self.balancer.backward(balanced, decoded)
        self.optimiser.step()
        self.optimiser.zero_grad()
        return {
            "time_l1": balanced["l1"].detach(),
            "encodec_mel": balanced["msspec"].detach(),
            "adversarial": adversarial.detach(),
            "feature_matching": feature.detach(),
            "commitment": result.penalty.detach(),
            "discriminator": told.detach(),
        }


class DacStep:
    """DAC's network, discriminators and optimisers, and one step on a batch; quantiser dropout off."""

    name, hop = "descript-audio-codec 1.0.0", 512

    def __init__(self, sizes: Sizes) -> None:
        self.rate_hz = sizes.rate_hz
        self.kwargs: dict[str, Any] = {
            "encoder_dim": 2 * sizes.filters, "encoder_rates": [2, 4, 8, 8], "latent_dim": 8 * sizes.dimension,
            "decoder_dim": 48 * sizes.filters, "decoder_rates": [8, 8, 4, 2], "n_codebooks": sizes.books,
            "codebook_size": sizes.entries, "codebook_dim": 8, "quantizer_dropout": 0.0, "sample_rate": sizes.rate_hz,
        }  # fmt: skip
        with old_torch_ways():
            self.network = import_dac().DAC(**self.kwargs).train()
            self.adversary = dac_module("dac.model.discriminator").Discriminator(
                fft_sizes=list(sizes.bands), periods=list(sizes.periods), sample_rate=sizes.rate_hz
            )
        losses = dac_module("dac.nn.loss")
        self.gan = losses.GANLoss(self.adversary)
        self.mel = losses.MelSpectrogramLoss(
            n_mels=[5, 10, 20, 40, 80, 160, 320], window_lengths=[32, 64, 128, 256, 512, 1024, 2048],
            mel_fmin=[0] * 7, mel_fmax=[None] * 7, pow=1.0, clamp_eps=1e-5, mag_weight=0.0,
        )  # fmt: skip
        self.optimisers = [
            torch.optim.AdamW(part.parameters(), lr=1e-4, betas=(0.8, 0.99)) for part in (self.network, self.adversary)
        ]

    def start_books(self, audio: Tensor) -> None:
        """Nothing: its books are weights like any other."""

    def save(self, folder: Path) -> Path:
        """As audiotools' BaseModel does."""
        path = folder / "weights.pth"
        save_official(self.network, self.kwargs, path)
        return path

    def step(self, audio: Tensor) -> dict[str, Tensor]:
        """One step on `[B, 1, T]`; the values of all losses, before it."""
        codec, discriminators = self.optimisers
        out = self.network(audio, self.rate_hz)
        target, decoded = Signal(audio, self.rate_hz), Signal(out["audio"], self.rate_hz)
        told = self.gan.discriminator_loss(decoded, target)
        discriminators.zero_grad()
        told.backward()
        nn.utils.clip_grad_norm_(self.adversary.parameters(), 10.0)
        discriminators.step()
        mel = self.mel(decoded, target)
        adversarial, feature = self.gan.generator_loss(decoded, target)
        commitment, codebook = out["vq/commitment_loss"], out["vq/codebook_loss"]
        codec.zero_grad()
        (15 * mel + 2 * feature + adversarial + 0.25 * commitment + codebook).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1e3)
        codec.step()
        return {
            "dac_mel": mel.detach(),
            "adversarial": adversarial.detach(),
            "feature_matching": feature.detach(),
            "commitment": commitment.detach(),
            "codebook": codebook.detach(),
            "discriminator": told.detach(),
        }


def _flashy() -> Any:
    """Of flashy, what a single process needs: nothing is sent, and a module is left alone for as long as it judges."""
    utils = alone("flashy.utils")
    distrib = SimpleNamespace(
        broadcast_tensors=lambda tensors: None,
        broadcast_model=lambda model: None,
        eager_sync_model=lambda model: nullcontext(),
    )
    return module("flashy", averager=utils.averager, distrib=distrib, utils=utils)
