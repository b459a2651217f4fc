"""Edits of the clip's tokens: the list goes to the engine as a whole, the edited codes and their sound come back."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.engine.memory import ArrayRef
from workbench.engine.messages import Event, Request

# What a cell is, besides whether its code is another one (`CHANGED`).
QUANTISED, SILENT, CONTINUOUS = 0, 1, 2
CHANGED = 4  # added where a cell is not as the encoder made it


@dataclass(frozen=True)
class SetEdits(Request):
    """From now on these are the edits → EditsApplied, RenderReady of `number_of("edited", take)`, and of no other take.

    `edits` is the list as JSON (`speefeare_core.editing.edit_file`). Its sources are encoded when they are first read
    from. An empty list ends editing: the edited takes go (RenderDropped). A newer SetEdits makes an older one void.
    """

    edits: str
    take: int  # of the codec, which is decoded at once; 0: none


@dataclass(frozen=True)
class EditsApplied(Event):
    """The codes after the edits, int32 [K_g, F_g] as in CodesReady, and what each cell is, uint8 [K_g, F_g].

    Of a codec without books `codes` is empty, and `cells` is one [1, F]. Both are empty where nothing is edited.
    """

    codes: tuple[ArrayRef, ...]
    cells: tuple[ArrayRef, ...]
    changed: int  # cells that are not as the encoder made them
