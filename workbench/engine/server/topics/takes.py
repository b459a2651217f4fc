"""`MeasureRenders`."""

from __future__ import annotations

from workbench.engine.server import measures
from workbench.engine.server.answers import Desk
from workbench.engine.server.tasks import Work
from workbench.engine.topics.takes import MeasureRenders, RenderMeasured


def measure(desk: Desk, number: int, request: MeasureRenders) -> Work:
    """One after the other; a take that went meanwhile is left out."""
    clip = desk.clip
    for take in request.numbers:
        yield
        told = clip.told.get(take)
        if told is None:
            continue
        found = yield from measures.measures(clip.samples(0), clip.samples(take), clip.codec.info.rate_hz, told.gain_db)
        desk.emit(RenderMeasured(number, take, told.bitrate_kbps, found.si_sdr_db, found.snr_db, found.mel_distance_db))
