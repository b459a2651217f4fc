"""`speefeare roundtrip`: sound through a codec to sound."""

from __future__ import annotations

import argparse
from pathlib import Path

from speefeare_core import audio
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import SOUND_ENDINGS, add_codec, add_depth, check_not_same, check_target


def add(parser: argparse.ArgumentParser) -> None:
    """`FILE [OUTPUT]`."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a sound file (WAV, FLAC, Ogg, MP3; any rate)")
    parser.add_argument("output", metavar="OUTPUT", nargs="?", type=Path, help="the decode (FILE.decoded.wav)")
    add_codec(parser)
    add_depth(parser)


def run(args: argparse.Namespace, console: Console) -> Result:
    """Encode and decode one file."""
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.cli.long_files import roundtrip_blocks

    target = args.output or args.file.with_suffix(".decoded.wav")
    check_not_same(args.file, target)
    check_target(target, SOUND_ENDINGS)
    audio.probe(args.file)  # a bad file is told before the codec is loaded
    codec = load_codec(args.codec, args.device)
    info = codec.info
    depth = info.check_depth(args.depth)
    with audio.Writer(target, info.rate_hz, info.channels) as writer:
        written = 0
        for block in roundtrip_blocks(codec, args.file, args.depth, lambda done: console.progress(done, "coding")):
            writer.write(block)
            written += block.shape[1]
    kbps = info.bitrate_kbps(depth) if info.books else None
    data = {
        "file": str(target),
        "codec": info.name,
        "depth": depth,
        "bitrate_kbps": kbps,
        "rate_hz": info.rate_hz,
        "length_samples": written,
    }
    rate = "" if kbps is None else f", {kbps:.2f} kbps"
    return Result(data, f"{target}: {written / info.rate_hz:.2f} s at {info.rate_hz} Hz{rate}")
