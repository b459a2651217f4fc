"""Jobs whose processes are real and light: the worker is `stand_in.py`, which does not load torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from speefeare_core.training.jobs import spec as spec_module
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.status import RunStatus, run_status
from speefeare_core.training.processes import end_run_processes, reap

STAND_IN = Path(__file__).with_name("stand_in.py")
LIMIT_S = 20.0  # on a busy computer; what is waited for takes a fraction of a second


@pytest.fixture
def light_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job runs the stand-in."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[4]))
    monkeypatch.setattr(spec_module.JobSpec, "worker_module", lambda self: [str(STAND_IN), self.run])


@pytest.fixture
def make_spec(tmp_path: Path, light_workers: None) -> Iterator[Callable[..., JobSpec]]:
    """A job of some steps in a folder below tmp_path; all its processes are ended after the test."""
    (tmp_path / "speech").mkdir()
    made: list[JobSpec] = []

    def make(name: str, steps: int = 10, **network: Any) -> JobSpec:
        recipe = tmp_path / f"{name}.yaml"
        content = {"name": name, "family": "none", "network": network, "budget": {"steps": steps}}
        recipe.write_text(yaml.safe_dump(content | {"checkpoint_every": 5}))
        made.append(JobSpec(str(tmp_path / "runs" / name), str(recipe), (str(tmp_path / "speech"),)))
        return made[-1]

    yield make
    for spec in made:
        end_run_processes(Path(spec.run))
    reap()


def wait_for(path: Path, *states: str, patience_s: float = LIMIT_S) -> RunStatus:
    """How a run stands once it is in one of the states."""
    return wait_until(path, lambda status: status.state in states, " or ".join(states), patience_s)


def wait_until(path: Path, reached: Callable[[RunStatus], bool], words: str, patience_s: float = LIMIT_S) -> RunStatus:
    """How a run stands once something is so."""
    until = time.monotonic() + patience_s
    while not reached(status := run_status(path)):
        assert time.monotonic() < until, f"waited for {words}, but: {status}"
        time.sleep(0.01)
    return status
