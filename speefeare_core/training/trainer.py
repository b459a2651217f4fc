"""One run of a recipe in its folder: begun or resumed, watched from outside, and ended in plain words."""

from __future__ import annotations

import dataclasses
import os
import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch

from speefeare_core.checkpoints.load import load_codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.alarm_rules import broken_clips, not_finite
from speefeare_core.training.book_watch import BookWatch
from speefeare_core.training.budget import Budget
from speefeare_core.training.denormals import denormals_as_zero
from speefeare_core.training.faults import Fault, NotFinite, gave_up, understand
from speefeare_core.training.held_out import hold_out, validation_clips
from speefeare_core.training.keeper import Keeper
from speefeare_core.training.listening import Listener
from speefeare_core.training.parallel import start_parallel
from speefeare_core.training.process_record import ProcessRecord
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_events import RunEvents
from speefeare_core.training.run_log import RunFolder, checkpoint_step, read_events
from speefeare_core.training.run_state import RunState
from speefeare_core.training.sampler import SpeechSampler
from speefeare_core.training.sitting import Sitting
from speefeare_core.training.speech.opening import open_data
from speefeare_core.training.stopping import StopRequests
from speefeare_core.training.train_step import Learner
from speefeare_core.training.trainable import Trainable, trainable_for
from speefeare_core.training.validation import Validation

