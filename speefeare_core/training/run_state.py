"""Where a run stands: everything that moves while it trains, and all of it as one dictionary for a checkpoint.

Random numbers are not among it: see `chance`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from speefeare_core.training.alarm_rules import Alarms
from speefeare_core.training.book_watch import BookWatch
from speefeare_core.training.budget import Spent
from speefeare_core.training.checkpoint import books_state, load_books_state
from speefeare_core.training.train_step import Learner
from speefeare_core.training.trainable import Trainable


@dataclass
class RunState:
    """`learner` is None where the network is fitted and not trained step by step."""

    model: Trainable
    learner: Learner | None
    watch: BookWatch
    spent: Spent = field(default_factory=Spent)
    alarms: Alarms = field(default_factory=Alarms)
    rollbacks: int = 0  # how often the run went back to a checkpoint; each time it draws other random numbers
    failures: int = 0  # those since the newest checkpoint

    @property
    def step(self) -> int:
        """Steps made so far."""
        return self.spent.step

    def collect(self, spent: Spent) -> dict[str, Any]:
        """Weights, books, discriminators, optimisers, averages, balancer, and what was counted; `spent` up to now."""
        state: dict[str, Any] = {
            "model": self.model.module.state_dict(),
            "books": books_state(self.model.module),
            "spent": asdict(spent),
            "watch": self.watch.state(),
            "alarms": self.alarms.state(),
            "rollbacks": self.rollbacks,
        }
        learner = self.learner
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

    def restore(self, state: dict[str, Any]) -> None:
        """Inverse of `collect`. Raises KeyError, RuntimeError, TypeError or ValueError for that of another recipe."""
        self.model.module.load_state_dict(state["model"])
        load_books_state(self.model.module, state["books"])
        self.watch.restore(state["watch"])
        self.spent, self.alarms = Spent(**state["spent"]), Alarms.restored(state["alarms"])
        self.rollbacks = int(state["rollbacks"])
        learner = self.learner
        if learner is None:
            return
        learner.optimiser.load_state_dict(state["optimiser"])
        learner.balancer.restore(state["balancer"])
        if state["scaler"]:
            learner.parallel.scaler.load_state_dict(state["scaler"])
        if learner.average is not None:
            learner.average.restore(state["average"])
        if learner.adversary is not None:
            learner.adversary.load_state_dict(state["adversary"])
            learner.adversary.optimiser.load_state_dict(state["adversary_optimiser"])

    def begin(self) -> None:
        """The same weights in every process, and the average at them."""
        module, learner = self.model.module, self.learner
        if learner is None:
            return
        learner.parallel.same_everywhere([*module.parameters(), *module.buffers()])
        if learner.adversary is not None:
            learner.parallel.same_everywhere([*learner.adversary.parameters(), *learner.adversary.buffers()])
        if learner.average is not None and not self.step:
            learner.average.reset()


def all_finite(state: Any) -> bool:
    """Whether every number in the tensors of a state is finite: only such a checkpoint is worth going back to."""
    if isinstance(state, torch.Tensor):
        return not state.is_floating_point() or bool(torch.isfinite(state).all())
    if isinstance(state, dict):
        return all(all_finite(value) for value in state.values())
    return True
