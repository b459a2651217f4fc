"""The table of actions: menus, the toolbar, shortcuts, the list of keys and the command palette are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtWidgets import QWidget

from workbench import commands, dialogs, live_commands
from workbench.context import Context
from workbench.documents import dialogs as document_dialogs
from workbench.documents.desk import DocumentDesk
from workbench.verbs import compare, ladder, marks
from workbench.verbs import edits as edit_verbs


class Shell(Protocol):
    """What actions may ask of the window."""

    context: Context
    documents: DocumentDesk

    def widget(self) -> QWidget: ...
    def open_paths(self, paths: list[str]) -> None: ...
    def open_sample(self) -> None: ...
    def save_pictures(self, folder: str) -> None: ...
    def set_theme(self, theme: str) -> None: ...
    def reset_layout(self) -> None: ...
    def press_digit(self, digit: int) -> None: ...
    def show_panel(self, key: str) -> None: ...
    def show_shortcuts(self) -> None: ...
    def show_palette(self) -> None: ...
    def show_doctor(self) -> None: ...
    def show_about(self) -> None: ...
    def show_catalog(self) -> None: ...
    def copy_figure(self) -> None: ...
    def show_export(self) -> None: ...
    def show_video(self) -> None: ...
    def show_lesson(self, key: str = "") -> None: ...
    def scale_text(self, step: int) -> None: ...
    def quit(self) -> None: ...


@dataclass(frozen=True)
class ActionInfo:
    """One thing a person can do. Without `menu` it is reached by its key (and the palette) only."""

    key: str
    text: str
    menu: str
    run: Callable[[Shell], None]
    tooltip: str
    shortcut: str = ""
    toolbar: bool = False
    checked: Callable[[Context], bool] | None = None  # a tick that shows the state
    enabled: Callable[[Context], bool] | None = None
    separator: bool = False  # a line above it in its menu
    words: Callable[[Context], str] | None = None  # its text as things are now


MENUS = ("File", "Edit", "Codec", "Playback", "Marks", "View", "Live", "Help")


def _clip(ctx: Context) -> bool:
    return ctx.clip.is_open


def _playable(ctx: Context) -> bool:
    return ctx.clip.is_open and ctx.engine.status == "ready"


def _live(ctx: Context) -> bool:
    return ctx.live.running


def _frozen(ctx: Context) -> bool:
    return ctx.live.frozen is not None


def _live_books(ctx: Context) -> bool:
    return ctx.codec.info is not None and ctx.codec.info.depth > 1


def _open_clip(shell: Shell) -> None:
    path = dialogs.ask_clip(shell.widget(), shell.context.clip.data.path)
    if path:
        commands.open_clip(shell.context, path)


def _open_session(shell: Shell) -> None:
    folder = dialogs.ask_folder(shell.widget(), "Open a recording of Live", _sessions_folder(shell))
    if folder:
        commands.open_session(shell.context, folder)


def _sessions_folder(shell: Shell) -> str:
    folder = live_commands.sessions_folder(shell.context)
    return str(folder) if folder.is_dir() else ""


def _open_codec_file(shell: Shell) -> None:
    path = dialogs.ask_codec_file(shell.widget())
    if path:
        commands.load_codec(shell.context, path, shell.context.settings.compute_device)


def _open_codec_folder(shell: Shell) -> None:
    path = dialogs.ask_folder(shell.widget(), "Open a codec folder")
    if path:
        commands.load_codec(shell.context, path, shell.context.settings.compute_device)


def _save_pictures(shell: Shell) -> None:
    folder = dialogs.ask_folder(shell.widget(), "Save a picture of every panel and a sound file of every depth into")
    if folder:
        shell.save_pictures(folder)


def _toggle_embed(shell: Shell) -> None:
    document = shell.context.document
    document.update(embed=not document.embed)


def _toggle_live(shell: Shell) -> None:
    if not shell.context.live.running:
        shell.show_panel("live")  # its meters, and that it starts muted, want to be seen
    live_commands.toggle_live(shell.context)


def _choose_sessions_folder(shell: Shell) -> None:
    ctx = shell.context
    folder = dialogs.ask_folder(shell.widget(), "Record Live into", str(live_commands.sessions_folder(ctx)))
    if folder:
        ctx.settings.sessions_folder = folder


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


def _toggle_blind(shell: Shell) -> None:
    commands.set_blind(shell.context, not shell.context.playback.blind)


def _theme(theme: str, text: str) -> ActionInfo:
    tooltip = {
        "system": "Follow the desktop",
        "projector": "Black on white, with larger text: to be read from the last row of a lecture hall",
    }.get(theme, f"Always {theme}")
    return ActionInfo(
        f"theme_{theme}", text, "View", lambda shell: shell.set_theme(theme), tooltip,
        checked=lambda ctx: ctx.settings.theme == theme, separator=theme == "system",
    )  # fmt: skip


def _digit(digit: int) -> ActionInfo:
    return ActionInfo(
        f"digit_{digit}", f"Depth {digit}", "", lambda shell: shell.press_digit(digit),
        "Hear and show this depth (0: the original); two digits typed quickly make one number", str(digit),
    )  # fmt: skip


def _step(shell: Shell, step: int) -> None:
    commands.step_depth(shell.context, step)


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


def _rung(sound: ladder.LadderSound, separator: bool) -> ActionInfo:
    kind = sound.kind
    return ActionInfo(
        f"hear_{kind}", sound.title if kind != "take" else "Decode of this depth", "Playback",
        lambda shell: ladder.hear(shell.context, kind), sound.tip, sound.key,
        enabled=lambda ctx: ctx.clip.is_open and not ctx.playback.blind, separator=separator,
    )  # fmt: skip


def _solo(digit: int) -> ActionInfo:
    return ActionInfo(
        f"solo_{digit}", f"Book {digit} alone in Live", "",
        lambda shell: live_commands.solo_book(shell.context, digit - 1),
        "Hear this book alone in Live; again: as many as the depth says", f"Alt+{digit}", enabled=_live_books,
    )  # fmt: skip


ACTIONS: tuple[ActionInfo, ...] = (
    ActionInfo("open_clip", "Open sound file…", "File", _open_clip,
               "Open a sound file; every depth of it is made with the loaded codec", "Ctrl+O", toolbar=True),
    ActionInfo("open_session", "Open recording of Live…", "File", _open_session,
               "Open the folder of a recording: what was spoken, with the codec that it went through"),
    ActionInfo("other_sound", "The recording's other sound", "File",
               lambda shell: commands.open_other_sound(shell.context),
               "Of a recording of Live: open what was heard then as the clip, or what was spoken again",
               enabled=lambda ctx: commands.shows_session(ctx)),
    ActionInfo("open_sample", "Open the sample", "File", lambda shell: shell.open_sample(),
               "Open the sentence that is shipped with the workbench"),
    ActionInfo("open_document", "Open document…", "File",
               lambda shell: document_dialogs.open_document(shell.documents, shell.widget()),
               "Open a saved document: sound, codecs, edits, marks and layout as they were", "Ctrl+Alt+O",
               separator=True),
    ActionInfo("save_document", "Save document", "File",
               lambda shell: document_dialogs.save(shell.documents, shell.widget()),
               "Save what you see and what you have done, to go on later; from then on it is saved by itself", "Ctrl+S",
               enabled=_clip),
    ActionInfo("save_document_as", "Save document as…", "File",
               lambda shell: document_dialogs.save_as(shell.documents, shell.widget()),
               "Save the document under another name", "Ctrl+Shift+S", enabled=_clip),
    ActionInfo("embed_audio", "Keep the sound in the document", "File", _toggle_embed,
               "The document then holds the sound file itself, and can be given away without it",
               checked=lambda ctx: ctx.document.embed, enabled=_clip),
    ActionInfo("open_last_document", "Open the last document again", "File", lambda shell: shell.documents.open_last(),
               "What the workbench was about when it was closed, where that was not saved under a name"),
    ActionInfo("save_pictures", "Save pictures and sounds…", "File", _save_pictures,
               "Save a picture of every open panel and a WAV file of every depth", "Ctrl+Alt+S",
               enabled=_clip, separator=True),
    ActionInfo("export_figures", "Export figures…", "File", lambda shell: shell.show_export(),
               "Save what panels show as PNG, SVG, CSV or NPZ, at print quality with axes and units", "Ctrl+Shift+E",
               enabled=_clip),
    ActionInfo("copy_figure", "Copy as figure", "File", lambda shell: shell.copy_figure(),
               "Copy what the panel with the keyboard shows, as a picture and as a table", "Ctrl+Shift+F",
               enabled=_clip),
    ActionInfo("export_video", "Export video…", "File", lambda shell: shell.show_video(),
               "Save a video for slides: the sound that is heard, and the views that move with it", "Ctrl+Shift+V",
               enabled=_clip),
    ActionInfo("quit", "Quit", "File", lambda shell: shell.quit(), "Close the workbench", "Ctrl+Q", separator=True),

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

    ActionInfo("open_codec", "Open codec file…", "Codec", _open_codec_file,
               "Open a codec from a weights file (.safetensors)", "Ctrl+Shift+O", toolbar=True),
    ActionInfo("open_codec_folder", "Open codec folder…", "Codec", _open_codec_folder,
               "Open a codec that is a folder of files, such as Lyra v2"),
    ActionInfo("open_catalog", "Catalog…", "Codec", lambda shell: shell.show_catalog(),
               "Public checkpoints: what there is, download, load and remove them", "Ctrl+Shift+C", separator=True),

    ActionInfo("toggle_play", "Play", "Playback", lambda shell: commands.toggle_play(shell.context),
               "Play or pause", "Space", toolbar=True, checked=lambda ctx: ctx.playback.playing, enabled=_playable),
    ActionInfo("toggle_loop", "Loop", "Playback", lambda shell: commands.toggle_loop(shell.context),
               "Repeat the marked region, or the whole clip", "L", toolbar=True,
               checked=lambda ctx: ctx.playback.looping, enabled=_clip),
    ActionInfo("toggle_blind", "Blind", "Playback", _toggle_blind,
               "Hide which depth is heard behind the labels A, B, C …", "B", toolbar=True,
               checked=lambda ctx: ctx.playback.blind, enabled=_clip),
    ActionInfo("reveal_blind", "Reveal labels", "Playback", lambda shell: commands.reveal_blind(shell.context),
               "End blind listening and show what each label was", "R",
               enabled=lambda ctx: ctx.playback.blind or ctx.marks.has_hidden),
    ActionInfo("toggle_pick", "Pick for blind trials", "Playback", lambda shell: compare.toggle_pick(shell.context),
               "Have blind trials be about the version that is heard and others that are picked; with none, about all",
               "P", checked=lambda ctx: not ctx.playback.blind and ctx.playback.depth in ctx.playback.picked,
               enabled=lambda ctx: ctx.clip.is_open and not ctx.playback.blind),
    ActionInfo("pick_none", "Pick none", "Playback", lambda shell: compare.pick_none(shell.context),
               "Blind trials are about all versions again", "Shift+P",
               enabled=lambda ctx: bool(ctx.playback.picked)),
    ActionInfo("hear_before", "What was heard before", "Playback", lambda shell: compare.hear_before(shell.context),
               "Back and forth between the last two versions, at the same sample", "V", enabled=_clip, separator=True),
    ActionInfo("next_codec", "Next codec", "Playback", lambda shell: compare.step_codec(shell.context, 1),
               "Hear the same depth of the next codec in Compare", ".", enabled=_clip),
    ActionInfo("codec_before", "Codec before", "Playback", lambda shell: compare.step_codec(shell.context, -1),
               "Hear the same depth of the codec before in Compare", ",", enabled=_clip),
    ActionInfo("loop_start", "Loop from here", "Playback", lambda shell: compare.set_loop_start(shell.context),
               "Let the loop begin at the cursor", "I", enabled=_clip),
    ActionInfo("loop_end", "Loop to here", "Playback", lambda shell: compare.set_loop_end(shell.context),
               "Let the loop end at the cursor", "O", enabled=_clip),
    ActionInfo("deeper", "One depth up", "Playback", lambda shell: _step(shell, 1),
               "Hear one codebook more", "Up", enabled=_clip, separator=True),
    ActionInfo("shallower", "One depth down", "Playback", lambda shell: _step(shell, -1),
               "Hear one codebook less; below the first is the original", "Down", enabled=_clip),
    *(_rung(sound, sound.kind == "take") for sound in ladder.SOUNDS if sound.kind is not None),
    ActionInfo("back", "Back 1 s", "Playback", lambda shell: commands.seek_by(shell.context, -1.0),
               "Move the cursor back by a second", "Left", enabled=_clip, separator=True),
    ActionInfo("forward", "Forward 1 s", "Playback", lambda shell: commands.seek_by(shell.context, 1.0),
               "Move the cursor forward by a second", "Right", enabled=_clip),
    ActionInfo("to_start", "To the start", "Playback", lambda shell: commands.seek(shell.context, 0),
               "Move the cursor to the start", "Home", enabled=_clip),
    ActionInfo("cancel_work", "Cancel computing", "Playback", lambda shell: commands.cancel_work(shell.context),
               "Stop what is being computed; what is there stays", "Ctrl+.", separator=True),
    *(_digit(digit) for digit in range(10)),

    ActionInfo("add_mark", "Mark here", "Marks", _mark_here,
               "Set a mark at the cursor; it remembers what is heard", "K", enabled=_clip),
    ActionInfo("note_here", "Note here…", "Marks", _note_here,
               "Write a note at the cursor", "N", enabled=_clip),
    ActionInfo("mark_loop", "Mark the loop", "Marks", _mark_loop,
               "Set a mark over the loop region", "Shift+K", enabled=_clip),
    ActionInfo("next_mark", "Next mark", "Marks", lambda shell: marks.step_mark(shell.context, 1),
               "Jump to the next mark", "]", enabled=_marked, separator=True),
    ActionInfo("mark_before", "Mark before", "Marks", lambda shell: marks.step_mark(shell.context, -1),
               "Jump to the mark before", "[", enabled=_marked),
    ActionInfo("loop_marks", "Loop between marks", "Marks", lambda shell: marks.loop_between_marks(shell.context),
               "Loop from the mark before the cursor to the next one", "Shift+L", enabled=_marked),
    ActionInfo("delete_mark", "Delete the mark here", "Marks", lambda shell: marks.delete_mark_here(shell.context),
               "Take away the mark at the cursor", "Shift+Del", enabled=_marked),

    _theme("system", "Theme of the desktop"),
    _theme("light", "Light"),
    _theme("dark", "Dark"),
    _theme("projector", "Projector"),
    ActionInfo("text_larger", "Larger text", "View", lambda shell: shell.scale_text(1),
               "Make all text one size larger", "Ctrl+=", separator=True),
    ActionInfo("text_smaller", "Smaller text", "View", lambda shell: shell.scale_text(-1),
               "Make all text one size smaller", "Ctrl+-"),
    ActionInfo("text_usual", "Usual text", "View", lambda shell: shell.scale_text(0),
               "Make all text as large as the desktop says", "Ctrl+Shift+0"),
    ActionInfo("reset_layout", "Reset layout", "View", lambda shell: shell.reset_layout(),
               "Put all panels back where they were at the first start", separator=True),

    ActionInfo("toggle_live", "Start or stop Live", "Live", _toggle_live,
               "Talk through the codec with the devices chosen last", "Ctrl+L", checked=_live),
    ActionInfo("toggle_mute", "Mute Live", "Live",
               lambda shell: live_commands.set_live(shell.context, muted=not shell.context.live.muted),
               "Silence the live output", "M", toolbar=True,
               checked=lambda ctx: ctx.live.running and ctx.live.muted, enabled=_live),
    ActionInfo("toggle_bypass", "Bypass the codec", "Live",
               lambda shell: live_commands.set_live(shell.context, bypass=not shell.context.live.bypass),
               "Hear the input itself with the same delay", "Y", checked=lambda ctx: ctx.live.bypass, enabled=_live),
    ActionInfo("live_deeper", "One book more in Live", "Live",
               lambda shell: live_commands.step_live_depth(shell.context, 1),
               "Talk through one codebook more", "Ctrl+Up", enabled=_live_books, separator=True),
    ActionInfo("live_shallower", "One book less in Live", "Live",
               lambda shell: live_commands.step_live_depth(shell.context, -1),
               "Talk through one codebook less", "Ctrl+Down", enabled=_live_books),
    ActionInfo("all_books", "All books in Live", "Live", lambda shell: live_commands.set_books(shell.context, ()),
               "Hear as many books as the depth says, none alone", "Alt+0", enabled=_live_books),
    ActionInfo("clear_channel", "Clear the channel", "Live",
               lambda shell: live_commands.clear_channel(shell.context),
               "No losses, no bit errors, no frozen books", "Ctrl+0",
               enabled=lambda ctx: not ctx.live.setup.channel.clean or bool(ctx.live.setup.books)),
    ActionInfo("record_live", "Record Live", "Live", lambda shell: live_commands.toggle_record(shell.context),
               "Record input, output, codes and timing into a folder", "Ctrl+R", enabled=_live,
               checked=lambda ctx: bool(ctx.live.recording), separator=True),
    ActionInfo("sessions_folder", "Record into…", "Live", _choose_sessions_folder,
               "Choose the folder in which recordings of Live are kept"),
    ActionInfo("open_recording", "Open the last recording", "Live",
               lambda shell: commands.open_session(shell.context, shell.context.live.recorded),
               "Open what was recorded last, with the codec that it went through",
               enabled=lambda ctx: bool(ctx.live.recorded)),
    ActionInfo("freeze_live", "Freeze the views", "Live", lambda shell: live_commands.toggle_freeze(shell.context),
               "Stop the views and look back over the last minute; the sound goes on", "Z",
               enabled=lambda ctx: ctx.live.running or _frozen(ctx), checked=_frozen),
    ActionInfo("replay_live", "Replay what is frozen", "Live",
               lambda shell: live_commands.toggle_replay(shell.context),
               "Hear the output of the seconds that the views show", "Shift+Space", enabled=_frozen,
               checked=lambda ctx: bool(ctx.live.heard)),
    ActionInfo("measure_live", "Measure the round trip", "Live",
               lambda shell: live_commands.measure_round_trip(shell.context),
               "Send a chirp from the loudspeaker to the microphone and time it", "Ctrl+M", enabled=_live,
               separator=True),
    ActionInfo("estimate_live", "Estimate the steps", "Live", lambda shell: live_commands.estimate(shell.context),
               "Time the codec at several step sizes, to choose one", "Ctrl+E",
               enabled=lambda ctx: ctx.codec.info is not None and not ctx.live.running),
    ActionInfo("howl_guard", "Howl guard", "Live", lambda shell: live_commands.toggle_howl_guard(shell.context),
               "Mute Live by itself where the microphone hears the loudspeaker",
               checked=lambda ctx: ctx.live.setup.howl_guard),
    *(_solo(digit) for digit in range(1, 10)),
    ActionInfo("refresh_devices", "Look for sound devices", "Live",
               lambda shell: commands.refresh_devices(shell.context),
               "List microphones and loudspeakers again, after one was plugged in", "Ctrl+D", separator=True),

    ActionInfo("show_shortcuts", "Keys", "Help", lambda shell: shell.show_shortcuts(), "All keys in one list", "F1"),
    ActionInfo("show_lessons", "Lessons", "Help", lambda shell: shell.show_lesson("tokens"),
               "What codecs do, in ten short texts whose links work the window"),
    ActionInfo("explain", "What is this?", "Help", lambda shell: shell.show_lesson(),
               "The lesson about the control that has the focus", "Shift+F1"),
    ActionInfo("show_palette", "Find a command…", "Help", lambda shell: shell.show_palette(),
               "Type a few letters of what you want", "Ctrl+K"),
    ActionInfo("show_doctor", "Check this computer", "Help", lambda shell: shell.show_doctor(),
               "What this computer has, what is missing, and how to get it", separator=True),
    ActionInfo("restart_engine", "Restart the engine", "Help", lambda shell: commands.restart_engine(shell.context),
               "End the engine process and start it anew; codec and clip are loaded again"),
    ActionInfo("show_about", "About", "Help", lambda shell: shell.show_about(), "Version and licence", separator=True),
)  # fmt: skip
