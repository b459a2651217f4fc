"""Training runs: which are known, how they do, and what can be done with them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.queue import queue_entries
from speefeare_core.training.jobs.spec import value_text
from speefeare_core.training.jobs.status import is_run, run_status
from speefeare_core.training.run_log import RunFolder
from workbench.context import Context
from workbench.engine.errands import Answer
from workbench.state.runs import Run

SCAN_S = 2.0  # from one look for run folders to the next
ACTIVE_S, RESTING_S = 0.25, 2.0  # from one look at a run to the next
BUDGET_S = 0.004  # of a frame
TOLD = ("finished", "failed", "interrupted")  # what is said aloud when a run that was at work comes to it


def runs_folder(ctx: Context) -> Path:
    """Where new runs go."""
    return Path(ctx.settings.runs_folder or Path.home() / "Speefeare runs")


def set_runs_folder(ctx: Context, folder: str | Path) -> None:
    """Look for runs here, and put new ones here."""
    ctx.settings.runs_folder = str(Path(folder).expanduser().absolute())
    ctx.settings.save()
    ctx.runs.next_scan = 0.0
    ctx.draft.changed.emit()


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
    was_active = run.active
    if not is_run(Path(run.folder)):
        ctx.runs.set_runs([folder for folder in ctx.runs.runs if folder != run.folder])
        return
    with contextlib.suppress(SpeefeareError):  # the folder is gone: the next scan sees that
        status = run_status(Path(run.folder), run.summary)
        ctx.runs.set_status(run.folder, status.state, status.words, status.recipe)
    if run.active and not ctx.runs.chosen:
        ctx.runs.choose(run.folder)  # what is at work is looked at where nothing else is
    if was_active and run.status in TOLD:
        ctx.engine.add_message(f"{run.name}: {run.words}")
    if went_on:
        ctx.runs.moved.emit(run.folder)


def _known(ctx: Context) -> list[str]:
    """Folders of the runs folder that hold a run, and those that were opened from elsewhere; the newest first."""
    before, end = ctx.runs.runs, time.perf_counter() + BUDGET_S
    found: dict[str, float] = {}
    with contextlib.suppress(OSError), os.scandir(runs_folder(ctx)) as entries:
        for entry in entries:
            if entry.path in before:
                found[entry.path] = before[entry.path].born
            elif time.perf_counter() < end and entry.is_dir() and is_run(Path(entry.path)):  # the rest the next time
                found[entry.path] = _born(entry.path)
    for folder in ctx.settings.runs:
        if is_run(Path(folder)):
            found[folder] = before[folder].born if folder in before else _born(folder)
    ctx.runs.births = found
    return sorted(found, key=lambda folder: (-found[folder], folder))


def _born(folder: str) -> float:
    try:
        return RunFolder(Path(folder)).config.stat().st_mtime
    except OSError:
        return 0.0


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
    if not is_run(Path(path)):
        ctx.engine.add_message(f"{path} holds no training run: there is no config.yaml in it.")
        return
    if Path(path).parent != runs_folder(ctx) and path not in ctx.settings.runs:
        ctx.settings.runs = (path, *ctx.settings.runs)
        ctx.settings.save()
    ctx.runs.set_runs(_known(ctx))
    ctx.runs.choose(path)


def forget_run(ctx: Context, folder: str | Path) -> None:
    """No longer list a run from elsewhere; its folder stays as it is."""
    ctx.settings.runs = tuple(other for other in ctx.settings.runs if other != str(folder))
    ctx.settings.save()
    ctx.runs.set_runs(_known(ctx))


# -- what can be done with one ------------------------------------------------------------------------------------
def stop_run(ctx: Context, folder: str | Path) -> None:
    """Have a run save and end after its present step; it can go on later. One that waits is taken back."""
    _ask(ctx, "stop", folder)


def kill_run(ctx: Context, folder: str | Path) -> None:
    """End all processes of a run at once; it can go on from its newest checkpoint."""
    _ask(ctx, "kill", folder)


def resume_run(ctx: Context, folder: str | Path, changes: dict[str, Any] | None = None) -> None:
    """Let a run go on where it was, one that is finished with a larger budget (`changes`)."""
    words = [word for name, value in (changes or {}).items() for word in ("--set", f"{name}={value_text(value)}")]
    _ask(ctx, "resume", folder, words)


def work_through_queue(ctx: Context) -> None:
    """Runs that wait from before this computer was started anew: go on with them."""
    folder = runs_folder(ctx)
    if queue_entries(folder):
        ctx.errands.run("runs queue", ["runs", "queue", str(folder), "--start", "--json"])


def hurry_in_queue(ctx: Context, folder: str | Path) -> None:
    """Have a run that waits be the next one."""
    words = ["--move", str(folder), "--place", "1"]
    ctx.errands.run("runs queue", ["runs", "queue", str(Path(folder).parent), *words, "--json"], _teller(ctx))


def _ask(ctx: Context, verb: str, folder: str | Path, words: Sequence[str] = ()) -> None:
    words = ["runs", verb, str(folder), *words, "--json"]
    ctx.errands.run(f"runs {verb} {folder}", words, _teller(ctx), finish=True)


def _teller(ctx: Context) -> Any:
    def told(answer: Answer) -> None:
        if "error" in answer:
            ctx.engine.add_message(str(answer["error"]))
        ctx.runs.next_scan = 0.0
        for run in ctx.runs.runs.values():
            run.next_look = 0.0

    return told
