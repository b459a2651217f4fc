"""Entries of a recipe that its family has no use for: what a person set, and what would change nothing.

Without torch. The table says which families an entry is for; what it does not name is for all of them.
"""

from __future__ import annotations

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe import Recipe, entries

TAUGHT = ("speechtokenizer", "mimi", "xcodec")
CHAIN = ("transform", "subframe", "soundstream", "encodec", "dac", *TAUGHT)  # families of several residual books
MOVING = (*(family for family in CHAIN if family != "dac"), "wavtokenizer")  # their books follow moving averages
PASSED = ("soundstream", "encodec", "dac", "wavtokenizer", *TAUGHT)  # their decoders take latents as they are
UNQUANTISED = "depths.unquantised_share"

# By the start of an entry's name, the longest that fits: the families that read it, and why the others do not.
USES: dict[str, tuple[tuple[str, ...], str]] = {
    "latent.": (("audiovae",), "its latents are not drawn"),
    "semantic": (TAUGHT, "it listens to no teacher"),
    "teacher.": (TAUGHT, "it listens to no teacher"),
    "depths.": (CHAIN, "it has no chain of books to cut short"),
    UNQUANTISED: (PASSED, "its decoder takes one kind of latents alone"),
    "books.": (MOVING, "it has no books that follow moving averages"),
}


def reads(family: str, entry: str) -> bool:
    """Whether a family has a use for an entry, by its dotted name."""
    start = _start(entry)
    return not start or family in USES[start][0]


def without_use(recipe: Recipe) -> dict[str, str]:
    """Entries that differ from the default and that the family never reads, each with one plain sentence."""
    plain = entries(Recipe(name=recipe.name, family=recipe.family))
    found: dict[str, str] = {}
    for entry, value in entries(recipe).items():
        if reads(recipe.family, entry) or value == plain.get(entry):
            continue
        if entry == "depths.kind" and value == "all":  # says what is so anyway
            continue
        start = _start(entry)
        name = entry if start.endswith(".") else start  # a term is told of once
        found[name] = f"{name} changes nothing in the family {recipe.family}: {USES[start][1]}."
    return found


def check_unquantised(recipe: Recipe) -> None:
    """Raises `SpeefeareError` where latents should stay unquantised for a decoder that cannot take them."""
    if recipe.depths.unquantised_share and not reads(recipe.family, UNQUANTISED):
        raise SpeefeareError(
            f"The recipe {recipe.name} does not fit the family {recipe.family}: its decoder takes one kind of latents"
            f" alone; set {UNQUANTISED} to 0."
        )


def _start(entry: str) -> str:
    """The row of the table that an entry falls under; empty for none."""
    return max((start for start in USES if entry.startswith(start)), key=len, default="")
