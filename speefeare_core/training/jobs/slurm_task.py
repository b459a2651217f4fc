"""What submitit runs on the cluster's computers: the worker of one rank, stopped in time and handed in again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.processes import identity, lives
from speefeare_core.training.run_log import RunFolder

STOPPED = 3  # exit code of a run that was stopped and can go on
SAVE_S = 100.0  # how long the last checkpoint before a time limit may take

_working: list[tuple[int, str]] = []  # the worker of this process; tasks themselves are pickled


@dataclass
class TrainingTask:
    """One rank. submitit pickles it, calls it, and calls `checkpoint` before the job's time is over."""

    run: str
    words: list[str]  # of the worker, after the interpreter
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self) -> int:
        """Run the worker to its end; its exit code. Raises `SpeefeareError` where it failed."""
        import submitit

        if submitit.JobEnvironment().num_tasks > 1:
            submitit.helpers.TorchDistributedEnvironment().export(set_cuda_visible_devices=False)
        process = subprocess.Popen([sys.executable, *self.words], env={**os.environ, **self.environment})
        _working.append((process.pid, identity(process.pid)))
        code = process.wait()
        if code not in (0, STOPPED):
            raise SpeefeareError(f"The training in {self.run} ended with code {code}; its log says why.")
        return code

    def checkpoint(self, *arguments: Any) -> Any:
        """Have the run save and end, and go on in a job of its own: called shortly before the time is over."""
        import submitit

        RunFolder(Path(self.run)).request_stop()
        until = time.monotonic() + SAVE_S
        for pid, began in _working:  # not Popen.poll: it knows nothing while the call that we interrupt waits
            while lives(pid, began) and time.monotonic() < until:
                time.sleep(0.1)
        return submitit.helpers.DelayedSubmission(self, *arguments)
