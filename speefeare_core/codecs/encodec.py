"""EnCodec (arXiv 2210.13438): 24 kHz causal, 48 kHz stereo in segments, and AudioCraft's non-causal models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from speefeare_core.blocks.interface import BlockDecoder, BlockEncoder
from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import load_tensors
from speefeare_core.codec import BlockContext, BookInfo, CodecInfo, Encoded
from speefeare_core.codecs.encodec_names import interpret
from speefeare_core.codecs.encodec_stream import EncodecStream, silence_samples
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.codecs.segments import SegmentDecoder, SegmentEncoder, Segments
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.encodec import EncodecConfig, EncodecModel
from speefeare_core.nn.in_blocks import run_in_blocks
from speefeare_core.stream import CodecStream, Start

# Whole files go through in blocks with carried state: bounded memory, and on a CPU the work stays inside its cache.
CPU_BLOCK_S = 1.28
GPU_BLOCK_S = 10.0
# Long recordings through the models that look ahead: an LSTM has no finite past, but some seconds ago hardly matter.
LONG_BLOCK_S, LONG_BEFORE_S, LONG_AFTER_S = 30.0, 5.0, 1.0
SEGMENTS_NOTE = (
    "Recordings are coded in segments of {length:g} s, one every {stride:g} s, each with its own level; the frames of"
    " all segments stand one after the other, so {rate:.1f} frames belong to a second."
)


class EncodecCodec(NetworkCodec):
    """An EnCodec network as a codec."""

    module: EncodecModel

    def __init__(
        self,
        model: EncodecModel,
        *,
        name: str = "encodec",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        config = model.config
        self.module = model.eval()
        self._own_notes = notes
        frame_rate_hz = config.frame_rate_hz
        self.segments: Segments | None = None
        own: tuple[str, ...] = ()
        if config.segment_samples is not None and config.segment_stride is not None:
            self.segments = Segments(self, config.segment_samples, config.segment_stride)
            own = (
                SEGMENTS_NOTE.format(
                    length=config.segment_samples / config.rate_hz,
                    stride=config.segment_stride / config.rate_hz,
                    rate=frame_rate_hz,
                ),
            )
        if self.segments is None and not config.streamable and not config.normalize:
            before, after = round(LONG_BEFORE_S * frame_rate_hz), round(LONG_AFTER_S * frame_rate_hz)
            self.block_context = BlockContext(
                round(LONG_BLOCK_S * frame_rate_hz), encode=(before, after), decode=(before, after), exact=False
            )
        self.info = CodecInfo(
            name=name,
            family="encodec",
            rate_hz=config.rate_hz,
            channels=config.channels,
            hop_samples=config.hop_samples,
            frame_rate_hz=frame_rate_hz,
            books=(BookInfo(config.book_size, frame_rate_hz),) * config.books,
            depth_mode="residual",
            latent_dim=config.dimension,
            causal=config.causal,
            streamable=config.streamable,
            delay_samples=0,
            stream_delay_samples=0,
            look_ahead_samples=_look_ahead(model),
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters())
            + config.books * config.book_size * config.dimension,
            source=source,
            notes=(*notes, *own),
        )

    @classmethod
    def from_official(cls, found: Official) -> EncodecCodec:
        """From the encodec package's state dict, AudioCraft's file or transformers' folder. Raises `SpeefeareError`."""
        config, tensors, notes = interpret(found)
        model = EncodecModel(config)
        notes += load_tensors(model, tensors, found.path)
        return cls(model, name=found.name, notes=notes, source=str(found.path))

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return EncodecModel(EncodecConfig.from_dict(config))

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> EncodecStream:
        """A fresh stream. Raises `SpeefeareError` for the models that are not causal."""
        if not self.info.streamable:
            raise SpeefeareError(
                f"{self.info.name} cannot stream: it looks ahead. Use file mode, or choose a causal codec such as"
                " EnCodec at 24 kHz."
            )
        return EncodecStream(self.info, self.module, batch, depth, start)

    def plan_stream(self, frames: int, depth: int | None, mode: str) -> CodecStream | None:
        """Of the causal models on a CPU, in every mode."""
        from speefeare_core.plans.encodec import FORMS, EncodecPlan

        if mode not in FORMS or not self.info.streamable or self.device.type != "cpu":
            return None
        try:
            return EncodecPlan(self.info, self.module, frames, depth, mode, silence_samples(self.module))
        except TypeError:  # a layer that plans do not know
            return None

    def block_encoder(self, depth: int | None, batch: int) -> BlockEncoder | None:
        """Segment by segment, where there are segments."""
        return None if self.segments is None else SegmentEncoder(self.segments, self.info.check_depth(depth))

    def block_decoder(self, depth: int | None, books: tuple[int, ...] | None, batch: int) -> BlockDecoder | None:
        """Segment by segment, where there are segments."""
        if self.segments is None:
            return None
        chosen = tuple(range(self.info.check_depth(depth))) if books is None else books
        return SegmentDecoder(self.segments, chosen)

    def frames_for(self, length_samples: int) -> int:
        """Frames of all segments."""
        return super().frames_for(length_samples) if self.segments is None else self.segments.frames(length_samples)

    def encode_segment(self, audio: Tensor, depth: int) -> Encoded:
        """`[B, C, T]` as one signal; with `side["scale"]` `[B, F]` where its level was taken off."""
        level = self.module.level(audio)
        given = audio / level if self.module.config.normalize else audio
        latents = run_in_blocks(self.module.encoder, given, self._block_frames * self.info.hop_samples)
        side = {"scale": level[:, 0].expand(-1, latents.shape[-1])} if self.module.config.normalize else {}
        return Encoded((self.module.quantizer.encode(latents, depth),), latents, audio.shape[-1], side)

    def decode_segment(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        """`[B, C, F·hop]` of one segment, from these books alone."""
        codes = encoded.code_groups[0].to(self.device)
        return self.decode_part(self.module.quantizer.decode_books(codes, books), encoded.side)

    def decode_part(self, latents: Tensor, side: Mapping[str, Tensor]) -> Tensor:
        """`[B, C, F·hop]` of the latents `[B, D, F]` of one segment."""
        audio = run_in_blocks(self.module.decoder, latents, self._block_frames)
        scale = side.get("scale")
        return audio if scale is None else audio * scale[:, :1, None].to(audio)

    @property
    def _block_frames(self) -> int:
        block_s = CPU_BLOCK_S if self.device.type == "cpu" else GPU_BLOCK_S
        return max(1, round(block_s * self.info.rate_hz / self.info.hop_samples))

    def _pad(self, audio: Tensor) -> Tensor:
        """As it is: each convolution ends a ragged signal on its own."""
        return audio

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        return self.encode_segment(audio, depth) if self.segments is None else self.segments.encode(audio, depth)

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        return self.decode_segment(encoded, books) if self.segments is None else self.segments.decode(encoded, books)

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        if self.segments is None:
            return self.decode_part(latents, side)
        return Segments(_LatentSegments(self), self.segments.length, self.segments.stride).decode_latents(latents, side)


class _LatentSegments:
    """Decodes segments whose latents stand in the place of the codes."""

    def __init__(self, codec: EncodecCodec) -> None:
        self.info, self._codec = codec.info, codec

    @property
    def device(self) -> Any:
        return self._codec.device

    def encode_segment(self, audio: Tensor, depth: int) -> Encoded:
        return self._codec.encode_segment(audio, depth)

    def decode_segment(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        return self._codec.decode_part(encoded.code_groups[0].to(self.device), encoded.side)


def _look_ahead(model: EncodecModel) -> int | None:
    """Samples after a frame that its codes depend on; None where its level or a norm takes in the whole recording."""
    config = model.config
    if config.segment_samples is not None:
        return config.segment_samples - config.hop_samples
    if config.normalize or not model.encoder.in_pieces:
        return None
    # Two counts that differ by a frame, both beyond what is mirrored.
    return model.encoder.begin_needs(100) - 100 * config.hop_samples
