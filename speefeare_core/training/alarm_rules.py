"""When a run warns: each rule with its numbers, what it says, and what to do. Without torch.

collapse            a book uses few of its entries: its perplexity over a whole window is below 5 % of its size (below
                    2 at least), twice in a row, after the first 200 steps
discriminator_wins  the discriminators' loss stays below 10 % of what it is without any knowledge, in 5 lines of the log
                    in a row
gradient            the length of the codec's gradient is 100 times its median of the last 50 lines of the log
not_finite          a gradient is infinite or not a number; the run goes back to its newest checkpoint
overfit             the mel distance of the validation clips is more than 3 % above its best for 5 checkpoints in a row,
                    while the losses of training fell below what they were at that best
loader_bound        more than 30 % of the time is spent waiting for data, in 3 lines of the log in a row
data                clips that cannot be read were left out

An alarm is told once, and again when it comes back after it was gone.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

COLLAPSE_SHARE, COLLAPSE_LEAST, COLLAPSE_LINES, COLLAPSE_STEPS = 0.05, 2.0, 2, 200
WINS_SHARE, WINS_LINES = 0.1, 5
GRADIENT_FACTOR, GRADIENT_LINES, GRADIENT_FEWEST = 100.0, 50, 10
OVERFIT_SHARE, OVERFIT_CHECKPOINTS = 0.03, 5
LOADER_SHARE, LOADER_LINES = 0.3, 3


def collapse_perplexity(size: int) -> float:
    """The perplexity below which a book of so many entries counts as collapsed: the red line."""
    return max(COLLAPSE_LEAST, COLLAPSE_SHARE * size)


@dataclass(frozen=True)
class AlarmWords:
    """One alarm as the log has it."""

    kind: str
    words: str
    advice: str


@dataclass
class Alarms:
    """Looks at what is logged; every method gives the alarms that are new. All that it remembers is plain data."""

    standing: dict[str, int] = field(default_factory=dict)  # by rule (and book): lines in a row for which it holds
    norms: list[float] = field(default_factory=list)  # of the codec's gradient, newest last
    best: float | None = None  # mel distance of validation
    best_training: float | None = None  # losses of training at that best
    training: float | None = None  # losses of training, newest

    def losses(self, values: Mapping[str, float], terms: Sequence[str], ignorant: float | None) -> list[AlarmWords]:
        """A line of the log; `terms` are the names of reconstruction losses in it."""
        found = []
        if terms:
            self.training = sum(values[name] for name in terms)
        norm = values.get("gradient_norm")
        if norm is not None:
            found += self._gradient(norm)
        loss = values.get("discriminator")
        if loss is not None and ignorant:
            low = loss < WINS_SHARE * ignorant
            found += self._told("discriminator_wins", low, WINS_LINES, AlarmWords(
                "discriminator_wins",
                f"The discriminators tell real from decoded audio nearly always: their loss is {loss:.3g}, and would be"
                f" {ignorant:.3g} if they knew nothing. What they say then no longer helps the codec.",
                "Lower adversarial.optimiser.rate or adversarial.update_share, or start them later"
                " (adversarial.start_step).",
            ))  # fmt: skip
        wait = values.get("loader_wait")
        if wait is not None:
            found += self._told("loader_bound", wait > LOADER_SHARE, LOADER_LINES, AlarmWords(
                "loader_bound", f"The training waits for data {wait:.0%} of the time.",
                "Raise data.workers, pack the data (speefeare data pack), or put them on a faster disk.",
            ))  # fmt: skip
        return found

    def books(self, perplexity: Sequence[float], sizes: Sequence[int], full: bool, step: int) -> list[AlarmWords]:
        """Perplexities of all books; `full`: over a whole window."""
        found = []
        for number, (value, size) in enumerate(zip(perplexity, sizes, strict=True), 1):
            low = full and step >= COLLAPSE_STEPS and value < collapse_perplexity(size)
            found += self._told(f"collapse {number}", low, COLLAPSE_LINES, AlarmWords(
                "collapse",
                f"Book {number} has collapsed: its perplexity is {value:.1f} of {size} entries.",
                "Look whether books.replace_dead is on, lower the learning rate, or raise the weight of commitment;"
                " a larger batch fills more entries.",
            ))  # fmt: skip
        return found

    def validation(self, mel_distance: float) -> list[AlarmWords]:
        """The mel distance of the validation clips at a checkpoint."""
        if self.best is None or mel_distance < self.best:
            self.best, self.best_training = mel_distance, self.training
            self.standing.pop("overfit", None)
            return []
        fell = self.training is not None and self.best_training is not None and self.training < self.best_training
        worse = fell and mel_distance > (1 + OVERFIT_SHARE) * self.best
        return self._told("overfit", worse, OVERFIT_CHECKPOINTS, AlarmWords(
            "overfit",
            f"The validation clips have sounded worse than at their best for {OVERFIT_CHECKPOINTS} checkpoints (mel"
            f" distance {mel_distance:.2f} dB, best {self.best:.2f} dB), while the losses of training went on falling.",
            "Stop here and keep the earlier checkpoint, or train on more speech, with more augmentation or a smaller"
            " network.",
        ))  # fmt: skip

    @property
    def worse_for(self) -> int:
        """Checkpoints in a row for which the rule of overfitting holds, of OVERFIT_CHECKPOINTS."""
        return self.standing.get("overfit", 0)

    def state(self) -> dict[str, Any]:
        """For a checkpoint (JSON types)."""
        return asdict(self)

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Alarms:
        """Inverse of `state`."""
        return cls(**state)

    def _gradient(self, norm: float) -> list[AlarmWords]:
        usual = statistics.median(self.norms) if len(self.norms) >= GRADIENT_FEWEST else None
        self.norms = [*self.norms, norm][-GRADIENT_LINES:]
        high = usual is not None and usual > 0 and norm > GRADIENT_FACTOR * usual
        return self._told("gradient", high, 1, AlarmWords(
            "gradient",
            f"The gradient of the codec is {norm:.3g} long, its median before was {usual or 0:.3g}.",
            "One such line is no harm where optimiser.clip_norm is set; if it comes back, lower the learning rate.",
        ))  # fmt: skip

    def _told(self, rule: str, holds: bool, lines: int, words: AlarmWords) -> list[AlarmWords]:
        if not holds:
            self.standing.pop(rule, None)
            return []
        self.standing[rule] = self.standing.get(rule, 0) + 1
        return [words] if self.standing[rule] == lines else []


def not_finite(where: str, step: int, back_to: int, attempt: int, most: int) -> AlarmWords:
    """The alarm of a run that went back to its newest checkpoint."""
    return AlarmWords(
        "not_finite",
        f"At step {step} the gradient of {where} was no longer finite; the run went back to step {back_to} and goes on"
        f" with other random draws (time {attempt} of {most}).",
        "If it comes back: lower optimiser.rate, set optimiser.clip_norm, or lower the weight of the newest loss.",
    )


def broken_clips(broken: Mapping[str, str]) -> AlarmWords:
    """The alarm of clips that could not be read."""
    name, why = next(iter(broken.items()))
    count = f"{len(broken)} clips cannot be read and are left out" if len(broken) > 1 else "One clip cannot be read"
    return AlarmWords("data", f"{count}, as {name}: {why}", "Look at them with `speefeare data check`.")
