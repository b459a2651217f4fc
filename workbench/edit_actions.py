"""The actions that change a document: undo, the tokens, the marks."""

from __future__ import annotations

from collections.abc import Callable

from workbench import dialogs
from workbench.action_info import ActionInfo, Shell, clip_open
from workbench.context import Context
from workbench.verbs import edits as edit_verbs
from workbench.verbs import marks


def _selected(ctx: Context) -> bool:
    return ctx.edits.region is not None and not edit_verbs.why_not(ctx)


def _edit(key: str, text: str, run: Callable[[Context], None], tip: str) -> ActionInfo:
    return ActionInfo(f"edit_{key}", text, "Edit", lambda shell: run(shell.context), tip, enabled=_selected)


def _open_edits(shell: Shell) -> None:
    path = dialogs.ask_edits(shell.widget())
    if path:
        edit_verbs.open_list(shell.context, path)


def _save_edits(shell: Shell) -> None:
    path = dialogs.ask_edits_target(shell.widget())
    if path:
        edit_verbs.save_list(shell.context, path)


def _note_here(shell: Shell) -> None:
    """A note at the cursor: of the mark that is there, or of a new one."""
    ctx = shell.context
    mark = marks.mark_under_cursor(ctx)
    words = dialogs.ask_words(shell.widget(), "Note", "What is to be said here?", mark.name if mark is not None else "")
    if words and mark is not None:
        marks.name_mark(ctx, mark.id, words)
    elif words:
        marks.add_mark(ctx, None, words)


def _mark_here(shell: Shell) -> None:
    marks.add_mark(shell.context)


def _mark_loop(shell: Shell) -> None:
    marks.add_region_mark(shell.context)


def _marked(ctx: Context) -> bool:
    return bool(ctx.marks.marks)


EDIT_ACTIONS: tuple[ActionInfo, ...] = (
    ActionInfo("undo", "Undo", "Edit", lambda shell: shell.context.history.undo(),
               "Take back the last change of marks, edits or columns", "Ctrl+Z",
               enabled=lambda ctx: bool(ctx.history.undo_words),
               words=lambda ctx: f"Undo {ctx.history.undo_words}".strip()),
    ActionInfo("redo", "Redo", "Edit", lambda shell: shell.context.history.redo(),
               "Do again what was taken back", "Ctrl+Shift+Z", enabled=lambda ctx: bool(ctx.history.redo_words),
               words=lambda ctx: f"Redo {ctx.history.redo_words}".strip()),
    ActionInfo("select_tokens", "Select all tokens", "Edit", lambda shell: edit_verbs.select_all(shell.context),
               "Select every token of the clip, for the token editor", "Ctrl+A",
               enabled=lambda ctx: not edit_verbs.why_not(ctx), separator=True),
    _edit("zero", "Zero the tokens", edit_verbs.zero, "The selected books add nothing there"),
    _edit("shuffle", "Shuffle the tokens", edit_verbs.shuffle, "The selected codes change places in time"),
    _edit("freeze", "Freeze the tokens", edit_verbs.freeze, "Hold the first selected code of each book"),
    _edit("continuous", "Do not quantise", edit_verbs.open_books, "The selected cells are continuous"),
    _edit("restore", "Restore the tokens", edit_verbs.restore, "The selected cells are as the encoder made them"),
    ActionInfo("hear_edits", "With and without the edits", "Edit",
               lambda shell: edit_verbs.toggle_hear(shell.context),
               "Hear the edited tokens, or the same depth without edits, at the same sample", "W",
               checked=edit_verbs.hears_edits, enabled=lambda ctx: not ctx.edits.edits.is_empty, separator=True),
    ActionInfo("clear_edits", "Remove all edits", "Edit", lambda shell: edit_verbs.clear(shell.context),
               "Take all edits out of the list, and quantise every book",
               enabled=lambda ctx: not ctx.edits.edits.is_empty),
    ActionInfo("open_edits", "Open a list of edits…", "Edit", _open_edits,
               "Read a list of token edits (JSON) in the place of the one there is",
               enabled=lambda ctx: not edit_verbs.why_not(ctx)),
    ActionInfo("save_edits", "Save the list of edits…", "Edit", _save_edits,
               "Write the list of token edits as JSON; speefeare edit replays it",
               enabled=lambda ctx: not ctx.edits.edits.is_empty),
)  # fmt: skip

MARK_ACTIONS: tuple[ActionInfo, ...] = (
    ActionInfo("add_mark", "Mark here", "Marks", _mark_here,
               "Set a mark at the cursor; it remembers what is heard", "K", enabled=clip_open),
    ActionInfo("note_here", "Note here…", "Marks", _note_here,
               "Write a note at the cursor", "N", enabled=clip_open),
    ActionInfo("mark_loop", "Mark the loop", "Marks", _mark_loop,
               "Set a mark over the loop region", "Shift+K", enabled=clip_open),
    ActionInfo("next_mark", "Next mark", "Marks", lambda shell: marks.step_mark(shell.context, 1),
               "Jump to the next mark", "]", enabled=_marked, separator=True),
    ActionInfo("mark_before", "Mark before", "Marks", lambda shell: marks.step_mark(shell.context, -1),
               "Jump to the mark before", "[", enabled=_marked),
    ActionInfo("loop_marks", "Loop between marks", "Marks", lambda shell: marks.loop_between_marks(shell.context),
               "Loop from the mark before the cursor to the next one", "Shift+L", enabled=_marked),
    ActionInfo("delete_mark", "Delete the mark here", "Marks", lambda shell: marks.delete_mark_here(shell.context),
               "Take away the mark at the cursor", "Shift+Del", enabled=_marked),
)  # fmt: skip
