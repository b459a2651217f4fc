"""What a document holds, part by part: the table. Whatever has something to keep adds a row to `PARTS`.

`save` gives JSON-ready data, None for nothing to keep. `load` gets what some `save` once gave, perhaps of another
version or from a damaged file: it takes what it can use and leaves the rest; what a person should know of it is a
`SpeefeareError`, which is told. `load` sets the states themselves, without `ctx.history`: opening a document cannot be
undone, and the history is empty afterwards. `load` of "clip" and "complete" rows is also called with None where the
document has no such part, so that nothing of the document before is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from workbench.context import Context
from workbench.documents import (
    columns_part,
    edits_part,
    latents_part,
    layout_part,
    playback_part,
    source_parts,
    tokens_part,
)

Stage = Literal["first", "clip", "complete"]


@dataclass(frozen=True)
class Part:
    """One row. `load` is called at its `stage`, in the order of the table:

    - "first": at once (the codec, the sound file, the layout);
    - "clip": the document's clip is open under its codec; renders and codes may still be coming;
    - "complete": everything that the clip asked for is computed: codes, latents, renders.
    """

    key: str  # of the JSON in the file; never changes its meaning
    save: Callable[[Context], Any]
    load: Callable[[Context, Any], None]
    stage: Stage = "clip"
    view: bool = False  # only what is looked at: a change of it alone is no change of the document
    arrays: Callable[[Context], dict[str, NDArray[Any]]] | None = None  # kept beside the JSON, as <key>.npz
    check: Callable[[Context, dict[str, NDArray[Any]]], None] | None = None  # gets these arrays when all is complete


PARTS: tuple[Part, ...] = (
    Part("codec", source_parts.save_codec, source_parts.load_codec, "first"),
    Part("audio", source_parts.save_audio, source_parts.load_audio, "first"),
    Part("layout", layout_part.save, layout_part.load, "first", view=True),
    Part("columns", columns_part.save, columns_part.load),
    Part("time_view", playback_part.save_time_view, playback_part.load_time_view, view=True),
    Part("loop", playback_part.save_loop, playback_part.load_loop),
    Part("cursor", playback_part.save_cursor, playback_part.load_cursor, view=True),
    Part("marks", columns_part.save_marks, columns_part.load_marks),
    Part("picks", columns_part.save_picks, columns_part.load_picks),
    Part("edits", edits_part.save, edits_part.load),
    Part("latents", latents_part.save, latents_part.load, view=True),
    Part("tokens", tokens_part.save, tokens_part.load, "complete", view=True),
    Part("playback", playback_part.save, playback_part.load, "complete", view=True),
    Part("blind", playback_part.save_blind, playback_part.load_blind, "complete"),
    Part("codes", source_parts.save_codes, source_parts.load_codes, "complete",
         arrays=source_parts.code_arrays, check=source_parts.compare_codes),
)  # fmt: skip
