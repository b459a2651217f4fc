"""`speefeare generate`: a test signal as a sound file."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from speefeare_core import audio, generators
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import SOUND_ENDINGS, check_target
from speefeare_core.errors import SpeefeareError

KINDS = ("sine", "sweep", "speech-noise")
_BLOCK_S = 1.0
_LONGEST_S = 86_400.0


def add(parser: argparse.ArgumentParser) -> None:
    """`KIND OUTPUT`, `--seconds`, `--rate`, `--channels`, `--tone-hz`, `--level-db`."""
    parser.add_argument("kind", metavar="KIND", choices=KINDS, help=", ".join(KINDS))
    parser.add_argument("output", metavar="OUTPUT", type=Path, help="a .wav, .flac, .ogg or .mp3")
    parser.add_argument("--seconds", type=float, default=10.0, help="length (10)")
    parser.add_argument("--rate", metavar="HZ", type=int, default=24_000, help="sampling rate in Hz (24000)")
    parser.add_argument("--channels", type=int, default=1, help="the same signal in each (1)")
    parser.add_argument("--tone-hz", metavar="HZ", type=float, default=440.0, help="frequency of the sine (440)")
    parser.add_argument(
        "--level-db",
        metavar="DB",
        type=float,
        default=generators.LEVEL_DB,
        help="RMS below that of a full-scale square wave (-26)",
    )


def run(args: argparse.Namespace, console: Console) -> Result:
    """Write the file, faded at both ends."""
    check_target(args.output, SOUND_ENDINGS)
    if not 0.0 < args.seconds <= _LONGEST_S:
        raise SpeefeareError(f"--seconds takes more than 0 and at most {_LONGEST_S:g}, not {args.seconds:g}.")
    if not 4000 <= args.rate <= 384_000 or not 1 <= args.channels <= 32:
        raise SpeefeareError("--rate takes 4000 to 384000 Hz and --channels 1 to 32.")
    kind = args.kind.replace("-", " ")
    signal = generators.make(kind, args.rate, args.tone_hz, args.level_db)
    total = max(1, round(args.seconds * args.rate))
    power = 0.0
    with audio.Writer(args.output, args.rate, args.channels) as writer:
        while signal.position < total:
            start = signal.position
            block = signal.next(min(round(_BLOCK_S * args.rate), total - start))
            left = total - 1 - np.arange(start, start + block.shape[1])
            block = block * generators.fade_in(left, args.rate).astype(np.float32)
            power += float(np.sum(block.astype(np.float64) ** 2))
            writer.write(np.repeat(block, args.channels, axis=0))
            console.progress(signal.position / total, "writing")
    level_db = 10 * np.log10(max(power / total, 1e-20))
    data = {
        "file": str(args.output),
        "kind": kind,
        "rate_hz": args.rate,
        "channels": args.channels,
        "length_samples": total,
        "level_db": float(level_db),  # of this file, its fades and pauses included
    }
    return Result(data, f"{args.output}: {kind}, {total / args.rate:.2f} s at {args.rate} Hz, {level_db:.1f} dB RMS")
