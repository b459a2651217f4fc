"""Recipe: everything that decides a training run, as plain data. Importing it does not import torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from speefeare_core.errors import SpeefeareError
from speefeare_core.resources import resource, resource_dir
from speefeare_core.training.recipe_entry import build, entry, plain, required
from speefeare_core.training.recipe_parts import (
    AdversarialRecipe,
    BalancerRecipe,
    BooksRecipe,
    BudgetRecipe,
    DataRecipe,
    DepthsRecipe,
    LatentRecipe,
    OptimiserRecipe,
    TeacherRecipe,
    Term,
    ValidationRecipe,
)

COLUMNS = ("paper", "official", "small")  # what a family's recipes are: after the paper, after the code, for a desk


@dataclass(frozen=True)
class Recipe:
    """A training run. Raises `SpeefeareError` where values cannot work together."""

    name: str = required("Name of the recipe, and of the codec that it makes.")
    family: str = required("Family of the codec.")
    title: str = entry("", "A few words for lists.")
    column: str = entry("", "Which of a family's three recipes it is.", choices=("", *COLUMNS))
    reasons: dict[str, str] = entry(dict, "By entry (`data.batch`): where its value is from, or why it differs.")
    data: DataRecipe = entry(DataRecipe, "What the batches hold.")
    budget: BudgetRecipe = entry(BudgetRecipe, "When the run ends.")
    network: dict[str, Any] = entry(dict, "The family's own configuration.")
    network_after: dict[str, Any] = entry(dict, "Entries that the finished codec has instead.")
    start_from: str = entry("", "A codec (name, file or folder) whose weights are the start, or empty.")
    learn_from: str = entry(
        "", "A larger codec (name, file or folder) whose latents and sound are the targets; empty: the speech itself."
    )
    freeze: tuple[str, ...] = entry(
        (), "Parts that stay as they are; with encoder and quantiser frozen, the tokens stay the same.",
        choices=("encoder", "quantiser", "decoder"),
    )  # fmt: skip
    losses: tuple[Term, ...] = entry((), "What compares the decoded audio with the original.")
    own_weights: dict[str, float] = entry(
        lambda: {"commitment": 0.25}, "Weights of what the network itself reports: commitment, codebook, kl, latents."
    )
    semantic: Term | None = entry(None, "What compares the taught features with the teacher's.")
    teacher: TeacherRecipe = entry(TeacherRecipe, "The model that it learns meaning from.")
    balancer: BalancerRecipe = entry(BalancerRecipe, "Weights as shares of the gradient.")
    depths: DepthsRecipe = entry(DepthsRecipe, "How many books each example uses.")
    books: BooksRecipe = entry(BooksRecipe, "How the codebooks learn.")
    latent: LatentRecipe = entry(LatentRecipe, "How continuous latents are drawn.")
    init: str = entry(
        "default", "Initial weights of convolutions: torch's own; N(0, 0.02²) cut at ±2; torch's own with biases at"
        " zero; or even: signals keep their width, and the decoder starts at silence.",
        choices=("default", "truncated_normal", "zero_bias", "even"),
    )  # fmt: skip
    weight_norm: tuple[str, ...] = entry(
        (), "Starts of layers' names whose weights are learnt as length and direction."
    )
    optimiser: OptimiserRecipe = entry(OptimiserRecipe, "Of the codec.")
    rate_shares: dict[str, float] = entry(dict, "By the start of parameter names: share of the rate; 0 freezes.")
    adversarial: AdversarialRecipe = entry(AdversarialRecipe, "Discriminators.")
    validation: ValidationRecipe = entry(ValidationRecipe, "What is measured at every checkpoint.")
    ema: float = entry(0.0, "Decay of a moving average of all weights, which the finished codec has; 0: none.",
                       low=0, high=0.99999)  # fmt: skip
    precision: str = entry("float32", "Arithmetic of the networks.", choices=("float32", "bfloat16", "float16"))
    accelerate: str = entry(
        "auto", "Hugging Face Accelerate below the loop; auto: for several processes and for half precision.",
        choices=("auto", "always", "never"),
    )  # fmt: skip
    accumulate: int = entry(1, "Batches whose gradients make one step.", low=1, high=1024)
    seed: int = entry(0, "Of everything that is drawn at random.", low=0)
    threads: int = entry(0, "Threads of a CPU; 0: what torch takes.", low=0, high=1024)
    log_every: int = entry(20, "Steps between two lines of the log.", low=1, unit="steps")
    checkpoint_every: int = entry(500, "Steps between two checkpoints.", low=1, unit="steps")
    keep_checkpoints: int = entry(2, "How many checkpoints stay on disk (pictures and sounds of all stay).", low=1)
    tensorboard: bool = entry(True, "Write files for TensorBoard too, where it is installed.")
    licence: str = entry("unknown", "Licence of the finished codec.")
    notes: tuple[str, ...] = entry((), "Plain sentences for the card.")

    @property
    def steps(self) -> int:
        """The last step, if no other limit ends the run before."""
        return self.budget.steps

    def to_dict(self) -> dict[str, Any]:
        """YAML-ready; `from_dict` is its inverse."""
        data: dict[str, Any] = plain(self)
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any], origin: str = "the recipe") -> Recipe:
        """Inverse of `to_dict`. Raises `SpeefeareError` that names an unknown, missing or wrong entry."""
        try:
            made: Recipe = build(cls, data)
        except (TypeError, ValueError) as error:
            raise SpeefeareError(f"{origin} cannot be used: {error}. Compare it with a shipped recipe.") from error
        return made

    def changed(self, changes: dict[str, Any]) -> Recipe:
        """With other values by dotted entry, as `{"data.batch": 4, "network.channels": 8}`; a recipe of its own then.

        Raises `SpeefeareError` for an entry that does not exist or a value that cannot be.
        """
        data = self.to_dict()
        for name, value in changes.items():
            inside: Any = data
            *way, last = name.split(".")
            for part in way:
                inside = _step_into(inside, part, name)
            if isinstance(inside, list):
                inside[_index(inside, last, name)] = value
            elif isinstance(inside, dict):
                inside[last] = value
            else:
                raise SpeefeareError(f"The recipe {self.name} has no entry {name}.")
        return Recipe.from_dict(data, f"The recipe {self.name} with {', '.join(changes)}")


def read_recipe(source: str | Path) -> Recipe:
    """A recipe by the name of a shipped one or by its YAML file (also a run's config.yaml). Raises `SpeefeareError`."""
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
    return Recipe.from_dict(data["recipe"] if isinstance(data.get("recipe"), dict) else data, str(path))


def shipped_recipes() -> tuple[str, ...]:
    """Names of the recipes that come with the product."""
    return tuple(sorted(path.stem for path in resource_dir().glob("recipes/*.yaml")))


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write a recipe as YAML; `read_recipe` gives it back."""
    path.write_text(yaml.safe_dump(recipe.to_dict(), sort_keys=False, allow_unicode=True), encoding="utf-8")


def entries(data: Any, start: str = "") -> dict[str, Any]:
    """A recipe's plain data by dotted entry; lists stay whole, as values."""
    if dataclasses.is_dataclass(data):
        data = plain(data)
    flat: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict) and value and start + name != "reasons":
            flat |= entries(value, f"{start}{name}.")
        else:
            flat[start + name] = value
    return flat


def _step_into(inside: Any, part: str, name: str) -> Any:
    if isinstance(inside, list):
        return inside[_index(inside, part, name)]
    if isinstance(inside, dict) and part in inside:
        if inside[part] is None:
            inside[part] = {}
        return inside[part]
    raise SpeefeareError(f"There is no entry {name} in a recipe: {part} is unknown.")


def _index(inside: list[Any], part: str, name: str) -> int:
    """A place of a list by number, or of a term by its key."""
    for number, item in enumerate(inside):
        if part == str(number) or (isinstance(item, dict) and part in (item.get("key"), item.get("name"))):
            return number
    raise SpeefeareError(f"There is no entry {name}: {part} is not in the list.")
