"""The loop itself: steps one after the other, a line of the log now and then, a checkpoint now and then."""

from __future__ import annotations

import time

import torch

from speefeare_core.training.budget import Budget, Spent
from speefeare_core.training.keeper import Keeper
from speefeare_core.training.listening import Listener
from speefeare_core.training.loader import BatchLoader
from speefeare_core.training.machine import Machine
from speefeare_core.training.means import Window
from speefeare_core.training.sampler import SpeechSampler
from speefeare_core.training.stopping import StopRequests
from speefeare_core.training.train_step import Learner

MACHINE_EVERY_S = 10.0


class Sitting:
    """From where the run stands to its end, or until it is asked to stop."""

    def __init__(
        self, keeper: Keeper, learner: Learner, speech: SpeechSampler, listener: Listener, budget: Budget,
        stops: StopRequests,
    ) -> None:  # fmt: skip
        self.keeper, self.learner, self.speech, self.listener = keeper, learner, speech, listener
        self.budget, self.stops = budget, stops
        self.recipe, self.state, self.parallel, self.events = (
            keeper.recipe,
            keeper.state,
            keeper.parallel,
            keeper.events,
        )
        self.machine, self.looked = Machine(self.parallel.device), -MACHINE_EVERY_S
        self.window = Window()

    @property
    def step_s(self) -> float:
        """Seconds of audio in a step, of all processes."""
        return self.speech.batch_s * self.recipe.accumulate * self.parallel.world_size

    def train(self) -> bool:
        """True at the end of the budget, False where it was asked to stop; the newest state is kept either way.

        Raises `NotFinite`.
        """
        recipe, state = self.recipe, self.state
        state.model.module.train()
        progress, stop, before = self.budget.progress(state.spent), False, time.monotonic()
        with BatchLoader(self.speech, state.step * recipe.accumulate, recipe.data.workers) as loader:
            while progress < 1 and not stop:
                self._step(loader, progress)
                now = time.monotonic()
                heard_s = state.spent.heard_s + self.step_s
                state.spent, before = Spent(state.step + 1, state.spent.seconds + now - before, heard_s), now
                told = [self.budget.progress(state.spent), float(self.stops.asked())]
                progress, asked = self.parallel.from_first(told)
                stop = bool(asked)
                keeps = stop or progress >= 1 or state.step % recipe.checkpoint_every == 0
                if keeps or state.step % recipe.log_every == 0:
                    self._log(loader, progress)
                if keeps:
                    self.keeper.keep(validate=not stop or progress >= 1)
        return progress >= 1

    def _step(self, loader: BatchLoader, progress: float) -> None:
        recipe, state = self.recipe, self.state
        batches = [self.listener.hear(loader.next()) for _ in range(recipe.accumulate)]
        look = (state.step + 1) % recipe.log_every == 0
        report = self.learner.step(batches, state.step, progress, look, state.rollbacks)
        self.window.add(report)
        for codes in report.codes:
            state.watch.count(codes)

    def _log(self, loader: BatchLoader, progress: float) -> None:
        """The lines `losses`, `books` and `machine`, and what there is to warn of."""
        state, window, step = self.state, self.window, self.state.step
        seconds = max(window.seconds, 1e-9)
        values = self._means(loader) | self.learner.rates()
        values |= {
            "audio_s_per_s": self.step_s * window.steps / seconds, "progress": progress,
            "left_s": self.budget.left_s(state.spent, seconds / max(1, window.steps)),
        }  # fmt: skip
        self.events.append("losses", step, seconds=round(seconds, 3), **values, shares=window.shares)
        terms = [name for name in self.learner.losses if name in values]
        self.events.alarms(step, state.alarms.losses(values, terms, window.ignorant))
        if state.watch.sizes:
            counted = state.watch.summary(self.parallel.total)
            self.events.append("books", step, **counted)
            found = state.alarms.books(counted["perplexity"], state.watch.sizes, state.watch.full, step)
            self.events.alarms(step, found)
            state.watch.roll()
        if time.monotonic() - self.looked > MACHINE_EVERY_S:
            self.looked = time.monotonic()
            self.events.append("machine", step, **self.machine.look())
        self.window = Window()

    def _means(self, loader: BatchLoader) -> dict[str, float]:
        """What the steps said, the share of the time spent waiting for data, and what the loader could give; means
        over all processes."""
        names, means = self.window.means()
        meter = loader.meter()
        loading = torch.tensor([meter.wait_share, meter.examples_per_s * self.speech.example_s], dtype=torch.float64)
        joined = self.parallel.mean(torch.cat([means.cpu(), loading]).to(self.parallel.device, torch.float32))
        return dict(zip([*names, "loader_wait", "loader_audio_s_per_s"], joined.tolist(), strict=True))
