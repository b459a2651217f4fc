"""What the library makes of a signal, and how close a recording comes to it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from speefeare_core import load_codec
from speefeare_core.alignment import estimate_delay

Signal = NDArray[np.float32]


def offline(samples: Signal, depth: int | None) -> Signal:
    """`[T]` → the default codec's decode `[T]`."""
    codec = load_codec("default", "cpu")
    return codec.decode(codec.encode(torch.from_numpy(samples)[None, None]), depth)[0, 0].numpy()


def offline_as_taken(speech: Signal, taken: Signal, written: int) -> Signal:
    """The decode of `speech` cut into frames as a live session cut it, whose last samples `taken` of `written` we have.

    Speech falls into the codec's frames as it happens to begin; the decode depends on where.
    """
    lead = written - len(taken) + estimate_delay(speech, taken, len(taken)).samples
    shift = lead % load_codec("default", "cpu").info.hop_samples
    return offline(np.concatenate([np.zeros(shift, np.float32), speech]), None)[shift:]


def aligned(wanted: Signal, recorded: Signal) -> Signal:
    """The stretch of the recording where `wanted` is heard, to the sample."""
    delay = estimate_delay(wanted, recorded, len(recorded)).samples
    return recorded[delay : delay + len(wanted)]


def snr_db(wanted: Signal, recorded: Signal) -> float:
    """After alignment to the sample, no gain."""
    heard = aligned(wanted, recorded)
    noise = float(np.sum(np.square(wanted[: len(heard)] - heard, dtype=np.float64)))
    return float(10 * np.log10(np.sum(np.square(wanted, dtype=np.float64)) / max(noise, 1e-12)))  # equal: finite
