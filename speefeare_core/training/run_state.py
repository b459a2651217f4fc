"""All that a resumed run needs, as one dictionary of tensors and plain data. Random numbers need none: see `chance`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from speefeare_core.training.alarm_rules import Alarms
from speefeare_core.training.book_watch import BookWatch
from speefeare_core.training.budget import Spent
from speefeare_core.training.checkpoint import books_state, load_books_state
from speefeare_core.training.train_step import Learner


def collect(
    module: nn.Module, learner: Learner | None, spent: Spent, watch: BookWatch, alarms: Alarms
) -> dict[str, Any]:
    """Weights, books, discriminators, optimisers, averages, balancer, and what was counted."""
    state: dict[str, Any] = {
        "model": module.state_dict(),
        "books": books_state(module),
        "spent": asdict(spent),
        "watch": watch.state(),
        "alarms": alarms.state(),
    }
    if learner is None:
        return state
    state["optimiser"] = learner.optimiser.state_dict()
    state["balancer"] = learner.balancer.state()
    state["scaler"] = learner.parallel.scaler.state_dict()
    if learner.average is not None:
        state["average"] = learner.average.state()
    if learner.adversary is not None:
        state["adversary"] = learner.adversary.state_dict()
        state["adversary_optimiser"] = learner.adversary.optimiser.state_dict()
    return state


def restore(
    state: dict[str, Any], module: nn.Module, learner: Learner | None, watch: BookWatch
) -> tuple[Spent, Alarms]:
    """Inverse of `collect`. Raises KeyError, RuntimeError or ValueError where the state is of another recipe."""
    module.load_state_dict(state["model"])
    load_books_state(module, state["books"])
    watch.restore(state["watch"])
    if learner is not None:
        learner.optimiser.load_state_dict(state["optimiser"])
        learner.balancer.restore(state["balancer"])
        if state["scaler"]:
            learner.parallel.scaler.load_state_dict(state["scaler"])
        if learner.average is not None:
            learner.average.restore(state["average"])
        if learner.adversary is not None:
            learner.adversary.load_state_dict(state["adversary"])
            learner.adversary.optimiser.load_state_dict(state["adversary_optimiser"])
    return Spent(**state["spent"]), Alarms.restored(state["alarms"])


def all_finite(state: Any) -> bool:
    """Whether every number in the tensors of a state is finite: only such a checkpoint is worth going back to."""
    if isinstance(state, torch.Tensor):
        return not state.is_floating_point() or bool(torch.isfinite(state).all())
    if isinstance(state, dict):
        return all(all_finite(value) for value in state.values())
    if isinstance(state, (list, tuple)):
        return all(all_finite(value) for value in state)
    return True
