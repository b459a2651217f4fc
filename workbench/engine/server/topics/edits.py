"""`SetEdits`: the edits of the clip's tokens are applied, shared with the window, and decoded."""

from __future__ import annotations

import json
import weakref
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.codec import Encoded
from speefeare_core.editing import edit_file
from speefeare_core.editing.applying import apply
from speefeare_core.editing.edited import Edited
from speefeare_core.editing.edits import Continuous, EditList
from speefeare_core.editing.grid import Mask
from speefeare_core.errors import SpeefeareError
from workbench.engine.memory import ArrayRef, SharedArray
from workbench.engine.server.answers import Desk
from workbench.engine.server.clip import Clip
from workbench.engine.server.edited_takes import EditedTakes
from workbench.engine.server.progress import Reporter
from workbench.engine.server.tasks import Work
from workbench.engine.topics.edits import CHANGED, CONTINUOUS, SILENT, EditsApplied, SetEdits
from workbench.state.derived_takes import key_of, number_of

KEPT_AS = "edits"
_takes: weakref.WeakKeyDictionary[Clip, EditedTakes] = weakref.WeakKeyDictionary()


def work(desk: Desk, number: int, request: SetEdits) -> Work:
    """Apply, tell, decode."""
    clip = desk.clip
    takes = _takes.setdefault(clip, EditedTakes())
    edits = edit_file.from_dict(json.loads(request.edits))
    if edits.is_empty:
        takes.forget()
        clip.release_of(KEPT_AS)
        clip.set_edited(None)
        desk.emit(EditsApplied(number, (), (), 0))
        return
    edited = yield from _apply(clip, takes, edits, Reporter(desk.emit, number), number)
    clip.release_of(KEPT_AS)
    changed = edited.changed()
    codes = tuple(_share(clip, group[0].numpy().astype(np.int32)) for group in edited.encoded.code_groups)
    cells = tuple(_share(clip, group) for group in _cells(edited, changed))
    takes.now = edited
    wanted = number_of("edited", request.take)
    clip.drop(*(take for take in clip.numbers if key_of(take).kind == "edited" and take != wanted))
    clip.set_edited(takes)
    desk.emit(EditsApplied(number, codes, cells, sum(int(mask.sum()) for mask in changed)))
    if request.take:
        yield from clip.want(number, wanted)


def _apply(
    clip: Clip, takes: EditedTakes, edits: EditList, report: Reporter, number: int
) -> Generator[None, None, Edited]:
    codec = clip.codec
    coded = yield from clip.codes(number)
    encoded: Encoded = coded.encoded
    if edits.continuous or any(isinstance(edit, Continuous) for edit in edits.edits):
        if codec.info.books and not codec.can_decode_latents:
            raise SpeefeareError(f"{codec.info.name} decodes codes only, so none of its books can be continuous.")
        encoded = yield from takes.latents_of(
            codec, clip.samples(0), lambda done, total: report("Encoding once more", done, total)
        )
    sources = {}
    for key in edits.used_sources():
        sources[key] = yield from takes.source(
            codec, edits.path_of(key), lambda done, total: report("Encoding the other clip", done, total)
        )
    yield
    return apply(edits, encoded, codec, sources)


def _cells(edited: Edited, changed: tuple[Mask, ...]) -> list[NDArray[np.uint8]]:
    """What each cell is, one array [K_g, F_g] a frame rate."""
    rows = [
        (np.where(mute, SILENT, np.where(free, CONTINUOUS, 0)) + CHANGED * differs).astype(np.uint8)
        for mute, free, differs in zip(edited.silent, edited.continuous, changed, strict=True)
    ]
    counts = [group.shape[1] for group in edited.encoded.code_groups] or [1]
    ends = np.cumsum(counts)
    return [np.stack(rows[end - count : end]) for end, count in zip(ends, counts, strict=True)]


def _share(clip: Clip, array: NDArray[Any]) -> ArrayRef:
    shared = clip.keep(SharedArray.create(array.shape, array.dtype), KEPT_AS)
    shared.array[...] = array
    return shared.ref
