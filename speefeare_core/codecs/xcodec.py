"""X-Codec (arXiv 2408.17175): every book holds sound and meaning; encoding needs the teacher in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.weights import load_tensors
from speefeare_core.codec import BlockContext, BookInfo, CodecInfo, Encoded
from speefeare_core.codecs.network_codec import NetworkCodec
from speefeare_core.codecs.xcodec_names import interpret
from speefeare_core.nn.xcodec import XCodecConfig, XCodecModel
from speefeare_core.teachers.build import TITLES, build_teacher

if TYPE_CHECKING:
    from speefeare_core.checkpoints.official import Official

BLOCK_S = 20.0
CONTEXT_S = 1.0
NEEDS = "{title} to encode: it is in the file, and the package transformers runs it"
WHOLE_NOTE = (
    "{title} listens to the whole recording, so the codes of blocks of a long recording can differ near the seams."
)
EDGE_NOTE = (
    "A recording that ends 80 to 311 samples into a frame is encoded with 10 ms of silence before it, as the official"
    " code does; blocks of a long recording are encoded without."
)


class XCodec(NetworkCodec):
    """An X-Codec network as a codec."""

    module: XCodecModel

    def __init__(
        self,
        model: XCodecModel,
        *,
        name: str = "xcodec",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        config = model.config
        self.module = model.eval()
        self._own_notes = notes
        hop = config.hop_samples
        rate = config.rate_hz / hop
        around = round(CONTEXT_S * rate)
        begin, end = model.decoder.needs(0, hop - 1)
        self.block_context = BlockContext(round(BLOCK_S * rate), (around, around), (-begin, end), exact=False)
        title = TITLES[config.teacher]
        self.info = CodecInfo(
            name=name,
            family="xcodec",
            rate_hz=config.rate_hz,
            channels=1,
            hop_samples=hop,
            frame_rate_hz=rate,
            books=(BookInfo(config.book_size, rate, "mixed"),) * config.books,
            depth_mode="residual",
            latent_dim=model.latent_dim,
            causal=False,
            streamable=False,
            delay_samples=0,
            stream_delay_samples=0,
            look_ahead_samples=None,
            needs=() if config.teacher == "phones" else (NEEDS.format(title=title),),
            licence=licence,
            parameters=sum(weight.numel() for weight in model.parameters())
            + config.books * config.book_size * model.latent_dim,
            source=source,
            notes=(*notes, WHOLE_NOTE.format(title=title), EDGE_NOTE),
        )

    @classmethod
    def from_official(cls, found: Official) -> XCodec:
        """From the authors' state dict or transformers' folder. Raises `SpeefeareError`."""
        config, tensors = interpret(found)
        model = _network(config)
        notes = load_tensors(model, tensors, found.path)
        return cls(model, name=found.name, notes=notes, source=str(found.path))

    @staticmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration."""
        return _network(XCodecConfig.from_dict(config))

    def frames_for(self, length_samples: int) -> int:
        """The teacher's frames: a last one is begun by 80 samples."""
        return max(1, (length_samples - 80) // self.info.hop_samples + 1)

    def _pad(self, audio: Tensor) -> Tensor:
        """As it is; less than one frame is filled with zeros, because the teacher cannot hear it otherwise."""
        return torch.nn.functional.pad(audio, (0, max(0, self.info.hop_samples - audio.shape[-1])))

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        latents = self.module.encode(audio)
        return Encoded((self.module.quantizer.encode(latents, depth),), latents, audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        codes = encoded.code_groups[0].to(self.device)
        return self.module.decode(self.module.quantizer.decode_books(codes, books))

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        return self.module.decode(latents)


def _network(config: XCodecConfig) -> XCodecModel:
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in config.teacher_options}
    teacher = build_teacher(config.teacher, options)
    return XCodecModel(config, teacher, teacher.width)
