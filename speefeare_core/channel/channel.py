"""The channel between encoder and decoder: codes in, the codes that arrive out, frame for frame.

Time is never lost: for a lost frame the codes of the last one that arrived are given, so that the decoder stays in
step, and `conceal` says how loud the sound made of them may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.channel.check import check_settings
from speefeare_core.channel.line import Line
from speefeare_core.channel.loss import PacketLoss
from speefeare_core.channel.settings import CLEAN, ChannelSettings
from speefeare_core.codec import CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError


@dataclass(frozen=True)
class Received:
    """What arrived of n frames."""

    codes: Tensor  # [B, K, n] for the decoder; where lost, what arrived last
    lost: NDArray[np.bool_]  # [n]
    flipped_bits: int  # in frames that arrived
    lost_packets: int  # that begin in these frames


class Channel:
    """A channel for the codes of one codec; of continuous codecs the latents `[B, D, n]`, which can only be lost.

    `settings` may be set between two calls; a book is frozen at the entry that left last. The same seed gives the same
    losses and flips however the frames are cut into calls. Raises `SpeefeareError` for settings that cannot be.
    """

    def __init__(self, info: CodecInfo, settings: ChannelSettings = CLEAN) -> None:
        self.info = info
        self._settings = check_settings(info, settings)
        self._loss = PacketLoss(settings.seed)
        self._lines: dict[int, Line] = {}
        self._none: dict[int, NDArray[np.bool_]] = {}

    @property
    def settings(self) -> ChannelSettings:
        """What happens to the codes; a new seed begins its random numbers anew."""
        return self._settings

    @settings.setter
    def settings(self, settings: ChannelSettings) -> None:
        before, self._settings = self._settings, check_settings(self.info, settings)
        if before.seed != settings.seed:
            self._loss = PacketLoss(settings.seed)
            for index, line in self._lines.items():
                line.reseed((settings.seed, 1 + index))

    def send(self, codes: Tensor) -> Received:
        """Codes (or latents) `[B, K, n]`, all books at one frame rate. K is the same in every call."""
        lost, packets = self._lose(codes.shape[-1])
        count = codes.shape[1] if self.info.books else 0
        arrived, flipped = self._line_of(0, 0, count).send(codes, lost, self._settings)
        return Received(arrived, lost, flipped, packets)

    def send_encoded(self, piece: Encoded) -> tuple[Encoded, Received]:
        """A recording or the next piece of one, books of several frame rates too; side information always arrives.

        A packet holds the codes whose frames begin in it; pieces begin where frames of all books do. Of the `Received`,
        `codes` are the first group's, and `lost` is of the fastest frames. Raises `SpeefeareError` for a codec that
        sends neither codes nor latents.
        """
        if not piece.code_groups:
            if piece.latents is None:
                raise SpeefeareError(f"{self.info.name} sends packets of its own, so nothing can be lost in between.")
            received = self.send(piece.latents)
            return Encoded((), received.codes, piece.length_samples, piece.side), received
        lost, packets = self._lose(max(group.shape[-1] for group in piece.code_groups))
        groups, flipped, first = [], 0, 0
        for index, group in enumerate(piece.code_groups):
            book = self.info.books[first]
            times = max(1, round(self.info.frame_rate_hz / book.frame_rate_hz))
            of_group = lost[np.minimum(times * np.arange(group.shape[-1]), len(lost) - 1)]
            arrived, count = self._line_of(index, first, group.shape[1]).send(group, of_group, self._settings)
            groups.append(arrived)
            flipped += count
            first += group.shape[1]
        return Encoded(tuple(groups), None, piece.length_samples, piece.side), Received(
            groups[0], lost, flipped, packets
        )

    def reset(self) -> None:
        """Back to the beginning: the same random numbers again, nothing held."""
        self._loss = PacketLoss(self._settings.seed)
        self._lines = {}

    def get_state(self) -> dict[str, Any]:
        """A copy of what is carried from call to call, without the settings."""
        lines = {index: (line.first, line.count, line.get_state()) for index, line in self._lines.items()}
        return {"loss": self._loss.get_state(), "lines": lines}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave, here or on another channel of the same codec and seed."""
        self._loss.set_state(state["loss"])
        self._lines = {}
        for index, (first, count, held) in state["lines"].items():
            self._line_of(index, first, count).set_state(held)

    def _lose(self, frames: int) -> tuple[NDArray[np.bool_], int]:
        if self._settings.loss == 0 and self._loss.idle:
            if frames not in self._none:
                self._none = {frames: np.zeros(frames, np.bool_)}
                self._none[frames].flags.writeable = False
            return self._none[frames], 0
        return self._loss.draw(frames, self._settings)

    def _line_of(self, index: int, first: int, count: int) -> Line:
        if index not in self._lines:
            sizes = [book.size for book in self.info.books[first : first + count]]
            self._lines[index] = Line((self._settings.seed, 1 + index), first, sizes)
        return self._lines[index]
