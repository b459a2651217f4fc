"""`speefeare info`: what a codec, a sound file, a token file or a recorded session is."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core import audio, token_file
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import SOUND_ENDINGS, add_codec
from speefeare_core.sessions import is_session

if TYPE_CHECKING:
    from speefeare_core.blocks.report import SeamReport
    from speefeare_core.codec import Codec


def add(parser: argparse.ArgumentParser) -> None:
    """`[FILE]`, or `--codec`; `--seam`."""
    words = "a sound file, a token file, a session's folder, or a codec: its file, folder or name"
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help=words)
    add_codec(parser)
    parser.add_argument(
        "--seam",
        action="store_true",
        help="measure what cutting long recordings into blocks changes, for codecs that look ahead",
    )


def run(args: argparse.Namespace, console: Console) -> Result:
    """Describe the file, or else the codec."""
    if args.file is not None and token_file.is_token_file(args.file):
        return _tokens(args.file)
    if args.file is not None and is_session(args.file):
        return _session(args.file)
    if args.file is None or _may_be_codec(args.file):
        from speefeare_core.checkpoints.load import load_codec

        codec = load_codec(args.file or args.codec, args.device)
        return _codec(codec, args.seam)
    return _sound(args.file)


def _may_be_codec(path: Path) -> bool:
    """Whether it is meant as a codec: weights, a folder, or a name that is no file."""
    from speefeare_core.checkpoints.containers import may_be_weights

    return path.is_dir() or may_be_weights(path) or (not path.exists() and path.suffix not in SOUND_ENDINGS)


def _codec(codec: Codec, with_seam: bool) -> Result:
    from speefeare_core import blocks

    info = codec.info
    seam = _seam(codec) if with_seam else None
    bitrates = [round(info.bitrate_kbps(depth), 4) for depth in range(1, info.depth + 1)]
    books = f"{info.depth} books, {info.depth_mode}" if info.depth > 1 else "one book" if info.books else "no books"
    rates = " to ".join(f"{rate:g}" for rate in dict.fromkeys([*bitrates[:1], *bitrates[-1:]]))
    lines = [
        f"{info.name} ({info.family}), {info.licence}",
        f"{info.rate_hz} Hz, {info.channels} channel(s), frames of {info.hop_samples} samples,"
        f" {info.frame_rate_hz:g} frames/s",
        books + (f", {rates} kbps" if bitrates else ""),
        f"{info.parameters:,} parameters, latents of {info.latent_dim} values",
        f"{'causal' if info.causal else 'looks ahead'}, {'streams' if info.streamable else 'does not stream'},"
        f" delay {info.delay_samples} samples ({1000 * info.delay_samples / info.rate_hz:.1f} ms)",
        f"long recordings go through it {blocks.words_for(codec)}",
        *([seam.sentence()] if seam is not None else []),
        *(f"needs: {need}" for need in info.needs),
        *info.notes,
        *([f"from {info.source}"] if info.source else []),
    ]
    data = {"kind": "codec", **info.to_dict(), "bitrates_kbps": bitrates, "long": blocks.way_of(codec)}
    return Result(data | ({"seam": seam.to_dict()} if seam is not None else {}), "\n".join(lines))


def _seam(codec: Codec) -> SeamReport | None:
    """What blocks change; None where nothing is cut."""
    from speefeare_core import blocks
    from speefeare_core.blocks.seam import seam_of_sample

    return seam_of_sample(codec) if blocks.way_of(codec) == "blocks" else None


def _session(path: Path) -> Result:
    from speefeare_core.sessions.reader import Session

    data = Session.open(path).summary()
    books = f"{data['books']} books" if data["books"] else "no books"
    lines = [
        f"{data['folder']}: recorded {data['started']} with {data['codec']}",
        f"{data['length_s']:.2f} s at {data['rate_hz']} Hz, {data['channels']} channel(s), {books} × {data['frames']}"
        " frames",
        f"{data['steps']} steps of {data['step_ms_median']:.2f} ms (99 %: {data['step_ms_p99']:.2f} ms), real-time"
        f" factor {data['real_time_factor']:.3f}",
        f"{data['dropped_frames']} dropped frames, settings changed {data['changes']} times",
        *data["notes"],
    ]
    return Result({"kind": "session", **data}, "\n".join(lines))


def _tokens(path: Path) -> Result:
    info = token_file.read_info(path)
    text = f"{path}: tokens of {info.codec}, {info.content}, {info.length_s:.2f} s at {info.rate_hz} Hz"
    return Result({"kind": "tokens", "file": str(path), **dataclasses.asdict(info), "length_s": info.length_s}, text)


def _sound(path: Path) -> Result:
    info = audio.probe(path)
    text = f"{path}: {info.encoding}, {info.rate_hz} Hz, {info.channels} channel(s), {info.length_s:.2f} s"
    data = {**dataclasses.asdict(info), "path": str(path), "length_s": info.length_s}
    return Result({"kind": "sound", **data}, text)
