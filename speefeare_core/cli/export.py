"""`speefeare export`: a codec as a .safetensors file of this program, or as an ONNX pair, with a parity report."""

from __future__ import annotations

import argparse
from pathlib import Path

from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import check_target
from speefeare_core.errors import SpeefeareError

SECONDS = 4.0  # of the shipped sample that both codecs are compared on


def add(parser: argparse.ArgumentParser) -> None:
    """`CODEC OUT --to onnx|safetensors`."""
    parser.add_argument("codec", metavar="CODEC", help="a codec: its file, folder or name")
    parser.add_argument("out", metavar="OUT", type=Path, help="a .safetensors file, or the folder of the ONNX pair")
    parser.add_argument("--half", action="store_true", help="of a .safetensors file: numbers in 16 bits, half the size")
    parser.add_argument("--to", choices=("onnx", "safetensors"), required=True, help="the form to write")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Write, load back, compare."""
    import torch

    from speefeare_core import audio, resources
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.codecs import exporting

    if args.half and args.to != "safetensors":
        raise SpeefeareError("--half goes with --to safetensors.")
    if args.to == "safetensors":
        check_target(args.out, (".safetensors",))
    elif args.out.exists() and (not args.out.is_dir() or any(args.out.iterdir())):
        raise SpeefeareError(f"{args.out} is there already and not an empty folder; give another name.")
    codec = load_codec(args.codec, "cpu")
    console.note(f"Writing {codec.info.name} to {args.out} …")
    native = args.to == "safetensors"
    path = exporting.write_native(codec, args.out, args.half) if native else exporting.write_onnx(codec, args.out)
    info = codec.info
    sample = resources.resource("samples", "sense_and_sensibility.flac")
    sound = audio.read(sample, info.rate_hz, info.channels).samples[:, : round(SECONDS * info.rate_hz)]
    report = exporting.parity(codec, load_codec(path, "cpu"), torch.from_numpy(sound)[None])
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    lines = [f"{file}: {file.stat().st_size / 1e6:.2f} MB" for file in files]
    latents = report.largest_latent_error
    if info.books:
        lines.append(f"codes: {100 * report.token_agreement:.4g} % of {report.tokens} equal")
    if latents is not None:
        lines.append(f"latents: largest difference {latents:.1e}")
    at = f" at depths {', '.join(map(str, report.depths))}" if info.books else ""
    lines.append(f"sound of the same codes: largest difference {report.largest_audio_error:.1e}{at}")
    data = {"codec": info.name, "to": args.to, "files": [str(file) for file in files], "parity": report.to_dict()}
    return Result(data, "\n".join(lines))
