"""Which packets are lost: Gilbert's two states, of which losses that know nothing of each other are a special case.

E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39 (1960), 1253–1265, in its simple
form for packets: in the good state all arrive, in the bad state none. With P the chance to become bad and Q the chance
to become good again, a run of losses is 1/Q packets long on average, and P / (P + Q) of all packets are lost.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.channel.settings import ChannelSettings


def transitions(loss: float, burst_packets: float) -> tuple[float, float]:
    """P (good → bad) and Q (bad → good) for a share of lost packets and a mean run of `burst_packets` losses.

    Independent losses have runs of 1 / (1 - loss) packets, P = loss and Q = 1 - loss. Shorter runs would be rarer
    neighbours than chance gives, so that is the least.
    """
    if loss >= 1.0:
        return 1.0, 0.0
    back = min(1.0 / burst_packets, 1.0 - loss)
    return loss * back / (1.0 - loss), back


class PacketLoss:
    """Draws packet after packet, one number each, so that the same seed loses the same packets however they come."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._lost: bool | None = None  # the packet that is under way; None: none was drawn yet
        self._left = 0  # of its frames

    @property
    def idle(self) -> bool:
        """No packet is under way."""
        return self._lost is None

    def draw(self, frames: int, settings: ChannelSettings) -> tuple[NDArray[np.bool_], int]:
        """The next `frames` frames: which are lost, bool [frames], and how many lost packets begin among them."""
        lost = np.zeros(frames, np.bool_)
        if settings.loss == 0:
            self._lost, self._left = None, 0
            return lost, 0
        to_bad, to_good = transitions(settings.loss, settings.burst_packets)
        packets = done = 0
        while done < frames:
            if self._left == 0:
                self._left = settings.packet_frames
                bad = settings.loss if self._lost is None else 1.0 - to_good if self._lost else to_bad
                self._lost = bool(self._random.random() < bad)
                packets += self._lost
            count = min(self._left, frames - done)
            lost[done : done + count] = bool(self._lost)
            self._left -= count
            done += count
        return lost, packets

    def get_state(self) -> dict[str, Any]:
        """A copy, for `set_state`."""
        return {"random": copy.deepcopy(self._random.bit_generator.state), "lost": self._lost, "left": self._left}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave."""
        self._random.bit_generator.state = copy.deepcopy(state["random"])
        self._lost, self._left = state["lost"], state["left"]
