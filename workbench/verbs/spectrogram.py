"""What a person can do with spectrograms."""

from __future__ import annotations

from speefeare_core.errors import SpeefeareError
from speefeare_core.spectrograms.settings import SpectrogramSettings
from workbench.context import Context
from workbench.engine.topics.spectrogram import SetSpectrogram


def set_spectrogram(ctx: Context, settings: SpectrogramSettings) -> None:
    """Have all spectrograms made so from now on; those of the open clip are void. Settings that there are not are told
    and change nothing."""
    try:
        settings.checked()
    except SpeefeareError as error:
        ctx.engine.add_message(str(error))
        return
    if settings == ctx.spectrogram.settings:
        return
    ctx.clip.data.spectrograms.clear()
    if ctx.clip.in_engine and ctx.engine.status == "ready":
        ctx.client.send(SetSpectrogram(settings))
    ctx.spectrogram.set(settings)
