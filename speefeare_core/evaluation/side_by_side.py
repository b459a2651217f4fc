"""Several codecs on one sound file: every version aligned, at one loudness, at one rate, and measured.

The rate is that of the first codec, as in the window: the file is read at it, and what the others decode at their own
rates is brought to it. Levels: `gain_db` gives a version the loudness (BS.1770) of the original; the measures are taken
before that gain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from speefeare_core import audio as audio_files
from speefeare_core.alignment import estimate_delay, shifted
from speefeare_core.audio import Audio, Samples
from speefeare_core.evaluation.metrics import METRICS
from speefeare_core.evaluation.one_file import check_depths, sent_bits
from speefeare_core.levels import matching_gain

if TYPE_CHECKING:
    from speefeare_core.codec import Codec

MEASURES = ("si_sdr", "mel_distance")


@dataclass(frozen=True)
class Version:
    """One codec at one depth (0 for a codec without books), without its sound."""

    codec: str
    source: str
    depth: int
    bitrate_kbps: float | None  # of what was sent; None for continuous latents
    rate_hz: int  # of the codec itself
    delay_samples: int  # measured at the common rate, and removed
    gain_db: float  # by which it is brought to the loudness of the original
    si_sdr_db: float | None  # None where a measure is not defined (silence, a very short file)
    snr_db: float | None  # 10 log10(|x|² / |x − y|²)
    mel_distance_db: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Heard:
    """A version and its sound `[C, T]` as it is compared: aligned and level-matched."""

    version: Version
    samples: Samples


def compare(
    original: Audio,
    path: str | Path,
    codecs: Iterator[Codec] | Sequence[Codec],
    depths: Sequence[int] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Heard]:
    """Every version of every codec, shallow first, one codec after the other.

    `original`: the file at `path` at the common rate, `[C, T]`. `depths` None: all; those that a codec does not have
    are left out for it. Raises `SpeefeareError` for a file that cannot be read.
    """
    for codec in codecs:
        yield from _of_codec(codec, original, path, depths, progress or (lambda words: None))


def _of_codec(
    codec: Codec, original: Audio, path: str | Path, depths: Sequence[int] | None, tell: Callable[[str], None]
) -> Iterator[Heard]:
    import torch

    info = codec.info
    sound = audio_files.read(path, info.rate_hz, info.channels)
    tell(f"{info.name}: encoding")
    encoded = codec.encode(torch.from_numpy(sound.samples[None]))
    there = None if depths is None or not info.books else [depth for depth in depths if depth <= info.depth]
    wanted = check_depths(info, there) if there is None or there else ()
    coded_s = codec.frames_for(sound.length_samples) * info.hop_samples / info.rate_hz
    if not wanted:
        return

    def decoded(depth: int) -> Samples:
        tell(f"{info.name}: depth {depth}" if depth else f"{info.name}: decoding")
        audio = np.asarray(codec.decode(encoded, depth or None)[0].to("cpu").numpy(), np.float32)
        return Audio(audio, info.rate_hz).with_channels(original.channels).resampled(original.rate_hz).samples

    # A codec has one delay: it is measured on its best decode and used for all.
    best = decoded(wanted[-1])
    delay = estimate_delay(original.samples.mean(0), best.mean(0), original.rate_hz // 4)
    lag = delay.samples if delay.trusted else 0
    for depth in wanted:
        samples = best if depth == wanted[-1] else decoded(depth)
        aligned = shifted(samples, lag, original.length_samples)
        gain = matching_gain(original.samples, aligned, original.rate_hz)
        bits = sent_bits(info, encoded, depth)
        version = Version(
            info.name,
            info.source,
            depth,
            None if bits is None else bits / coded_s / 1000.0,
            info.rate_hz,
            lag,
            20.0 * math.log10(gain),
            _mean("si_sdr", original, aligned),
            snr_db(original.samples, aligned),
            _mean("mel_distance", original, aligned),
        )
        yield Heard(version, np.asarray(aligned * np.float32(gain), np.float32))


def snr_db(reference: Samples, decoded: Samples) -> float | None:
    """10 log10(|x|² / |x − y|²) over all channels `[C, T]`; None for silence or a perfect copy."""
    x, y = reference.astype(np.float64), decoded.astype(np.float64)
    signal, noise = float(np.square(x).sum()), float(np.square(x - y).sum())
    return float(10.0 * math.log10(signal / noise)) if signal > 0 and noise > 0 else None


def _mean(key: str, original: Audio, decoded: Samples) -> float | None:
    """A metric as the mean over the channels in which it is defined."""
    measure = METRICS[key].measure
    pairs = zip(original.samples, decoded, strict=True)
    there = [found for x, y in pairs if (found := measure(x, y, original.rate_hz).value) is not None]
    return sum(there) / len(there) if there else None
