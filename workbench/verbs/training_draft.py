"""Making a training run: choose a recipe, change its entries, give data, say where it runs; look, estimate, start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from speefeare_core.dataset_doctor.report import last_report
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.form import value_at
from speefeare_core.training.jobs import LAUNCHERS
from speefeare_core.training.jobs.control import clone
from speefeare_core.training.jobs.estimate import Estimate, estimate_words
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.plan_check import Remark, check
from speefeare_core.training.recipe import read_recipe, shipped_recipes
from speefeare_core.training.recipe_entry import plain
from workbench.context import Context
from workbench.engine.errands import Answer
from workbench.verbs import dataset, training

START, DRY_RUN, LOOK = "training start", "training dry run", "training data"  # keys of errands
LOOKED_AT = 200  # clips that are measured for a first impression
FIRST = "soundstream-16k-small"  # the recipe that is there before anything was chosen


# -- recipes --------------------------------------------------------------------------------------------------------
def read_on(ctx: Context) -> bool:
    """Read one more of the shipped recipes; False when all are read. A few milliseconds."""
    draft = ctx.draft
    if draft.unread is None:
        draft.unread = list(shipped_recipes())
        if draft.source in draft.unread:  # what is wanted comes first
            draft.unread.sort(key=lambda name: name != draft.source)
    if not draft.unread:
        return False
    name = draft.unread.pop(0)
    try:
        draft.shelf[name] = read_recipe(name)
    except SpeefeareError as error:
        ctx.engine.add_message(str(error))
    draft.shelf_changed.emit()
    return True


def choose_recipe(ctx: Context, source: str | Path) -> None:
    """Take a shipped recipe by its name, or a YAML file; changes to the one before are given up."""
    source = str(source)
    try:
        ctx.draft.set_recipe(source, ctx.draft.shelf.get(source) or read_recipe(source))
    except SpeefeareError as error:
        ctx.engine.add_message(str(error))


def choose_first(ctx: Context) -> None:
    """Where nothing was chosen yet: the first recipe that a desk can train."""
    small = [name for name, recipe in ctx.draft.shelf.items() if recipe.column == "small"]
    for name in (FIRST, *small, *ctx.draft.shelf):
        if name in ctx.draft.shelf:
            choose_recipe(ctx, name)
            return


def set_entry(ctx: Context, path: str, value: Any) -> str:
    """Another value of an entry of the recipe; why it was not taken, in one sentence, or empty."""
    draft = ctx.draft
    if draft.base is None:
        return "Choose a recipe first."
    changes = {name: old for name, old in draft.changes.items() if not name.startswith(f"{path}.")}
    changes.pop(path, None)
    if plain(value) != plain(value_at(draft.base, path)):
        changes[path] = plain(value)
    try:
        draft.set_changes(changes)
    except SpeefeareError as error:
        draft.refused[path] = _clause(str(error))
        return draft.refused[path]
    draft.refused.pop(path, None)
    return ""


def reset_entry(ctx: Context, path: str) -> None:
    """As the recipe has it."""
    ctx.draft.refused.pop(path, None)
    ctx.draft.set_changes({name: value for name, value in ctx.draft.changes.items() if name != path})


def reset_all(ctx: Context) -> None:
    """The recipe as it is written."""
    ctx.draft.refused.clear()
    ctx.draft.set_changes({})


def _clause(sentence: str) -> str:
    """Of "The recipe … cannot be used: CLAUSE. Compare it …": the clause alone."""
    return sentence.partition("cannot be used: ")[2].partition(". Compare")[0] or sentence


# -- data and where it runs -----------------------------------------------------------------------------------------
def add_data(ctx: Context, path: str | Path) -> None:
    """Train on this too, and look at what it is."""
    chosen = str(Path(path).expanduser().absolute())
    if chosen not in ctx.draft.data:
        ctx.draft.update(data=(*ctx.draft.data, chosen))
    look_at_data(ctx)


def remove_data(ctx: Context, path: str) -> None:
    """Train without this."""
    ctx.draft.update(data=tuple(other for other in ctx.draft.data if other != path))


def look_at_data(ctx: Context) -> None:
    """What the doctor said of the data; of what it has not seen yet it measures a part, in a process of its own."""
    draft = ctx.draft
    for path in draft.data:
        report = last_report(path) if path not in draft.looked else None
        if report is not None:
            draft.looked[path] = {"words": report.words}
            draft.told.emit()
    waiting = [path for path in draft.data if path not in draft.looked]
    if not waiting or ctx.errands.running(LOOK):
        return

    def told(answer: Answer) -> None:
        draft.looked[waiting[0]] = answer
        draft.told.emit()
        look_at_data(ctx)

    ctx.errands.run(LOOK, ["data", "check", waiting[0], "--at-most", str(LOOKED_AT), "--json"], told)


def show_doctor(ctx: Context, path: str) -> None:
    """What is wrong with the speech, and what helps, in the panel of the dataset doctor."""
    ctx.runs.panel_wanted.emit("dataset")
    if path and last_report(path) is None:
        dataset.check(ctx, path)
    elif path:
        dataset.set_place(ctx, path)


def devices(ctx: Context) -> tuple[str, ...]:
    """What can be chosen to compute on: this computer's devices, and a GPU where the job goes elsewhere."""
    elsewhere = ctx.draft.launcher in LAUNCHERS and not LAUNCHERS[ctx.draft.launcher].local
    return (*ctx.engine.devices, *(("cuda",) if elsewhere else ()))


