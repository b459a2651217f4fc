"""Train in a run folder that says what to train: one writer at a time, with a sign of life, and a word if it fails."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core.errors import SpeefeareError
from speefeare_core.file_lock import lock_file
from speefeare_core.training.process_record import Heartbeat
from speefeare_core.training.run_config import read_config
from speefeare_core.training.run_log import EventLog, RunFolder, read_events

if TYPE_CHECKING:
    from speefeare_core.training.trainer import TrainingResult

ENDING_S = 15.0  # a process that has said its last word may take so long to end


def train_in(path: Path, device: str = "auto") -> TrainingResult:
    """Begin or resume the run whose config.yaml is in the folder; called by each process of a job.

    Raises `SpeefeareError`, which the log of the run says too.
    """
    run = RunFolder(path)
    config = read_config(run)
    first = os.environ.get("RANK", "0") == "0"
    with _only_writer(run) if first else contextlib.nullcontext():
        told = run.events.stat().st_size if run.events.exists() else 0
        try:
            from speefeare_core.training.trainer import Trainer

            if config.recipe.start_from and run.newest_checkpoint() is None:
                from speefeare_core.training.fine_tune import taken_over

                config = replace(config, recipe=taken_over(config.recipe))
                if first:
                    config.write(run)
            return Trainer(config.recipe, run, [Path(source) for source in config.data], device).train()
        except SpeefeareError as error:
            if first and not _says_failed(run, told):
                EventLog(run.events).append("failed", 0, words=str(error), advice="")
            raise


@contextlib.contextmanager
def _only_writer(run: RunFolder) -> Iterator[None]:
    """One process at a time writes in a run folder, and process.json says which."""
    with contextlib.ExitStack() as stack:
        try:
            until = time.monotonic() + ENDING_S
            while not stack.enter_context(lock_file(run.path / "lock")):
                stack.close()
                if time.monotonic() > until:
                    raise SpeefeareError(f"{run.path} is being trained already by another process.")
                time.sleep(0.1)
            stack.enter_context(Heartbeat(run.process))
        except OSError as error:
            raise SpeefeareError(f"{run.path} cannot be written to: {error.strerror or error}.") from error
        yield


def _says_failed(run: RunFolder, offset: int) -> bool:
    """Whether the trainer has told the log itself why it ended."""
    return any(event.get("event") == "failed" for event in read_events(run.events, offset)[0])
