"""What happens to the codes on their way. Plain data, loads without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChannelSettings:
    """Losses are of whole packets of `packet_frames` frames; `burst_packets` is the mean length of a run of losses."""

    loss: float = 0.0  # share of packets that are lost, 0 to 1
    burst_packets: float = 1.0  # 1: every packet on its own (Bernoulli); above: Gilbert's two states
    packet_frames: int = 1
    conceal: bool = True  # fill what is lost in; else the listener hears silence for it
    bit_errors: float = 0.0  # share of the bits of the codes that are flipped
    frozen_books: tuple[int, ...] = ()  # these keep the entry that they have now
    seed: int = 0

    @property
    def clean(self) -> bool:
        """Nothing happens to the codes."""
        return self.loss == 0 and self.bit_errors == 0 and not self.frozen_books


CLEAN = ChannelSettings()
