"""The small parts of the trainer: budget, rates, averages, book statistics, random numbers, log."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from speefeare_core.training.book_watch import FRAMES_PER_ENTRY, BookWatch
from speefeare_core.training.budget import Budget, Spent
from speefeare_core.training.chance import seed_step, together
from speefeare_core.training.moving_average import MovingAverage
from speefeare_core.training.optimisers import rate_at
from speefeare_core.training.recipe_parts import BudgetRecipe, OptimiserRecipe
from speefeare_core.training.run_events import RunEvents
from speefeare_core.training.run_log import RunFolder, checkpoint_step
from speefeare_core.training.validation import depths_to_measure


def test_the_nearest_limit_counts() -> None:
    budget = Budget(BudgetRecipe(steps=100, minutes=10, epochs=2), speech_s=50)
    spent = Spent(step=10, seconds=300, heard_s=25)
    assert budget.progress(spent) == 0.5
    assert budget.left_s(spent, step_s=1.0) == pytest.approx(30)  # half an epoch took 10 steps, 1.5 are to come
    assert Budget(BudgetRecipe(steps=100), 0.0).left_s(spent, 2.0) == 180
    assert Budget(BudgetRecipe(steps=10), 50).progress(Spent(30)) == 1
    assert Budget(BudgetRecipe(steps=100, minutes=5.5), 50).left_s(spent, 100.0) == pytest.approx(30)


def test_rates_rise_and_fall() -> None:
    cosine = OptimiserRecipe(rate=0.5, warmup_steps=10, final_share=0.1)
    rates = [rate_at(cosine, step, step / 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.05, rel=0.01)
    assert rates[100] == pytest.approx(0.05)
    assert rates[20:] == sorted(rates[20:], reverse=True)
    falling = dataclasses.replace(cosine, schedule="exponential", gamma=0.99)
    assert rate_at(falling, 50, 0.5) == pytest.approx(0.5 * 0.99**50)
    assert rate_at(dataclasses.replace(cosine, schedule="constant"), 50, 0.9) == 0.5
    assert rate_at(dataclasses.replace(cosine, warmup_steps=0), 0, 0.0) == 0.5


def test_an_average_follows_the_weights_and_lends_itself() -> None:
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(1.0)
    average = MovingAverage(layer, 0.75)
    layer.weight.data.fill_(5.0)
    average.update()
    with average.in_place():
        assert float(layer.weight.detach()) == 2.0
    assert float(layer.weight.detach()) == 5.0
    again = MovingAverage(layer, 0.75)
    again.restore(average.state())
    again.update()
    with again.in_place():
        assert float(layer.weight.detach()) == 2.75


def test_books_are_watched_over_a_window_and_not_a_batch() -> None:
    watch = BookWatch((4, 4))
    assert not watch.full
    every = torch.arange(4).repeat(2, 2, 8)  # [B, K, F]: each entry equally often
    every[:, 1] = torch.where(torch.arange(32) < 16, 2, -1)
    for _ in range(4):
        watch.count(every)
        watch.roll()
    told = watch.summary()
    assert told["perplexity"] == [4.0, 1.0]
    assert told["usage"] == [1.0, 0.25]
    assert told["dead"] == [0, 3]
    assert told["entropy"] == [2.0, 0.0]
    assert told["frames"][0] == 2 * told["frames"][1]
    assert watch.full
    alone = torch.zeros(1, 1, 4 * FRAMES_PER_ENTRY, dtype=torch.int64)
    for _ in range(3):  # what was before leaves the window
        watch.count(alone)
        watch.roll()
    assert watch.summary()["usage"][0] == 0.25
    again = BookWatch((4, 4))
    again.restore(watch.state())
    assert again.summary() == watch.summary()


def test_books_that_a_batch_does_not_reach_are_not_counted() -> None:
    watch = BookWatch((8, 8, 8))
    watch.count(torch.zeros(2, 1, 5, dtype=torch.int64))
    assert watch.summary()["frames"] == [10, 0, 0]
    assert BookWatch(()).summary()["window_frames"] == 0


def test_the_numbers_of_a_step_hang_on_the_step_alone() -> None:
    def drawn(seed: int, rank: int, step: int, attempt: int = 0) -> float:
        seed_step(seed, rank, step, attempt)
        return float(torch.rand(()))

    first = drawn(0, 0, 5)
    assert drawn(0, 0, 6) != first
    assert drawn(0, 1, 5) != first
    assert drawn(0, 0, 5, 1) != first
    assert drawn(0, 0, 5) == first
    assert together(0, 5) == together(0, 5) != together(0, 6)
    assert 0.6 < sum(together(1, step) < 2 / 3 for step in range(300)) / 300 < 0.73


def test_numbers_that_json_has_not_are_null(tmp_path: Path) -> None:
    events = RunEvents(RunFolder(tmp_path), writes=True, tensorboard=False)
    events.append("losses", 3, mel=float("nan"), shares={"mel": 1 / 3}, list=[float("inf"), 2])
    events.close()
    line = json.loads((tmp_path / "events.jsonl").read_text())
    assert (line["mel"], line["shares"], line["list"]) == (None, {"mel": 0.333333}, [None, 2])
    RunEvents(RunFolder(tmp_path / "x"), writes=False, tensorboard=False).append("losses", 3)
    assert not (tmp_path / "x").exists()


def test_depths_and_steps() -> None:
    assert depths_to_measure(8) == (1, 2, 4, 8)
    assert depths_to_measure(12) == (1, 2, 4, 8, 12)
    assert depths_to_measure(100) == (1, 2, 4, 8, 16, 100)
    assert depths_to_measure(1) == (1,)
    assert depths_to_measure(0) == ()
    assert checkpoint_step(Path("checkpoints/step-00000120.pt")) == 120
