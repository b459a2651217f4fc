"""The table of official layouts: which tensors, or which `model_type`, tell what a checkpoint is.

Decided by content, never by a file's name. To add one: a row here, and the family's `from_official` that reads it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Layout:
    """One way in which a family is published. A row fits where every `has` and none of `lacks` is among the tensors.

    Entries are names of tensors with the wrappers taken off (see `Official.tensors`), `*` stands for anything. With
    `model_type` set, the row is a transformers folder whose config.json names it, and its tensors are not asked.
    """

    family: str  # key of codecs.FAMILIES
    key: str  # "official", "audiocraft", "lightning", "transformers" …
    title: str  # for people
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    model_type: str = ""
    needs_config: bool = False  # the tensors alone do not say all: a config.json or yaml must lie beside them
    wrapper: str = ""  # the row fits files so wrapped only: "audiocraft"
    keep: tuple[str, ...] = ()  # beginnings of the names that belong to the codec; the others are left in the file

    def fits(self, names: Collection[str], wrapper: str = "") -> bool:
        """Whether tensors of these names, so wrapped, are of this layout."""
        if not self.has or (self.wrapper and self.wrapper != wrapper):
            return False
        return all(_any(pattern, names) for pattern in self.has) and not any(_any(p, names) for p in self.lacks)

    def missing(self, names: Collection[str]) -> list[str]:
        """Which of `has` is not there."""
        return [pattern for pattern in self.has if not _any(pattern, names)]


def _any(pattern: str, names: Collection[str]) -> bool:
    if "*" not in pattern:
        return pattern in names
    compiled = _compiled(pattern)
    return any(compiled.match(name) for name in names)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")) + r"\Z", re.S)


_BOOK = "quantizer.vq.layers.0._codebook.embed"
_SEANET = "encoder.model.0.conv.conv.*"
_NOISE = "decoder.model.*.block.2.linear.*"
_BACKWARD = "*lstm.weight_ih_l0_reverse"

LAYOUTS: tuple[Layout, ...] = (
    Layout("encodec", "audiocraft", "EnCodec (AudioCraft)", (_SEANET, _BOOK), (_BACKWARD,), wrapper="audiocraft"),
    Layout("encodec", "official", "EnCodec", (_SEANET, _BOOK), (_BACKWARD, "transform.*", "backbone.*")),
    Layout("encodec", "transformers", "EnCodec (transformers)", model_type="encodec"),
    Layout(
        "dac",
        "official",
        "DAC",
        ("quantizer.quantizers.0.in_proj.*", "decoder.model.0.*", "decoder.model.1.block.0.alpha"),
        ("fc_prior.*", _NOISE),
    ),
    Layout("dac", "transformers", "DAC (transformers)", model_type="dac"),
    Layout("speechtokenizer", "official", "SpeechTokenizer", (_SEANET, _BOOK, _BACKWARD), needs_config=True),
    Layout("mimi", "official", "Mimi", ("quantizer.rvq_first.*", "encoder_transformer.transformer.layers.0.*")),
    Layout("mimi", "transformers", "Mimi (transformers)", model_type="mimi"),
    Layout("xcodec", "official", "X-Codec", ("decoder_2.*", "encoder_semantic.*", "fc_prior.*"), needs_config=True),
    Layout("xcodec", "transformers", "X-Codec (transformers)", model_type="xcodec"),
    Layout(
        "wavtokenizer",
        "official",
        "WavTokenizer",
        ("feature_extractor.encodec.*", "backbone.pos_net.*"),
        needs_config=True,
        keep=("feature_extractor.", "backbone.", "head."),
    ),
    Layout(
        "snac",
        "official",
        "SNAC",
        ("quantizer.quantizers.0.in_proj.*", "encoder.block.0.*", "decoder.model.0.*"),
        ("decoder.model.1.block.0.alpha",),  # DAC: no second, depthwise convolution before its blocks
        needs_config=True,
    ),
    Layout(
        "snac",
        "official",
        "SNAC",
        ("quantizer.quantizers.0.in_proj.*", "encoder.block.0.*", "decoder.model.1.block.0.alpha", _NOISE),
        needs_config=True,
    ),
    Layout(
        "bigcodec",
        "official",
        "BigCodec",
        ("CodecEnc.*", "generator.*"),
        ("SemanticEncoder_module.*",),
        keep=("CodecEnc.", "generator."),
    ),
    Layout(
        "vocos",
        "official",
        "Vocos for EnCodec codes",
        ("feature_extractor.codebook_weights", "backbone.convnext.*", "head.out.*"),
        ("backbone.pos_net.*",),
    ),
    Layout("audiovae", "official", "VoxCPM AudioVAE", ("encoder.fc_mu.*", "decoder.model.*")),
)
