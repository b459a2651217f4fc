"""What the training panel says, from the state as it is: rows of runs, the speech, the estimate of a dry run."""

from __future__ import annotations

from speefeare_core.codecs import FAMILIES
from speefeare_core.training.columns import MISSING, reason_of
from speefeare_core.training.form import FormRow, rows_of, value_at
from speefeare_core.training.jobs.follow import duration
from speefeare_core.training.recipe import COLUMNS, Recipe
from speefeare_core.training.run_summary import steps_in_sight
from workbench.context import Context
from workbench.state.runs import Run
from workbench.widgets.recipe_model import Column
from workbench.widgets.runs_table import RunRow

FINE_TUNING = "fine-tuning"  # recipes that begin with a codec's weights, as a family of their own in the list


def family_title(family: str) -> str:
    """A family, for people."""
    return FAMILIES[family].title if family in FAMILIES else family.replace("_", " ").capitalize()


def families(ctx: Context) -> tuple[tuple[str, str], ...]:
    """(title, key) of those that a shipped recipe makes, as far as they were read; those with columns first."""
    known = {kind_of(recipe) for recipe in ctx.draft.shelf.values()}
    if ctx.draft.base is not None:
        known.add(kind_of(ctx.draft.base))
    columned = {recipe.family for recipe in ctx.draft.shelf.values() if recipe.column}
    order = sorted(known, key=lambda key: (key not in columned, key == FINE_TUNING, family_title(key)))
    return tuple((family_title(key) if key != FINE_TUNING else "Fine-tuning", key) for key in order)


def kind_of(recipe: Recipe) -> str:
    """The family that a recipe is listed under."""
    return FINE_TUNING if recipe.name.startswith("finetune-") else recipe.family


def sizes(ctx: Context, family: str) -> tuple[tuple[str, str], ...]:
    """(title, name) of a family's recipes: small first, then official, then paper, then those without a column."""
    own = [recipe for recipe in ctx.draft.shelf.values() if kind_of(recipe) == family]
    order = (*reversed(COLUMNS), "")
    own.sort(key=lambda recipe: (order.index(recipe.column), recipe.name))
    listed = tuple((size_title(recipe), recipe.name) for recipe in own)
    base, source = ctx.draft.base, ctx.draft.source
    if base is not None and kind_of(base) == family and source not in ctx.draft.shelf:
        listed = (*listed, (f"{base.name} (file)", source))
    return listed


def size_title(recipe: Recipe) -> str:
    """What tells a recipe from the others of its family."""
    rate = recipe.network.get("rate_hz")
    told = recipe.title or (f"{rate / 1000:g} kHz" if isinstance(rate, int) else recipe.name)
    return f"{recipe.column} · {told}" if recipe.column else recipe.title or recipe.name


# -- the form -------------------------------------------------------------------------------------------------------
def form_rows(ctx: Context) -> tuple[FormRow, ...]:
    """The entries of the recipe as it is now."""
    return rows_of(ctx.draft.recipe) if ctx.draft.recipe is not None else ()


def form_columns(ctx: Context, rows: tuple[FormRow, ...]) -> tuple[Column, ...]:
    """The family's recipes beside yours; where it has none in a column, the column says why."""
    base, there = ctx.draft.base, ctx.draft.columns
    if base is None or not there:
        return ()
    found = []
    for column in COLUMNS:
        recipe = there.get(column)
        if recipe is None:
            why = MISSING.get((base.family, column), "")
            if why:
                found.append(Column(column, {}, tip=why))
            continue
        values = {row.path: value for row in rows if (value := value_at(recipe, row.path)) is not None or row.optional}
        reasons = {row.path: words for row in rows if row.path in values and (words := reason_of(recipe, row.path))}
        marked = frozenset(recipe.reasons) & set(reasons)
        found.append(Column(column, values, reasons, marked, f"{recipe.title or recipe.name} ({recipe.name})"))
    return tuple(found)


# -- runs -----------------------------------------------------------------------------------------------------------
def run_rows(ctx: Context) -> list[RunRow]:
    """The list of runs."""
    return [_row(run, run.folder in ctx.runs.beside) for run in ctx.runs.runs.values()]


def _row(run: Run, beside: bool) -> RunRow:
    summary = run.summary
    step = f"{summary.step:,}".replace(",", " ") if summary.begun or summary.step else ""
    if step and (steps := steps_in_sight(summary.step, summary.steps, summary.progress)):
        step += f" of {steps:,}".replace(",", " ")
    first, now = summary.first_mel_distance, summary.mel_distance
    distance = "" if now is None else f"{now:.3g}" if first is None or first == now else f"{first:.3g} → {now:.3g}"
    left = duration(summary.left_s) if run.status in ("running", "stopping") and summary.left_s is not None else ""
    alarms = tuple(f"▲ {words} {advice}".strip() for _, words, advice in summary.alarms)
    return RunRow(
        run.folder, run.name, run.status, run.words, summary.progress, step, left, distance,
        run.recipe or summary.recipe, alarms, beside,
    )  # fmt: skip


# -- speech ---------------------------------------------------------------------------------------------------------
def data_words(ctx: Context) -> dict[str, str]:
    """By path: what the doctor said of it."""
    return {path: str(said.get("words") or said.get("error") or "") for path, said in ctx.draft.looked.items()}
