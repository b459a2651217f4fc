"""Checkpoints of a run as they come and go: the state, the codec that can be opened, and what validation says of it."""

from __future__ import annotations

import dataclasses
import time
from contextlib import nullcontext

from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.checkpoint import read_checkpoint, save_checkpoint
from speefeare_core.training.faults import NotFinite
from speefeare_core.training.parallel import Parallel
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_events import RunEvents
from speefeare_core.training.run_log import RunFolder
from speefeare_core.training.run_state import RunState, all_finite
from speefeare_core.training.validation import Validation


class Keeper:
    """Writes checkpoints and goes back to them."""

    def __init__(
        self, recipe: Recipe, run: RunFolder, state: RunState, parallel: Parallel, events: RunEvents,
        validation: Validation,
    ) -> None:  # fmt: skip
        self.recipe, self.run, self.state = recipe, run, state
        self.parallel, self.events, self.validation = parallel, events, validation

    def keep(self, validate: bool = True) -> None:
        """The codec, what validation says of it, and the whole state; in this order, so that none is ever missing.

        Raises `NotFinite` where the weights are no longer worth keeping, and OSError where they cannot be written.
        """
        began, state = time.monotonic(), self.state
        if not all_finite(state.model.module.state_dict()):
            raise NotFinite("the codec")
        if self.parallel.first:
            native.save(self._codec(), self.run.model_latest)
            if validate and self.validation.clips:
                self._validate()
            spent = dataclasses.replace(state.spent, seconds=state.spent.seconds + time.monotonic() - began)
            path = save_checkpoint(self.run, state.step, state.collect(spent), self.recipe.keep_checkpoints)
            self.events.append("checkpoint", state.step, file=path.name)
        self.parallel.wait()
        state.failures = 0

    def finish(self) -> None:
        """Write the finished codec."""
        if self.parallel.first:
            native.save(self._codec(), self.run.model)
        self.events.append("finished", self.state.step, file=self.run.model.name)

    def go_back(self) -> None:
        """To the newest checkpoint that can be read. Raises `SpeefeareError` where there is none."""
        unreadable: SpeefeareError | None = None
        for path in reversed(self.run.all_checkpoints()):
            try:
                self.state.restore(read_checkpoint(path))
                return
            except SpeefeareError as error:
                unreadable = unreadable or error
            except (KeyError, RuntimeError, ValueError, TypeError) as error:
                raise SpeefeareError(f"{path} is a checkpoint of another recipe; start a new run folder.") from error
        raise unreadable or SpeefeareError(f"{self.run.path} holds no checkpoint to go back to.")

    def _validate(self) -> None:
        state, originals = self.state, self.validation.write_originals(self.run, self.state.model.rate_hz)
        codec = load_codec(self.run.model_latest, str(self.parallel.device))  # what people will open
        values = self.validation.measure(codec, self.run, state.step, self.parallel.device)
        found = state.alarms.validation(values["mel_distance"]) if "mel_distance" in values else []
        worse_for = state.alarms.worse_for
        self.events.append("validation", state.step, **values, originals=originals, worse_for=worse_for)
        self.events.alarms(state.step, found)

    def _codec(self) -> native.NativeFile:
        recipe, learner = self.recipe, self.state.learner
        with learner.average.in_place() if learner and learner.average else nullcontext():
            made = self.state.model.to_native(recipe.name, recipe.licence, recipe.notes)
        return dataclasses.replace(made, config=made.config | recipe.network_after)
