"""What a person can do with the dataset doctor: have speech looked at, list it, repair it in a copy, hear a clip.

All of it is `speefeare data …` in a process of its own; the originals are never written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from speefeare_core.dataset_doctor.report import DatasetReport, FoundClip, last_report
from workbench import commands
from workbench.context import Context
from workbench.engine.errands import Answer

ERRAND = "dataset"
AMOUNTS = (("300 clips", 300), ("3000 clips", 3000), ("All clips", 0))
RATES_HZ = (0, 8000, 16000, 22050, 24000, 44100, 48000)


def set_place(ctx: Context, place: str) -> None:
    """Another set; what was said of it before on this computer is shown at once."""
    state = ctx.dataset
    place = str(Path(place).expanduser().absolute()) if place.strip() else ""
    if place != state.place:
        cancel(ctx)
        state.update(place=place, report=last_report(place) if place else None, problem="", done="", chosen="")


def check(ctx: Context, place: str | None = None) -> None:
    """Look at every clip of a set (that which is shown), or at as many as the person wants."""
    if place is not None:
        set_place(ctx, place)
    state = ctx.dataset
    if not state.place:
        state.update(problem="Choose a folder, a manifest or shards first.")
        return
    words = ["data", "check", state.place, "--json", "--progress-lines"]
    words += ["--rate", str(state.rate_hz)] if state.rate_hz else []
    words += ["--at-most", str(state.at_most)] if state.at_most else []
    _begin(ctx, "check", words)


def cancel(ctx: Context) -> None:
    """End the work that is under way; what was said before stays."""
    if ctx.dataset.work:
        ctx.errands.cancel(ERRAND)
        ctx.dataset.update(work="")


def choose_finding(ctx: Context, kind: str) -> None:
    """Look at another finding."""
    ctx.dataset.update(chosen=kind)


def write_manifest(ctx: Context, target: str) -> None:
    """List the clips in a new manifest, without those that should not be trained on."""
    words = ["data", "manifest", ctx.dataset.place, target, "--without", "bad", "--json", "--progress-lines"]
    _begin(ctx, "manifest", words)


def write_copy(ctx: Context, folder: str, repairs: Sequence[str]) -> None:
    """Write a repaired copy into a new folder."""
    words = ["data", "repair", ctx.dataset.place, folder, "--repairs", ",".join(repairs), "--json", "--progress-lines"]
    words += ["--rate", str(ctx.dataset.rate_hz)] if ctx.dataset.rate_hz else []
    _begin(ctx, "repair", words)


def open_clip(ctx: Context, clip: FoundClip) -> None:
    """See and hear a clip in the other panels."""
    if clip.path:
        commands.open_clip(ctx, clip.path)
    else:
        ctx.engine.add_message(f"{clip.name} is inside of a set, so it cannot be opened by itself.")


def why_no_list(report: DatasetReport | None) -> str:
    """Why no manifest of a set can be written, one sentence; empty where it can."""
    if report is None:
        return "Check the data first."
    if report.layout in ("packed", "webdataset"):
        return "Its clips are no files of their own, so a manifest cannot name them."
    if not report.whole:
        return "Only a part of the clips was looked at, so nobody knows which ones to leave out: check all of them."
    return ""


def _begin(ctx: Context, work: str, words: Sequence[str]) -> None:
    state = ctx.dataset
    state.update(work=work, problem="", done="", fraction=0.0, words="Starting …")
    ctx.errands.run(ERRAND, words, partial(_ended, ctx, work, state.place))


def _ended(ctx: Context, work: str, place: str, answer: Answer) -> None:
    state = ctx.dataset
    if place != state.place:
        return
    if "error" in answer:
        state.update(work="", problem=str(answer["error"]))
    elif work == "check":
        try:
            state.update(work="", report=DatasetReport.from_dict(answer), chosen="")
        except (ValueError, KeyError, TypeError):
            state.update(work="", problem="The report cannot be read; check once more.")
    else:
        left_out = answer.get("left_out") or 0
        count = left_out if isinstance(left_out, int) else len(left_out)
        what = "lists" if work == "manifest" else "is the manifest of a copy of"
        words = f"{answer.get('manifest')} {what} {answer.get('clips'):,} clips" + (
            f", {count:,} are left out." if count else "."
        )
        state.update(work="", done=words)
        ctx.engine.add_message(words)


def hear_progress(ctx: Context, key: str) -> None:
    """The errand has moved on."""
    if key == ERRAND and ctx.dataset.work:
        told = ctx.errands.progress.get(ERRAND)
        if told is not None:
            ctx.dataset.set_progress(float(told.get("fraction", 0.0)), str(told.get("words", "")))
