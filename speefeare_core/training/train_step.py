"""One step of training: the codec learns, and then its discriminators, or the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from speefeare_core.errors import SpeefeareError
from speefeare_core.losses import LOSSES
from speefeare_core.training.adversary import Adversary, Judgement, mean_logits
from speefeare_core.training.balancer import Balancer
from speefeare_core.training.chance import seed_step, together
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.faults import NotFinite
from speefeare_core.training.moving_average import MovingAverage
from speefeare_core.training.optimisers import clip, make_optimiser, rate_at, set_rate
from speefeare_core.training.parallel import Parallel
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.recipe_parts import Term
from speefeare_core.training.trainable import Reconstruction, Trainable

Terms = dict[str, tuple[float, Tensor]]  # weight and scalar by name


@dataclass(frozen=True)
class Heard:
    """One batch as the step wants it."""

    audio: Tensor  # [B, 1, T]
    features: Tensor | None = None  # [B, S, F'], the teacher's


@dataclass(frozen=True)
class StepReport:
    """What a step says of itself."""

    values: dict[str, Tensor]  # scalars by name, still on the device
    shares: dict[str, float] = field(default_factory=dict)  # of the gradient at the decoded audio, where asked for
    codes: tuple[Tensor, ...] = ()  # [B, K, F] of each batch
    ignorant: float | None = None  # the discriminators' loss if they knew nothing, where asked for


class Learner:
    """Network, losses, discriminators, optimisers and balancer of a recipe, and the step that moves them."""

    def __init__(self, recipe: Recipe, model: Trainable, parallel: Parallel) -> None:
        self.recipe, self.model, self.parallel = recipe, model, parallel
        model.module.to(parallel.device)
        self.losses = _named_losses(recipe.losses, model.rate_hz, parallel.device)
        self.semantic = _build(recipe.semantic, "semantic", {}) if recipe.semantic else None
        self.adversary = Adversary(recipe.adversarial).to(parallel.device) if _adversarial(recipe) else None
        self.optimiser = make_optimiser(model.learning_parameters(), recipe.optimiser, recipe.rate_shares)
        self.balancer = Balancer(recipe.balancer, parallel.mean)
        self.average = MovingAverage(model.module, recipe.ema) if recipe.ema else None
        self.draw = DepthDraw(recipe.depths)

    def step(self, batches: Sequence[Heard], step: int, progress: float, look: bool, attempt: int = 0) -> StepReport:
        """One step on `recipe.accumulate` batches; `look`: find the shares of the losses too.

        Raises `NotFinite` where a gradient is not finite; the state is then worth nothing any more.
        """
        recipe, parallel = self.recipe, self.parallel
        seed_step(recipe.seed, parallel.rank, step, attempt)
        begun = step >= recipe.adversarial.start_step and progress >= recipe.adversarial.start_share
        adversary = self.adversary if begun else None
        share = recipe.adversarial.update_share
        turn = adversary is not None and (share >= 1 or together(recipe.seed, step, attempt) < share)
        rate = rate_at(recipe.optimiser, step, progress)
        set_rate(self.optimiser, rate)
        self.optimiser.zero_grad(set_to_none=True)
        values: dict[str, Tensor] = {}
        report = StepReport(values)
        if adversary is not None:
            adversary.optimiser.zero_grad(set_to_none=True)
            set_rate(adversary.optimiser, self._rate_discriminator(step, progress))
        for number, batch in enumerate(batches):
            part = self._batch(batch, adversary, turn, look and number == 0, values, 1 / len(batches), step, progress)
            report = StepReport(values, part.shares or report.shares, report.codes + part.codes,
                                part.ignorant or report.ignorant)  # fmt: skip
        self._move(self.optimiser, self.model.module, recipe.optimiser.clip_norm, values, "gradient_norm")
        if adversary is not None and turn and self._after_codec(len(batches)):
            self._move_discriminators(adversary, values)
        parallel.scaler.update() if parallel.scaler.is_enabled() else None
        if self.average is not None:
            self.average.update()
        return report

    def rates(self) -> dict[str, float]:
        """The learning rates as they are set now."""
        found = {"rate": max(group["lr"] / group["share"] for group in self.optimiser.param_groups)}
        if self.adversary is not None:
            found["rate_discriminator"] = self.adversary.optimiser.param_groups[0]["lr"]
        return found

    # -- one batch ----------------------------------------------------------------------------------------------
    def _batch(
        self, batch: Heard, adversary: Adversary | None, turn: bool, look: bool, values: dict[str, Tensor],
        part: float, step: int, progress: float,
    ) -> StepReport:  # fmt: skip
        parallel = self.parallel
        with parallel.autocast():
            made = self.model.reconstruct(batch.audio, self.draw, batch.features)
        target = made.target.float()
        heard = made.decoded.detach().float().requires_grad_(made.decoded.requires_grad)
        terms: Terms = {name: (weight, loss(heard, target)) for name, (weight, loss) in self.losses.items()}
        judgement: Judgement | None = None
        ignorant = None
        if adversary is not None:
            later = self._after_codec(1 if part == 1 else 2)
            if turn and not later:  # the discriminators learn first
                self._discriminator_backward(
                    adversary, self._listen(adversary, heard.detach(), target, True), 1.0, values
                )
                self._move_discriminators(adversary, values)
            judgement = self._listen(adversary, heard, target, turn and later)
            terms |= adversary.generator_terms(judgement)
            ignorant = adversary.loss_without_knowledge(judgement) if look else None
        shares = self._backward(made, heard, terms, part, look, values)
        if adversary is not None and judgement is not None and turn and later:
            self._discriminator_backward(adversary, judgement, part, values)
        if judgement is not None:
            _add(values, "logits_real", mean_logits(judgement.real), part)
            _add(values, "logits_fake", mean_logits(judgement.fake), part)
        return StepReport(values, shares, () if made.codes is None else (made.codes,), ignorant)

    def _backward(
        self, made: Reconstruction, heard: Tensor, terms: Terms, part: float, look: bool, values: dict[str, Tensor]
    ) -> dict[str, float]:
        """Bring the gradient at the decoded audio and that of the network's own terms into the network."""
        recipe = self.recipe
        inside: Terms = {name: (recipe.own_weights.get(name, 0.0), value.float()) for name, value in made.own.items()}
        if self.semantic is not None and recipe.semantic is not None and made.taught is not None:
            assert made.features is not None
            inside["semantic"] = (
                recipe.semantic.weight, self.semantic(made.taught.float(), made.features.float())
            )  # fmt: skip
        scale = self.parallel.scaler.get_scale() if self.parallel.scaler.is_enabled() else 1.0
        starts: list[Tensor] = []
        gradients: list[Tensor] = []
        shares: dict[str, float] = {}
        if heard.requires_grad:
            gradient, shares = self._gradient(terms, heard, scale, look)
            starts.append(made.decoded)
            gradients.append((gradient * part).to(made.decoded.dtype))
        own = [weight * value for weight, value in inside.values() if value.requires_grad and weight]
        if own:
            total = torch.stack(own).sum()
            starts.append(total)
            gradients.append(torch.full_like(total, scale * part))
        torch.autograd.backward(starts, gradients)
        for name, (weight, value) in (terms | inside).items():
            _add(values, name, value, part)
            _add(values, "total", weight * value, part)
        return shares

    def _gradient(self, terms: Terms, heard: Tensor, scale: float, look: bool) -> tuple[Tensor, dict[str, float]]:
        """Gradient [B, C, T] of the terms at the decoded audio, times `scale`; and the share of each, where asked."""
        if self.recipe.balancer.on:
            gradient = self.balancer.gradient(terms, heard, scale) * scale
            return gradient, dict(self.balancer.shares) if look else {}
        if look:
            parts = {name: _slope(weight * scale * value, heard) for name, (weight, value) in terms.items()}
            lengths = {name: float(gradient.norm()) for name, gradient in parts.items()}
            whole = sum(lengths.values()) or 1.0
            return torch.stack(list(parts.values())).sum(0), {name: v / whole for name, v in lengths.items()}
        return _slope(torch.stack([weight * scale * value for weight, value in terms.values()]).sum(), heard), {}

    # -- discriminators -----------------------------------------------------------------------------------------
    def _after_codec(self, batches: int) -> bool:
        """The discriminators learn after the codec: as the recipe says, and always where batches are accumulated."""
        return self.recipe.adversarial.generator_first or batches > 1

    def _listen(self, adversary: Adversary, heard: Tensor, target: Tensor, learn: bool) -> Judgement:
        with self.parallel.autocast():
            return adversary.listen(heard, target, learn)

    def _discriminator_backward(
        self, adversary: Adversary, judgement: Judgement, part: float, values: dict[str, Tensor]
    ) -> None:
        loss = adversary.discriminator_loss(judgement)
        self.parallel.scaler.scale(loss * part).backward(inputs=list(adversary.parts.parameters()))  # type: ignore[no-untyped-call]
        _add(values, "discriminator", loss, part)

    def _move_discriminators(self, adversary: Adversary, values: dict[str, Tensor]) -> None:
        longest = self.recipe.adversarial.optimiser.clip_norm
        self._move(adversary.optimiser, adversary.parts, longest, values, "gradient_norm_discriminator")

    def _rate_discriminator(self, step: int, progress: float) -> float:
        start = self.recipe.adversarial.start_step
        return rate_at(self.recipe.adversarial.optimiser, step - start, progress)

    def _move(
        self, optimiser: torch.optim.Optimizer, module: nn.Module, longest: float, values: dict[str, Tensor], name: str
    ) -> None:
        parallel, scaler = self.parallel, self.parallel.scaler
        parallel.average_gradients(module.parameters())
        if scaler.is_enabled():
            scaler.unscale_(optimiser)
        norm = clip((p for p in module.parameters() if p.grad is not None), longest)
        if not scaler.is_enabled() and not bool(torch.isfinite(norm)):
            raise NotFinite("the discriminators" if "discriminator" in name else "the codec")
        scaler.step(optimiser)  # with float16 it leaves a step out whose gradient is not finite, and scales less
        values[name] = norm.detach()


