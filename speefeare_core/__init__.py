"""speefeare_core: the neural speech codec library of the speefeare workbench.

Importing it is quick: torch is loaded by the first name that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Audio": "speefeare_core.audio",
    "BookInfo": "speefeare_core.codec",
    "Codec": "speefeare_core.codec",
    "CodecInfo": "speefeare_core.codec",
    "CodecStream": "speefeare_core.stream",
    "Encoded": "speefeare_core.codec",
    "Framer": "speefeare_core.stream",
    "SpeefeareError": "speefeare_core.errors",
    "StreamStep": "speefeare_core.stream",
    "load_codec": "speefeare_core.checkpoints.load",
}

__version__ = "0.1.0"
__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
