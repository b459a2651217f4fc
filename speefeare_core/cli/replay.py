"""`speefeare replay`: a recorded live session through its codec once more, compared with what was recorded."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core import audio
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import SOUND_ENDINGS, add_codec, check_target
from speefeare_core.sessions.reader import Session

if TYPE_CHECKING:
    from speefeare_core.sessions.replay import ReplayReport


def add(parser: argparse.ArgumentParser) -> None:
    """`SESSION [--output FILE] [--check]`."""
    parser.add_argument("session", metavar="SESSION", type=Path, help="the folder of a recorded session")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write what is decoded, before mix and gain")
    parser.add_argument("--check", action="store_true", help="exit with 1 unless codes and output are the same")
    add_codec(parser, default=None)


def run(args: argparse.Namespace, console: Console) -> Result:
    """Replay and compare. Without --codec with the codec that the session names."""
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.sessions.replay import replay

    if args.output is not None:
        check_target(args.output, SOUND_ENDINGS)
    session = Session.open(args.session)
    codec = load_codec(args.codec or session.info.codec, args.device)
    with contextlib.ExitStack() as stack:
        writer = None
        if args.output is not None:
            writer = stack.enter_context(audio.Writer(args.output, codec.info.rate_hz, codec.info.channels))
        report = replay(
            session,
            codec,
            (lambda block: None) if writer is None else writer.write,
            lambda done: console.progress(done, "replaying"),
        )
    data = {
        "session": str(session.folder),
        "codec": codec.info.name,
        "length_s": session.length_s,
        **report.to_dict(),
        "file": None if args.output is None else str(args.output),
    }
    return Result(data, _words(session, report), 1 if args.check and not report.passed else 0)


def _words(session: Session, report: ReplayReport) -> str:
    lines = [f"{session.folder}: {session.length_s:.2f} s, {report.verdict}"]
    if report.codes_equal is not None:
        lines.append(f"codes: {100 * report.codes_equal:.6g} % equal over {report.frames} frames")
    if report.latents_error is not None:
        lines.append(f"latents: {report.latents_error:.1e} greatest difference over {report.frames} frames")
    if report.output_s:
        lines.append(f"output: {report.output_error:.1e} greatest difference over {report.output_s:.2f} s")
    if report.first_difference_s is not None:
        lines.append(f"first difference in the step at {report.first_difference_s:.3f} s")
    lines += [f"not compared: {seconds:.2f} s, {why}" for why, seconds in report.left_out.items()]
    if report.dropped_frames:
        lines.append(f"{report.dropped_frames} frames were dropped while it was recorded; the codec never had them")
    return "\n".join([*lines, *report.notes, *([session.note] if session.note else [])])
