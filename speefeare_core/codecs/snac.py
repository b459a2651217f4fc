"""SNAC (arXiv 2410.14411): books of several frame rates, the coarse ones first."""

from __future__ import annotations

import copy
import itertools
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import load_tensors
from speefeare_core.codec import BlockContext, BookInfo, CodecInfo, Encoded
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.codecs.snac_names import interpret
from speefeare_core.nn.pattern_noise import noise_from
from speefeare_core.nn.rows import rows_layout
from speefeare_core.nn.snac import SnacConfig, SnacModel

BLOCK_S = 40.0
NOISE_NOTE = (
    "The decoder adds noise. The snac package draws it anew at each decode; here it is always the same, so that a"
    " decode can be repeated."
)
QUIET_NOTE = "The decoder adds noise in the snac package; here it is switched off."


class SnacCodec(NetworkCodec):
    """A SNAC network as a codec; `noise` False leaves out the noise of its decoder (see `with_noise`)."""

    module: SnacModel

    def __init__(
        self,
        model: SnacModel,
        *,
        name: str = "snac",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
        noise: bool = True,
    ) -> None:
        config = model.config
        self.module = model.eval()
        self._own_notes = notes
        rows_layout(model)  # read by inference without copies
        model.decoder.set_noise(1.0 if noise else 0.0)
        hop, unit = config.hop_samples, config.unit_frames
        frame_rate_hz = config.rate_hz / hop
        in_encoder, in_decoder = model.context_frames()
        frames = max(1, round(BLOCK_S * frame_rate_hz / unit)) * unit
        self.block_context = BlockContext(frames, in_encoder, in_decoder, exact=True)
        self.info = CodecInfo(
            name=name,
            family="snac",
            rate_hz=config.rate_hz,
            channels=1,
            hop_samples=hop,
            frame_rate_hz=frame_rate_hz,
            books=tuple(BookInfo(config.book_size, frame_rate_hz / stride) for stride in config.book_strides),
            depth_mode="residual",
            latent_dim=config.latent_dim,
            causal=False,
            streamable=False,
            delay_samples=0,
            stream_delay_samples=0,
            # The sound of a frame needs the decoder's next frames, and the last unit of these the encoder's samples.
            look_ahead_samples=(unit - 1 + in_decoder[1] + in_encoder[1]) * hop,
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters()),
            source=source,
            notes=(*notes, NOISE_NOTE if noise else QUIET_NOTE) if config.noise else notes,
        )

    @classmethod
    def from_official(cls, found: Official) -> SnacCodec:
        """From config.json and pytorch_model.bin. Raises `SpeefeareError`."""
        config, tensors = interpret(found)
        model = SnacModel(config)
        notes = load_tensors(model, tensors, found.path)
        return cls(model, name=found.name, notes=notes, source=str(found.path))

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return SnacModel(SnacConfig.from_dict(config))

    def with_noise(self, on: bool) -> SnacCodec:
        """The same weights with the decoder's noise on or off."""
        shared = {id(tensor): tensor for tensor in (*self.module.parameters(), *self.module.buffers())}
        model = copy.deepcopy(self.module, shared)
        info = self.info
        return SnacCodec(
            model, name=info.name, licence=info.licence, notes=self._own_notes, source=info.source, noise=on
        )

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor:
        """`[B, D, F]`, the sum of the first `depth` books."""
        rows = self._rows(encoded)
        return self.module.quantizer.decode(rows, min(self.info.check_depth(depth), len(rows)))

    def frames_for(self, length_samples: int) -> int:
        """Frames of whole units: frames of the slowest book, and windows of attention."""
        unit = self.module.config.unit_frames
        return -(-super().frames_for(length_samples) // unit) * unit

    def at_frame(self, first: int) -> AbstractContextManager[None]:
        """The decoder's noise goes on."""
        return noise_from(first)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        latents = self.module.encoder(audio)
        codes = self.module.quantizer.encode_each(latents, depth)
        strides = self.module.config.book_strides[:depth]
        groups = [
            torch.stack([row for _, row in books], dim=1)
            for _, books in itertools.groupby(zip(strides, codes, strict=True), lambda pair: pair[0])
        ]
        return Encoded(tuple(groups), latents, audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        audio: Tensor = self.module.decoder(self.module.quantizer.decode(self._rows(encoded), books=books))
        return audio

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        audio: Tensor = self.module.decoder(latents)
        return audio

    def _rows(self, encoded: Encoded) -> list[Tensor]:
        """The codes `[B, F_k]` of each book."""
        return [row for group in encoded.code_groups for row in group.to(self.device).unbind(1)]
