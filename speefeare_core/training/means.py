"""What is gathered between two lines of the log."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from speefeare_core.training.train_step import StepReport


class Window:
    """Means of what the steps said since the last line; sums stay on the device until they are asked for."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self.shares: dict[str, float] = {}
        self.ignorant: float | None = None
        self.steps = 0
        self.since = time.monotonic()

    def add(self, report: StepReport) -> None:
        """Take in one step."""
        for name, value in report.values.items():
            value = value.float()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._counts[name] = self._counts.get(name, 0) + 1
        self.shares = report.shares or self.shares
        self.ignorant = report.ignorant if report.ignorant is not None else self.ignorant
        self.steps += 1

    @property
    def seconds(self) -> float:
        """Since the last line."""
        return time.monotonic() - self.since

    def means(self) -> tuple[list[str], Tensor]:
        """Names and means [n] float64 of all values, in a fixed order."""
        names = sorted(self._sums)
        if not names:
            return [], torch.zeros(0, dtype=torch.float64)
        return names, torch.stack([self._sums[name].double() / self._counts[name] for name in names])
