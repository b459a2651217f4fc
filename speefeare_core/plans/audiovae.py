"""AudioVAE as a plan: decimator, encoder and decoder for a fixed number of frames a step."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from speefeare_core.nn.resample import Decimator
from speefeare_core.plans.kernels import FLOAT32
from speefeare_core.plans.modes import EXACT
from speefeare_core.plans.part_stream import PartStream, joined
from speefeare_core.plans.parts import Part
from speefeare_core.plans.products import Products
from speefeare_core.plans.trunk import TrunkPart

if TYPE_CHECKING:
    from speefeare_core.codecs.audiovae import AudioVaeCodec

# Number formats of encoder and decoder in each mode.
FORMS = {EXACT: (FLOAT32, FLOAT32), "bfloat16": ("bfloat16", "bfloat16"), "int8_decoder": (FLOAT32, "int8")}


class AudioVaePlan(PartStream):
    """A stream for one signal, `frames` frames a step. Raises `SpeefeareError` for pieces that are no whole steps,
    TypeError for a network that draws noise."""

    def __init__(self, codec: AudioVaeCodec, frames: int, mode: str) -> None:
        super().__init__(codec.info, frames, None)
        model = codec.module
        hearing, speaking = (Products(form) for form in FORMS[mode])
        with torch.inference_mode():
            self._given = next(model.parameters()).detach().new_zeros(frames * self.info.hop_samples, 1)
            heard = self._given
            if model.decimator is not None:
                self._encoder.append(DecimatorPart(model.decimator, heard))
                heard = self._encoder[-1].output
            encoder = TrunkPart(model.encoder.stages(), heard, hearing)
            self._encoder.append(encoder)
            self._latents = self._given.new_zeros(frames, self.info.latent_dim)
            decoder = TrunkPart(model.decoder.stages(), self._latents, speaking)
            self._decoder.append(decoder)
        self._means, self._sound = encoder.output, decoder.output
        self.reset()

    def reset(self) -> None:
        """Back to the silence before the first sample."""
        with torch.inference_mode():
            for tensor in self._memory:
                tensor.zero_()

    def encode(self, audio: Tensor) -> tuple[None, Tensor]:
        """`[1, 1, n·hop]` → None and latents `[1, D, n]`."""
        latents = []
        with torch.inference_mode():
            for piece in self.pieces(audio, self.info.hop_samples):
                self._given.copy_(piece[0].t())
                for part in self._encoder:
                    part.run()
                latents.append(self._means.t().clone()[None])
            return None, joined(latents)

    def decode(self, codes: Tensor) -> Tensor:
        """Latents `[1, D, n]` → audio `[1, 1, n·hop]`."""
        audio = []
        with torch.inference_mode():
            for piece in self.pieces(codes, 1):
                self._latents.copy_(piece[0].t())
                for part in self._decoder:
                    part.run()
                audio.append(self._sound.t().clone()[None])
            return joined(audio)


class DecimatorPart(Part):
    """`source` `[n·factor, 1]` → `[n, 1]`."""

    def __init__(self, module: Decimator, source: Tensor) -> None:
        super().__init__()
        keep, count = module.context, source.shape[0] // module.factor
        rows = source.new_zeros(keep + source.shape[0])
        window = source.new_zeros(count, module.taps.numel())
        self.output = source.new_zeros(count, 1)
        between = torch.empty_like(rows[:keep])
        self.steps = [
            partial(rows[keep:].copy_, source[:, 0]),
            partial(window.copy_, rows.as_strided(window.shape, (module.factor, 1))),
            partial(torch.mv, window, module.taps, out=self.output[:, 0]),
            partial(between.copy_, rows[source.shape[0] :]),
            partial(rows[:keep].copy_, between),
        ]
        self.memory = [rows[:keep]]
