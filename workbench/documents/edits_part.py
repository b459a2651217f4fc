"""The edits of the clip's tokens."""

from __future__ import annotations

from typing import Any

from speefeare_core.editing import EditList, edit_file
from workbench.context import Context
from workbench.verbs import edits


def save(ctx: Context) -> dict[str, Any] | None:
    """The list as `speefeare edit` reads it; None: nothing is edited."""
    return None if ctx.edits.edits.is_empty else edit_file.to_dict(ctx.edits.edits)


def load(ctx: Context, data: Any) -> None:
    """In the place of every list there is. Raises `SpeefeareError` for what is no list of edits."""
    edits.from_document(ctx, EditList())
    if data is not None:
        edits.from_document(ctx, edit_file.from_dict(data, "The list of edits in the document"))
