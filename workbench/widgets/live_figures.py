"""What the views of Live show, to be taken out: the seconds in sight, the latent trail, the use of the books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.state.live import LiveState
from workbench.widgets.figure import Figure, Table
from workbench.widgets.live_views import LiveViews

Array = NDArray[Any]


def live_figures(live: LiveState, views: LiveViews, notes: tuple[str, ...]) -> tuple[Figure, ...]:
    """One figure for each part of the views that shows something; of the frozen minute the stretch in sight."""
    found = []
    sight = in_sight(live, views)
    if sight and views.scroll.view.lanes:
        titles = ", ".join(lane.title for lane in views.scroll.view.lanes)
        found.append(
            Figure("live", f"Live: {titles}", views.scroll.view, lambda: sight, lambda: table_of(sight), notes)
        )
    trail = views.trail.points
    if len(trail) and "latents" in views.shown:
        points = np.array(trail)
        arrays = {"latent_1": points[:, 0], "latent_2": points[:, 1]}
        table = Table(tuple(arrays), points.tolist())
        found.append(Figure("live_latents", "Live: latents", views.trail, lambda: arrays, lambda: table, notes))
    bars = views.usage.bars
    if len(bars.entropy) and "usage" in views.shown:
        used = {
            "book": np.arange(1, len(bars.entropy) + 1),
            "entropy_bits": np.array(bars.entropy),
            "size_bits": np.array(bars.bits),
        }
        rows = Table(tuple(used), list(zip(*(column.tolist() for column in used.values()), strict=True)))
        faded = (*notes, f"Tokens count half after {views.usage.half_life_s:g} s; {bars.frames:.0f} frames count.")
        found.append(Figure("live_use", "Live: use of the books", bars, lambda: used, lambda: rows, faded))
    return tuple(found)


def in_sight(live: LiveState, views: LiveViews) -> dict[str, Array]:
    """The samples, codes and energies of the seconds that are shown, with their times; empty without a session."""
    seconds = views.scroll.seconds
    frozen = live.frozen
    if frozen is not None:
        first, last = live.stretch
        frames = slice(*(round(at / frozen.rate_hz * frozen.frame_rate_hz) for at in (first, last)))
        taken: Mapping[str, Array | None] = {
            "input": frozen.input[:, first:last].mean(axis=0),
            "output": frozen.output[:, first:last].mean(axis=0),
            "codes": None if frozen.codes is None else frozen.codes[:, frames],
            "residual": None if frozen.residual is None else frozen.residual[:, frames],
        }
        rate, frame_rate = frozen.rate_hz, frozen.frame_rate_hz
    elif live.running:
        rate, frame_rate = live.rate_hz, live.frame_rate_hz
        taken = {
            name: _latest(live.rings.get(name), round(seconds * (rate if name in ("input", "output") else frame_rate)))
            for name in ("input", "output", "codes", "residual")
        }
        taken = {
            name: columns.mean(axis=0) if columns is not None and name in ("input", "output") else columns
            for name, columns in taken.items()
        }
    else:
        return {}
    found: dict[str, Array] = {}
    for name, key, per_second in (("input", "input", rate), ("output", "output", rate), ("codes", "codes", frame_rate),
                                  ("residual", "book_energy", frame_rate)):  # fmt: skip
        columns = taken[name]
        if columns is not None and columns.size and name in views.shown:
            count = columns.shape[-1]
            found["time_s" if per_second == rate else "frame_time_s"] = (np.arange(count) - count) / per_second
            found[key] = columns
    return found


def table_of(arrays: Mapping[str, Array]) -> Table:
    """Tokens frame by frame where there are some; otherwise samples."""
    codes = arrays.get("codes")
    if codes is not None:
        names = ("time_s", *(f"book_{book}" for book in range(1, len(codes) + 1)))
        return Table(names, zip(arrays["frame_time_s"].tolist(), *codes.astype(int).tolist(), strict=True))
    names = tuple(name for name in ("time_s", "input", "output") if name in arrays)
    return Table(names, zip(*(arrays[name].tolist() for name in names), strict=False))


def _latest(ring: object, count: int) -> Array | None:
    latest = getattr(ring, "latest", None)
    return None if latest is None or count <= 0 else np.array(latest(count))
