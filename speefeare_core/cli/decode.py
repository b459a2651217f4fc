"""`speefeare decode`: tokens to sound."""

from __future__ import annotations

import argparse
from pathlib import Path

from speefeare_core import audio, token_file
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import SOUND_ENDINGS, add_codec, add_depth, check_not_same, check_target


def add(parser: argparse.ArgumentParser) -> None:
    """`TOKENS [FILE]`."""
    parser.add_argument("tokens", metavar="TOKENS", type=Path, help="a token file written by speefeare encode")
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help=".wav, .flac, .ogg or .mp3 (TOKENS.wav)")
    add_codec(parser, default=None)
    add_depth(parser)


def run(args: argparse.Namespace, console: Console) -> Result:
    """Decode one token file, without `--codec` by the codec that it names."""
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.cli.long_files import decode_blocks

    target = args.file or args.tokens.with_suffix(".wav")
    check_not_same(args.tokens, target)
    check_target(target, SOUND_ENDINGS)
    info, encoded = token_file.read(args.tokens)
    codec = load_codec(args.codec or info.source, args.device)
    info.check_fits(codec.info)
    depth = codec.info.check_depth(args.depth)
    if args.depth is not None and depth > info.depth:
        console.note(f"{args.tokens} holds {info.depth} books, so depth {info.depth} is decoded.")
    if codec.info.name != info.codec:
        console.note(f"{args.tokens} was made with {info.codec}; {codec.info.name} takes the same codes.")
    used = min(depth, info.depth)
    books = f" from {used} book{'s' * (used > 1)}" if used else ""
    with audio.Writer(target, info.rate_hz, info.channels) as writer:
        written = 0
        for block in decode_blocks(codec, encoded, args.depth):
            writer.write(block)
            written += block.shape[1]
            console.progress(written / info.length_samples, "decoding")
    data = {"file": str(target), "codec": info.codec, "depth": used, "rate_hz": info.rate_hz, "length_samples": written}
    return Result(data, f"{target}: {info.length_s:.2f} s at {info.rate_hz} Hz, decoded{books}")
