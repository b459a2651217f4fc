"""How loud the decoded sound may be around lost frames. Frame for frame, with no delay of its own.

Concealment repeats the codes of the last frame that arrived (the channel does), and fades the sound made of them to
silence within 100 ms, since a held vowel soon sounds like a buzz; ITU-T G.711 Appendix I (1999) fades in the same
manner within 60 ms. Sound that arrives again comes up within 5 ms. Without concealment a lost stretch is silence, with
edges of 2 ms, so that the hole is heard and not a click.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FADE_S, RETURN_S = 0.1, 0.005
EDGE_S = 0.002


class Concealer:
    """The gain over decoded sound of `hop_samples` a frame at `rate_hz`, carried from call to call.

    A fade is a line from 1 to 0 through sin², counted from the sample where it began, so that the gain is the same
    to the bit however the frames are cut into calls.
    """

    def __init__(self, hop_samples: int, rate_hz: int) -> None:
        self._hop = hop_samples
        self._rate_hz = rate_hz
        self.reset()

    def reset(self) -> None:
        """Back to the beginning, before anything arrived."""
        self._heard = False  # whether anything arrived yet; what is lost before that is silence
        self._from = 1.0  # where the fade under way began, 0 to 1
        self._slope = 0.0  # of a sample
        self._since = 0  # samples

    def gain(self, lost: NDArray[np.bool_], conceal: bool) -> NDArray[np.float32] | None:
        """For frames `lost` [n]: the factors [n·hop] for their sound, of any channel; None where all are 1."""
        if self._slope == 0.0 and self._from == 1.0 and not lost.any():
            self._heard = self._heard or len(lost) > 0
            return None
        gains, start = [], 0
        for stop in [*(np.flatnonzero(np.diff(lost)) + 1).tolist(), len(lost)]:
            if stop > start:
                gains.append(self._run((stop - start) * self._hop, bool(lost[start]), conceal))
            start = stop
        return np.concatenate(gains) if gains else None

    def _run(self, samples: int, lost: bool, conceal: bool) -> NDArray[np.float32]:
        """A run of frames that are all lost or all there."""
        if lost and not self._heard:
            self._from, self._slope, self._since = 0.0, 0.0, 0
        self._heard = self._heard or not lost
        seconds = (-FADE_S if conceal else -EDGE_S) if lost else (RETURN_S if conceal else EDGE_S)
        slope = 1.0 / (seconds * self._rate_hz) if self._heard else 0.0
        if slope != self._slope:
            self._from, self._slope, self._since = self._at(self._since), slope, 0
        place = np.clip(self._from + self._slope * np.arange(self._since + 1, self._since + samples + 1), 0.0, 1.0)
        self._since += samples
        if place[-1] in (0.0, 1.0):
            self._from, self._since = float(place[-1]), 0
            self._slope = 0.0 if place[-1] == 1.0 else self._slope
        gain: NDArray[np.float32] = np.square(np.sin(0.5 * np.pi * place)).astype(np.float32)
        return gain

    def _at(self, samples: int) -> float:
        return float(np.clip(self._from + self._slope * samples, 0.0, 1.0))

    def get_state(self) -> dict[str, Any]:
        """A copy, for `set_state`."""
        return {"heard": self._heard, "from": self._from, "slope": self._slope, "since": self._since}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave."""
        self._heard, self._from = state["heard"], state["from"]
        self._slope, self._since = state["slope"], state["since"]
