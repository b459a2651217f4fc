"""Training runs as the window sees them: found, followed, told about; a draft, and what becomes of it."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from speefeare_core.training.jobs.estimate import Estimate
from speefeare_core.training.jobs.prepare import prepare
from speefeare_core.training.jobs.queue import QueueEntry
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.process_record import ProcessRecord
from tests.app.shell.conftest import Desk
from tests.core.training.made_run import MadeRun
from workbench.context import Context
from workbench.engine.errands import Answer
from workbench.settings import load_settings
from workbench.verbs import training
from workbench.verbs import training_draft as making

SMALL = "soundstream-16k-small"


class HeardErrands:
    """Takes the place of the errands: keeps what is asked for, and answers when a test says so."""

    def __init__(self, ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, list[str], Any]] = []
        monkeypatch.setattr(
            ctx.errands, "run", lambda key, words, then=None, **_: self.asked.append((key, [*words], then))
        )

    def answer(self, **said: Any) -> list[str]:
        """To the oldest; its words."""
        _, words, then = self.asked.pop(0)
        answer: Answer = said
        if then is not None:
            then(answer)
        return words


@pytest.fixture
def ctx(make_desk: Callable[..., Desk], tmp_path: Path) -> Context:
    desk = make_desk(panels=False)
    training.set_runs_folder(desk.ctx, tmp_path / "runs")
    desk.ready()
    return desk.ctx


@pytest.fixture
def errands(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> HeardErrands:
    return HeardErrands(ctx, monkeypatch)


def look(ctx: Context) -> None:
    """As often as the clock would within some seconds."""
    ctx.runs.next_scan = 0.0
    for _ in range(8):
        for run in ctx.runs.runs.values():
            run.next_look = 0.0
        training.poll(ctx)


def at_work(run: MadeRun) -> MadeRun:
    """This very process writes in it, and is alive."""
    ProcessRecord.of_this_process().write(run.folder / "process.json")
    run.time = time.time()
    return run


def make_run(tmp_path: Path, name: str = "one") -> MadeRun:
    return MadeRun(tmp_path / "runs" / name)


def draft(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir(exist_ok=True)
    making.choose_recipe(ctx, SMALL)
    ctx.draft.update(data=(str(tmp_path / "speech"),))


# -- runs -----------------------------------------------------------------------------------------------------------
def test_runs_are_found_and_followed(ctx: Context, tmp_path: Path) -> None:
    moved: list[str] = []
    ctx.runs.moved.connect(moved.append)
    run = make_run(tmp_path)
    (tmp_path / "runs" / "no run").mkdir()
    look(ctx)
    assert [known.name for known in ctx.runs.runs.values()] == ["one"]
    known = ctx.runs.runs[str(run.folder)]
    run.begin()
    run.losses(100)
    look(ctx)
    assert (known.summary.step, known.summary.progress) == (100, 0.1) and moved == [str(run.folder)]
    assert known.status == "interrupted" and "resume goes on" in known.words  # nobody is at it


def test_a_run_that_ends_is_told_once(ctx: Context, tmp_path: Path) -> None:
    run = at_work(make_run(tmp_path))
    run.begin()
    run.losses(10)
    look(ctx)
    assert ctx.runs.runs[str(run.folder)].status == "running"
    run.log("finished", 1000, file="model.safetensors")
    look(ctx)
    look(ctx)
    assert ctx.engine.messages == ["one: Finished at step 1000 of 1000."]


def test_what_is_at_work_is_looked_at_where_nothing_else_is(ctx: Context, tmp_path: Path) -> None:
    resting, working = make_run(tmp_path, "resting"), at_work(make_run(tmp_path, "working"))
    ctx.runs.wanted = str(tmp_path / "runs" / "gone")  # as it was when the window was closed
    for run in (resting, working):
        run.begin()
    look(ctx)
    assert ctx.runs.chosen == str(working.folder)
    training.choose_run(ctx, resting.folder)
    look(ctx)
    assert ctx.runs.chosen == str(resting.folder)


def test_another_window_finds_the_runs_again(ctx: Context, tmp_path: Path) -> None:
    inside, outside = make_run(tmp_path), MadeRun(tmp_path / "elsewhere" / "two")
    look(ctx)
    training.add_run(ctx, outside.folder)
    assert ctx.runs.chosen == str(outside.folder)
    kept = load_settings(ctx.settings.path)  # written at once: a killed window loses nothing
    assert kept.runs_folder == str(tmp_path / "runs") and kept.runs == (str(outside.folder),)
    ctx.runs.set_runs([])
    look(ctx)
    assert set(ctx.runs.runs) == {str(inside.folder), str(outside.folder)}
    training.forget_run(ctx, outside.folder)
    assert set(ctx.runs.runs) == {str(inside.folder)}


def test_a_folder_that_is_no_run_is_told(ctx: Context, tmp_path: Path) -> None:
    training.add_run(ctx, tmp_path)
    assert "holds no training run" in ctx.engine.messages[-1] and ctx.runs.runs == {}


def test_a_run_whose_folder_is_deleted_is_forgotten(ctx: Context, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    look(ctx)
    training.choose_run(ctx, run.folder)
    shutil.rmtree(run.folder)
    look(ctx)
    assert ctx.runs.runs == {} and ctx.runs.chosen == ""


def test_the_newest_run_stands_first_and_others_can_lie_over_it(ctx: Context, tmp_path: Path) -> None:
    first, second = make_run(tmp_path, "first"), make_run(tmp_path, "second")
    os.utime(first.folder / "config.yaml", (1e9, 1e9))
    look(ctx)
    assert [run.name for run in ctx.runs.runs.values()] == ["second", "first"]
    training.choose_run(ctx, second.folder)
    training.lay_beside(ctx, second.folder)  # not over itself
    training.lay_beside(ctx, first.folder)
    assert ctx.runs.beside == (str(first.folder),)
    training.choose_run(ctx, first.folder)
    assert ctx.runs.beside == ()


def test_a_long_log_costs_little_at_a_time(ctx: Context, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    run.begin()
    with (run.folder / "events.jsonl").open("a") as file:
        for step in range(1, 20_001):
            file.write(json.dumps({"event": "losses", "step": step, "time": 2e9, "progress": step / 20_000}) + "\n")
    look(ctx)
    known = ctx.runs.runs[str(run.folder)]
    assert known.tail.offset is not None and known.tail.offset > (run.folder / "events.jsonl").stat().st_size * 0.7
    assert known.summary.steps == 1000  # its head was read too


@pytest.mark.parametrize("verb", ["stop", "kill", "resume"])
def test_verbs_are_the_commands(ctx: Context, errands: HeardErrands, tmp_path: Path, verb: str) -> None:
    run = make_run(tmp_path)
    getattr(training, f"{verb}_run")(ctx, run.folder)
    assert errands.answer(error="It is not at work.") == ["runs", verb, str(run.folder), "--json"]
    assert ctx.engine.messages[-1] == "It is not at work."


def test_a_finished_run_goes_on_with_a_larger_budget(ctx: Context, errands: HeardErrands, tmp_path: Path) -> None:
    training.resume_run(ctx, tmp_path / "runs" / "one", {"budget.steps": 2000})
    assert errands.answer()[3:5] == ["--set", "budget.steps=2000"]


def test_runs_that_wait_are_gone_on_with_by_the_next_window(
    ctx: Context, errands: HeardErrands, tmp_path: Path
) -> None:
    training.work_through_queue(ctx)
    assert errands.asked == []
    spec = JobSpec(str(tmp_path / "runs" / "one"), SMALL)
    (tmp_path / "runs" / "queue").mkdir(parents=True)
    QueueEntry(spec, 1.0, file=tmp_path / "runs" / "queue" / "000001000.json").write()
    training.work_through_queue(ctx)
    assert errands.answer()[:4] == ["runs", "queue", str(tmp_path / "runs"), "--start"]
    training.hurry_in_queue(ctx, spec.run)
    assert errands.answer()[3:5] == ["--move", spec.run]


def test_the_training_layout_shows_its_panels_alone(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.ready()
    docks = desk.window.docks
    assert docks is not None
    before = {key for key, dock in docks.docks.items() if not dock.isHidden()}
    desk.window.run_action("training_layout")
    assert {key for key, dock in docks.docks.items() if not dock.isHidden()} == {"training", "run", "dataset"}
    QApplication.processEvents()
    seen = [*docks.visible_panels()]
    assert seen == [docks.panels["training"]]  # though its children cover it wholly; the others lie behind it
    desk.window.run_action("reset_layout")
    assert {key for key, dock in docks.docks.items() if not dock.isHidden()} == before


# -- the draft ------------------------------------------------------------------------------------------------------
def test_changes_are_counted_against_the_recipe(ctx: Context, tmp_path: Path) -> None:
    draft(ctx, tmp_path)
    before = ctx.draft.base
    assert before is not None
    assert making.set_entry(ctx, "data.batch", before.data.batch + 1) == ""
    assert making.set_entry(ctx, "optimiser.betas", [0.1, 0.2]) == ""
    assert set(ctx.draft.changes) == {"data.batch", "optimiser.betas"}
    making.set_entry(ctx, "data.batch", before.data.batch)  # as it was
    making.reset_entry(ctx, "optimiser.betas")
    assert set(ctx.draft.changes) == set()
    making.reset_all(ctx)
    assert ctx.draft.changes == {} and ctx.draft.recipe == before


def test_a_value_out_of_bounds_is_refused_in_a_clause(ctx: Context, tmp_path: Path) -> None:
    draft(ctx, tmp_path)
    assert making.set_entry(ctx, "data.batch", 0) == "data.batch should be at least 1, not 0"
    assert "data.batch" not in ctx.draft.changes
    assert any(remark.words == "data.batch should be at least 1, not 0." for remark in making.remarks(ctx))
    assert making.set_entry(ctx, "data.batch", 2) == ""
    assert ctx.draft.refused == {}


def test_a_new_list_takes_the_place_of_changes_to_its_parts(ctx: Context, tmp_path: Path) -> None:
    draft(ctx, tmp_path)
    assert making.set_entry(ctx, "losses.multiscale_mel.weight", 3.0) == ""
    assert making.set_entry(ctx, "losses", [{"key": "log_mel"}]) == ""
    assert set(ctx.draft.changes) == {"losses"}
    assert ctx.draft.recipe is not None and [term.key for term in ctx.draft.recipe.losses] == ["log_mel"]


def test_the_command_is_the_job(ctx: Context, tmp_path: Path) -> None:
    draft(ctx, tmp_path)
    making.set_entry(ctx, "data.batch", 2)
    run = tmp_path / "runs" / SMALL
    words = f"speefeare train {run} --recipe {SMALL} --data {tmp_path / 'speech'}"
    assert making.command_line(ctx) == f"{words} --set data.batch=2"


def test_names_of_runs_are_counted_on(ctx: Context, tmp_path: Path) -> None:
    draft(ctx, tmp_path)
    assert making.run_name(ctx) == SMALL
    (tmp_path / "runs" / SMALL).mkdir(parents=True)
    (tmp_path / "runs" / f"{SMALL}-2").mkdir()
    assert making.run_name(ctx) == f"{SMALL}-3"
    ctx.draft.update(run_name="mine")
    assert making.run_name(ctx) == "mine"


def test_start_asks_for_a_detached_job_and_looks_at_it(ctx: Context, errands: HeardErrands, tmp_path: Path) -> None:
    draft(ctx, tmp_path)
    assert making.start(ctx)
    words = errands.answer(run=str(tmp_path / "runs" / SMALL))
    assert words[:2] == ["train", str(tmp_path / "runs" / SMALL)] and words[-2:] == ["--detach", "--json"]
    make_run(tmp_path, SMALL)
    look(ctx)
    assert ctx.runs.chosen == str(tmp_path / "runs" / SMALL)
    ctx.draft.update(run_name="waiting")
    assert making.start(ctx, queue=True)
    assert errands.answer(error="The disk is full.")[-2:] == ["--queue", "--json"]
    assert ctx.engine.messages[-1] == "The disk is full."


def test_a_draft_with_a_problem_is_not_started(ctx: Context, errands: HeardErrands, tmp_path: Path) -> None:
    making.choose_recipe(ctx, SMALL)
    assert not making.start(ctx) and not making.dry_run(ctx) and errands.asked == []
    assert "No speech is given" in ctx.engine.messages[-1]


def test_a_dry_run_is_about_the_draft_it_was_made_of(ctx: Context, errands: HeardErrands, tmp_path: Path) -> None:
    draft(ctx, tmp_path)
    assert making.estimate(ctx) == "" and making.dry_run(ctx)
    found = Estimate(0.5, None, 3, 1, 100, "steps", 50, 2e9, 4.0, 1_000_000, 300, None, 10, 1e6, "cpu", 1)
    assert errands.answer(**found.to_dict())[-2:] == ["--dry-run", "--json"]
    assert "a step takes 0.5 s" in making.estimate(ctx) and not making.estimate(ctx).startswith("Before")
    making.set_entry(ctx, "data.batch", 2)
    assert making.estimate(ctx).startswith("Before your last changes: ")


def test_speech_is_looked_at_once(ctx: Context, errands: HeardErrands, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    making.add_data(ctx, tmp_path / "a")
    making.add_data(ctx, tmp_path / "a")
    assert errands.answer(words="3 h of speech")[:3] == ["data", "check", str(tmp_path / "a")]
    assert ctx.draft.data == (str(tmp_path / "a"),)
    errands.asked.clear()
    making.look_at_data(ctx)
    assert errands.asked == [] and ctx.draft.looked[str(tmp_path / "a")] == {"words": "3 h of speech"}


def test_a_draft_is_remembered_and_what_does_not_fit_is_left_out(ctx: Context, tmp_path: Path) -> None:
    draft(ctx, tmp_path)
    making.set_entry(ctx, "data.batch", 2)
    making.set_launcher(ctx, "torchrun", 2)
    kept = json.loads(json.dumps(making.remembered(ctx)))
    making.choose_recipe(ctx, "soundstream-24k-paper")
    making.set_launcher(ctx, "local", 1)
    ctx.draft.update(data=())
    making.restore(ctx, kept)
    assert making.remembered(ctx) == kept
    making.restore(ctx, {"source": SMALL, "changes": {"data.batch": -1, "no.such": 1}, "data": [3], "processes": "x"})
    assert ctx.draft.changes == {} and ctx.draft.data == () and ctx.draft.refused == {}
    making.restore(ctx, {"source": "/no/recipe.yaml"})
    assert "cannot be read" in ctx.engine.messages[-1]


def test_a_clone_comes_into_the_form(ctx: Context, tmp_path: Path) -> None:
    draft(ctx, tmp_path)
    making.set_entry(ctx, "data.batch", 2)
    spec = making.spec_of(ctx)
    assert spec is not None
    prepare(spec)
    making.reset_all(ctx)
    ctx.draft.update(data=())
    making.clone_run(ctx, spec.run)
    assert ctx.draft.changes["data.batch"] == 2 and ctx.draft.data == spec.data
    assert making.run_name(ctx) == f"{SMALL}-2"
    making.clone_run(ctx, tmp_path / "nothing")
    assert "nothing" in ctx.engine.messages[-1]
