"""Drawing: our widgets against pyqtgraph's stock items, frame by frame in turns, and an hour's spectrogram computed.

    QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 python -m tests.benchmarks.draw             # every row, about 3 min
    … --only scroll,zoom_spec --frames 120
    … --write                                   # keep the figures in resources/benchmarks/draw.json and .md

Offscreen raster, 1280 × 600, one device pixel a unit. Both sides draw the same data; their frames alternate, so that
whatever else the machine does hits both alike, and what counts is processor time of the thread that draws
(`time.thread_time`). `ratio` is the median of their frames over the median of ours. Every frame shows something new
(columns, another range), so that nothing is drawn from a cache. Other programs that share the processor's caches slow
both sides down; of `--rounds` rounds the one counts in which both sides together took least. The hour is computed by
the engine's code in a process of its own: processor time of everything, memory beyond the samples, and how long the
first picture of the whole hour takes. Nothing here is part of the test suite but a smoke test.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QApplication

from speefeare_core.benchmark.machine import machine
from tests.benchmarks.draw_matches import HOUR_S, MATCHES, RATE, Match, Side, every_widget
from tests.benchmarks.hour import HourFigures
from workbench.widgets.scroll_view import ScrollView

WARM_UP = 3
FOLDER = Path(__file__).parents[2] / "resources" / "benchmarks"


@dataclass(frozen=True)
class Row:
    """Processor time of frames, in ms."""

    key: str
    title: str
    goal: str
    frames: int
    median_ms: float
    p95_ms: float
    worst_ms: float
    their_median_ms: float | None
    ratio: float | None
    met: bool | None  # None: there is no goal
    note: str


class Paints(QObject):
    """Counts how often the widgets of a side are painted."""

    def __init__(self, side: Side) -> None:
        super().__init__()
        self.count = 0
        for widget in side.widgets:
            getattr(widget, "viewport", lambda widget=widget: widget)().installEventFilter(self)
            for child in widget.findChildren(ScrollView):
                child.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def measure(match: Match, frames: int, size: float = 1.0, rounds: int = 1) -> Row:
    """Frames of both sides in turns. Raises RuntimeError where a frame was not painted."""
    ours = match.ours(size)
    theirs = None if match.theirs is None else match.theirs(size)
    try:
        QApplication.processEvents()  # on screen from now on
        for side in filter(None, (ours, theirs)):
            _warm_up(match, side)
        every = [_round(ours, theirs, frames) for _ in range(rounds)]
        mine, others = min(every, key=lambda taken: sum(float(np.median(side)) for side in taken if side))
    finally:
        for widget in every_widget(ours, theirs):
            widget.close()
            widget.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    median = float(np.median(mine))
    their_median = float(np.median(others)) if others else None
    ratio = None if their_median is None else their_median / median
    goals = [median <= match.most_ms] if match.most_ms is not None else []
    goals += [ratio >= match.least_ratio] if match.least_ratio is not None and ratio is not None else []
    return Row(
        match.key, match.title, match.goal, frames, median, float(np.percentile(mine, 95)), max(mine), their_median,
        ratio, any(goals) if goals else None, match.note,
    )  # fmt: skip


def _warm_up(match: Match, side: Side) -> None:
    """Frames that do not count, each of which must really be painted. Raises RuntimeError where one is not."""
    paints = Paints(side)
    for index in range(WARM_UP):
        before = paints.count
        side.frame(index)
        if paints.count == before:
            raise RuntimeError(f"{match.key}: a frame was not painted")
    paints.deleteLater()


def _round(ours: Side, theirs: Side | None, frames: int) -> tuple[list[float], list[float]]:
    mine: list[float] = []
    others: list[float] = []
    for index in range(frames):
        mine.append(_timed(ours, index + WARM_UP))
        if theirs is not None and (theirs.frames is None or index < theirs.frames):
            others.append(_timed(theirs, index + WARM_UP))
    return mine, others


def _timed(side: Side, index: int) -> float:
    start = time.thread_time()
    side.frame(index)
    return 1000 * (time.thread_time() - start)


def measure_hour(seconds: float = HOUR_S) -> HourFigures:
    """The spectrogram of an hour in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.hour", str(seconds), str(RATE)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    return HourFigures(**json.loads(done.stdout))


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = [
        "| what is drawn | median | p95 | worst | pyqtgraph | ratio | goal | met |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        theirs = "–" if row.their_median_ms is None else f"{row.their_median_ms:.2f} ms"
        ratio = "–" if row.ratio is None else f"{row.ratio:.1f}"
        met = "–" if row.met is None else "yes" if row.met else "no"
        note = f" ({row.note})" if row.note else ""
        lines.append(
            f"| {row.title}{note} | {row.median_ms:.2f} ms | {row.p95_ms:.2f} | {row.worst_ms:.2f} | {theirs} | {ratio}"
            f" | {row.goal} | {met} |"
        )
    return "\n".join(lines)


def hour_table(hour: HourFigures) -> str:
    """Markdown."""
    return "\n".join(
        [
            "| spectrogram and pyramid of 1 h, 24 kHz, transform 1024, hop 256 | measured | goal |",
            "|---|---|---|",
            f"| processor time | {hour.cpu_s:.2f} s | ≤ 4 s |",
            f"| memory beyond the samples | {hour.extra_mb:.0f} MB | ≤ 300 MB |",
            f"| of that, columns and levels | {hour.result_mb:.0f} MB | |",
            f"| first picture of the whole | {hour.first_cpu_s:.3f} s processor time, {hour.first_s:.3f} s | ≤ 0.5 s |",
        ]
    )


def write(rows: Sequence[Row], hour: HourFigures | None, place: dict[str, Any], folder: Path) -> None:
    """`draw.json` and `draw.md`."""
    folder.mkdir(exist_ok=True, parents=True)
    data = {"machine": place, "rows": [asdict(row) for row in rows], "hour": None if hour is None else asdict(hour)}
    (folder / "draw.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    where = f"{place['processor']}, {place['cores']} cores, load {place['load_average']:.1f} before it began"
    how = "Written by `python -m tests.benchmarks.draw --write`; its docstring says what is measured and how."
    text = f"# Drawing, ours and pyqtgraph's\n\n{where}. {how}\n\n{table(rows)}\n"
    if hour is not None:
        text += f"\n{hour_table(hour)}\n"
    (folder / "draw.md").write_text(text, encoding="utf-8")


def main(argv: list[str] | None = None, matches: Sequence[Match] = MATCHES, size: float = 1.0) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="keys, separated by commas: hour, " + ", ".join(row.key for row in matches))
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", nargs="?", type=Path, const=FOLDER, help="keep the figures (resources/benchmarks)")
    args = parser.parse_args(argv)
    known = {row.key: row for row in matches}
    keys = ["hour", *known] if args.only is None else args.only.split(",")
    unknown = [key for key in keys if key not in known and key != "hour"]
    if unknown:
        parser.error(f"there is no {unknown[0]}; choose from hour, {', '.join(known)}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    place = machine()  # with the load before it begins
    app = QApplication.instance() or QApplication(sys.argv[:1])
    hours = [measure_hour(HOUR_S * size) for _ in range(args.rounds if "hour" in keys else 0)]
    hour = min(hours, key=lambda run: run.cpu_s, default=None)
    rows = []
    for key in (key for key in keys if key != "hour"):
        rows.append(measure(known[key], args.frames, size, args.rounds))
        print(f"{key} is done", file=sys.stderr, flush=True)
    if args.write:
        write(rows, hour, place, args.write)
    print(table(rows))
    if hour is not None:
        print(f"\n{hour_table(hour)}")
    assert app is not None
    return 0


if __name__ == "__main__":
    sys.exit(main())
