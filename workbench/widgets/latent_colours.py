"""What latents can be coloured by, and the colours that follow from values of frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.point_colours import Colouring

CHOICES = (
    ("by time", "time"),
    ("by loudness", "loudness"),
    ("by pitch", "pitch"),
    ("by error", "error"),
    ("by recording", "clip"),
    ("by speaker", "speaker"),
    ("by phone", "phone"),
    ("by word", "word"),
)
MEASURED = ("loudness", "pitch", "error")
LABELS = {"speaker": "speaker", "phone": "phone", "word": "word"}


class Values(Protocol):
    """Of the frames of one recording."""

    @property
    def title(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def values(self) -> NDArray[Any]: ...
    @property
    def names(self) -> tuple[str, ...]: ...


def colouring_of(key: str, rows: Sequence[Values | None]) -> Colouring:
    """Of each recording its values or None. While none are there, colours mean time."""
    if key == "clip" and len(rows) > 1:
        return Colouring("clip", "Recording", "")
    known = [row for row in rows if row is not None]
    if key in ("time", "clip") or not known:
        return Colouring()
    first = known[0]
    if not any(row.names for row in known):
        values = tuple(None if row is None else np.asarray(row.values) for row in rows)
        return Colouring("number", first.title, first.unit, values, logarithmic=key == "pitch")
    names = tuple(sorted({name for row in known for name in row.names}))
    return Colouring("label", first.title, "", tuple(_renumbered(row, names) for row in rows), names)


def _renumbered(row: Values | None, names: tuple[str, ...]) -> NDArray[Any] | None:
    """Indices into the names of all recordings."""
    if row is None or not row.names:
        return None
    there = {name: index for index, name in enumerate(names)}
    own = np.array([there[name] for name in row.names], np.float32)
    values = np.asarray(row.values)
    known = np.isfinite(values)
    return np.where(known, own[np.where(known, values, 0).astype(int)], np.nan).astype(np.float32)
