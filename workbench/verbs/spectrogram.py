"""What a person can do with spectrograms."""

from __future__ import annotations

from speefeare_core.errors import SpeefeareError
from speefeare_core.spectrograms.settings import SpectrogramSettings
from workbench.context import Context
from workbench.engine.topics.spectrogram import SetSpectrogram
from workbench.engine.topics.voice import WantVoice


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


def want_voice(ctx: Context, take: int) -> None:
    """Have pitch and formants of a take measured, where they are neither there nor under way; call it as often as you
    like. Where Praat is not installed, that is told once."""
    state = ctx.voice
    if take in state.voices or take in state.requests or take in state.failed:
        return
    if take in ctx.clip.data.renders and ctx.clip.in_engine and ctx.engine.status == "ready":
        state.requests[take] = ctx.client.send(WantVoice(take))
