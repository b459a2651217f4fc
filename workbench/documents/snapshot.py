"""What a document would say now: every part's data, and the same as texts to be compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from speefeare_core.documents.format import Arrays
from workbench.context import Context
from workbench.documents.parts import PARTS


@dataclass(frozen=True)
class Snapshot:
    """JSON-ready parts. `content` changes with the document, `everything` with the view too."""

    parts: dict[str, Any]
    content: str
    everything: str

    @property
    def has_clip(self) -> bool:
        """Whether there is something to keep."""
        return self.parts.get("audio") is not None


def take(ctx: Context, tell: Callable[[str], None]) -> Snapshot:
    """Ask every part. One that cannot say what it has is left out, and told once by `tell`."""
    parts: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for part in PARTS:
        try:
            data = part.save(ctx)
            texts[part.key] = json.dumps(data, ensure_ascii=False, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            tell(f"The part {part.key} of the document could not be kept ({' '.join(str(error).split())}).")
            continue
        if data is not None:
            parts[part.key] = data
    views = {part.key for part in PARTS if part.view}
    content = "\n".join(text for key, text in texts.items() if key not in views)
    return Snapshot(parts, content, "\n".join(texts.values()))


def arrays(ctx: Context) -> dict[str, Arrays]:
    """The arrays of the parts that have some now."""
    found = {part.key: part.arrays(ctx) for part in PARTS if part.arrays is not None}
    return {key: group for key, group in found.items() if group}
