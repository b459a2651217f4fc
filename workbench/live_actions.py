"""The actions of Live."""

from __future__ import annotations

from workbench import commands, dialogs, live_commands
from workbench.action_info import ActionInfo, Shell
from workbench.context import Context


def _live(ctx: Context) -> bool:
    return ctx.live.running


def _frozen(ctx: Context) -> bool:
    return ctx.live.frozen is not None


def _live_books(ctx: Context) -> bool:
    return ctx.codec.info is not None and ctx.codec.info.depth > 1


def _toggle_live(shell: Shell) -> None:
    if not shell.context.live.running:
        shell.show_panel("live")  # its meters, and that it starts muted, want to be seen
    live_commands.toggle_live(shell.context)


def _choose_sessions_folder(shell: Shell) -> None:
    ctx = shell.context
    folder = dialogs.ask_folder(shell.widget(), "Record Live into", str(live_commands.sessions_folder(ctx)))
    if folder:
        ctx.settings.sessions_folder = folder


def _solo(digit: int) -> ActionInfo:
    return ActionInfo(
        f"solo_{digit}", f"Book {digit} alone in Live", "",
        lambda shell: live_commands.solo_book(shell.context, digit - 1),
        "Hear this book alone in Live; again: as many as the depth says", f"Alt+{digit}", enabled=_live_books,
    )  # fmt: skip


LIVE_ACTIONS: tuple[ActionInfo, ...] = (
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
)  # fmt: skip
