"""What a file or folder that a person hands over is meant as, told from names alone (the engine looks inside)."""

from __future__ import annotations

from pathlib import Path

from speefeare_core.documents.format import is_document
from speefeare_core.sessions import is_session

SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64", ".rf64")
CODEC_SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".th", ".yaml", ".yml", ".onnx", ".pt2", ".nemo")


def is_codec(path: str | Path) -> bool:
    """Whether it is meant as a codec: a folder or a weights file. Anything else is meant as a clip or a session."""
    path = Path(path)
    if is_session(path):
        return False
    return path.is_dir() or path.suffix.lower() in (*CODEC_SUFFIXES, ".tflite")


def codec_source(path: str | Path) -> str:
    """The source that a codec file means: for one file of a Lyra folder, the folder."""
    path = Path(path)
    return str(path.parent if path.suffix.lower() == ".tflite" else path)


__all__ = ["CODEC_SUFFIXES", "SOUND_SUFFIXES", "codec_source", "is_codec", "is_document", "is_session"]
