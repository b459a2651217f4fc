"""WavTokenizer (arXiv 2408.16532): one book of 4096 entries at 40 or 75 Hz.

The decoder's attention and norms look at the whole recording, so it cannot stream, and long recordings are decoded in
blocks whose seams differ a little from the whole.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import load_tensors
from speefeare_core.codec import BlockContext, BookInfo, CodecInfo, Encoded
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.codecs.wavtokenizer_blocks import LookAheadEncoder, encode_latents
from speefeare_core.codecs.wavtokenizer_names import config_of, own_names
from speefeare_core.nn.wavtokenizer import WavTokenizerConfig, WavTokenizerModel

CONDITION = 0  # the authors train four alike and always pass the first
# A block and what is seen around it: about the length of the excerpts in training, three seconds, on both sides.
BLOCK_S, CONTEXT_S = 12.0, 3.0
BLOCKS_NOTE = (
    "The decoder's attention and norms see the whole recording: what is longer than a minute is decoded in blocks of"
    f" {BLOCK_S:g} s with {CONTEXT_S:g} s around them. The codes are those of one call, the sound differs everywhere;"
    " speefeare info --seam measures by how much."
)
PEER_NOTE = "Compared with the originals piece by piece (parity table): no package holds the whole of WavTokenizer."


class WavTokenizerCodec(NetworkCodec):
    """A WavTokenizer network as a codec."""

    module: WavTokenizerModel

    def __init__(
        self,
        model: WavTokenizerModel,
        *,
        name: str = "wavtokenizer",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        config = model.config
        self.module = model.eval()
        self._own_notes = notes
        frame_rate_hz = config.rate_hz / config.hop_samples
        self.info = CodecInfo(
            name=name,
            family="wavtokenizer",
            rate_hz=config.rate_hz,
            channels=1,
            hop_samples=config.hop_samples,
            frame_rate_hz=frame_rate_hz,
            books=(BookInfo(config.book_size, frame_rate_hz, "mixed"),),
            depth_mode="none",
            latent_dim=config.latent_dim,
            causal=False,
            streamable=False,
            delay_samples=0,
            stream_delay_samples=0,
            look_ahead_samples=None,
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters()) + config.book_size * config.latent_dim,
            source=source,
            notes=(*notes, BLOCKS_NOTE, PEER_NOTE),
        )
        context = round(CONTEXT_S * frame_rate_hz)
        self.block_context = BlockContext(
            round(BLOCK_S * frame_rate_hz), (context, context), (context, context), exact=False
        )

    @classmethod
    def from_official(cls, found: Official) -> WavTokenizerCodec:
        """A Lightning checkpoint. Raises `SpeefeareError` where tensors are missing or the yaml is of another model."""
        tensors, left = own_names(found.tensors)
        model = WavTokenizerModel(config_of(tensors, found))
        load_tensors(model, tensors, found.path)
        notes = (f"{left} tensors of the checkpoint are not used: a decoder of the encoder's kind, or the training's.",)
        return cls(model, name=found.name, notes=notes if left else (), source=str(found.path))

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return WavTokenizerModel(WavTokenizerConfig.from_dict(config))

    def block_encoder(self, depth: int | None, batch: int) -> LookAheadEncoder:
        """With carried state: the codes of a long recording are those of one call."""
        return LookAheadEncoder(self.module, batch)

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor:
        """`[B, D, F]`, the entries."""
        return self.module.quantizer.decode(encoded.code_groups[0].to(self.device))

    def _pad(self, audio: Tensor) -> Tensor:
        """As it is: every convolution mirrors what it lacks at the ends."""
        return audio

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        latents = encode_latents(self.module, audio)
        return Encoded((self.module.quantizer.encode(latents),), latents, audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        audio: Tensor = self.module.decoder(self.quantized_latents(encoded), CONDITION)
        return audio

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        return self._decode(encoded, 1)

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        audio: Tensor = self.module.decoder(latents, CONDITION)
        return audio
