"""The table of codec families. To add a codec: one file here, one row, one parity test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speefeare_core.lazy import load_named


@dataclass(frozen=True)
class Family:
    """One codec family. `loader` names `module:Class`; the module is imported only when it is needed.

    The class has `from_native(native: NativeFile) -> Codec` and `to_native(self) -> NativeFile` for the project's own
    files, and, where `containers` names one, `from_folder(path) -> Codec` for the official files.
    """

    key: str
    title: str
    loader: str
    paper: str = ""
    containers: tuple[str, ...] = ()  # keys of checkpoints.sniff: which official containers it loads

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
    Family("soundstream", "SoundStream", "speefeare_core.codecs.soundstream:SoundStreamCodec", "arXiv 2107.03312"),
    Family("lyra", "Lyra v2", "speefeare_core.codecs.lyra:LyraCodec", "arXiv 2107.03312", ("lyra",)),
    Family("opus", "Opus (classical baseline)", "speefeare_core.codecs.opus:OpusCodec", "RFC 6716"),
)
FAMILIES: dict[str, Family] = {row.key: row for row in _ROWS}

__all__ = ["FAMILIES", "Family"]
