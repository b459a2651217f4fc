"""What the takes `number_of("edited", k)` of a clip are decoded from; `Clip.set_edited` takes one."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from speefeare_core.codec import Codec, Encoded
from workbench.engine.server import coding
from workbench.state.takes import Take


class EditedSource(Protocol):
    """Edited codes or latents of the frames that the clip has."""

    @property
    def encoded(self) -> Encoded:
        """The codes after all edits."""
        ...

    def decode(
        self, codec: Codec, take: Take, out: NDArray[np.float32], report: coding.Report
    ) -> Generator[Any, None, None]:
        """Fill `out` `[C, T]` with one take as the codec gives it: its own delay compensated, no level matching."""
        ...


@dataclass(frozen=True)
class EditedCodes:
    """Nothing but other codes: decoded as a whole, like any take."""

    encoded: Encoded

    def decode(
        self, codec: Codec, take: Take, out: NDArray[np.float32], report: coding.Report
    ) -> Generator[Any, None, None]:
        """See `EditedSource`."""
        at = 0

        def write(piece: NDArray[np.float32]) -> None:
            nonlocal at
            out[:, at : at + piece.shape[1]] = piece
            at += piece.shape[1]

        yield from coding.decode_pieces(codec, self.encoded, take, write, report)
