"""DAC (arXiv 2306.06546): symmetric convolutions, so each frame looks a few frames ahead and back."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import load_tensors
from speefeare_core.codec import BlockContext, BookInfo, CodecInfo, Encoded
from speefeare_core.codecs.dac_names import interpret
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.nn.dac_model import DacConfig, DacModel

BLOCK_S = 10.0


class DacCodec(NetworkCodec):
    """A DAC network as a codec. Stereo is two recordings: the network has one channel."""

    module: DacModel

    def __init__(
        self,
        model: DacModel,
        *,
        name: str = "dac",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        config = model.config
        self.module = model.eval()
        self._own_notes = notes
        hop = config.hop_samples
        frame_rate_hz = config.rate_hz / hop
        in_encoder, in_decoder = model.context_frames()
        self.block_context = BlockContext(max(1, round(BLOCK_S * frame_rate_hz)), in_encoder, in_decoder, exact=True)
        self.info = CodecInfo(
            name=name,
            family="dac",
            rate_hz=config.rate_hz,
            channels=1,
            hop_samples=hop,
            frame_rate_hz=frame_rate_hz,
            books=(BookInfo(config.book_size, frame_rate_hz),) * config.books,
            depth_mode="residual",
            latent_dim=config.latent_dim,
            causal=False,
            streamable=False,
            delay_samples=0,
            stream_delay_samples=0,
            # The sound of a frame needs the decoder's next frames, and the last of these the encoder's samples.
            look_ahead_samples=in_decoder[1] * hop + model.encoder.needs(0, 0)[1] - (hop - 1),
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters()),
            source=source,
            notes=notes,
        )

    @classmethod
    def from_official(cls, found: Official) -> DacCodec:
        """From descript-audio-codec's weights or transformers' folder. Raises `SpeefeareError`."""
        config, tensors, notes = interpret(found)
        model = DacModel(config)
        notes += load_tensors(model, tensors, found.path)
        return cls(model, name=found.name, notes=notes, source=str(found.path))

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return DacModel(DacConfig.from_dict(config))

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        latents = self.module.encoder(audio)
        return Encoded((self.module.quantizer.encode(latents, depth),), latents, audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        codes = encoded.code_groups[0].to(self.device)
        audio: Tensor = self.module.decoder(self.module.quantizer.decode(codes, books=books))
        return audio

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        audio: Tensor = self.module.decoder(latents)
        return audio
