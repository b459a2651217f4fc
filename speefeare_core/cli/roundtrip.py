"""`speefeare roundtrip`: sound through a codec to sound, and through a bad channel on the way."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core import audio
from speefeare_core.audio import Samples
from speefeare_core.channel.check import check_settings
from speefeare_core.cli.channel_options import ChannelChoice, add_channel, channel_choice, check_books
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import SOUND_ENDINGS, add_codec, add_depth, check_not_same, check_target

if TYPE_CHECKING:
    from speefeare_core.channel.recording import RecordingChannel
    from speefeare_core.codec import Codec


def add(parser: argparse.ArgumentParser) -> None:
    """`FILE [OUTPUT]`."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a sound file (WAV, FLAC, Ogg, MP3; any rate)")
    parser.add_argument("output", metavar="OUTPUT", nargs="?", type=Path, help="the decode (FILE.decoded.wav)")
    add_codec(parser)
    add_depth(parser)
    add_channel(parser)


def run(args: argparse.Namespace, console: Console) -> Result:
    """Encode and decode one file."""
    from speefeare_core.checkpoints.load import load_codec

    target = args.output or args.file.with_suffix(".decoded.wav")
    check_not_same(args.file, target)
    check_target(target, SOUND_ENDINGS)
    audio.probe(args.file)  # a bad file is told before the codec is loaded
    choice = channel_choice(args)
    codec = load_codec(args.codec, args.device)
    info = codec.info
    depth = info.check_depth(args.depth)
    check_books(info, choice.books, depth)
    channel = _channel(codec, choice)
    with audio.Writer(target, info.rate_hz, info.channels) as writer:
        written = 0
        for block in _blocks(codec, args.file, args.depth, choice, channel, console):
            writer.write(block)
            written += block.shape[1]
    used = choice.books or tuple(range(depth))
    kbps = sum(info.books[book].bits * info.books[book].frame_rate_hz for book in used) / 1000 if info.books else None
    data: dict[str, Any] = {
        "file": str(target),
        "codec": info.name,
        "depth": depth,
        "bitrate_kbps": kbps,
        "rate_hz": info.rate_hz,
        "length_samples": written,
    }
    rate = "" if kbps is None else f", {kbps:.2f} kbps"
    text = f"{target}: {written / info.rate_hz:.2f} s at {info.rate_hz} Hz{rate}"
    if channel is not None:
        counts = channel.counts
        frozen = sorted({book + 1 for book, _ in choice.freeze})
        data["channel"] = dataclasses.asdict(counts) | {
            "concealed": choice.settings.conceal,
            "frozen_books": frozen,
            "books": None if choice.books is None else [book + 1 for book in choice.books],
            "seed": choice.settings.seed,
        }
        text += (
            f"; {counts.lost_packets} of {counts.packets} packets lost, {counts.flipped_bits} of {counts.bits} bits"
            " flipped"
        )
    return Result(data, text)


def _channel(codec: Codec, choice: ChannelChoice) -> RecordingChannel | None:
    from speefeare_core.channel.recording import RecordingChannel

    check_settings(codec.info, choice.settings)  # bad options are told also where they do nothing
    return RecordingChannel(codec, choice.settings, choice.freeze) if choice.asked else None


def _blocks(
    codec: Codec, path: Path, depth: int | None, choice: ChannelChoice, channel: RecordingChannel | None, told: Console
) -> Iterator[Samples]:
    from speefeare_core.cli.long_files import channel_blocks, roundtrip_blocks

    def progress(done: float) -> None:
        told.progress(done, "coding")

    if channel is None:
        return roundtrip_blocks(codec, path, depth, progress)
    return channel_blocks(codec, path, depth, choice.books, channel, progress)
