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
    DiscriminatorRow(
        "multi_period",
        "Multi-period",
        "speefeare_core.discriminators.period:MultiPeriodDiscriminator",
        "HiFi-GAN, arXiv 2010.05646, section 2.3; DAC; Vocos",
    ),
    DiscriminatorRow(
        "multi_scale",
        "Multi-scale waveform (HiFi-GAN)",
        "speefeare_core.discriminators.scale:MultiScaleDiscriminator",
        "HiFi-GAN, arXiv 2010.05646, section 2.3; SpeechTokenizer",
    ),
    DiscriminatorRow(
        "ms_stft",
        "Multi-scale complex STFT (EnCodec)",
        "speefeare_core.discriminators.ms_stft:MultiScaleStftDiscriminator",
        "EnCodec, arXiv 2210.13438, section 3.4; encodec/msstftd.py",
    ),
    DiscriminatorRow(
        "multi_band_stft",
        "Multi-band complex STFT (DAC, Vocos)",
        "speefeare_core.discriminators.multi_band:MultiBandStftDiscriminator",
        "DAC, arXiv 2306.06546, section 3.4; Vocos, arXiv 2306.00814",
    ),
    DiscriminatorRow(
        "multi_frequency",
        "Multi-frequency mel (X-Codec)",
        "speefeare_core.discriminators.multi_frequency:MultiFrequencyDiscriminator",
        "X-Codec, arXiv 2408.17175, modules/discriminators/frequency_discriminator.py",
    ),
    DiscriminatorRow(
        "multi_resolution",
        "Multi-resolution magnitude (UnivNet, BigVGAN)",
        "speefeare_core.discriminators.multi_resolution:MultiResolutionDiscriminator",
        "UnivNet, arXiv 2106.07889, section 2.2; BigVGAN, arXiv 2206.04658",
    ),
)
DISCRIMINATORS: dict[str, DiscriminatorRow] = {row.key: row for row in _ROWS}

__all__ = ["DISCRIMINATORS", "DiscriminatorRow"]
