"""G.722 telephone prompts: headerless, 16 kHz, 64 kbit/s, known only by the ending."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError

G722_RATE_HZ = 16000


def is_g722(path: Path) -> bool:
    """By its ending."""
    return path.suffix.lower() == ".g722"


def g722_length(path: Path) -> int:
    """Samples: two a byte."""
    return 2 * path.stat().st_size


def read_g722(path: Path) -> Samples:
    """Samples [n] float32 at 16 kHz. Raises `SpeefeareError` where it cannot be decoded or `av` is missing."""
    try:
        import av
    except ImportError as error:
        raise SpeefeareError(f"Reading {path} needs the package av: pip install av.") from error
    try:
        with av.open(str(path), format="g722") as container:
            blocks = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    except (av.error.FFmpegError, OSError) as error:
        raise SpeefeareError(f"{path} cannot be read as G.722: {error}.") from error
    if not blocks:
        raise SpeefeareError(f"{path} holds no samples.")
    samples: Samples = np.concatenate(blocks).astype(np.float32) / np.float32(32768)
    return samples
