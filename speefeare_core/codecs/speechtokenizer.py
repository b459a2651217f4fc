"""SpeechTokenizer (arXiv 2308.16692): residual books at 50 Hz, of which the first speaks of content."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import fold_weight_norm, load_tensors, renamed
from speefeare_core.codec import BlockContext, BookInfo, CodecInfo, Encoded
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.codecs.seanet_names import BOOK_RULES, SEANET_RULES, book_sizes, seanet_sizes
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.in_blocks import run_in_blocks
from speefeare_core.nn.speechtokenizer import SpeechTokenizerConfig, SpeechTokenizerModel

CPU_BLOCK_S = 1.28
GPU_BLOCK_S = 10.0
# An LSTM that reads the recording both ways has no finite context; what lies some seconds away hardly matters.
CONTEXT_S = 5.0
LONG_BLOCK_S = 30.0


class SpeechTokenizerCodec(NetworkCodec):
    """A SpeechTokenizer network as a codec."""

    module: SpeechTokenizerModel

    def __init__(
        self,
        model: SpeechTokenizerModel,
        *,
        name: str = "speechtokenizer",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        config = model.config
        self.module = model.eval()
        self._own_notes = notes
        frame_rate_hz = config.rate_hz / config.hop_samples
        semantic = BookInfo(config.book_size, frame_rate_hz, "semantic")
        acoustic = BookInfo(config.book_size, frame_rate_hz)
        around = round(CONTEXT_S * frame_rate_hz)
        self.block_context = BlockContext(
            round(LONG_BLOCK_S * frame_rate_hz), encode=(around, around), decode=(around, around), exact=False
        )
        self.info = CodecInfo(
            name=name,
            family="speechtokenizer",
            rate_hz=config.rate_hz,
            channels=config.channels,
            hop_samples=config.hop_samples,
            frame_rate_hz=frame_rate_hz,
            books=(semantic,) + (acoustic,) * (config.books - 1),
            depth_mode="residual",
            latent_dim=config.dimension,
            causal=False,
            streamable=False,
            delay_samples=0,
            stream_delay_samples=0,
            look_ahead_samples=None,
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters())
            + config.books * config.book_size * config.dimension,
            source=source,
            notes=notes,
        )

    @classmethod
    def from_official(cls, found: Official) -> SpeechTokenizerCodec:
        """From `config.json` and the state dict beside it. Raises `SpeefeareError`."""
        try:
            tensors = renamed(fold_weight_norm(found.tensors), (*SEANET_RULES, *BOOK_RULES))
        except KeyError as error:
            raise SpeefeareError(f"{found.path} lacks {error.args[0]}; it may be cut off.") from error
        taught = tensors.get("transform.weight")
        sizes: dict[str, Any] = {
            **seanet_sizes(tensors, found.path),
            **book_sizes(tensors, found.path),
            "rate_hz": found.config.get("sample_rate", 16000),
            "dilation_base": found.config.get("dilation_base", 2),
            "semantic_dimension": None if taught is None else int(taught.shape[0]),
        }
        _compare(found, sizes)
        try:
            model = SpeechTokenizerModel(SpeechTokenizerConfig(**sizes))
        except (TypeError, ValueError) as error:
            raise SpeefeareError(f"{found.path} describes a SpeechTokenizer that cannot be built: {error}.") from error
        notes = load_tensors(model, tensors, found.path)
        return cls(model, name=found.name, notes=notes, source=str(found.path))

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return SpeechTokenizerModel(SpeechTokenizerConfig.from_dict(config))

    def _pad(self, audio: Tensor) -> Tensor:
        """As it is: each convolution ends a ragged signal on its own."""
        return audio

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        latents = run_in_blocks(self.module.encoder.model, audio, self._block_frames * self.info.hop_samples)
        return Encoded((self.module.quantizer.encode(latents, depth),), latents, audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        latents = self.module.quantizer.decode_books(encoded.code_groups[0].to(self.device), books)
        return run_in_blocks(self.module.decoder.model, latents, self._block_frames)

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        return run_in_blocks(self.module.decoder.model, latents, self._block_frames)

    @property
    def _block_frames(self) -> int:
        block_s = CPU_BLOCK_S if self.device.type == "cpu" else GPU_BLOCK_S
        return max(1, round(block_s * self.info.frame_rate_hz))


def _compare(found: Official, sizes: dict[str, Any]) -> None:
    """Raise `SpeefeareError` where config.json is of another model than the weights."""
    for told, size in (
        ("n_filters", "n_filters"), ("dimension", "dimension"), ("n_q", "books"), ("codebook_size", "book_size"),
        ("activation", "activation"), ("lstm_layers", "lstm"), ("bidirectional", "bidirectional"),
    ):  # fmt: skip
        if told in found.config and found.config[told] != sizes[size]:
            raise SpeefeareError(
                f"{found.path}: config.json says {told} {found.config[told]}, but the weights have {sizes[size]};"
                " they belong to two different models."
            )
