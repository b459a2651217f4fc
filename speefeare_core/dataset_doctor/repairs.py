"""What can be mended in a copy of a set. Plain data, so that a window can offer it."""

from __future__ import annotations

REPAIRS = {
    "leave_out": "leave out what is broken, silent, clipped, too short or there twice",
    "dc": "take the mean off",
    "mono": "one channel: that with sound, or the mean",
    "trim": "cut silence at both ends to a quarter of a second",
    "level": "bring every clip to −23 LUFS, peaks below −1 dBFS",
}
