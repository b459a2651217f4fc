"""Further codecs on the same clip, and marks, in a document."""

from __future__ import annotations

from typing import Any

from workbench.context import Context
from workbench.documents.values import number, text
from workbench.state.columns import Column
from workbench.state.derived_takes import key_of
from workbench.verbs.columns import set_columns


def save(ctx: Context) -> list[dict[str, Any]] | None:
    """Their numbers stay: marks and picks speak of them."""
    rows = ctx.columns.columns.values()
    return [{"number": row.number, "source": row.source, "device": row.device} for row in rows] or None


def load(ctx: Context, data: Any) -> None:
    """These and no others."""
    found: dict[int, Column] = {}
    for row in data if isinstance(data, list) else []:
        place, source = number(row, "number"), text(row, "source")
        if source and place is not None and 1 <= place < 1000 and place == int(place):
            found[int(place)] = Column(int(place), source, text(row, "device") or "auto")
    set_columns(ctx, found.values())


def save_marks(ctx: Context) -> dict[str, Any] | None:
    """None where none was set."""
    return ctx.marks.to_json() if ctx.marks.marks else None


def load_marks(ctx: Context, data: Any) -> None:
    """The inverse. Raises `SpeefeareError` for data that holds no marks."""
    ctx.marks.set_json({"marks": []} if data is None else data)


def save_picks(ctx: Context) -> list[int] | None:
    """The takes that were picked for blind trials; None for none."""
    return sorted(ctx.playback.picked) or None


def load_picks(ctx: Context, data: Any) -> None:
    """The inverse; what is no number of a take is left out."""
    rows = data if isinstance(data, list) else []
    ctx.playback.update(picked=frozenset(take for take in rows if _is_take(take)))


def _is_take(value: Any) -> bool:
    """Whether it is the number of a take."""
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    try:
        return key_of(value).kind in ("take", "edited")
    except ValueError:
        return False
