"""The training loop: plain torch, one process, everything it knows in the run folder."""

from __future__ import annotations

import dataclasses
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import nn

from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.devices import choose_device
from speefeare_core.errors import SpeefeareError
from speefeare_core.losses import LOSSES
from speefeare_core.quantizers.vector import vector_quantizers
from speefeare_core.training.adversary import Adversary
from speefeare_core.training.balancer import Balancer
from speefeare_core.training.checkpoint import books_state, load_books_state, read_checkpoint, save_checkpoint
from speefeare_core.training.data import SpeechSampler
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.recipe_parts import OptimiserRecipe, Term
from speefeare_core.training.run_log import EventLog, RunFolder
from speefeare_core.training.trainable import Trainable, trainable_for

START_SPEECH_S = 2400.0  # speech that the first statistics and codebooks are taken from


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended."""

    step: int
    finished: bool  # False: stopped before the last step, resume goes on
    model: Path | None  # the codec file, when finished


class Trainer:
    """One run of a recipe in its folder; resumes by itself from the newest checkpoint there."""

    def __init__(self, recipe: Recipe, run: RunFolder, data_folder: Path, device: str = "auto") -> None:
        self.recipe, self.run = recipe, run
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        torch.manual_seed(recipe.seed)
        self.device = choose_device(device)
        self.model: Trainable = trainable_for(recipe)
        self.model.module.to(self.device)
        if not (recipe.losses or self.model.fitted):
            raise SpeefeareError(f"The recipe {recipe.name} names no losses.")
        segment = recipe.data.segment_frames * self.model.frame_samples
        self.speech = SpeechSampler(recipe.data, data_folder, self.model.rate_hz, segment, recipe.seed)
        self.losses = [(term, _loss(term, self.model.rate_hz).to(self.device)) for term in recipe.losses]
        self.optimiser = None if self.model.fitted else optimiser_for(self.model.module, recipe)
        self.adversary = Adversary(recipe.adversarial).to(self.device) if recipe.adversarial.discriminators else None
        self.balancer = Balancer()
        self.draw = DepthDraw(recipe.depths)
        self.step = 0
        self.log = EventLog(run.events)
        self._stopped_by_signal = False

    def train(self) -> TrainingResult:
        """Train to the last step, or until the file `stop`, SIGTERM or Ctrl-C, which save before they end.

        Raises `SpeefeareError` when the gradient is no longer finite, and where checkpoint or speech do not fit.
        """
        self.run.create()
        self.run.write_process()
        with self._signals():
            self._begin()
            return self._loop()

    def _begin(self) -> None:
        newest = self.run.newest_checkpoint()
        self.log.append("preparing", self.step, recipe=self.recipe.name, resumed_from=newest.name if newest else None)
        if newest is not None:
            self._restore(read_checkpoint(newest))
        elif self.recipe.start_from:
            self._take_over(self.recipe.start_from)
        else:
            self.model.start(torch.from_numpy(self.speech.stretch(START_SPEECH_S)).to(self.device))
        if self.model.fitted:
            self.step = self.recipe.steps
        count = sum(weight.numel() for weight in self.model.module.parameters())
        self.log.append(
            "start", self.step, recipe=self.recipe.name, parameters=count, speech_s=round(self.speech.length_s, 1),
            device=str(self.device), steps=self.recipe.steps,
        )  # fmt: skip

    def _loop(self) -> TrainingResult:
        recipe = self.recipe
        self.model.module.train()
        for _, book in vector_quantizers(self.model.module):
            book.learning = recipe.books.learn
        sums: dict[str, float] = {}
        since, counted = time.monotonic(), 0
        while self.step < recipe.steps:
            for name, value in self._train_step().items():
                sums[name] = sums.get(name, 0.0) + value
            self.step, counted = self.step + 1, counted + 1
            stop = self.run.stop.exists() or self._stopped_by_signal
            if self.step % recipe.log_every == 0 or self.step == recipe.steps:
                means = {name: round(total / counted, 6) for name, total in sums.items()}
                self.log.append("losses", self.step, seconds=round(time.monotonic() - since, 2), **means)
                sums, since, counted = {}, time.monotonic(), 0
            if stop or self.step % recipe.checkpoint_every == 0 or self.step == recipe.steps:
                path = save_checkpoint(self.run, self.step, self._state(), recipe.keep_checkpoints)
                self.log.append("checkpoint", self.step, file=path.name)
            if stop and self.step < recipe.steps:
                self.run.stop.unlink(missing_ok=True)
                self.log.append("stopped", self.step)
                return TrainingResult(self.step, False, None)
        finished = self.model.to_native(recipe.name, recipe.licence, recipe.notes)
        native.save(dataclasses.replace(finished, config=finished.config | recipe.network_after), self.run.model)
        self.log.append("finished", self.step, file=self.run.model.name)
        return TrainingResult(self.step, True, self.run.model)

    def _train_step(self) -> dict[str, float]:
        recipe = self.recipe
        assert self.optimiser is not None
        set_rate(self.optimiser, recipe.optimiser, self.step, recipe.steps)
        audio = torch.from_numpy(self.speech.draw()).to(self.device)
        made = self.model.reconstruct(audio, self.draw)
        terms = {term.key: (term.weight, loss(made.decoded, made.target)) for term, loss in self.losses}
        terms |= {name: (recipe.own_weights.get(name, 0.0), value) for name, value in made.own.items()}
        adversary = self.adversary if self.step >= recipe.adversarial.start_step else None
        if adversary is not None:
            terms |= adversary.generator_terms(made.decoded, made.target)
        total = torch.stack([weight * value for weight, value in terms.values()]).sum()
        self.optimiser.zero_grad(set_to_none=True)
        if recipe.balancer.on:
            outside = {name: term for name, term in terms.items() if name not in made.own}
            gradient = self.balancer.gradient(outside, made.decoded)
            own = [recipe.own_weights.get(name, 0.0) * value for name, value in made.own.items() if value.requires_grad]
            made.decoded.backward(gradient, retain_graph=bool(own))  # type: ignore[no-untyped-call]
            if own:  # none where the encoder is frozen
                torch.stack(own).sum().backward()  # type: ignore[no-untyped-call]
        else:
            total.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.model.module.parameters(), recipe.optimiser.clip_norm)
        if not bool(torch.isfinite(norm)):
            raise SpeefeareError(
                f"The gradient of {recipe.name} is no longer finite at step {self.step}; lower the learning rate or"
                " the weight of the newest loss, and resume from the last checkpoint."
            )
        self.optimiser.step()
        values = {name: float(value.detach()) for name, (_, value) in terms.items()}
        if adversary is not None:
            set_rate(adversary.optimiser, recipe.adversarial.optimiser, self.step, recipe.steps)
            values["discriminator"] = adversary.learn(made.decoded.detach(), made.target)
        return values | {"total": float(total.detach()), "gradient_norm": float(norm)}

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "model": self.model.module.state_dict(),
            "books": books_state(self.model.module),
            "optimiser": self.optimiser.state_dict() if self.optimiser else {},
            "balancer": self.balancer.norms,
            "speech": self.speech.state(),
            "random": torch.get_rng_state(),
        }
        if self.adversary is not None:
            state["adversary"] = self.adversary.state_dict()
            state["adversary_optimiser"] = self.adversary.optimiser.state_dict()
        return state

    def _restore(self, state: dict[str, Any]) -> None:
        self.model.module.load_state_dict(state["model"])
        load_books_state(self.model.module, state["books"])
        if self.optimiser is not None:
            self.optimiser.load_state_dict(state["optimiser"])
        self.balancer.norms = dict(state["balancer"])
        self.speech.restore(state["speech"])
        torch.set_rng_state(state["random"])
        if self.adversary is not None and "adversary" in state:
            self.adversary.load_state_dict(state["adversary"])
            self.adversary.optimiser.load_state_dict(state["adversary_optimiser"])
        self.step = int(state["step"])

    def _take_over(self, source: str) -> None:
        try:
            self.model.take_over(load_codec(source, str(self.device)))
        except RuntimeError as error:
            raise SpeefeareError(f"{source} does not fit the network of the recipe {self.recipe.name}.") from error

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # only there can they be caught
            yield
            return
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopped_by_signal = True


def optimiser_for(module: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW over the parameters of a module, grouped by their share of the rate; a share of 0 freezes.

    Raises `SpeefeareError` where nothing is left to train.
    """
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        shares = [share for start, share in recipe.rate_shares.items() if name.startswith(start)]
        share = shares[-1] if shares else 1.0
        parameter.requires_grad_(share > 0)
        if share > 0:
            groups.setdefault(share, []).append(parameter)
    if not groups:
        raise SpeefeareError(f"The recipe {recipe.name} freezes everything; raise one of its rate_shares.")
    values = recipe.optimiser
    return torch.optim.AdamW(
        [{"params": group, "share": share} for share, group in groups.items()],
        lr=values.rate,
        betas=values.betas,
        weight_decay=values.weight_decay,
    )


def set_rate(optimiser: torch.optim.Optimizer, recipe: OptimiserRecipe, step: int, steps: int) -> None:
    """Linear warm-up, then a cosine from the rate to `final_share` of it at the last step."""
    warm = min(1.0, (step + 1) / max(1, recipe.warmup_steps))
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
    rate = recipe.rate * warm * (recipe.final_share + (1 - recipe.final_share) * cosine)
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("share", 1.0)


def _loss(term: Term, rate_hz: int) -> nn.Module:
    row = LOSSES.get(term.key)
    if row is None or row.kind != "reconstruction":
        known = ", ".join(key for key, loss in LOSSES.items() if loss.kind == "reconstruction")
        raise SpeefeareError(f"The recipe asks for the loss {term.key}; reconstruction losses here are {known}.")
    try:
        built: nn.Module = row(rate_hz=rate_hz, **term.options)
    except TypeError as error:
        raise SpeefeareError(f"The loss {term.key} does not take the recipe's options: {error}.") from error
    return built
