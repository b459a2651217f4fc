"""The table of losses. To add one: one file here, one row; recipes name it by its key.

Four kinds, each with one way to be called (audio `[B, C, T]`; a discriminator's outputs as in `discriminators`):
- reconstruction: `loss(decoded, target)` → scalar; built with `rate_hz`
- feature: `loss(real, fake)` on two lists of `DiscriminatorOutput` → scalar
- adversarial: `loss.generator(fake)` and `loss.discriminator(real, fake)` → scalar
- semantic: `loss(taught, features)` of what the codec makes and its teacher hears, both `[B, F, S]` → scalar

What a quantiser or bottleneck reports of itself is no row here: the network computes it (`Reconstruction.own`), and
a recipe weighs it (`own_weights`): commitment, the mean square of latents to their entries, which stay as they are;
codebook, the same the other way round; kl, of a variational bottleneck.
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
    kind: Literal["reconstruction", "feature", "adversarial", "semantic"]
    loader: str
    source: str

    def __call__(self, **options: Any) -> Any:
        """The loss module with these options (see the class). Raises TypeError for an option it does not have."""
        return load_named(self.loader)(**options)


_ROWS = (
    LossRow(
        "time_l1",
        "Samples, mean distance",
        "reconstruction",
        "speefeare_core.losses.waveform:TimeL1Loss",
        "EnCodec, arXiv 2210.13438, section 3.4",
    ),
    LossRow(
        "time_l2",
        "Samples, mean square",
        "reconstruction",
        "speefeare_core.losses.waveform:TimeL2Loss",
        "plain mean square error",
    ),
    LossRow(
        "multiscale_mel",
        "Multi-scale mel (SoundStream)",
        "reconstruction",
        "speefeare_core.losses.reconstruction:MultiScaleMelLoss",
        "SoundStream, arXiv 2107.03312, section III-E",
    ),
    LossRow(
        "encodec_mel",
        "Multi-scale mel (EnCodec)",
        "reconstruction",
        "speefeare_core.losses.encodec_mel:EncodecMelLoss",
        "EnCodec, arXiv 2210.13438, section 3.4; audiocraft, losses/specloss.py",
    ),
    LossRow(
        "dac_mel",
        "Multi-scale mel (DAC, seven windows)",
        "reconstruction",
        "speefeare_core.losses.dac_mel:DacMelLoss",
        "DAC, arXiv 2306.06546, section 3.4; dac/nn/loss.py",
    ),
    LossRow(
        "speechtokenizer_mel",
        "Multi-scale mel (SpeechTokenizer, four windows)",
        "reconstruction",
        "speefeare_core.losses.speechtokenizer_mel:SpeechTokenizerMelLoss",
        "SpeechTokenizer, speechtokenizer/trainer/loss.py; HiFi-GAN, arXiv 2010.05646",
    ),
    LossRow(
        "vocos_mel",
        "Mel (Vocos, WavTokenizer)",
        "reconstruction",
        "speefeare_core.losses.vocos_mel:VocosMelLoss",
        "Vocos, arXiv 2306.00814; WavTokenizer, arXiv 2408.16532",
    ),
    LossRow(
        "mr_stft",
        "Multi-resolution STFT",
        "reconstruction",
        "speefeare_core.losses.resolution_stft:MultiResolutionStftLoss",
        "Yamamoto et al., arXiv 1910.11480, section 3.2; X-Codec",
    ),
    LossRow(
        "sub_band_stft",
        "Sub-band STFT",
        "reconstruction",
        "speefeare_core.losses.sub_band:SubBandStftLoss",
        "Multi-band MelGAN, arXiv 2005.05106, section 3.2; X-Codec",
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
        "SoundStream, arXiv 2107.03312, section III-E; EnCodec, arXiv 2210.13438",
    ),
    LossRow(
        "least_squares",
        "Least squares adversarial, summed",
        "adversarial",
        "speefeare_core.losses.adversarial:LeastSquaresLoss",
        "HiFi-GAN, arXiv 2010.05646; DAC, dac/nn/loss.py",
    ),
    LossRow(
        "mse",
        "Least squares adversarial, averaged",
        "adversarial",
        "speefeare_core.losses.adversarial:MeanSquaresLoss",
        "X-Codec, losses/basic_loss.py",
    ),
    LossRow(
        "d_axis",
        "Distillation along time, dimension by dimension (D-axis)",
        "semantic",
        "speefeare_core.losses.semantic:DAxisLoss",
        "SpeechTokenizer, arXiv 2308.16692, eq. 1",
    ),
    LossRow(
        "t_axis",
        "Distillation frame by frame (T-axis)",
        "semantic",
        "speefeare_core.losses.semantic:TAxisLoss",
        "SpeechTokenizer, speechtokenizer/trainer/loss.py; DistilHuBERT, arXiv 2110.01900",
    ),
    LossRow(
        "cosine",
        "Cosine distance frame by frame",
        "semantic",
        "speefeare_core.losses.semantic:CosineLoss",
        "Moshi, arXiv 2410.00037, section 3.3.2",
    ),
    LossRow(
        "semantic_mse",
        "Mean square of the features",
        "semantic",
        "speefeare_core.losses.semantic:SemanticMseLoss",
        "X-Codec, arXiv 2408.17175, section 3.2",
    ),
)
LOSSES: dict[str, LossRow] = {row.key: row for row in _ROWS}

__all__ = ["LOSSES", "LossRow"]
