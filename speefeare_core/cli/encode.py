"""`speefeare encode`: sound to tokens."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from speefeare_core import token_file
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import add_codec, add_depth, check_not_same, check_target
from speefeare_core.resources import shipped_codecs


def add(parser: argparse.ArgumentParser) -> None:
    """`FILE [TOKENS]`."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a sound file (WAV, FLAC, Ogg, MP3; any rate)")
    parser.add_argument("tokens", metavar="TOKENS", nargs="?", type=Path, help="token file (FILE.safetensors)")
    add_codec(parser)
    add_depth(parser)


def run(args: argparse.Namespace, console: Console) -> Result:
    """Encode one file."""
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.cli.long_files import encode_file
    from speefeare_core.evaluation.one_file import sent_bits

    target = args.tokens or args.file.with_suffix(".safetensors")
    check_not_same(args.file, target)
    check_target(target, (".safetensors",))
    codec = load_codec(args.codec, args.device)
    encoded = encode_file(codec, args.file, args.depth, lambda done: console.progress(done, "encoding"))
    info = token_file.write(target, encoded, codec.info, _lasting_source(codec.info.source or args.codec))
    bits = sent_bits(codec.info, encoded, info.depth)
    kbps = None if bits is None else bits / info.length_s / 1000
    rate = "" if kbps is None else f", {kbps:.2f} kbps"
    text = f"{target}: {info.content}, {info.length_s:.2f} s{rate}"
    return Result({"file": str(target), "bitrate_kbps": kbps, **dataclasses.asdict(info)}, text)


def _lasting_source(source: str) -> str:
    """What finds the codec again from any folder, also when another one has become the default."""
    if source in shipped_codecs():
        return source
    place = Path(source).expanduser()
    return str(place.resolve()) if place.exists() else source
