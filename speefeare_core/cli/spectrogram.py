"""`speefeare spectrogram`: levels in dB of a sound file, or of two and their difference, with pitch and formants."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core import alignment, audio
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import check_target
from speefeare_core.errors import SpeefeareError
from speefeare_core.spectrograms.columns import FLOOR_DB, TOP_DB, Columns
from speefeare_core.spectrograms.settings import WINDOWS, SpectrogramSettings

MOST_S = 1800.0  # of a recording: its levels are whole in memory


def add(parser: argparse.ArgumentParser) -> None:
    """`FILE`."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a sound file (WAV, FLAC, Ogg, MP3; any rate)")
    parser.add_argument(
        "--other", metavar="FILE", type=Path, help="compare: another file, such as a decode of the first"
    )
    parser.add_argument("--fft", metavar="N", type=int, default=0, help="samples of the transform (about 32 ms)")
    parser.add_argument("--window", metavar="NAME", default="hann", help=f"{', '.join(WINDOWS)} (hann)")
    parser.add_argument("--voice", action="store_true", help="pitch and formants too (needs praat-parselmouth)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write all of it to FILE.npz")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Measure one file, or two."""
    settings = SpectrogramSettings(args.fft, args.window).checked()
    if args.output is not None:
        check_target(args.output, (".npz",))
    rate = audio.probe(args.file).rate_hz
    sound = _read(args.file, rate)
    arrays, data = _levels(sound, rate, settings)
    data = {"file": str(args.file), "rate_hz": rate, **data}
    lines = [f"{args.file}: {data['columns']} columns of {data['bins']} bins, loudest {data['loudest_db']:.1f} dB"]
    if args.other is not None:
        other = _read(args.other, rate)
        found = alignment.estimate_delay(sound.mean(axis=0), other.mean(axis=0))
        delay = found.samples if found.trusted else 0
        moved = alignment.shifted(other, delay, sound.shape[1])
        theirs, facts = _levels(moved, rate, settings)
        difference = theirs["level_db"] - arrays["level_db"]
        loud = arrays["level_db"] > data["loudest_db"] - 60.0
        mean = float(np.abs(difference[loud]).mean()) if loud.any() else 0.0
        arrays |= {"other_level_db": theirs["level_db"], "difference_db": difference}
        data["other"] = {"file": str(args.other), "delay_samples": delay, "mean_difference_db": mean, **facts}
        lines.append(f"{args.other}: {delay} samples late, {mean:.2f} dB apart on average within 60 dB of the loudest")
    if args.voice:
        tracks = _voice(sound, rate, console)
        arrays["pitch_and_formants_hz"] = tracks
        voiced = tracks[np.isfinite(tracks[:, 0])]
        medians = [round(float(np.median(column[np.isfinite(column)])), 1) for column in voiced.T if len(voiced)]
        data["voice"] = {"voiced_share": len(voiced) / max(len(tracks), 1), "median_hz": medians}
        lines.append("median pitch and formants: " + (", ".join(f"{value:.0f}" for value in medians) or "–") + " Hz")
    if args.output is not None:
        np.savez_compressed(args.output, **arrays)  # type: ignore[arg-type]
        data["output"] = str(args.output)
    return Result(data, "\n".join(lines))


def _read(path: Path, rate_hz: int) -> NDArray[np.float32]:
    """`[1, T]`."""
    if audio.probe(path).length_s > MOST_S:
        raise SpeefeareError(
            f"{path} is longer than {MOST_S / 60:g} minutes; cut a part out, or look at it in the window."
        )
    return audio.read(path, rate_hz, 1).samples


def _levels(
    sound: NDArray[np.float32], rate_hz: int, settings: SpectrogramSettings
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    maker = Columns(sound, rate_hz, settings)
    stored = np.zeros((maker.count, maker.bins), np.uint8)
    maker.make(0, stored)
    level = np.float32(FLOOR_DB) + stored.astype(np.float32) * np.float32((TOP_DB - FLOOR_DB) / 255)
    arrays = {
        "time_s": np.arange(maker.count) * maker.hop / rate_hz,
        "frequency_hz": np.linspace(0.0, rate_hz / 2, maker.bins),
        "level_db": level,
    }
    facts = {
        "fft_samples": maker.size,
        "hop_samples": maker.hop,
        "window": settings.window,
        "columns": maker.count,
        "bins": maker.bins,
        "loudest_db": float(level.max()),
    }
    return arrays, facts


def _voice(sound: NDArray[np.float32], rate_hz: int, console: Console) -> NDArray[np.float32]:
    """`[N, 5]`."""
    from speefeare_core.analysis import formants

    tracks = np.empty(
        (max(1, int(np.ceil(sound.shape[1] / rate_hz / formants.STEP_S))), 1 + formants.SHOWN), np.float32
    )
    for done in formants.tracking(sound, rate_hz, tracks):
        console.progress(done / len(tracks), "pitch and formants")
    return tracks
