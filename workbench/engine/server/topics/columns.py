"""`AddColumn` and `RemoveColumn`."""

from __future__ import annotations

import gc

from speefeare_core.codec import Codec
from workbench.engine.server.answers import Desk
from workbench.engine.server.clip import LARGE_BYTES
from workbench.engine.server.columns import Column
from workbench.engine.server.progress import Reporter
from workbench.engine.server.tasks import Work
from workbench.engine.topics.columns import AddColumn, ColumnAdded, ColumnCodesReady, RemoveColumn
from workbench.state.derived_takes import number_of
from workbench.state.takes import full_take, takes


def add(desk: Desk, number: int, request: AddColumn) -> Work:
    """Load, encode, decode the fullest take, and then the others where they have room."""
    clip, report = desk.clip, Reporter(desk.emit, number)
    report("Loading a further codec", 0.0, 1.0)
    yield
    codec, taken_s = desk.shelf.get(request.column, request.source, request.device)
    if taken_s:
        gc.collect()
        gc.freeze()  # as for the first codec: later collections need not walk through its modules
    column = Column(request.column, codec)
    clip.add_column(column)
    desk.emit(ColumnAdded(number, request.column, codec.info, str(codec.device), taken_s))
    stage = f"{codec.info.name}: Encoding"
    coded = yield from column.encode(clip.file.path, lambda done, total: report(stage, done, total))
    for group in coded.groups:
        clip.keep(group, ("column", request.column))
    refs = tuple(group.ref for group in coded.groups)
    desk.emit(ColumnCodesReady(number, request.column, refs, coded.frame_rates_hz))
    yield from clip.make(number, number_of("take", full_take(codec.info), request.column))
    if not clip.long and clip.samples(0).nbytes * _count(codec) <= LARGE_BYTES:
        for take in range(1, _count(codec) + 1):
            yield from clip.make(number, number_of("take", take, request.column))


def remove(desk: Desk, number: int, request: RemoveColumn) -> Work:
    """Forget it, in the clip if there is one."""
    yield
    if desk.open_clip is not None:
        desk.open_clip.remove_column(request.column)
    desk.shelf.forget(request.column)


def _count(codec: Codec) -> int:
    """How many takes are decoded."""
    return len(takes(codec.info)) - 1
