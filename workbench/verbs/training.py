"""Training runs: which are known, how they do, and what can be done with them."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from speefeare_core.training.run_log import RunFolder
from workbench import commands
from workbench.context import Context
from workbench.state.runs import Run

SCAN_S = 2.0  # from one look for run folders to the next
ACTIVE_S, RESTING_S = 0.25, 2.0  # from one look at a run to the next
BUDGET_S = 0.004  # of a frame


def runs_folder(ctx: Context) -> Path:
    """Where new runs go."""
    return Path(ctx.settings.runs_folder or Path.home() / "Speefeare runs")


# -- looking ------------------------------------------------------------------------------------------------------
def poll(ctx: Context, now: float | None = None) -> None:
    """Called by the frame clock: look for run folders, and read on in some logs, for a few milliseconds at most."""
    now = time.monotonic() if now is None else now
    state, end = ctx.runs, time.perf_counter() + BUDGET_S
    if now >= state.next_scan:
        state.next_scan = now + SCAN_S
        state.set_runs(_known(ctx))
    for run in sorted(state.runs.values(), key=lambda run: run.next_look):
        if run.next_look > now or time.perf_counter() >= end:
            break
        run.next_look = now + (ACTIVE_S if run.active or run.folder == state.chosen else RESTING_S)
        _look(ctx, run)


def _look(ctx: Context, run: Run) -> None:
    went_on = run.tail.read()
    if went_on:
        run.next_look = 0.0  # there may be more
    ctx.runs.set_status(run.folder, _status(run))
    if went_on:
        ctx.runs.moved.emit(run.folder)


def _known(ctx: Context) -> list[str]:
    """Folders of the runs folder that hold a run, and those that were opened from elsewhere; the newest first."""
    found: dict[str, float] = {}
    with contextlib.suppress(OSError):
        for entry in os.scandir(runs_folder(ctx)):
            if entry.is_dir() and is_run(entry.path):
                found[entry.path] = _born(entry.path)
    for folder in ctx.settings.runs:
        if is_run(folder):
            found[folder] = _born(folder)
    return sorted(found, key=lambda folder: (-found[folder], folder))


def _born(folder: str) -> float:
    try:
        return (Path(folder) / "config.yaml").stat().st_mtime
    except OSError:
        return 0.0


def is_run(folder: str | Path) -> bool:
    """Whether a folder holds a training run."""
    run = RunFolder(Path(folder))
    return run.config.is_file() or run.events.is_file() or run.process.is_file()


def _status(run: Run) -> str:
    files, ended = RunFolder(Path(run.folder)), run.summary.ended
    try:
        process: dict[str, Any] = json.loads(files.process.read_text(encoding="utf-8"))
        os.kill(int(process["pid"]), 0)
        alive = True
    except (OSError, ValueError, KeyError, TypeError):
        alive = False
    if not alive:
        return ended or ("interrupted" if run.tail.offset else "new")
    if files.stop.exists():
        return "stopping"
    return "running" if run.summary.begun else "starting"


# -- choosing -----------------------------------------------------------------------------------------------------
def choose_run(ctx: Context, folder: str | Path) -> None:
    """Look at a run."""
    ctx.runs.choose(str(folder))


def lay_beside(ctx: Context, folder: str | Path, on: bool = True) -> None:
    """Lay a run over the one that is looked at, or take it away."""
    ctx.runs.lay_beside(str(folder), on)


def add_run(ctx: Context, folder: str | Path) -> None:
    """Take in a run folder from anywhere, and look at it."""
    path = str(Path(folder).expanduser().absolute())
    if not is_run(path):
        ctx.engine.add_message(f"{path} holds no training run: there is no config.yaml and no events.jsonl in it.")
        return
    if Path(path).parent != runs_folder(ctx) and path not in ctx.settings.runs:
        ctx.settings.runs = (path, *ctx.settings.runs)
        ctx.settings.save()
    ctx.runs.set_runs(_known(ctx))
    ctx.runs.choose(path)


def open_in_workbench(ctx: Context, folder: str | Path, file: str = "") -> None:
    """Load the newest codec of a run (or this file of its folder) into every other panel."""
    run = ctx.runs.runs.get(str(folder)) or Run(str(folder))
    path = Path(run.folder) / file if file else run.codec_file
    if path is None or not path.is_file():
        ctx.engine.add_message(f"{run.name} has no codec to open yet; the first one comes with its first checkpoint.")
        return
    commands.load_codec(ctx, path, ctx.settings.compute_device)


def stop_run(ctx: Context, folder: str | Path) -> None:
    """Have a run save and end after its present step; it can go on later."""
    try:
        RunFolder(Path(folder)).request_stop()
    except OSError as error:
        ctx.engine.add_message(f"{folder} cannot be asked to stop: {error.strerror or error}.")
