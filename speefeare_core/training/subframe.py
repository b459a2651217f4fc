"""The sub-frame codec as something to train: on speech alone, or from a larger codec whose work it learns to do."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codec import Codec
from speefeare_core.codecs.subframe import SubframeCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.subframe_net import SubframeConfig, SubframeNet
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.trainable import Reconstruction, Trainable, used_codes


class TrainableSubframe(Trainable):
    """With `learn_from` the encoder learns the latents of that codec, and the decoder what it makes of quantised ones.

    Knowledge distillation (arXiv 1503.02531) of both networks at once, each with targets of its own: what the teacher
    decodes is a function of the latents, which can be learnt, where the original is lost with what was not coded. The
    books are fitted to the teacher's latents first.
    """

    module: SubframeNet
    teacher: Codec | None = None

    def __init__(self, network: dict[str, Any]) -> None:
        config = SubframeConfig.from_dict(network)
        self.module = SubframeNet(config)
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.book_sizes = (config.book_size,) * config.books

    def prepare(self, recipe: Recipe) -> None:
        """And the codec that it learns from. Raises `SpeefeareError` for one of another rate, hop or width."""
        super().prepare(recipe)
        if recipe.learn_from:
            from speefeare_core.checkpoints.load import load_codec

            self.teacher = load_codec(recipe.learn_from, "cpu")
            info, config = self.teacher.info, self.module.config
            theirs = (info.rate_hz, info.hop_samples, info.latent_dim)
            if theirs != (config.rate_hz, config.hop_samples, config.dim) or not self.teacher.can_decode_latents:
                raise SpeefeareError(
                    f"The sub-frame codec cannot learn from {recipe.learn_from}: it has latents of {theirs[2]} values"
                    f" each {theirs[1]} samples at {theirs[0]} Hz, and the recipe wants {config.dim},"
                    f" {config.hop_samples} and {config.rate_hz}; change network.dim and network.hop_samples, or take"
                    " another codec."
                )

    def start(self, speech: Tensor) -> None:
        """Books that fit the teacher's latents of speech [N]."""
        if self.teacher is not None:
            latents = _latents(self.teacher, speech[None, None])
            self.module.quantizer.fit(latents[0].t().contiguous())

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Quantiser dropout per example; the decoded audio is one sub-frame late, and compared so."""
        depths = draw.depths(self.module.quantizer.books, audio.shape[0], audio.device)
        late = self.module.config.subframe_samples
        if self.teacher is None:
            out = self.module(audio, depths)
            own = {"commitment": out.quantized.commitment_loss}
            return Reconstruction(out.audio[..., late:], audio[..., :-late], own, used_codes(out.quantized))
        wanted = _latents(self.teacher, audio)
        latents, _ = self.module.encode(audio[:, 0], self.module.encoder_silence(audio.shape[0]))
        quantized = self.module.quantizer(wanted, depths=depths)
        given = quantized.quantized.detach()
        target = self.teacher.decode_latents(given, audio.shape[-1]).clone().to(audio.device)
        decoded, _ = self.module.decode(given, depths, self.module.decoder_silence(audio.shape[0]))
        own = {"latents": (latents - wanted).square().mean() / wanted.var()}
        return Reconstruction(decoded[:, None, late:], target[..., :-late], own, used_codes(quantized))

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents."""
        return SubframeCodec(self.module, name=name, licence=licence, notes=notes).to_native()


def _latents(teacher: Codec, audio: Tensor) -> Tensor:
    """The teacher's latents `[B, D, F]` of whole frames [B, 1, F * hop], before quantisation."""
    found = teacher.encode(audio).latents
    assert found is not None
    frames = audio.shape[-1] // teacher.info.hop_samples
    return found[..., :frames].clone().to(audio.device, torch.float32)
