"""`speefeare compare`: one sound file through several codecs, every depth beside the others."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core import audio
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import depth_list
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.codec import Codec
    from speefeare_core.evaluation.side_by_side import Version


def add(parser: argparse.ArgumentParser) -> None:
    """`FILE --codec A --codec B`."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a sound file (WAV, FLAC, Ogg, MP3; any rate)")
    parser.add_argument(
        "--codec", metavar="SOURCE", action="append", help="as for encode; give it once for each codec (default)"
    )
    parser.add_argument("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1 or mps (auto)")
    parser.add_argument("--depths", metavar="LIST", type=depth_list, help="such as 1,2,4,8 or 1-8 (all)")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        type=Path,
        help="also write a WAV file of every version, aligned and at the loudness of the original",
    )


def run(args: argparse.Namespace, console: Console) -> Result:
    """Compare, and write the sounds where they are asked for."""
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.evaluation.side_by_side import compare

    sources = args.codec or ["default"]
    audio.probe(args.file)  # a bad file is told before the codecs are loaded
    if args.output is not None:
        _make(args.output)
    first = load_codec(sources[0], args.device)
    original = audio.read(args.file, first.info.rate_hz, first.info.channels)

    def codecs() -> Iterator[Codec]:
        yield first
        for source in sources[1:]:
            console.status(f"loading {source}")
            yield load_codec(source, args.device)

    rows: list[dict[str, object]] = []
    found: list[Version] = []
    names: set[str] = set()
    if args.output is not None:
        audio.write(args.output / "original.wav", original)
    for heard in compare(original, args.file, codecs(), args.depths, console.status):
        row = heard.version.to_dict()
        if args.output is not None:
            path = args.output / f"{_name(heard.version, names)}.wav"
            audio.write(path, audio.Audio(heard.samples, original.rate_hz))
            row["file"] = str(path)
        rows.append(row)
        found.append(heard.version)
    if not rows:
        raise SpeefeareError("None of these codecs has the depths that --depths asks for; leave it out to take all.")
    data = {
        "file": str(args.file),
        "rate_hz": original.rate_hz,
        "channels": original.channels,
        "length_s": original.length_s,
        "original": None if args.output is None else str(args.output / "original.wav"),
        "versions": rows,
    }
    return Result(data, _table(found, original.rate_hz))


def _make(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise SpeefeareError(f"{folder} is a file; give --output the name of a folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpeefeareError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error


def _name(version: Version, taken: set[str]) -> str:
    """Of its sound file: two codecs of one name are told apart by a number."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", version.codec).strip("-.") or "codec"
    name = f"{stem}_depth_{version.depth:02d}" if version.depth else stem
    number = 2
    wanted = name
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    taken.add(name)
    return name


def _table(versions: list[Version], rate_hz: int) -> str:
    heads = ("Codec", "Depth", "kbps", "Gain (dB)", "SI-SDR (dB) ↑", "SNR (dB) ↑", "Mel distance (dB) ↓", "Delay")
    lines = [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
    for one in versions:
        cells = (one.bitrate_kbps, one.gain_db, one.si_sdr_db, one.snr_db, one.mel_distance_db)
        texts = [f"{value:.2f}" if value is not None else "–" for value in cells]
        lines.append(_line([one.codec, str(one.depth or "–"), *texts, str(one.delay_samples)]))
    lines.append("")
    lines.append(
        f"At {rate_hz} Hz, after removal of the measured delay (in samples); the gain brings a version to the loudness"
        " of the original and is not in the measures."
    )
    return "\n".join(lines)


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
