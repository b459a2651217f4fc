"""Before a job starts: is everything there, does it fit, and does the run folder know it? Without torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.entry_use import check_unquantised
from speefeare_core.training.jobs.job_file import NAME, OUTPUT, Job, read_job
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.status import is_run, run_status
from speefeare_core.training.recipe import read_recipe
from speefeare_core.training.run_config import RunConfig, read_config
from speefeare_core.training.run_log import RunFolder


def prepare(spec: JobSpec) -> Job:
    """Check a job and write config.yaml and job.json of its folder; the job, with whole paths.

    Raises `SpeefeareError`: a run that is at work, another recipe or data than it began with, unknown entries, ….
    """
    spec = spec.absolute()
    path, run = Path(spec.run), RunFolder(Path(spec.run))
    if is_run(path) and (status := run_status(path)).state in ("starting", "running", "stopping"):
        raise SpeefeareError(f"{path} is being trained already ({status.words.rstrip('.')}).")
    if run.config.exists():
        check_same(run, spec)
    else:
        new_config(spec).write(_created(run))
    before = read_job(path)
    kept = before.spec if before is not None and not spec.recipe else spec  # what it was begun with stays known
    launched_as = replace(
        kept, device=spec.device, launcher=spec.launcher, processes=spec.processes, options=spec.options
    )
    return Job(launched_as).write()


def new_config(spec: JobSpec) -> RunConfig:
    """What config.yaml of a new run holds. Raises `SpeefeareError`."""
    if not spec.recipe:
        raise SpeefeareError(f"{spec.run} is no run yet: give --recipe and --data.")
    recipe = read_recipe(spec.recipe).changed(spec.changes)
    check_unquantised(recipe)
    if not spec.data and not any(source.path for source in recipe.data.sources):
        raise SpeefeareError(f"{spec.run} is no run yet: give its speech with --data.")
    for source in spec.data:
        if not Path(source).exists():
            raise SpeefeareError(f"There is no speech at {source}; check --data.")
    return RunConfig.asked_for(recipe, spec.data)


def check_same(run: RunFolder, spec: JobSpec) -> None:
    """Raises `SpeefeareError` where a run that exists was begun otherwise than the spec says."""
    if not spec.recipe and not spec.data and not spec.changes:
        return
    config = read_config(run)
    if not spec.recipe:
        raise SpeefeareError(f"{run.path} is a run already: leave out --data and --set, or give a new folder.")
    asked = RunConfig.asked_for(read_recipe(spec.recipe).changed(spec.changes), spec.data)
    if config.asked != asked.asked:
        raise SpeefeareError(
            f"{run.path} was begun with another recipe, other data or other changes: leave out --recipe, --data and"
            " --set to go on with it, or give a new folder."
        )


def _created(run: RunFolder) -> RunFolder:
    """The folder, made. Raises `SpeefeareError` where it holds other things."""
    own = {NAME, OUTPUT, run.stop.name, run.checkpoints.name}
    if run.path.is_dir() and any(entry.name not in own for entry in run.path.iterdir()):
        raise SpeefeareError(f"{run.path} holds other files; give a new folder for the run.")
    run.create()
    return run
