"""`WantVoice`."""

from __future__ import annotations

import math
import time

import numpy as np

from speefeare_core.analysis import formants
from workbench.engine.memory import SharedArray
from workbench.engine.server.answers import Desk
from workbench.engine.server.tasks import Work
from workbench.engine.topics.voice import VoiceReady, WantVoice

SHOW_EVERY_S = 0.25


def work(desk: Desk, number: int, request: WantVoice) -> Work:
    """Piece by piece. Raises `SpeefeareError` where Praat is not installed, or the take is not there."""
    formants.check_installed()
    clip = desk.clip
    yield from clip.make(number, request.take)
    samples, rate = clip.samples(request.take), clip.codec.info.rate_hz
    rows = max(1, math.ceil(samples.shape[1] / rate / formants.STEP_S))
    shared = clip.keep(SharedArray.create((rows, 1 + formants.SHOWN), np.float32), request.take)
    shown = 0.0
    for done in formants.tracking(samples, rate, shared.array):
        if done == rows or time.monotonic() - shown > SHOW_EVERY_S:
            shown = time.monotonic()
            desk.emit(VoiceReady(number, request.take, shared.ref, done, formants.STEP_S))
        yield
