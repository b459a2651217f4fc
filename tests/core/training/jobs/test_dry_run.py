"""What a dry run makes of its few steps, and what it does when it fails. The worker is the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from speefeare_core import SpeefeareError
from speefeare_core.training.jobs import estimate
from speefeare_core.training.jobs.dry_run import dry_run
from speefeare_core.training.jobs.estimate import estimate_words
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.recipe import Recipe

MakeSpec = Callable[..., JobSpec]


def recipe(**changes: Any) -> Recipe:
    base = {"name": "a", "family": "b", "checkpoint_every": 100}
    return Recipe.from_dict(base).changed({name.replace("__", "."): value for name, value in changes.items()})


@pytest.mark.parametrize(
    ("changes", "steps", "limit", "seconds"),
    [
        ({"budget__steps": 1000}, 1000, "steps", 1000 * 2 + 11 * 5),
        ({"budget__steps": 50}, 50, "steps", 50 * 2 + 2 * 5),
        ({"budget__epochs": 2.0}, 90, "epochs", 90 * 2 + 2 * 5),
        ({"budget__minutes": 1.0}, 25, "minutes", 60),
        ({"budget__minutes": 1000.0, "budget__steps": 100}, 100, "steps", 100 * 2 + 2 * 5),
        (
            {"budget__steps": 1000, "adversarial__discriminators": [{"key": "d"}], "adversarial__start_step": 600},
            1000, "steps", 600 * 1 + 400 * 2 + 11 * 5,
        ),
        ({"budget__steps": 1000, "adversarial__start_share": 0.6}, 1000, "steps", 600 * 1 + 400 * 2 + 11 * 5),
        ({"budget__minutes": 1.0, "adversarial__start_share": 0.5}, 40, "minutes", 60),
    ],
)  # fmt: skip
def test_the_budget_says_how_long_it_takes(changes: dict[str, Any], steps: int, limit: str, seconds: float) -> None:
    """1 s a step, 2 s with discriminators (here from the start unless said), 5 s a validation, 4 s of audio in 180."""
    found = estimate._length(recipe(**changes), 1.0, 2.0, 5.0, 4.0, 180.0)
    assert found == (steps, limit, pytest.approx(seconds))


def test_the_first_steps_do_not_count() -> None:
    plain = [{"seconds": seconds} for seconds in (9.0, 8.0, 1.0, 1.2, 1.1, 50.0, 1.0)]
    with_them = [{"seconds": seconds, "discriminator": 1.0} for seconds in (20.0, 9.0, 3.0, 3.0)]
    assert estimate._step_times(plain, True) == (1.1, None)
    assert estimate._step_times([*plain, *with_them], True) == (1.1, 3.0)
    assert estimate._step_times(with_them, True) == (3.0, 3.0)
    assert estimate._step_times([], False) == (None, None)


def test_it_makes_its_steps_elsewhere(make_spec: MakeSpec) -> None:
    spec = make_spec("a", steps=100_000)
    found = dry_run(spec)
    assert not Path(spec.run).exists()
    assert found.steps == 100_000 and found.limit == "steps"
    assert found.total_s > 1000 and found.memory_mb > 1 and found.free_disk_mb > 1
    assert "100000 steps" in estimate_words(found)


def test_its_failure_is_told(make_spec: MakeSpec) -> None:
    with pytest.raises(SpeefeareError, match="The dry run failed: It was asked to fail. Ask it not to."):
        dry_run(make_spec("a", fails=True))
    with pytest.raises(SpeefeareError, match="batch"):
        dry_run(replace(make_spec("b"), changes={"data.batch": 0}))


def test_cancelling_ends_its_processes(make_spec: MakeSpec) -> None:
    class Enough(Exception):
        pass

    def stop(words: str) -> None:
        raise Enough

    with pytest.raises(Enough):  # the test would also fail for a process that is left
        dry_run(make_spec("a", steps=100_000), stop)
