"""From the codec's sound to the loudspeaker's: mix with the dry input, gains, limiter, mute, and what may take over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.engine.protocol import SetLive, StartLive
from workbench.engine.server.limiter import CEILING, Limiter
from workbench.engine.server.live_hooks import OutputOverride
from workbench.engine.server.ramp import Ramp

Samples = NDArray[np.float32]


class LiveMix:
    """Everything on the live thread, one step after the other. `delay_samples`: how late the codec's sound is.

    `fade_in`: the input comes up from silence, where it would begin in the middle of a word, which is a click.
    """

    def __init__(
        self,
        rate_hz: int,
        channels: int,
        delay_samples: int,
        request: StartLive,
        bypass: bool = False,
        fade_in: bool = False,
    ) -> None:
        self._input_gain = Ramp(0.0 if fade_in else factor(request.input_gain_db), rate_hz)
        self._input_gain.target = factor(request.input_gain_db)
        self._output_gain = Ramp(factor(request.output_gain_db), rate_hz)
        self._mix = _checked_mix(request.mix)
        self._bypass = bypass
        self._wet = Ramp(self._wet_target, rate_hz)
        self._open = Ramp(0.0 if request.muted else 1.0, rate_hz)
        self._taken_over = Ramp(0.0, rate_hz)
        self._override: OutputOverride | None = None
        self._dry: Samples = np.zeros((channels, delay_samples), np.float32)
        self._limiter = Limiter(rate_hz)

    # -- what can be changed ----------------------------------------------------------------------------------------
    def change(self, request: SetLive) -> None:
        """Between steps; what is not None, along ramps."""
        if request.muted is not None:
            self._open.target = 0.0 if request.muted else 1.0
        if request.bypass is not None:
            self._bypass = request.bypass
        if request.mix is not None:
            self._mix = _checked_mix(request.mix)
        self._wet.target = self._wet_target
        if request.input_gain_db is not None:
            self._input_gain.target = factor(request.input_gain_db)
        if request.output_gain_db is not None:
            self._output_gain.target = factor(request.output_gain_db)

    @property
    def _wet_target(self) -> float:
        return 0.0 if self._bypass else self._mix

    @property
    def muted(self) -> bool:
        """Whether it is muted, or on its way there."""
        return self._open.target == 0.0

    def mute(self) -> None:
        """Along its ramp."""
        self._open.target = 0.0

    def override(self, speaker: OutputOverride | None) -> None:
        """Who speaks instead; None: the live sound again."""
        if speaker is not None:
            self._override = speaker
        self._taken_over.target = 0.0 if speaker is None else 1.0

    @property
    def limited_db(self) -> float:
        """How far the limiter turned the last step down, at most."""
        return self._limiter.reduction_db

    # -- a step -----------------------------------------------------------------------------------------------------
    def take(self, block: Samples) -> Samples:
        """The input of a step `[C, n]` → what the codec gets."""
        if self._override is not None:
            self._override.hear(block)
        return block * self._input_gain.next(block.shape[1])

    def shown(self, block: Samples, decoded: Samples) -> Samples:
        """What `take` gave and what the codec made of it → the output as the views show it, muted or not."""
        return self._limiter.limit(self._mixed(block, decoded) * self._output_gain.next(block.shape[1]))

    def heard(self, out: Samples) -> Samples:
        """What `shown` gave → what the loudspeaker gets."""
        heard = out * self._open.next(out.shape[1])
        if self._override is None:
            return heard
        instead = self._override.replace(out)
        if instead is None:
            self._taken_over.target = 0.0
            instead = np.zeros_like(out)
        share = self._taken_over.next(out.shape[1])
        if self._taken_over.settled and self._taken_over.target == 0.0:
            self._override = None
        return heard * (1 - share) + np.clip(instead, -CEILING, CEILING) * share

    def _mixed(self, block: Samples, decoded: Samples) -> Samples:
        joined = np.concatenate([self._dry, block], axis=1)
        dry, self._dry = joined[:, : block.shape[1]], joined[:, block.shape[1] :]
        if self._wet.settled and self._wet.target == 1.0:
            return decoded
        wet = self._wet.next(block.shape[1])
        mixed: Samples = (decoded * wet + dry * (1 - wet)).astype(np.float32, copy=False)
        return mixed


def factor(gain_db: float) -> float:
    """A gain in dB as a factor."""
    return float(10 ** (gain_db / 20))


def _checked_mix(mix: float) -> float:
    return min(1.0, max(0.0, float(mix)))
