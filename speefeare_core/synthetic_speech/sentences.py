"""Sentences without meaning, drawn from common words: any number of them, the same for the same seed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import yaml

from speefeare_core.resources import resource

COMMA_SHARE = 0.15  # of the gaps between words


@lru_cache(maxsize=1)
def words() -> dict[str, tuple[str, ...]]:
    """By language (ISO 639-1)."""
    lists = yaml.safe_load(resource("teachers", "words.yaml").read_text(encoding="utf-8"))
    return {language: tuple(text.split()) for language, text in lists.items()}


def sentence(language: str, random: np.random.Generator, low: int = 5, high: int = 10) -> str:
    """`low` to `high` words. Raises KeyError for a language without words."""
    chosen = random.choice(words()[language], int(random.integers(low, high + 1)))
    gaps = np.where(random.random(len(chosen) - 1) < COMMA_SHARE, ", ", " ")
    text = str(chosen[0]) + "".join(str(gap) + str(word) for gap, word in zip(gaps, chosen[1:], strict=True))
    return f"{text[0].upper()}{text[1:]}."
