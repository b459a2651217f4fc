"""The table of losses. To add one: one file here, one row; recipes name it by its key.

Three kinds, each with one way to be called (audio `[B, C, T]`; a discriminator's outputs as in `discriminators`):
- reconstruction: `loss(decoded, target)` → scalar
- feature: `loss(real, fake)` on two lists of `DiscriminatorOutput` → scalar
- adversarial: `loss.generator(fake)` and `loss.discriminator(real, fake)` → scalar
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from speefeare_core.lazy import load_named


@dataclass(frozen=True)
class LossRow:
    """One loss; calling the row builds it. `loader` names `module:Class`, imported only when it is needed."""

    key: str
    title: str
    kind: Literal["reconstruction", "feature", "adversarial"]
    loader: str
    source: str

    def __call__(self, **options: Any) -> Any:
        """The loss module with these options (see the class). Raises TypeError for an option it does not have."""
        return load_named(self.loader)(**options)


_ROWS = (
    LossRow(
        "multiscale_mel",
        "Multi-scale mel spectrogram",
        "reconstruction",
        "speefeare_core.losses.reconstruction:MultiScaleMelLoss",
        "SoundStream, arXiv 2107.03312, section III-E",
    ),
    LossRow(
        "companded_stft",
        "Power-compressed complex STFT",
        "reconstruction",
        "speefeare_core.losses.spectral:CompandedStftLoss",
        "Wilson et al., arXiv 1811.08521",
    ),
    LossRow(
        "loudness_disturbance",
        "Loudness disturbance (a relative of PESQ)",
        "reconstruction",
        "speefeare_core.losses.loudness:LoudnessDisturbanceLoss",
        "after ITU-T P.862 and P.862.2",
    ),
    LossRow(
        "log_mel",
        "Logarithmic mel spectrum at several windows",
        "reconstruction",
        "speefeare_core.losses.spectral:LogMelLoss",
        "after DAC, arXiv 2306.06546, section 3.4",
    ),
    LossRow(
        "feature_matching",
        "Feature matching",
        "feature",
        "speefeare_core.losses.feature_matching:FeatureMatchingLoss",
        "MelGAN, arXiv 1910.06711; SoundStream, arXiv 2107.03312, section III-E",
    ),
    LossRow(
        "hinge",
        "Hinge adversarial",
        "adversarial",
        "speefeare_core.losses.adversarial:HingeLoss",
        "SoundStream, arXiv 2107.03312, section III-E",
    ),
)
LOSSES: dict[str, LossRow] = {row.key: row for row in _ROWS}

__all__ = ["LOSSES", "LossRow"]
