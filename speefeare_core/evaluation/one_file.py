"""Encode one sound file, decode every depth, measure each after the measured delay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from speefeare_core import audio as audio_files
from speefeare_core.alignment import estimate_delay, shifted
from speefeare_core.audio import Samples
from speefeare_core.evaluation.metrics import METRICS

if TYPE_CHECKING:
    from speefeare_core.codec import Codec, CodecInfo, Encoded


@dataclass(frozen=True)
class FileScores:
    """What was measured on one file."""

    path: str
    length_s: float
    coded_s: float  # length of the whole frames that were sent
    delay_samples: int  # removed before measuring
    values: tuple[dict[str, float | None], ...]  # one dict a depth
    bits: tuple[int | None, ...]  # one a depth: what was really sent; None: continuous latents
    notes: tuple[str, ...]


def check_depths(info: CodecInfo, depths: Sequence[int] | None) -> tuple[int, ...]:
    """Sorted and without doubles; (0,) for a codec without books. Raises `SpeefeareError` for one that is not there."""
    if not info.books:
        return (0,)
    return tuple(sorted({info.check_depth(depth) for depth in depths or range(1, info.depth + 1)}))


def score_file(codec: Codec, path: str | Path, depths: tuple[int, ...], metrics: tuple[str, ...]) -> FileScores:
    """Score one file. Channels are measured one by one, as `[C, T]` → the mean over channels."""
    import torch

    sound = audio_files.read(path, codec.info.rate_hz, codec.info.channels)
    encoded = codec.encode(torch.from_numpy(sound.samples[None]), max(depths) or None)
    decodes = [_numpy(codec, encoded, depth) for depth in depths]
    # A codec has one delay: it is measured on its best decode and used for all.
    delay = estimate_delay(sound.samples.mean(0), decodes[-1].mean(0), sound.rate_hz // 2)
    lag = delay.samples if delay.trusted else 0
    notes = [] if delay.trusted else ["The decode is too unlike the original to measure its delay; 0 was used."]
    values = []
    for decode in decodes:
        aligned = shifted(decode, lag, sound.length_samples)
        row: dict[str, float | None] = {}
        for key in metrics:
            row[key], said = _mean_over_channels(key, sound.samples, aligned, sound.rate_hz)
            notes.extend(note for note in said if note not in notes)
        values.append(row)
    coded_s = codec.frames_for(sound.length_samples) * codec.info.hop_samples / sound.rate_hz
    bits = tuple(sent_bits(codec.info, encoded, depth) for depth in depths)
    return FileScores(str(path), sound.length_s, coded_s, lag, tuple(values), bits, tuple(notes))


def _mean_over_channels(key: str, reference: Samples, decoded: Samples, rate_hz: int) -> tuple[float | None, list[str]]:
    found = [METRICS[key].measure(x, y, rate_hz) for x, y in zip(reference, decoded, strict=True)]
    there = [one.value for one in found if one.value is not None]
    return (sum(there) / len(there) if there else None), [one.note for one in found if one.note]


def _numpy(codec: Codec, encoded: Encoded, depth: int) -> Samples:
    decoded = codec.decode(encoded, depth or None)[0].to("cpu").numpy()
    return np.asarray(decoded, np.float32)


def sent_bits(info: CodecInfo, encoded: Encoded, depth: int) -> int | None:
    """Bits of one recording: of the codes of the first `depth` books, or of the packets of a codec that sends bytes.

    None for continuous latents, which have no rate until somebody quantises them.
    """
    if "packets" in encoded.side:
        return 8 * encoded.side["packets"][0].numel()
    if not encoded.code_groups:
        return None
    bits, book = 0.0, 0
    for group in encoded.code_groups:
        for _ in range(group.shape[1]):
            if book < depth:
                bits += info.books[book].bits * group.shape[-1]
            book += 1
    return round(bits)
