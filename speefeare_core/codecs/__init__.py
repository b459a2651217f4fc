"""The table of codec families. To add a codec: one file here, one row, one parity test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speefeare_core.checkpoints.layouts import Layout
from speefeare_core.lazy import load_named


@dataclass(frozen=True)
class Family:
    """One codec family. `loader` names `module:Class`; the module is imported only when it is needed.

    The class has `from_native(native: NativeFile) -> Codec` and `to_native(self) -> NativeFile` for the project's own
    files. Where `checkpoints.layouts.LAYOUTS` has rows of the family, it has `from_official(Official) -> Codec`; where
    `containers` names a container that holds no tensors, `from_folder(path) -> Codec`. Where `prefixes` names one
    (`opus:`), the codec is in no file: the class has `from_source(source: str) -> Codec` for what begins with the
    prefix, and for the bare name (`mulaw`). Other packages bring families by an entry point, see `codecs.plugins`.
    """

    key: str
    title: str
    loader: str
    paper: str = ""
    containers: tuple[str, ...] = ()  # keys of checkpoints.sniff: which containers of its own it loads
    prefixes: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()  # of a plug-in; ours are rows of checkpoints.layouts

    def load_class(self) -> Any:
        """Import the module and return the class."""
        return load_named(self.loader)


_ROWS = (
    Family("linear", "Linear transform codec", "speefeare_core.codecs.linear:LinearCodec"),
    Family(
        "transform",
        "Neural transform codec",
        "speefeare_core.codecs.transform:TransformCodec",
        "related: arXiv 2411.00464, 2504.06561",
    ),
    Family(
        "subframe",
        "Sub-frame codec",
        "speefeare_core.codecs.subframe:SubframeCodec",
        "related: arXiv 2306.00814, 2411.00464",
    ),
    Family("soundstream", "SoundStream", "speefeare_core.codecs.soundstream:SoundStreamCodec", "arXiv 2107.03312"),
    Family("lyra", "Lyra v2", "speefeare_core.codecs.lyra:LyraCodec", "arXiv 2107.03312", ("lyra",)),
    Family("encodec", "EnCodec", "speefeare_core.codecs.encodec:EncodecCodec", "arXiv 2210.13438"),
    Family("dac", "DAC", "speefeare_core.codecs.dac:DacCodec", "arXiv 2306.06546"),
    Family(
        "speechtokenizer",
        "SpeechTokenizer",
        "speefeare_core.codecs.speechtokenizer:SpeechTokenizerCodec",
        "arXiv 2308.16692",
    ),
    Family("mimi", "Mimi", "speefeare_core.codecs.mimi:MimiCodec", "arXiv 2410.00037"),
    Family("xcodec", "X-Codec", "speefeare_core.codecs.xcodec:XCodec", "arXiv 2408.17175"),
    Family("wavtokenizer", "WavTokenizer", "speefeare_core.codecs.wavtokenizer:WavTokenizerCodec", "arXiv 2408.16532"),
    Family("snac", "SNAC", "speefeare_core.codecs.snac:SnacCodec", "arXiv 2410.14411"),
    Family("bigcodec", "BigCodec", "speefeare_core.codecs.bigcodec:BigCodec", "arXiv 2409.05377"),
    Family("vocos", "Vocos for EnCodec codes", "speefeare_core.codecs.vocos:VocosCodec", "arXiv 2306.00814"),
    Family("audiovae", "VoxCPM AudioVAE", "speefeare_core.codecs.audiovae:AudioVaeCodec", "arXiv 2509.24650"),
    Family(
        "opus",
        "Opus (classical baseline)",
        "speefeare_core.codecs.opus:OpusCodec",
        "RFC 6716",
        prefixes=("opus:",),
    ),
    Family(
        "mulaw",
        "µ-law (classical baseline)",
        "speefeare_core.codecs.mulaw:MulawCodec",
        "ITU-T G.711; arXiv 1609.03499",
        prefixes=("mulaw:",),
    ),
    Family(
        "identity",
        "No codec (hidden reference)",
        "speefeare_core.codecs.identity:IdentityCodec",
        prefixes=("identity:",),
    ),
    Family(
        "exported",
        "Exported pair (ONNX)",
        "speefeare_core.codecs.exported:ExportedCodec",
        containers=("exported",),
    ),
)
FAMILIES: dict[str, Family] = {row.key: row for row in _ROWS}

__all__ = ["FAMILIES", "Family"]
