"""What is new in the taps since each view last looked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray


class Tap(Protocol):
    """A ring of columns that somebody else writes."""

    @property
    def written(self) -> int:
        """Columns since the start."""

    def read_since(self, position: int) -> tuple[NDArray[Any], int]:
        """Columns from a position on, as far as they are still there, and the new position."""


class LiveFeed:
    """Each view reads at its own pace; one that is hidden reads nothing."""

    def __init__(self) -> None:
        self._taps: Mapping[str, object] = {}
        self._at: dict[tuple[str, str], int] = {}

    def attach(self, taps: Mapping[str, object]) -> bool:
        """The taps of the session; True where they are others than before, which all views then read from the start."""
        if taps is self._taps:
            return False
        self._taps, self._at = taps, {}
        return True

    def has(self, tap: str) -> bool:
        """Whether there is such a tap."""
        return self._tap(tap) is not None

    def _tap(self, name: str) -> Tap | None:
        ring = self._taps.get(name)
        return cast(Tap, ring) if hasattr(ring, "read_since") else None

    def new(self, view: str, tap: str) -> NDArray[Any] | None:
        """Columns `[R, n]` that this view has not seen, or None where there are none, or none that can be shown."""
        ring = self._tap(tap)
        if ring is None:
            return None
        seen = self._at.get((view, tap), 0)
        if ring.written == seen:
            return None
        columns, self._at[view, tap] = ring.read_since(seen)
        return columns if columns.shape[1] and np.isfinite(columns).all() else None

    def rewind(self, view: str, tap: str, columns: int) -> None:
        """Let the view read the last `columns` again."""
        ring = self._tap(tap)
        if ring is not None:
            self._at[view, tap] = max(0, ring.written - columns)

    def skip(self, view: str, tap: str) -> None:
        """Let the view miss what it has not seen."""
        self.rewind(view, tap, 0)
