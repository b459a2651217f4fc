"""Notices that a PulseAudio device which was asked for by name is gone.

PulseAudio moves a stream whose sink or source was unplugged to another one and says nothing: a microphone may then hear
the loudspeaker's monitor, and a headset's sound come out of the room's loudspeakers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

LOOK_S = 1.0


class PulseWatch:
    """Looks once a second on a thread of its own until `stop`."""

    def __init__(self, is_there: Callable[[], bool]) -> None:
        self.gone = False
        self._is_there = is_there
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watching a device", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; a look that is under way is not waited for long."""
        self._end.set()
        self._thread.join(0.2)

    def _run(self) -> None:
        while not self._end.wait(LOOK_S):
            if not self._is_there():
                self.gone = True
                return
