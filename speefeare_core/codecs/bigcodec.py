"""BigCodec (arXiv 2409.05377): one book, 80 frames a second, an LSTM that remembers the whole past."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import load_tensors
from speefeare_core.codec import BlockContext, BookInfo, CodecInfo, Encoded
from speefeare_core.codecs.bigcodec_names import interpret
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.nn.bigcodec import BigCodecConfig, BigCodecModel

BLOCK_S = 20.0
MEMORY_S = 2.0  # of the LSTM, that blocks warm up with
LSTM_NOTE = "Its LSTM remembers all that came before, so blocks of a long recording differ slightly from one call."


class BigCodec(NetworkCodec):
    """A BigCodec network as a codec."""

    module: BigCodecModel

    def __init__(
        self,
        model: BigCodecModel,
        *,
        name: str = "bigcodec",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        config = model.config
        self.module = model.eval()
        self._own_notes = notes
        hop = config.hop_samples
        rate = config.rate_hz / hop
        in_encoder, in_decoder = model.context_frames()
        memory = round(MEMORY_S * rate) if config.lstm_layers else 0
        back = memory if config.bidirectional else 0
        self.block_context = BlockContext(
            max(1, round(BLOCK_S * rate)),
            (in_encoder[0] + memory, in_encoder[1] + back),
            (in_decoder[0] + memory, in_decoder[1] + back),
            exact=not config.lstm_layers,
        )
        whole = config.lstm_layers and config.bidirectional
        self.info = CodecInfo(
            name=name,
            family="bigcodec",
            rate_hz=config.rate_hz,
            channels=1,
            hop_samples=hop,
            frame_rate_hz=rate,
            books=(BookInfo(config.book_size, rate),) * config.books,
            depth_mode="none" if config.books == 1 else "residual",
            latent_dim=config.latent_dim,
            causal=False,
            streamable=False,
            delay_samples=0,
            stream_delay_samples=0,
            look_ahead_samples=None if whole else in_decoder[1] * hop + model.encoder.needs(0, 0)[1] - (hop - 1),
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters()),
            source=source,
            notes=(*notes, LSTM_NOTE) if config.lstm_layers else notes,
        )

    @classmethod
    def from_official(cls, found: Official) -> BigCodec:
        """From the authors' file of two modules, `CodecEnc` and `generator`. Raises `SpeefeareError`."""
        config, tensors = interpret(found)
        model = BigCodecModel(config)
        notes = load_tensors(model, tensors, found.path)
        return cls(model, name=found.name, notes=notes, source=str(found.path))

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return BigCodecModel(BigCodecConfig.from_dict(config))

    def frames_for(self, length_samples: int) -> int:
        """Frames begun, and one more where the last one is full, as the official script pads."""
        return length_samples // self.info.hop_samples + 1

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
