"""Recipe: everything that decides a training run, as plain data. Importing it does not import torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from speefeare_core.errors import SpeefeareError
from speefeare_core.resources import resource, resource_dir


@dataclass(frozen=True)
class SpeechSource:
    """One packed speech set (see training.data) below the data folder, and how often it is drawn."""

    name: str
    weight: float = 1.0  # multiplies its share of the total length


@dataclass(frozen=True)
class DataRecipe:
    """What the batches hold."""

    sources: tuple[SpeechSource, ...]
    segment_frames: int = 75
    batch: int = 16
    gain_low_db: float = -10.0  # each example is scaled by a gain drawn from low..high, short of clipping
    gain_high_db: float = 6.0
    noise_share: float = 0.0  # share of examples that get coloured noise, in input and target alike
    noise_db: tuple[float, float] = (-65.0, -35.0)  # its level against full scale
    speed_share: float = 0.0  # share of examples that are played faster or slower, for voices not in the sets
    speed: tuple[float, float] = (0.85, 1.2)
    tilt_share: float = 0.0  # share of examples that go through x_n + a x_{n-1}, a within ±0.5: other microphones


@dataclass(frozen=True)
class OptimiserRecipe:
    """AdamW with a linear warm-up and a cosine to `final_share` of the rate."""

    rate: float = 1e-3
    betas: tuple[float, float] = (0.8, 0.99)
    weight_decay: float = 1e-3
    warmup_steps: int = 100
    final_share: float = 0.05
    clip_norm: float = 1.0


@dataclass(frozen=True)
class Term:
    """One loss or discriminator: its key in the table, its weight, and options of its class."""

    key: str
    weight: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AdversarialRecipe:
    """Discriminators, from `start_step` on; without discriminators nothing adversarial is trained."""

    discriminators: tuple[Term, ...] = ()
    generator: Term = field(default_factory=lambda: Term("hinge"))
    feature: Term | None = None
    start_step: int = 0
    optimiser: OptimiserRecipe = field(default_factory=OptimiserRecipe)


@dataclass(frozen=True)
class Recipe:
    """A training run. Raises `SpeefeareError` where values cannot work."""

    name: str
    family: str
    data: DataRecipe
    steps: int
    network: dict[str, Any] = field(default_factory=dict)  # the family's own configuration
    network_after: dict[str, Any] = field(default_factory=dict)  # entries that the finished codec has instead
    start_from: str = ""  # a codec (shipped name or file) whose weights are the start, instead of a fresh network
    losses: tuple[Term, ...] = ()
    rate_shares: dict[str, float] = field(default_factory=dict)  # by the start of parameter names; 0 freezes
    books_learn: bool = True
    balanced: bool = False  # True: weights are shares of the gradient (training.balancer)
    commitment_weight: float = 0.25
    full_depth_share: float = 0.25  # share of examples that use every book; the others draw their depth
    depth_skew: float = 1.0  # 1 draws U{1..K}; more draws shallow depths more often
    optimiser: OptimiserRecipe = field(default_factory=OptimiserRecipe)
    adversarial: AdversarialRecipe = field(default_factory=AdversarialRecipe)
    seed: int = 0
    threads: int = 0  # 0: what torch takes
    log_every: int = 20
    checkpoint_every: int = 500
    keep_checkpoints: int = 2
    licence: str = "unknown"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        counts = (self.steps, self.data.batch, self.data.segment_frames, self.log_every, self.checkpoint_every)
        if min(counts) < 1:
            raise SpeefeareError(
                f"In the recipe {self.name} steps, batch, segment_frames, log_every and checkpoint_every start at 1."
            )
        if not self.data.sources:
            raise SpeefeareError(f"The recipe {self.name} names no speech set under data.sources.")

    def to_dict(self) -> dict[str, Any]:
        """YAML-ready; `from_dict` is its inverse."""
        data = dataclasses.asdict(self)
        return {key: _plain(value) for key, value in data.items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any], origin: str = "the recipe") -> Recipe:
        """Inverse of `to_dict`. Raises `SpeefeareError` that names an unknown, missing or wrong entry."""
        try:
            data = dict(data)
            entry = _fields(DataRecipe, data.pop("data"), "data")
            entry["sources"] = tuple(SpeechSource(**_fields(SpeechSource, s, "sources")) for s in entry["sources"])
            for name in ("noise_db", "speed"):
                if name in entry:
                    low, high = entry[name]
                    entry[name] = (float(low), float(high))
            data["data"] = DataRecipe(**entry)
            data["losses"] = tuple(Term(**_fields(Term, term, "losses")) for term in data.get("losses", ()))
            if "optimiser" in data:
                data["optimiser"] = _optimiser(data["optimiser"])
            if "adversarial" in data:
                data["adversarial"] = _adversarial(data["adversarial"])
            data["notes"] = tuple(data.get("notes", ()))
            return cls(**_fields(cls, data, "the top"))
        except (KeyError, TypeError, ValueError) as error:
            raise SpeefeareError(f"{origin} cannot be used: {error}. Compare it with a shipped recipe.") from error


def read_recipe(source: str | Path) -> Recipe:
    """A recipe by the name of a shipped one or by its YAML file. Raises `SpeefeareError`."""
    path = Path(source)
    if path.suffix not in (".yaml", ".yml"):
        if str(source) not in shipped_recipes():
            raise SpeefeareError(
                f"There is no recipe named {source}; shipped are {', '.join(shipped_recipes())}, or give a .yaml file."
            )
        path = resource("recipes", f"{source}.yaml")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpeefeareError(f"The recipe {path} cannot be read: {error}.") from error
    if not isinstance(data, dict):
        raise SpeefeareError(f"The recipe {path} is no mapping of names to values.")
    return Recipe.from_dict(data, str(path))


def shipped_recipes() -> tuple[str, ...]:
    """Names of the recipes that come with the product."""
    return tuple(sorted(path.stem for path in resource_dir().glob("recipes/*.yaml")))


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write a recipe as YAML; `read_recipe` gives it back."""
    path.write_text(yaml.safe_dump(recipe.to_dict(), sort_keys=False, allow_unicode=True), encoding="utf-8")


def _fields(kind: type, data: Any, where: str) -> dict[str, Any]:
    known = {item.name for item in dataclasses.fields(kind)}
    if not isinstance(data, dict):
        raise TypeError(f"{where} should be a mapping, not {data!r}")
    unknown = sorted(set(data) - known)
    if unknown:
        raise TypeError(f"{where} has the unknown entry {unknown[0]}")
    return dict(data)


def _optimiser(data: Any) -> OptimiserRecipe:
    entry = _fields(OptimiserRecipe, data, "optimiser")
    if "betas" in entry:
        entry["betas"] = tuple(entry["betas"])
    return OptimiserRecipe(**entry)


def _adversarial(data: Any) -> AdversarialRecipe:
    entry = _fields(AdversarialRecipe, data, "adversarial")
    entry["discriminators"] = tuple(
        Term(**_fields(Term, term, "discriminators")) for term in entry.get("discriminators", ())
    )
    for name in ("generator", "feature"):
        if entry.get(name) is not None:
            entry[name] = Term(**_fields(Term, entry[name], name))
    if "optimiser" in entry:
        entry["optimiser"] = _optimiser(entry["optimiser"])
    return AdversarialRecipe(**entry)


def _plain(value: Any) -> Any:
    """Tuples as lists, all the way down: safe YAML knows no tuples."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
