"""`speefeare ladder`: what each book leaves over, and what each depth is against the original."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from speefeare_core import audio
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import add_codec, check_target, depth_list
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.codec import Codec
    from speefeare_core.evaluation.ladder import Ladder

MOST_S = 600.0  # of a recording whose sounds are written: they are whole in memory


def add(parser: argparse.ArgumentParser) -> None:
    """`FILE`."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a sound file (WAV, FLAC, Ogg, MP3; any rate)")
    add_codec(parser)
    parser.add_argument("--depths", metavar="LIST", type=depth_list, help="such as 1,2,4,8 or 1-8 (all)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write the energies of all frames to FILE.npz")
    parser.add_argument(
        "--sounds",
        metavar="FOLDER",
        type=Path,
        help="write what can be heard of these depths: decode, added, missing, book alone, left over",
    )


def run(args: argparse.Namespace, console: Console) -> Result:
    """Measure one file."""
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.evaluation.ladder import climb

    found = audio.probe(args.file)  # a bad file is told before the codec is loaded
    if args.output is not None:
        check_target(args.output, (".npz",))
    if args.sounds is not None:
        _check_folder(args.sounds)
        if found.length_s > MOST_S:
            raise SpeefeareError(f"--sounds takes recordings of up to {MOST_S / 60:g} minutes; cut a part out first.")
    codec = load_codec(args.codec, args.device)
    ladder = climb(codec, args.file, args.depths, console.progress)
    data = ladder.to_dict()
    if args.output is not None:
        _write_arrays(args.output, ladder)
        data["output"] = str(args.output)
    if args.sounds is not None:
        data["sounds"] = _write_sounds(codec, args.file, ladder, args.sounds, console)
    return Result(data, _text(ladder))


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise SpeefeareError(f"{folder} is a file; --sounds names a folder.")
    if not folder.exists() and not folder.parent.is_dir():
        raise SpeefeareError(f"The folder {folder.parent} does not exist; make it first or choose another one.")


def _write_arrays(path: Path, ladder: Ladder) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        np.savez(
            file,
            energy=ladder.energies,
            chain=np.array([row.chain + 1 for row in ladder.rows], np.int64),
            book=np.array([0 if row.book is None else row.book + 1 for row in ladder.rows], np.int64),
            frame_rate_hz=np.float64(ladder.frame_rate_hz),
        )
    part.replace(path)


def _write_sounds(codec: Codec, path: Path, ladder: Ladder, folder: Path, console: Console) -> list[str]:
    """A WAV file of each sound of each depth that was measured."""
    import torch

    from speefeare_core.evaluation.ladder import parts_of
    from speefeare_core.evaluation.ladder_sounds import LadderSounds

    info, written = codec.info, []
    folder.mkdir(exist_ok=True)
    sound = audio.read(path, info.rate_hz, info.channels)
    encoded = codec.encode(torch.from_numpy(sound.samples[None]))
    sounds = LadderSounds(codec, sound.samples, encoded, ladder.delay_samples)
    parts = parts_of(codec, bool(ladder.rows))
    depths = [step.depth or 1 for step in ladder.steps]
    for index, depth in enumerate(depths):
        console.progress(index / len(depths), "writing sounds")
        every = {
            f"depth_{depth:02d}": (sounds.take, True),
            f"missing_{depth:02d}": (sounds.missing, True),
            f"book_{depth:02d}_added": (sounds.added, parts.added),
            f"book_{depth:02d}_alone": (sounds.alone, parts.alone),
            f"left_over_{depth:02d}": (sounds.left_over, parts.residual),
        }
        for name, (make, there) in every.items():
            if there:
                target = folder / f"{name}.wav"
                audio.write(target, audio.Audio(make(depth), info.rate_hz))
                written.append(str(target))
    if parts.residual:
        target = folder / "not_quantised.wav"
        audio.write(target, audio.Audio(sounds.left_over(0), info.rate_hz))
        written.append(str(target))
    return written


def _text(ladder: Ladder) -> str:
    """A row for each book or depth."""
    lines = [f"{ladder.file} under {ladder.codec}, {ladder.length_s:.2f} s, delay {ladder.delay_samples} samples"]
    head = f"{'':>14} {'left over':>10} {'kbps':>8} {'SNR':>9} {'SI-SDR':>9} {'mel':>8}"
    lines.append(head)
    steps = {step.depth: step for step in ladder.steps}
    told: set[int] = set()
    for row, left in zip(ladder.rows, ladder.left_db, strict=True):
        number = None if row.book is None else row.book + 1
        name = "latent" if number is None else f"book {number}"
        told.add(number or 0)
        lines.append(f"{name:>14} {_db(left):>10}{_measured(steps.get(number) if number else None)}")
    for depth, step in steps.items():
        if depth not in told or not depth:
            lines.append(f"{f'depth {depth}' if depth else 'decode':>14} {'':>10}{_measured(step)}")
    if ladder.continuous is not None:
        lines.append(f"{'not quantised':>14} {'':>10} {'':>8}{_values(ladder.continuous)}")
    return "\n".join([*lines, *ladder.notes])


def _measured(step: Any) -> str:
    if step is None:
        return ""
    kbps = "" if step.bitrate_kbps is None else f"{step.bitrate_kbps:.2f}"
    return f" {kbps:>8}{_values(step.measures)}"


def _values(measures: Any) -> str:
    return f" {_db(measures.snr_db):>9} {_db(measures.si_sdr_db):>9} {_db(measures.mel_distance_db):>8}"


def _db(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} dB"
