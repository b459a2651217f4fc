"""The layout of the window in a document: which panels are where, and what each of them shows."""

from __future__ import annotations

from typing import Any

from workbench.context import Context


def save(ctx: Context) -> dict[str, Any] | None:
    """None without a window."""
    return None if ctx.document.layout is None else ctx.document.layout.layout_data()


def load(ctx: Context, data: Any) -> None:
    """The inverse; a layout of another version leaves the panels where they are."""
    if ctx.document.layout is not None and isinstance(data, dict):
        ctx.document.layout.set_layout_data(data)
