"""The training loop: one run of a recipe in its folder, begun or resumed, and ended in plain words."""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.alarm_rules import Alarms, broken_clips, not_finite
from speefeare_core.training.book_watch import BookWatch
from speefeare_core.training.budget import Budget, Spent
from speefeare_core.training.checkpoint import read_checkpoint, save_checkpoint
from speefeare_core.training.faults import Fault, TrainingFault, understand
from speefeare_core.training.held_out import hold_out, validation_clips
from speefeare_core.training.listening import Listener
from speefeare_core.training.loader import BatchLoader
from speefeare_core.training.machine import Machine
from speefeare_core.training.means import Window
from speefeare_core.training.parallel import start_parallel
from speefeare_core.training.process_record import ProcessRecord
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_events import RunEvents
from speefeare_core.training.run_log import RunFolder, checkpoint_step
from speefeare_core.training.run_state import all_finite, collect, restore
from speefeare_core.training.sampler import SpeechSampler
from speefeare_core.training.speech.opening import open_data
from speefeare_core.training.stopping import StopRequests
from speefeare_core.training.train_step import Learner, NotFinite
from speefeare_core.training.trainable import Trainable, trainable_for
from speefeare_core.training.validation import Validation

START_SPEECH_S = 2400.0  # speech that the first statistics and codebooks are taken from
MOST_ROLLBACKS = 3  # from one checkpoint, before the run gives up
OTHER_DRAWS = 1_000_003  # added to the data's seed after each rollback
MACHINE_EVERY_S = 10.0


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

        Raises `SpeefeareError` where recipe, data or device cannot be used; a run that has begun also logs it.
        """
        self.recipe, self.run = recipe, run
        self._stack = ExitStack()
        try:
            self._build(data, device)
        except Exception as error:
            self._stack.close()
            self._tell(error)
            if isinstance(error, SpeefeareError):
                raise
            raise understand(error, str(run.path)).error() from error

    def _build(self, data: Path | Sequence[Path], device: str) -> None:
        recipe = self.recipe
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        self.parallel = start_parallel(device, recipe.precision, recipe.accelerate)
        self._stack.callback(self.parallel.close)
        self.device = self.parallel.device
        torch.manual_seed(recipe.seed)
        self.model: Trainable = trainable_for(recipe)
        self.model.module.to(self.device)
        if not (recipe.losses or recipe.adversarial.discriminators or self.model.fitted):
            raise SpeefeareError(f"The recipe {recipe.name} names no losses.")
        self.learner = None if self.model.fitted else Learner(recipe, self.model, self.parallel)
        pool = open_data(recipe.data.sources, data, self.model.rate_hz)
        self.pool, held = hold_out(pool, recipe.validation)
        self.listener = Listener.of(recipe, self.pool, self.device, self.model)
        losses = self.learner.losses if self.learner else {}
        clips = validation_clips(held, recipe.validation) if self.parallel.first and recipe.validation.clips else []
        self.validation = Validation(clips, losses)
        self.watch = BookWatch(self.model.book_sizes)
        self.alarms, self.spent, self.attempt = Alarms(), Spent(), 0
        self.speech = self._sampler()
        self.budget = Budget(recipe.budget, self.speech.speech_s)

    @property
    def step(self) -> int:
        """Steps made so far."""
        return self.spent.step

    def train(self) -> TrainingResult:
        """Train to the end of the budget, or until the file `stop`, SIGTERM or Ctrl-C, which save before they end.

        Raises `SpeefeareError`, after an event `failed` with the same words, where the run cannot go on.
        """
        try:
            with self._stack:
                self.run.create()
                self.stops = self._stack.enter_context(StopRequests(self.run))
                self.events = RunEvents(self.run, self.parallel.first, self.recipe.tensorboard)
                self._stack.callback(self.events.close)
                self._begin()
                return self._until_done()
        except Exception as error:
            self._tell(error)
            if isinstance(error, SpeefeareError):
                raise
            raise understand(error, str(self.run.path)).error() from error

    # -- begin --------------------------------------------------------------------------------------------------
    def _begin(self) -> None:
        newest = self.run.newest_checkpoint()
        here = checkpoint_step(newest) if newest else 0
        self.events.append("preparing", here, recipe=self.recipe.name, resumed_from=newest.name if newest else None)
        torch.manual_seed(self.recipe.seed)
        if newest is not None:
            self._go_back()
        elif self.recipe.start_from:
            self._take_over(self.recipe.start_from)
        else:
            self.model.start(torch.from_numpy(self.speech.stretch(START_SPEECH_S)).to(self.device))
        module = self.model.module
        self.parallel.same_everywhere([*module.parameters(), *module.buffers()])
        if self.learner is not None and self.learner.adversary is not None:
            self.parallel.same_everywhere(self.learner.adversary.parameters())
        if self.learner is not None and self.learner.average is not None and newest is None:
            self.learner.average.reset()
        self._say_start()
        if newest is None and self.learner is not None:
            self._checkpoint()

    def _say_start(self) -> None:
        problems = self.pool.problems | self.speech.broken
        self.events.append(
            "start", self.step, recipe=self.recipe.name, family=self.recipe.family,
            parameters=sum(weight.numel() for weight in self.model.module.parameters()),
            speech_s=round(self.speech.speech_s, 1), clips=len(self.pool), device=str(self.device),
            steps=self.recipe.steps, world_size=self.parallel.world_size, batch_s=self._batch_s,
            launcher=ProcessRecord.of_this_process().launcher, precision=self.recipe.precision,
            loop=self.parallel.kind, rate_hz=self.model.rate_hz, book_sizes=list(self.model.book_sizes),
        )  # fmt: skip
        if problems:
            self.events.alarms(self.step, [broken_clips(problems)])

    def _take_over(self, source: str) -> None:
        try:
            self.model.take_over(load_codec(source, str(self.device)))
        except RuntimeError as error:
            raise SpeefeareError(f"{source} does not fit the network of the recipe {self.recipe.name}.") from error

    # -- the loop -----------------------------------------------------------------------------------------------
    def _until_done(self) -> TrainingResult:
        """Sittings from checkpoint to end; one that meets a gradient that is not finite goes back."""
        if self.learner is None:
            self.spent = dataclasses.replace(self.spent, step=self.recipe.steps)
            self._checkpoint()
            return self._finish()
        while True:
            try:
                return self._sitting(self.learner)
            except NotFinite as error:
                self._roll_back(error.where)

    def _sitting(self, learner: Learner) -> TrainingResult:
        self.model.module.train()
        recipe, machine, self.window = self.recipe, Machine(self.device), Window()
        self._looked = 0.0
        first = self.step * recipe.accumulate
        with BatchLoader(self.speech, first, recipe.data.workers) as loader:
            self.loader = loader
            before, stop, progress = time.monotonic(), False, self.budget.progress(self.spent)
            while progress < 1 and not stop:
                batches = [self.listener.hear(loader.next()) for _ in range(recipe.accumulate)]
                look = (self.step + 1) % recipe.log_every == 0
                report = learner.step(batches, self.step, progress, look, self.attempt)
                self.window.add(report)
                for codes in report.codes:
                    self.watch.count(codes)
                now = time.monotonic()
                heard = self.spent.heard_s + self._batch_s
                self.spent = Spent(self.step + 1, self.spent.seconds + now - before, heard)
                before = now
                progress, asked = self.parallel.from_first(
                    [self.budget.progress(self.spent), float(self.stops.asked())]
                )
                stop = bool(asked)
                saves = stop or self.step % recipe.checkpoint_every == 0 or progress >= 1
                if saves or self.step % recipe.log_every == 0:
                    self._log(learner, machine, progress)
                if saves:
                    self._checkpoint(validate=not stop or progress >= 1)
        if progress < 1:
            self.stops.obeyed()
            self.events.append("stopped", self.step)
            return TrainingResult(self.step, False, None)
        return self._finish()

    def _log(self, learner: Learner, machine: Machine, progress: float) -> None:
        window, meter = self.window, self.loader.meter()
        names, means = window.sums()
        joined = torch.cat([means.cpu(), torch.tensor([meter.wait_share], dtype=torch.float64)]).to(self.device)
        *found, wait = self.parallel.mean(joined).tolist()
        values = dict(zip(names, found, strict=True)) | learner.rates()
        seconds = max(window.seconds, 1e-9)
        step_s = seconds / max(1, window.steps)
        values |= {
            "audio_s_per_s": self._batch_s / step_s, "loader_wait": wait, "progress": progress,
            "left_s": self.budget.left_s(self.spent, step_s),
        }  # fmt: skip
        self.events.append("losses", self.step, seconds=round(seconds, 3), **values, shares=window.shares)
        terms = [name for name in learner.losses if name in values]
        self.events.alarms(self.step, self.alarms.losses(values, terms, window.ignorant))
        if self.watch.sizes:
            counted = self.watch.summary(self.parallel.total)
            self.events.append("books", self.step, **counted)
            found_alarms = self.alarms.books(counted["perplexity"], self.watch.sizes, self.watch.full, self.step)
            self.events.alarms(self.step, found_alarms)
            self.watch.roll()
        if time.monotonic() - self._looked > MACHINE_EVERY_S:
            self._looked = time.monotonic()
            self.events.append("machine", self.step, **machine.look())
        self.window = Window()

    # -- checkpoints --------------------------------------------------------------------------------------------
    def _checkpoint(self, validate: bool = True) -> None:
        """The newest codec, what validation says of it, and the whole state; in this order, so that none is missing."""
        began = time.monotonic()
        if not all_finite(self.model.module.state_dict()):
            raise NotFinite("the codec")
        if self.parallel.first:
            native.save(self._codec_file(), self.run.model_latest)
            if validate:
                self._validate()
            learner = self.learner
            spent = dataclasses.replace(self.spent, seconds=self.spent.seconds + time.monotonic() - began)
            state = collect(self.model.module, learner, spent, self.watch, self.alarms)
            path = save_checkpoint(self.run, self.step, state, self.recipe.keep_checkpoints)
            self.events.append("checkpoint", self.step, file=path.name)
        self.parallel.wait()
        self.attempt = 0

    def _validate(self) -> None:
        if not self.validation.clips:
            return
        originals = self.validation.write_originals(self.run, self.model.rate_hz)
        codec = load_codec(self.run.model_latest, str(self.device))
        values = self.validation.measure(codec, self.run, self.step, self.device)
        found = self.alarms.validation(values["mel_distance"]) if "mel_distance" in values else []
        self.events.append("validation", self.step, **values, originals=originals, worse_for=self.alarms.worse_for)
        self.events.alarms(self.step, found)

    def _codec_file(self) -> native.NativeFile:
        recipe = self.recipe
        average = self.learner.average if self.learner else None
        with average.in_place() if average else nullcontext():
            made = self.model.to_native(recipe.name, recipe.licence, recipe.notes)
        return dataclasses.replace(made, config=made.config | recipe.network_after)

    def _finish(self) -> TrainingResult:
        if self.parallel.first:
            native.save(self._codec_file(), self.run.model)
        self.events.append("finished", self.step, file=self.run.model.name)
        return TrainingResult(self.step, True, self.run.model)

    def _go_back(self) -> None:
        """To the newest checkpoint that can be read. Raises `SpeefeareError` where there is none."""
        last: SpeefeareError | None = None
        for path in reversed(self.run.all_checkpoints()):
            try:
                state = read_checkpoint(path)
                self.spent, self.alarms = restore(state, self.model.module, self.learner, self.watch)
                return
            except SpeefeareError as error:
                last = last or error
            except (KeyError, RuntimeError, ValueError, TypeError) as error:
                raise SpeefeareError(f"{path} is a checkpoint of another recipe; start a new run folder.") from error
        raise last or SpeefeareError(f"{self.run.path} holds no checkpoint to go back to.")

    def _roll_back(self, where: str) -> None:
        """After a gradient that is not finite: the newest checkpoint again, and other random draws."""
        step, attempt = self.step, self.attempt + 1
        if attempt > MOST_ROLLBACKS or self.run.newest_checkpoint() is None:
            raise TrainingFault(Fault(
                "not_finite",
                f"The gradient of {where} was no longer finite at step {step}, {attempt} times in a row.",
                "Lower optimiser.rate, set optimiser.clip_norm, or lower the weight of the newest loss; then clone the"
                " run or start a new one.",
            ))  # fmt: skip
        self._go_back()
        self.attempt = attempt
        self.speech = self._sampler()
        self.events.append("preparing", self.step, recipe=self.recipe.name, resumed_from=f"step-{self.step:08d}.pt")
        self._say_start()
        self.events.alarms(self.step, [not_finite(where, step, self.step, attempt, MOST_ROLLBACKS)])

    # -- small things -------------------------------------------------------------------------------------------
    def _sampler(self) -> SpeechSampler:
        recipe = self.recipe
        segment = recipe.data.segment_frames * self.model.frame_samples
        seed = recipe.seed + OTHER_DRAWS * self.attempt
        return SpeechSampler(recipe.data, self.pool, segment, seed, self.parallel.rank)

    @property
    def _batch_s(self) -> float:
        """Seconds of audio in a step, of all processes."""
        return self.speech.batch_s * self.recipe.accumulate * self.parallel.world_size

    def _tell(self, error: Exception) -> None:
        """The log of a run that has begun says why it ended, as far as that can be written."""
        fault = understand(error, str(self.run.path))
        try:
            if self.run.config.exists() or self.run.events.exists():
                if fault.kind == "other" and not isinstance(error, SpeefeareError):
                    self.run.trace.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
                log = RunEvents(self.run, writes=True, tensorboard=False)
                step = self.spent.step if hasattr(self, "spent") else 0
                log.append("failed", step, kind=fault.kind, words=fault.words, advice=fault.advice)
        except OSError:  # a full disk or a closed folder; whoever started the run still hears it
            pass
