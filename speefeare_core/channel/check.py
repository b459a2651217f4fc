"""What a codec's channel can be set to, as plain sentences. Loads without torch."""

from __future__ import annotations

import math

from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError


def check_settings(info: CodecInfo, settings: ChannelSettings) -> ChannelSettings:
    """Give `settings` back; raise `SpeefeareError` where a value is out of range or `info` has nothing of the kind."""
    for words, share in (("packet loss", settings.loss), ("bit error rate", settings.bit_errors)):
        if not (math.isfinite(share) and 0.0 <= share <= 1.0):
            raise SpeefeareError(f"The {words} is a share from 0 to 1, not {share:g}; 5 % is 0.05.")
    if not (math.isfinite(settings.burst_packets) and settings.burst_packets >= 1.0):
        raise SpeefeareError(
            f"The mean length of a burst is 1 packet or more, not {settings.burst_packets:g}; 1 loses each on its own."
        )
    if settings.packet_frames < 1:
        raise SpeefeareError(f"A packet holds 1 frame or more, not {settings.packet_frames}.")
    if settings.seed < 0:
        raise SpeefeareError(f"A seed is 0 or more, not {settings.seed}.")
    if not info.books and (settings.bit_errors or settings.frozen_books):
        asked = "bits to flip" if settings.bit_errors else "books to freeze"
        raise SpeefeareError(f"{info.name} sends continuous latents and has no {asked}; packets can be lost.")
    missing = [book for book in settings.frozen_books if not 0 <= book < info.depth]
    if missing:
        there = f"books 1 to {info.depth}" if info.depth > 1 else "one book"
        raise SpeefeareError(f"Book {missing[0] + 1} cannot be frozen: {info.name} has {there}.")
    return settings
