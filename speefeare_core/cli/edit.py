"""`speefeare edit`: a list of edits replayed on the tokens of a recording, to sound."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core import audio, token_file
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import (
    SOUND_ENDINGS,
    add_codec,
    add_depth,
    check_not_same,
    check_target,
    depth_list,
)
from speefeare_core.editing import edit_file
from speefeare_core.editing.words import words_of
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.codec import Codec
    from speefeare_core.editing.edited import Edited


def add(parser: argparse.ArgumentParser) -> None:
    """`AUDIO --edits LIST.json`."""
    parser.add_argument("file", metavar="AUDIO", type=Path, help="a sound file (WAV, FLAC, Ogg, MP3; any rate)")
    parser.add_argument(
        "--edits", metavar="LIST", type=Path, required=True, help="the list of edits, a .json file of the editor"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="the sound (AUDIO.edited.wav)")
    parser.add_argument("--tokens", metavar="FILE", type=Path, help="write the edited codes too (.safetensors)")
    parser.add_argument(
        "--books", metavar="LIST", type=depth_list, help="decode with just these books, such as 1 or 2-8"
    )
    parser.add_argument(
        "--raw", action="store_true", help="as decoded, not at the level of the original as it is heard in the window"
    )
    add_codec(parser)
    add_depth(parser)


def run(args: argparse.Namespace, console: Console) -> Result:
    """Encode, edit, decode."""
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.editing.replaying import replay

    target = args.output or args.file.with_suffix(".edited.wav")
    check_not_same(args.file, target)
    check_target(target, SOUND_ENDINGS)
    if args.tokens is not None:
        check_target(args.tokens, (".safetensors",))
    audio.probe(args.file)  # a bad file is told before the codec is loaded
    edits = edit_file.read(args.edits)
    codec = load_codec(args.codec, args.device)
    info = codec.info
    books = _books(args, codec)
    found = replay(codec, args.file, edits, args.depth, books=books, raw=args.raw, progress=console.progress)
    edited, samples = found.edited, found.samples
    if args.tokens is not None:
        _write_tokens(args.tokens, edited, codec, args.codec)
    with audio.Writer(target, info.rate_hz, info.channels) as writer:
        writer.write(samples)
    changed = [int(mask.sum()) for mask in edited.changed()]
    data = {
        "file": str(target),
        "codec": info.name,
        "depth": info.check_depth(args.depth),
        "books": None if books is None else [book + 1 for book in books],
        "edits": len(edits.edits),
        "continuous": [book + 1 for book in edits.continuous],
        "changed_cells": changed,
        "cells": sum(len(mask) for mask in edited.silent),
        "rate_hz": info.rate_hz,
        "length_samples": samples.shape[1],
        "gain_db": found.match.gain_db,
        "delay_samples": found.match.delay_samples,
    }
    told = [f"  {number}. {words_of(edit, info, edits)}" for number, edit in enumerate(edits.edits, 1)]
    head = f"{target}: {samples.shape[1] / info.rate_hz:.2f} s, {sum(changed)} of {data['cells']} cells changed"
    return Result(data, "\n".join([head, *told]))


def _books(args: argparse.Namespace, codec: Codec) -> tuple[int, ...] | None:
    depth = codec.info.check_depth(args.depth)
    if args.books is None:
        return None
    if args.depth is not None:
        raise SpeefeareError("--depth and --books cannot both be given: a depth is the first books.")
    books = tuple(sorted({book - 1 for book in args.books}))
    if not codec.info.books or books[0] < 0 or books[-1] >= depth:
        raise SpeefeareError(
            f"--books {','.join(map(str, args.books))}: {codec.info.name} has {codec.info.depth} books."
        )
    return books


def _write_tokens(path: Path, edited: Edited, codec: Codec, source: str) -> None:
    if edited.needs_latents or any(mask.any() for mask in edited.silent):
        raise SpeefeareError(
            f"{path} was not written: cells that are silent or continuous have no code that a token file could hold."
        )
    token_file.write(path, edited.encoded, codec.info, codec.info.source or source)
