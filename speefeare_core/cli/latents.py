"""`speefeare latents`: recordings as paths through a codec's latent space, before and after quantisation."""

from __future__ import annotations

import argparse
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core import audio
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.evaluate import sound_files
from speefeare_core.cli.options import add_codec, add_depth, check_target
from speefeare_core.errors import SpeefeareError
from speefeare_core.projection.values import FrameValues

MEASURES = ("loudness", "pitch", "labels")


def add(parser: argparse.ArgumentParser) -> None:
    """`AUDIO …` or folders of them."""
    parser.add_argument("files", metavar="AUDIO", nargs="+", type=Path, help="sound files, or folders with sound files")
    add_codec(parser)
    add_depth(parser)
    parser.add_argument(
        "--corpus", metavar="FOLDER", default="", help="fit the axes to the speech in it (the shipped sample)"
    )
    parser.add_argument("--method", choices=("pca", "umap"), default="pca", help="principal axes or UMAP (pca)")
    parser.add_argument(
        "--values", metavar="LIST", default="", help=f"also of each frame: {', '.join(MEASURES)}, with commas"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write all points to FILE.npz")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Fit the space, then trace each file through it."""
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.projection.corpus import Corpus
    from speefeare_core.projection.space import fitting
    from speefeare_core.projection.trace import tracing

    if args.output is not None:
        check_target(args.output, (".npz",))
    wanted = [part.strip() for part in args.values.split(",") if part.strip()]
    for part in wanted:
        if part not in MEASURES:
            raise SpeefeareError(f"--values knows {', '.join(MEASURES)}, not {part!r}.")
    files = sound_files(args.files)
    for file in files:
        audio.probe(file)  # a bad file is told before the codec is loaded
    codec = load_codec(args.codec, args.device)
    corpus = Corpus(args.corpus)
    space = _finished(fitting(codec, corpus, args.method), console, f"fitting to {corpus.name}")
    arrays: dict[str, NDArray[Any]] = {"axis_names": np.array(space.axis_names), "explained": np.array(space.explained)}
    rows: list[dict[str, Any]] = []
    for number, file in enumerate(files):
        end = f"_{number + 1}" if number else ""
        trace = _finished(tracing(codec, file, space, args.depth), console, file.name)
        frames, rate = len(trace.before), trace.frame_rate_hz
        row: dict[str, Any] = {"file": str(file), "frames": frames, "frame_rate_hz": rate, "snr_db": trace.snr_db}
        arrays[f"path{end}"] = np.array(str(file))
        arrays[f"time_s{end}"] = np.arange(frames) / rate
        arrays[f"before{end}"] = trace.before
        for name, values in (("after", trace.after), ("distance", trace.distance)):
            if values is not None:
                arrays[f"{name}{end}"] = values
        row["quantised"] = trace.after is not None
        for found in _values(wanted, file, codec.info.rate_hz, rate, frames, console):
            arrays[f"{found.key}{'_' + found.unit.lower() if found.unit else ''}{end}"] = found.values
            if found.names:
                arrays[f"{found.key}_names{end}"] = np.array(found.names)
            row.setdefault("values", []).append(found.key)
        rows.append(row)
    if args.output is not None:
        _write(args.output, arrays)
    data = {
        "codec": codec.info.name,
        "method": args.method,
        "axes": list(space.axis_names),
        "explained": list(space.explained),
        "basis": space.words,
        "depth": codec.info.check_depth(args.depth) if codec.info.books else None,
        "files": rows,
        "output": None if args.output is None else str(args.output),
    }
    return Result(data, _text(data))


def _values(
    wanted: list[str], file: Path, rate_hz: int, frame_rate_hz: float, frames: int, console: Console
) -> list[FrameValues]:
    from speefeare_core.projection import frame_values, labels

    found: list[FrameValues] = []
    for part in wanted:
        if part == "labels":
            beside = labels.beside(file)
            tiers = labels.read(beside) if beside is not None else ()
            found += [tier.at_frames(frame_rate_hz, frames) for tier in tiers]
        else:
            measure = frame_values.loudness if part == "loudness" else frame_values.pitch
            found.append(_finished(measure(file, frame_rate_hz, frames, rate_hz), console, f"{part} of {file.name}"))
    return found


def _finished(work: Generator[float, None, Any], console: Console, words: str) -> Any:
    while True:
        try:
            console.progress(next(work), words)
        except StopIteration as end:
            return end.value


def _write(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SpeefeareError(f"{path} cannot be written: {error.strerror or error}.") from error


def _text(data: dict[str, Any]) -> str:
    lines = [f"{data['codec']}: {data['basis']}", f"axes: {', '.join(data['axes'])}"]
    for row in data["files"]:
        snr = "" if row["snr_db"] is None else f", quantised at {row['snr_db']:.1f} dB SNR"
        lines.append(f"{row['file']}: {row['frames']} frames at {row['frame_rate_hz']:g} Hz{snr}")
    if data["output"]:
        lines.append(f"points: {data['output']}")
    return "\n".join(lines)
