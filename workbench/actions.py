"""The table of actions: menus, the toolbar, shortcuts, the list of keys and the command palette are made from it."""

from __future__ import annotations

from workbench import commands, dialogs, live_commands
from workbench.action_info import ActionInfo, Shell, clip_open
from workbench.context import Context
from workbench.documents import dialogs as document_dialogs
from workbench.edit_actions import EDIT_ACTIONS, MARK_ACTIONS
from workbench.live_actions import LIVE_ACTIONS
from workbench.verbs import compare, ladder


def _playable(ctx: Context) -> bool:
    return ctx.clip.is_open and ctx.engine.status == "ready"


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


def _rung(sound: ladder.LadderSound, separator: bool) -> ActionInfo:
    kind = sound.kind
    return ActionInfo(
        f"hear_{kind}", sound.title if kind != "take" else "Decode of this depth", "Playback",
        lambda shell: ladder.hear(shell.context, kind), sound.tip, sound.key,
        enabled=lambda ctx: ctx.clip.is_open and not ctx.playback.blind, separator=separator,
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
               enabled=clip_open),
    ActionInfo("save_document_as", "Save document as…", "File",
               lambda shell: document_dialogs.save_as(shell.documents, shell.widget()),
               "Save the document under another name", "Ctrl+Shift+S", enabled=clip_open),
    ActionInfo("embed_audio", "Keep the sound in the document", "File", _toggle_embed,
               "The document then holds the sound file itself, and can be given away without it",
               checked=lambda ctx: ctx.document.embed, enabled=clip_open),
    ActionInfo("open_last_document", "Open the last document again", "File", lambda shell: shell.documents.open_last(),
               "What the workbench was about when it was closed, where that was not saved under a name"),
    ActionInfo("save_pictures", "Save pictures and sounds…", "File", _save_pictures,
               "Save a picture of every open panel and a WAV file of every depth", "Ctrl+Alt+S",
               enabled=clip_open, separator=True),
    ActionInfo("export_figures", "Export figures…", "File", lambda shell: shell.show_export(),
               "Save what panels show as PNG, SVG, CSV or NPZ, at print quality with axes and units", "Ctrl+Shift+E",
               enabled=clip_open),
    ActionInfo("copy_figure", "Copy as figure", "File", lambda shell: shell.copy_figure(),
               "Copy what the panel with the keyboard shows, as a picture and as a table", "Ctrl+Shift+F",
               enabled=clip_open),
    ActionInfo("export_video", "Export video…", "File", lambda shell: shell.show_video(),
               "Save a video for slides: the sound that is heard, and the views that move with it", "Ctrl+Shift+V",
               enabled=clip_open),
    ActionInfo("quit", "Quit", "File", lambda shell: shell.quit(), "Close the workbench", "Ctrl+Q", separator=True),

    *EDIT_ACTIONS,
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
               checked=lambda ctx: ctx.playback.looping, enabled=clip_open),
    ActionInfo("toggle_blind", "Blind", "Playback", _toggle_blind,
               "Hide which depth is heard behind the labels A, B, C …", "B", toolbar=True,
               checked=lambda ctx: ctx.playback.blind, enabled=clip_open),
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
               "Back and forth between the last two versions, at the same sample", "V",
               enabled=clip_open, separator=True),
    ActionInfo("next_codec", "Next codec", "Playback", lambda shell: compare.step_codec(shell.context, 1),
               "Hear the same depth of the next codec in Compare", ".", enabled=clip_open),
    ActionInfo("codec_before", "Codec before", "Playback", lambda shell: compare.step_codec(shell.context, -1),
               "Hear the same depth of the codec before in Compare", ",", enabled=clip_open),
    ActionInfo("loop_start", "Loop from here", "Playback", lambda shell: compare.set_loop_start(shell.context),
               "Let the loop begin at the cursor", "I", enabled=clip_open),
    ActionInfo("loop_end", "Loop to here", "Playback", lambda shell: compare.set_loop_end(shell.context),
               "Let the loop end at the cursor", "O", enabled=clip_open),
    ActionInfo("deeper", "One depth up", "Playback", lambda shell: _step(shell, 1),
               "Hear one codebook more", "Up", enabled=clip_open, separator=True),
    ActionInfo("shallower", "One depth down", "Playback", lambda shell: _step(shell, -1),
               "Hear one codebook less; below the first is the original", "Down", enabled=clip_open),
    *(_rung(sound, sound.kind == "take") for sound in ladder.SOUNDS if sound.kind is not None),
    ActionInfo("back", "Back 1 s", "Playback", lambda shell: commands.seek_by(shell.context, -1.0),
               "Move the cursor back by a second", "Left", enabled=clip_open, separator=True),
    ActionInfo("forward", "Forward 1 s", "Playback", lambda shell: commands.seek_by(shell.context, 1.0),
               "Move the cursor forward by a second", "Right", enabled=clip_open),
    ActionInfo("to_start", "To the start", "Playback", lambda shell: commands.seek(shell.context, 0),
               "Move the cursor to the start", "Home", enabled=clip_open),
    ActionInfo("cancel_work", "Cancel computing", "Playback", lambda shell: commands.cancel_work(shell.context),
               "Stop what is being computed; what is there stays", "Ctrl+.", separator=True),
    *(_digit(digit) for digit in range(10)),

    *MARK_ACTIONS,
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
    ActionInfo("training_layout", "Training layout", "View",
               lambda shell: shell.show_together(("training", "run", "dataset")),
               "Only Training, Run and the dataset doctor, as tabs with all the room there is; Reset layout goes back",
               "Ctrl+Alt+T", separator=True),
    ActionInfo("reset_layout", "Reset layout", "View", lambda shell: shell.reset_layout(),
               "Put all panels back where they were at the first start"),

    *LIVE_ACTIONS,
    ActionInfo("show_shortcuts", "Keys", "Help", lambda shell: shell.show_shortcuts(), "All keys in one list", "F1"),
    ActionInfo("show_lessons", "Lessons", "Help", lambda shell: shell.show_lesson("tokens"),
               "What codecs do, in eleven short texts whose links work the window"),
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
