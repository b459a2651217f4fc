"""The table of discriminators. To add one: one file here, one row; recipes name it by its key.

Every discriminator maps audio `[B, C, T]` to a list of `DiscriminatorOutput`, one for each of its sub-discriminators;
the lists of several discriminators are simply joined before the losses see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speefeare_core.lazy import load_named


@dataclass(frozen=True)
class DiscriminatorRow:
    """One discriminator; calling the row builds it. `loader` names `module:Class`, imported only when needed."""

    key: str
    title: str
    loader: str
    source: str

    def __call__(self, **options: Any) -> Any:
        """The discriminator with these options (see the class). Raises TypeError for one that it does not have."""
        return load_named(self.loader)(**options)


_ROWS = (
    DiscriminatorRow(
        "multiscale_wave",
        "Multi-scale waveform",
        "speefeare_core.discriminators.wave:MultiScaleWaveDiscriminator",
        "MelGAN, arXiv 1910.06711; SoundStream, arXiv 2107.03312, section III-D",
    ),
    DiscriminatorRow(
        "complex_stft",
        "Complex STFT",
        "speefeare_core.discriminators.stft:ComplexStftDiscriminator",
        "SoundStream, arXiv 2107.03312, section III-D",
    ),
)
DISCRIMINATORS: dict[str, DiscriminatorRow] = {row.key: row for row in _ROWS}

__all__ = ["DISCRIMINATORS", "DiscriminatorRow"]
