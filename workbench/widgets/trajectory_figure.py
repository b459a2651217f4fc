"""Paths through latent space as arrays and as a table: what is in sight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.figure import Cell, Table
from workbench.widgets.point_colours import Colouring
from workbench.widgets.trajectory import Trajectory

Array = NDArray[Any]


def frames_in_sight(paths: tuple[Trajectory, ...], time_range: tuple[float, float]) -> list[tuple[int, int]]:
    """[first, last) of each recording: of the clip (the first) the visible time, of others all."""
    return [path.frames_in(*time_range) if not index else (0, len(path)) for index, path in enumerate(paths)]


def arrays(
    paths: tuple[Trajectory, ...], colouring: Colouring, time_range: tuple[float, float]
) -> dict[str, NDArray[Any]]:
    """`time_s`, `before`, `after` and the values that colour them; of further recordings with 2, 3 … at the end."""
    found: dict[str, NDArray[Any]] = {"axis_names": np.array(paths[0].axis_names if paths else ())}
    for index, (path, (first, last)) in enumerate(zip(paths, frames_in_sight(paths, time_range), strict=True)):
        end = f"_{index + 1}" if index else ""
        found[f"name{end}"] = np.array(path.name)
        found[f"time_s{end}"] = np.arange(first, last) / path.frame_rate_hz
        found[f"before{end}"] = np.asarray(path.before[first:last])
        if path.after is not None:
            found[f"after{end}"] = np.asarray(path.after[first:last])
        row = colouring.values[index] if index < len(colouring.values) else None
        if row is not None:
            found[f"{value_name(colouring)}{end}"] = np.asarray(row[first:last])
    if colouring.names:
        found["names"] = np.array(colouring.names)
    return found


def table(paths: tuple[Trajectory, ...], colouring: Colouring, time_range: tuple[float, float]) -> Table:
    """One row a frame."""
    width = paths[0].dimensions if paths else 2
    axes = [f"before_{axis}" for axis in range(1, width + 1)]
    after = [f"after_{axis}" for axis in range(1, width + 1)] if any(path.after is not None for path in paths) else []
    value = [value_name(colouring)] if any(row is not None for row in colouring.values) else []
    return Table(("recording", "frame", "time_s", *axes, *after, *value), _rows(paths, colouring, time_range))


def value_name(colouring: Colouring) -> str:
    """With its unit: "loudness_lufs"."""
    unit = f"_{colouring.unit.lower()}" if colouring.unit else ""
    return f"{colouring.title.lower().replace(' ', '_')}{unit}"


def _rows(
    paths: tuple[Trajectory, ...], colouring: Colouring, time_range: tuple[float, float]
) -> Iterator[tuple[Cell, ...]]:
    quantised = any(path.after is not None for path in paths)
    valued = any(row is not None for row in colouring.values)
    for index, (path, (first, last)) in enumerate(zip(paths, frames_in_sight(paths, time_range), strict=True)):
        row = colouring.values[index] if index < len(colouring.values) else None
        for frame in range(first, last):
            cells: list[Cell] = [path.name, frame, frame / path.frame_rate_hz, *map(float, path.before[frame])]
            if quantised:
                there = path.after is not None and frame < len(path.after)
                cells += map(float, path.after[frame]) if there and path.after is not None else [""] * path.dimensions
            if valued:
                known = row is not None and frame < len(row) and np.isfinite(row[frame])
                number = float(row[frame]) if known and row is not None else None
                cells.append("" if number is None else colouring.names[int(number)] if colouring.names else number)
            yield tuple(cells)
