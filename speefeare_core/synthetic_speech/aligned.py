"""Speech with the phone of every moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.synthetic_speech.inventory import PHONES


@dataclass(frozen=True)
class PhoneSpan:
    """One phone of `inventory.PHONES`, from when to when."""

    phone: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class AlignedSpeech:
    """A synthetic recording and its phones, which follow one another without gaps."""

    samples: Samples  # [T] float32, mono
    rate_hz: int
    phones: tuple[PhoneSpan, ...]
    voice: str  # `synthesiser/voice`
    language: str  # ISO 639-1
    text: str

    @property
    def length_s(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate_hz


def frame_labels(phones: Sequence[PhoneSpan], frames: int, frame_s: float) -> NDArray[np.int64]:
    """`[F]` index into PHONES of the phone in the middle of each frame; silence where there is none."""
    labels = np.zeros(frames, np.int64)
    middles = (np.arange(frames) + 0.5) * frame_s
    for span in phones:
        labels[(middles >= span.start_s) & (middles < span.end_s)] = PHONES.index(span.phone)
    return labels
