"""`SetSpectrogram`."""

from __future__ import annotations

from workbench.engine.server.answers import Desk
from workbench.engine.server.tasks import Work
from workbench.engine.topics.spectrogram import SetSpectrogram


def work(desk: Desk, number: int, request: SetSpectrogram) -> Work:
    """Tell the clip. Raises `SpeefeareError` for settings that there are not."""
    settings = request.settings.checked()
    yield
    desk.clip.set_spectrogram(settings)
