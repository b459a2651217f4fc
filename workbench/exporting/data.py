"""A figure as data: CSV and NPZ of what is in sight, in steps so that the window stays alive."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from workbench.widgets.figure import Figure

ROWS = 500  # written in one step


def write_csv(figure: Figure, path: Path) -> Iterator[float]:
    """Names with units in the first row; numbers with a point, fields with commas, as RFC 4180 says."""
    table = figure.table()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table.columns)
        for number, row in enumerate(table.rows, 1):
            writer.writerow(row)
            if number % ROWS == 0:
                yield 0.5  # how many rows there will be is not known
    yield 1.0


def write_npz(figure: Figure, path: Path) -> Iterator[float]:
    """Arrays under names with units, the title and the notes as texts."""
    arrays = figure.arrays()
    yield 0.2
    with path.open("wb") as file:
        np.savez_compressed(
            file, allow_pickle=False, title=np.array(figure.title), notes=np.array(figure.notes), **arrays
        )
    yield 1.0


def table_text(figure: Figure, most: int = 100_000) -> str:
    """The table with tabs, as spreadsheets take it; empty where it has more rows than these."""
    table = figure.table()
    lines = ["\t".join(table.columns)]
    for row in table.rows:
        lines.append("\t".join(map(str, row)))
        if len(lines) > most:
            return ""
    return "\n".join(lines) + "\n"
