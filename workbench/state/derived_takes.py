"""Takes beyond a codec's own: what a book added, what is missing, a book alone, edited codes, columns of a comparison.

Every version that can be heard or seen of a clip has one number, in requests, events and states alike. Numbers below
1000 are the takes of the codec (`workbench.state.takes`), 0 the original. The others say what they are:

- `number_of("added", k)`: y_k − y_{k−1}, what book k added (y_0 is silence);
- `number_of("missing", k)`: x − y_k, what take k still lacks of the original;
- `number_of("alone", k)`: book k (from 1) decoded alone, where the codec can;
- `number_of("edited", k)`: the edited codes, decoded as take k;
- `number_of("residual", k)`: what the first k books left of the latents, decoded by itself (0: nothing is quantised);
- `number_of(kind, k, column=n)`: the same of the n-th further codec beside the first (n ≥ 1) on the same clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["take", "added", "missing", "alone", "edited", "residual"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PER_KIND = 1_000
PER_COLUMN = 10_000


@dataclass(frozen=True)
class TakeKey:
    """What a number stands for. `of`: the take it is made of; alone, the book from 1; residual, how many books."""

    kind: Kind
    of: int
    column: int = 0


def number_of(kind: Kind, of: int, column: int = 0) -> int:
    """The number of a take. Raises ValueError for one that cannot be."""
    if not 0 <= of < PER_KIND or column < 0:
        raise ValueError(f"no take: {kind} {of} of column {column}")
    return column * PER_COLUMN + KINDS.index(kind) * PER_KIND + of


def key_of(number: int) -> TakeKey:
    """What a number stands for. Raises ValueError for one that stands for nothing."""
    column, rest = divmod(number, PER_COLUMN)
    kind, of = divmod(rest, PER_KIND)
    if column < 0 or kind >= len(KINDS):
        raise ValueError(f"no take: {number}")
    return TakeKey(KINDS[kind], of, column)


def terms_of(number: int) -> tuple[tuple[int, float], ...] | None:
    """A difference as a weighted sum of other takes: ((number, weight), …); None for what must be decoded."""
    key = key_of(number)
    own = number_of("take", key.of, key.column)
    if key.kind == "missing":
        return ((0, 1.0), (own, -1.0))
    if key.kind == "added":
        return ((own, 1.0),) if key.of <= 1 else ((own, 1.0), (own - 1, -1.0))
    return None
