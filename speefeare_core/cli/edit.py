"""`speefeare edit`: a list of edits replayed on the tokens of a recording, to sound."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core import audio, token_file
from speefeare_core.audio import Samples
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
from speefeare_core.editing.edits import Continuous, EditList
from speefeare_core.editing.words import words_of
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.codec import Codec, Encoded
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
    from speefeare_core.editing.applying import apply

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
    wants_latents = bool(edits.continuous) or any(isinstance(edit, Continuous) for edit in edits.edits)
    encoded = _encode(codec, args.file, wants_latents, console)
    sources = {key: _encode(codec, Path(edits.path_of(key)), False, console) for key in edits.used_sources()}
    edited = apply(edits, encoded, codec, sources)
    if args.tokens is not None:
        _write_tokens(args.tokens, edited, codec, args.codec)
    samples = _decode(codec, edited, args.depth, books, console)
    level: dict[str, Any] = {"gain_db": 0.0, "delay_samples": 0}
    if not args.raw:
        samples, level = _levelled(codec, args, encoded, samples, books, console)
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
        **level,
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


def _encode(codec: Codec, path: Path, latents: bool, console: Console) -> Encoded:
    """A recording of any length, with its latents where they are wanted."""
    import torch

    from speefeare_core import blocks
    from speefeare_core.cli.long_files import BLOCK_S, WHOLE_S, encode_file

    found = audio.probe(path)
    if found.length_s <= WHOLE_S or not latents:
        return encode_file(codec, path, None, lambda done: console.progress(done, "encoding"))
    rate, channels = codec.info.rate_hz, codec.info.channels
    encoder, joiner = blocks.encoder(codec), blocks.Joiner(codec.info, codec.frames_for(round(found.length_s * rate)))
    done = 0
    for block in audio.converted_blocks(path, rate, channels, BLOCK_S):
        joiner.push(encoder.push(torch.from_numpy(block[None])))
        done += block.shape[1]
        console.progress(done / (found.length_s * rate), "encoding")
    joiner.push(encoder.finish())
    return joiner.result()


def _decode(codec: Codec, edited: Edited, depth: int | None, books: Sequence[int] | None, console: Console) -> Samples:
    import numpy as np

    from speefeare_core.editing.rendering import Rendering

    out = np.zeros((codec.info.channels, edited.encoded.length_samples), np.float32)
    for start, span in Rendering(codec, depth, books, keep_states=False).update(edited):
        out[:, start : start + span.shape[-1]] = span[0].numpy()
        console.progress((start + span.shape[-1]) / out.shape[1], "decoding")
    return out


def _levelled(
    codec: Codec,
    args: argparse.Namespace,
    encoded: Encoded,
    samples: Samples,
    books: Sequence[int] | None,
    console: Console,
) -> tuple[Samples, dict[str, Any]]:
    """As loud, and as late, as the decode of the same books before the edits, so that only the edits are heard."""
    from speefeare_core.editing.applying import apply
    from speefeare_core.editing.matching import match

    unedited = _decode(codec, apply(EditList(), encoded, codec, {}), args.depth, books, console)
    original = audio.read(args.file, codec.info.rate_hz, codec.info.channels).samples[:, : unedited.shape[1]]
    found = match(original, unedited, codec.info.rate_hz)
    return found.applied(samples), {"gain_db": found.gain_db, "delay_samples": found.delay_samples}


def _write_tokens(path: Path, edited: Edited, codec: Codec, source: str) -> None:
    if edited.needs_latents or any(mask.any() for mask in edited.silent):
        raise SpeefeareError(
            f"{path} was not written: cells that are silent or continuous have no code that a token file could hold."
        )
    token_file.write(path, edited.encoded, codec.info, codec.info.source or source)
