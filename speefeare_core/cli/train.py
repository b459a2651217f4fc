"""`speefeare train`: begin or resume a training run in its folder, here or by a launcher."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.ending import terminate_like_ctrl_c
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.entry_use import without_use
from speefeare_core.training.jobs import launcher_of
from speefeare_core.training.jobs.arguments import add_launch_words, add_words, spec_from
from speefeare_core.training.jobs.job_file import Job
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.recipe import read_recipe
from speefeare_core.training.run_log import RunFolder

STOPPED = 3  # exit code: the run was asked to stop and can go on later


def add(parser: argparse.ArgumentParser) -> None:
    """`RUN`, what to train, and where."""
    add_words(parser)
    add_launch_words(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--detach", action="store_true", help="start it and return; it goes on without this shell")
    how.add_argument("--queue", action="store_true", help="put it into the queue of the folder that RUN is in")
    how.add_argument("--dry-run", action="store_true", help="make a few steps elsewhere: time, memory and end of it")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Train until the end or until stopped; the run folder is where to watch it. Exit code 3 for a stopped run."""
    spec = spec_from(args)
    if args.start_from and not spec.recipe:
        from speefeare_core.training.fine_tune import recipe_for

        spec = replace(spec, recipe=recipe_for(args.start_from))
    if spec.recipe:
        for words in without_use(read_recipe(spec.recipe).changed(spec.changes)).values():
            console.note(words)
    if args.dry_run:
        return _dry_run(spec, console)
    if args.queue:
        from speefeare_core.training.jobs.queue import enqueue

        return started(enqueue(spec).spec, "", "waits in the queue")
    launcher = launcher_of(spec.launcher)
    if args.detach or not launcher.local:
        job = launcher.start(spec)
        return started(job.spec, job.id, str(job.facts.get("words", "")) or f"started by {spec.launcher}, job {job.id}")
    return _here(spec, console) if spec.launcher == "local" else _followed(launcher.start(spec), console)


def _say_begun(spec: JobSpec, console: Console) -> None:
    console.note(f"Training in {spec.run}; Ctrl-C stops after this step, and the same command goes on.")


def started(spec: JobSpec, job_id: str, words: str) -> Result:
    """What is said of a job that goes on without us."""
    data = {"run": spec.run, "launcher": spec.launcher, "id": job_id, "command": spec.command_line(), "words": words}
    return Result(data, f"{spec.run}: {words}")


def _here(spec: JobSpec, console: Console) -> Result:
    """In this process."""
    from speefeare_core.training.begin import train_in
    from speefeare_core.training.jobs.follow import progress_shown
    from speefeare_core.training.jobs.prepare import prepare

    launcher_of(spec.launcher).check(spec)
    job = prepare(spec)
    RunFolder(job.run).stop.unlink(missing_ok=True)
    _say_begun(spec, console)
    with progress_shown(job.run, console.status):
        done = train_in(job.run, spec.device)
    return _ended(spec, done.step, done.finished)


def _followed(job: Job, console: Console) -> Result:
    """In processes of its own, which Ctrl-C asks to stop; a second Ctrl-C ends them."""
    from speefeare_core.training.jobs.control import kill, stop
    from speefeare_core.training.jobs.follow import follow_until_rest

    _say_begun(job.spec, console)
    for interrupted in (stop, kill):
        try:
            status = follow_until_rest(job.run, console.status)
            break
        except KeyboardInterrupt:
            console.note("Stopping after this step; Ctrl-C once more ends it at once.")
            interrupted(job.run)
    else:
        status = follow_until_rest(job.run, console.status)
    if status.state not in ("finished", "stopped"):
        raise SpeefeareError(f"{job.run}: {status.words}")
    return _ended(job.spec, status.step, status.state == "finished")


def _ended(spec: JobSpec, step: int, finished: bool) -> Result:
    model = RunFolder(Path(spec.run)).model if finished else None
    words = f"finished at step {step}: {model}" if finished else f"stopped at step {step}"
    data = {"run": spec.run, "step": step, "finished": finished, "model": str(model or "")}
    return Result(data, f"{spec.run}: {words}", 0 if finished else STOPPED)


def _dry_run(spec: JobSpec, console: Console) -> Result:
    from speefeare_core.training.jobs.dry_run import dry_run
    from speefeare_core.training.jobs.estimate import estimate_words

    with terminate_like_ctrl_c():
        estimate = dry_run(spec, console.status)
    return Result(estimate.to_dict(), estimate_words(estimate))
