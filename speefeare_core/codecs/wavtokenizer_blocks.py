"""WavTokenizer's encoder over recordings of any length: its state is carried, so that the codes are the whole's."""

from __future__ import annotations

import torch
from torch import Tensor

from speefeare_core.blocks.interface import BlockEncoder
from speefeare_core.codec import Encoded
from speefeare_core.nn.in_blocks import run_in_blocks
from speefeare_core.nn.streaming import ModuleState
from speefeare_core.nn.wavtokenizer import WavTokenizerModel

WHOLE_S = 20.0  # up to here one call is quicker than pieces
PIECE_S = 2.0


def encode_latents(model: WavTokenizerModel, audio: Tensor) -> Tensor:
    """`[B, 1, T]` → latents `[B, D, ceil(T / hop)]`, a long recording in bounded memory."""
    if audio.shape[-1] <= WHOLE_S * model.config.rate_hz:
        latents: Tensor = model.encoder(audio)
        return latents
    return run_in_blocks(model.encoder, audio, piece_samples(model))


def piece_samples(model: WavTokenizerModel) -> int:
    """Whole frames of about `PIECE_S`, and as many as the encoder needs to begin."""
    hop = model.config.hop_samples
    least = -(-model.encoder.begin_needs(1) // hop)
    return max(least, round(PIECE_S * model.config.rate_hz / hop)) * hop


class LookAheadEncoder(BlockEncoder):
    """Holds the last piece back: the end of a recording is mirrored, and must be there in one piece."""

    def __init__(self, model: WavTokenizerModel, batch: int) -> None:
        self.seams = []
        self._model = model
        self._piece = piece_samples(model)
        self._waiting = torch.zeros(batch, 1, 0)
        self._state: ModuleState = None
        self._begun = False
        self._pushed = self._told = self._frames = 0

    def push(self, audio: Tensor) -> Encoded | None:
        """`[B, 1, n]`."""
        self._pushed += audio.shape[-1]
        self._waiting = torch.cat([self._waiting, audio.to("cpu", torch.float32)], dim=-1)
        found = []
        with torch.inference_mode():
            while self._waiting.shape[-1] >= 2 * self._piece:
                block = self._waiting[..., : self._piece].to(self._device)
                self._waiting = self._waiting[..., self._piece :].clone()
                if self._begun:
                    latents, self._state = self._model.encoder.step(block, self._state)
                else:
                    latents, self._state = self._model.encoder.begin(block)
                self._begun = True
                found.append(latents)
        return self._encoded(torch.cat(found, dim=-1), last=False) if found else None

    def finish(self) -> Encoded | None:
        """The rest."""
        if not self._waiting.shape[-1]:
            return None
        rest, self._waiting = self._waiting.to(self._device), self._waiting[..., :0]
        with torch.inference_mode():
            encoder = self._model.encoder
            return self._encoded(encoder.finish(rest, self._state) if self._begun else encoder(rest), last=True)

    def _encoded(self, latents: Tensor, last: bool) -> Encoded:
        self._frames += latents.shape[-1]
        upto = self._pushed if last else self._frames * self._model.config.hop_samples
        length, self._told = upto - self._told, upto
        return Encoded((self._model.quantizer.encode(latents),), latents, length)

    @property
    def _device(self) -> torch.device:
        return self._model.quantizer.layer(0).codebook.device