def set_launcher(ctx: Context, launcher: str, processes: int | None = None, **options: str) -> None:
    """Which launcher takes the job, with how many processes and which of its options (empty: its default)."""
    draft = ctx.draft
    kept = dict(draft.options) if launcher == draft.launcher else {}
    kept = {name: value for name, value in {**kept, **options}.items() if value}
    draft.update(launcher=launcher, processes=draft.processes if processes is None else processes, options=kept)


# -- the job --------------------------------------------------------------------------------------------------------
def run_name(ctx: Context) -> str:
    """The name that was given, or one after the recipe that no run has."""
    draft = ctx.draft
    if draft.run_name or draft.base is None:
        return draft.run_name
    return _next_name(ctx, draft.base.name)


def _next_name(ctx: Context, name: str) -> str:
    """A name that no folder has: the same, or with the next number at its end."""
    folder, number = training.runs_folder(ctx), 1
    start, _, last = name.rpartition("-")
    if start and last.isdecimal() and len(last) < 4:
        name, number = start, int(last)
    while (folder / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return name if number == 1 else f"{name}-{number}"


def spec_of(ctx: Context) -> JobSpec | None:
    """The draft as a job; None without a recipe."""
    draft = ctx.draft
    if draft.base is None:
        return None
    run = str(training.runs_folder(ctx) / run_name(ctx)) if run_name(ctx) else ""
    return JobSpec(
        run, draft.source, draft.data, draft.device, draft.launcher, draft.processes, dict(draft.changes),
        dict(draft.options),
    )  # fmt: skip


def remarks(ctx: Context) -> tuple[Remark, ...]:
    """What there is to say of the draft, problems first."""
    spec, recipe = spec_of(ctx), ctx.draft.recipe
    if spec is None or recipe is None:
        return (Remark("problem", "Choose a recipe."),)
    refused = [Remark("problem", f"{words}.", path) for path, words in ctx.draft.refused.items()]
    return (*refused, *check(spec, recipe, ctx.engine.devices))


def command_line(ctx: Context) -> str:
    """The exact command, to be copied; empty without a recipe."""
    spec = spec_of(ctx)
    return spec.command_line() if spec is not None else ""


def start(ctx: Context, queue: bool = False) -> bool:
    """Start the run, or put it into the queue; False (and a sentence) where it cannot be started."""
    spec = _ready_spec(ctx)
    if spec is None or ctx.errands.running(START):
        return False

    def told(answer: Answer) -> None:
        if "error" in answer:
            ctx.engine.add_message(str(answer["error"]))
            return
        if queue or spec.launcher != "local":
            ctx.engine.add_message(f"{Path(spec.run).name}: {answer.get('words', 'it is on its way')}.")
        ctx.runs.wanted = spec.run
        ctx.runs.next_scan = 0.0
        ctx.draft.update(run_name="")

    words = spec.detached("--queue") if queue else spec.detached()
    ctx.errands.run(START, words[words.index("train") :], told, finish=True)
    return True


def dry_run(ctx: Context) -> bool:
    """Make a few real steps in a process of their own, and say how long all would take and how much memory."""
    spec, asked = _ready_spec(ctx), spec_of(ctx)
    if spec is None:
        return False

    def told(answer: Answer) -> None:
        ctx.draft.dry_run, ctx.draft.dry_run_of = answer, asked
        ctx.draft.told.emit()

    words = spec.detached("--dry-run")
    ctx.errands.run(DRY_RUN, words[words.index("train") :], told)
    ctx.draft.told.emit()
    return True


def estimate(ctx: Context) -> str:
    """What the last dry run said, or how far the present one is."""
    draft, moved = ctx.draft, ctx.errands.progress.get(DRY_RUN, {})
    if ctx.errands.running(DRY_RUN):
        return str(moved.get("words") or "Making a few real steps …")
    if draft.dry_run is None:
        return ""
    said = _estimate_words(draft.dry_run)
    return said if draft.dry_run_of == spec_of(ctx) else f"Before your last changes: {said}"


def _estimate_words(answer: Answer) -> str:
    if "error" in answer:
        return str(answer["error"])
    try:
        return "; ".join(estimate_words(Estimate(**answer)).splitlines())
    except (TypeError, ValueError):
        return "The dry run gave no estimate."


def _ready_spec(ctx: Context) -> JobSpec | None:
    spec = spec_of(ctx)
    problem = next((remark.words for remark in remarks(ctx) if remark.level == "problem"), "")
    if problem:
        ctx.engine.add_message(problem)
        return None
    return replace(spec, run=str(Path(spec.run).absolute())) if spec is not None else None


def clone_run(ctx: Context, folder: str | Path) -> None:
    """Make a run like one there is: its recipe, changes and data into the form, to be changed and started."""
    source, draft = Path(folder), ctx.draft
    draft.update(run_name="")
    try:
        spec = clone(source, training.runs_folder(ctx) / "a new run of no name")
    except SpeefeareError as error:
        ctx.engine.add_message(str(error))
        return
    restore(ctx, {**spec.to_dict(), "source": spec.recipe, "run_name": _next_name(ctx, source.name)})
    look_at_data(ctx)


def remembered(ctx: Context) -> dict[str, Any]:
    """The draft, JSON-ready, for the next start of the window; `restore` is the inverse."""
    draft = ctx.draft
    return {
        "source": draft.source, "changes": draft.changes, "data": list(draft.data), "device": draft.device,
        "launcher": draft.launcher, "processes": draft.processes, "options": draft.options,
        "run_name": draft.run_name,
    }  # fmt: skip


def restore(ctx: Context, data: dict[str, Any]) -> None:
    """Take up a draft; what does not fit is left out."""
    draft, texts = ctx.draft, ("device", "launcher", "run_name")
    for name in texts:
        if isinstance(data.get(name), str):
            setattr(draft, name, data[name])
    if isinstance(data.get("processes"), int) and data["processes"] >= 1:
        draft.processes = data["processes"]
    paths: Sequence[Any] = data["data"] if isinstance(data.get("data"), list) else ()
    draft.data = tuple(path for path in paths if isinstance(path, str))
    options = data.get("options")
    draft.options = {str(k): str(v) for k, v in options.items()} if isinstance(options, dict) else {}
    source, changes = data.get("source"), data.get("changes")
    if isinstance(source, str) and source:
        choose_recipe(ctx, source)
        for path, value in changes.items() if isinstance(changes, dict) else ():
            set_entry(ctx, str(path), value)
    draft.refused.clear()
    draft.changed.emit()