def _slope(value: Tensor, at: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(value, [at], retain_graph=True)
    return gradient


def _add(values: dict[str, Tensor], name: str, value: Tensor, part: float) -> None:
    value = value.detach() * part
    values[name] = values[name] + value if name in values else value


def _adversarial(recipe: Recipe) -> bool:
    return bool(recipe.adversarial.discriminators)


def _named_losses(terms: Sequence[Term], rate_hz: int, device: torch.device) -> dict[str, tuple[float, nn.Module]]:
    """Reconstruction losses by name; a second one of the same key is `key_2`."""
    found: dict[str, tuple[float, nn.Module]] = {}
    for term in terms:
        count = sum(name == term.key or name.startswith(f"{term.key}_") for name in found) + 1
        name = term.key if term.key not in found else f"{term.key}_{count}"
        found[name] = (term.weight, _build(term, "reconstruction", {"rate_hz": rate_hz}).to(device))
    return found


def _build(term: Term, kind: str, given: dict[str, int]) -> nn.Module:
    row = LOSSES.get(term.key)
    if row is None or row.kind != kind:
        known = ", ".join(key for key, loss in LOSSES.items() if loss.kind == kind)
        raise SpeefeareError(f"The recipe asks for the loss {term.key}; {kind} losses here are {known}.")
    try:
        built: nn.Module = row(**given, **term.options)
    except (TypeError, ValueError) as error:
        raise SpeefeareError(f"The loss {term.key} does not take the recipe's options: {error}.") from error
    return built