START_SPEECH_S = 2400.0  # speech that the first statistics and codebooks are taken from
MOST_ROLLBACKS = 3  # from one checkpoint, before the run gives up
OTHER_DRAWS = 1_000_003  # added to the data's seed after each rollback
PATIENCE_S = 1.0  # in which another process of the run may say first why it ended


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended."""

    step: int
    finished: bool  # False: stopped before the end of its budget, resume goes on
    model: Path | None  # the codec file, when finished


class Trainer:
    """One run of a recipe in its folder; resumes by itself from the newest checkpoint there."""

    def __init__(self, recipe: Recipe, run: RunFolder, data: Path | Sequence[Path], device: str = "auto") -> None:
        """`data`: what the recipe's sources are below, or all speech of a recipe that names none.

        Raises `SpeefeareError` where recipe, data or device cannot be used; the log of a run that has begun says so.
        """
        self.recipe, self.run = recipe, run
        self._stack, self._said_preparing = ExitStack(), False
        try:
            if run.config.exists():  # begun by a job: whoever watches sees that it lives, while data are looked through
                self._say_preparing()
            self._build(data, device)
        except Exception as error:
            self._stack.close()
            raise self._told(error) from error

    @property
    def step(self) -> int:
        """Steps made so far."""
        return self.state.step

    def train(self) -> TrainingResult:
        """Train to the end of the budget, or until the file `stop`, SIGTERM or Ctrl-C, which save before they end.

        Raises `SpeefeareError`, after an event `failed` with the same words, where the run cannot go on.
        """
        try:
            with self._stack:
                self.run.create()
                stops = self._stack.enter_context(StopRequests(self.run))
                events = RunEvents(self.run, self.parallel.first, self.recipe.tensorboard)
                self._stack.callback(events.close)
                keeper = Keeper(self.recipe, self.run, self.state, self.parallel, events, self.validation)
                self._begin(keeper)
                finished = self._until_done(keeper, stops)
        except Exception as error:
            raise self._told(error) from error
        return TrainingResult(self.step, finished, self.run.model if finished else None)

    # -- begin --------------------------------------------------------------------------------------------------
    def _build(self, data: Path | Sequence[Path], device: str) -> None:
        recipe = self.recipe
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        self._stack.enter_context(denormals_as_zero())
        self.parallel = start_parallel(device, recipe.precision, recipe.accelerate)
        self._stack.callback(self.parallel.close)
        self.device = self.parallel.device
        torch.manual_seed(recipe.seed)
        self.model: Trainable = trainable_for(recipe)
        self.model.module.to(self.device)
        if not (recipe.losses or recipe.adversarial.discriminators or self.model.fitted):
            raise SpeefeareError(f"The recipe {recipe.name} names no losses.")
        self.learner = None if self.model.fitted else Learner(recipe, self.model, self.parallel)
        self.pool, held = hold_out(open_data(recipe.data.sources, data, self.model.rate_hz), recipe.validation)
        self.listener = Listener.of(recipe, self.pool, self.device, self.model)
        clips = validation_clips(held, recipe.validation) if self.parallel.first and recipe.validation.clips else []
        self.validation = Validation(clips, self.learner.losses if self.learner else {})
        self.state = RunState(self.model, self.learner, BookWatch(self.model.book_sizes))
        self.budget = Budget(recipe.budget, self.pool.speech_s)

    def _say_preparing(self) -> None:
        """The first line of a sitting; its step is the one that the run goes on from."""
        if os.environ.get("RANK", "0") == "0":
            newest = self.run.newest_checkpoint()
            step, name = (checkpoint_step(newest), newest.name) if newest else (0, None)
            RunEvents(self.run, True, False).append("preparing", step, recipe=self.recipe.name, resumed_from=name)
        self._said_preparing = True

    def _begin(self, keeper: Keeper) -> None:
        recipe, newest = self.recipe, self.run.newest_checkpoint()
        if not self._said_preparing:
            self._say_preparing()
        torch.manual_seed(recipe.seed)
        if newest is not None:
            keeper.go_back()
        elif recipe.start_from:
            self._take_over(recipe.start_from)
        elif type(self.model).start is not Trainable.start:
            speech = self._sampler().stretch(START_SPEECH_S)
            self.model.start(torch.from_numpy(speech).to(self.device))
        self.state.begin()
        self._say_start(keeper.events)
        if newest is None and self.learner is not None:
            keeper.keep()

    def _say_start(self, events: RunEvents) -> None:
        recipe, model, speech = self.recipe, self.model, self._sampler()
        events.append(
            "start", self.step, recipe=recipe.name, family=recipe.family, title=recipe.title, column=recipe.column,
            parameters=sum(weight.numel() for weight in model.module.parameters()), rate_hz=model.rate_hz,
            book_sizes=list(model.book_sizes), speech_s=round(self.pool.speech_s, 1), clips=len(self.pool),
            device=str(self.device), steps=recipe.steps, world_size=self.parallel.world_size,
            batch_s=speech.batch_s * recipe.accumulate * self.parallel.world_size, precision=recipe.precision,
            loop=self.parallel.kind, launcher=ProcessRecord.of_this_process().launcher,
        )  # fmt: skip
        if self.pool.problems:
            events.alarms(self.step, [broken_clips(self.pool.problems)])

    def _take_over(self, source: str) -> None:
        try:
            self.model.take_over(load_codec(source, str(self.device)))
        except RuntimeError as error:
            raise SpeefeareError(f"{source} does not fit the network of the recipe {self.recipe.name}.") from error

    # -- until it ends ------------------------------------------------------------------------------------------
    def _until_done(self, keeper: Keeper, stops: StopRequests) -> bool:
        """Whether the budget is used up; a gradient that is not finite leads back to the newest checkpoint."""
        if self.learner is None:
            self.state.spent = dataclasses.replace(self.state.spent, step=self.recipe.steps)
            keeper.keep()
        while self.learner is not None:
            speech = self._sampler()
            try:
                done = Sitting(keeper, self.learner, speech, self.listener, self.budget, stops).train()
            except NotFinite as error:
                self._roll_back(keeper, error)
                continue
            if speech.broken:
                keeper.events.alarms(self.step, [broken_clips(speech.broken)])
            if not done:
                stops.obeyed()
                keeper.events.append("stopped", self.step)
                return False
            break
        keeper.finish()
        return True

    def _roll_back(self, keeper: Keeper, error: NotFinite) -> None:
        """The newest checkpoint again, and other random draws."""
        state, step, failures = self.state, self.step, self.state.failures + 1
        if failures > MOST_ROLLBACKS or self.run.newest_checkpoint() is None:
            raise gave_up(error.where, step, failures) from error
        keeper.go_back()
        state.failures, state.rollbacks = failures, state.rollbacks + failures
        resumed = f"step-{state.step:08d}.pt"
        keeper.events.append("preparing", state.step, recipe=self.recipe.name, resumed_from=resumed)
        self._say_start(keeper.events)
        keeper.events.alarms(state.step, [not_finite(error.where, step, state.step, failures, MOST_ROLLBACKS)])

    def _sampler(self) -> SpeechSampler:
        recipe = self.recipe
        segment = recipe.data.segment_frames * self.model.frame_samples
        seed = recipe.seed + OTHER_DRAWS * self.state.rollbacks
        return SpeechSampler(recipe.data, self.pool, segment, seed, self.parallel.rank)

    def _told(self, error: Exception) -> SpeefeareError:
        """What ended the run, in plain words; the log of a run that has begun has them too, if it can be written."""
        fault = understand(error, str(self.run.path))
        try:
            if self.run.config.exists() or self.run.events.exists():
                self._log_failed(error, fault)
        except OSError:  # a full disk or a closed folder; whoever started the run still hears it
            pass
        return fault.error()

    def _log_failed(self, error: Exception, fault: Fault) -> None:
        if fault.kind == "program":
            self.run.trace.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        if fault.kind == "process":  # the one that ended knows better why
            time.sleep(PATIENCE_S)
            newest = read_events(self.run.events)[0][-1:]
            if newest and newest[0]["event"] == "failed":
                return
        step = self.step if hasattr(self, "state") else 0
        log = RunEvents(self.run, writes=True, tensorboard=False)
        log.append("failed", step, kind=fault.kind, words=fault.words, advice=fault.advice)
