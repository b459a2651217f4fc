"""The residual ladder of one recording: what each book left of the latents, and what each depth is worth.

Rows: the mean energy ‖r_k‖² that book k left over, relative to that of the latents (`quantizers.left_over`;
SoundStream, arXiv 2107.03312). Depths: the waveform measures of y_k, the decode with the first k books, against the
original. Beside them, where a codec can decode latents, the same for latents that nothing has quantised: what no number
of books would improve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from speefeare_core import audio as audio_files
from speefeare_core.alignment import estimate_delay
from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.depth_measures import PIECE_S, Comparison, DepthMeasures, pieces
from speefeare_core.evaluation.ladder_rows import (
    Energies,
    LadderRow,
    RowEnergies,
    growing_books,
    left_db,
    row_energies,
)
from speefeare_core.evaluation.ladder_words import LadderParts, words_about, words_about_growth

if TYPE_CHECKING:
    from speefeare_core.codec import Codec, CodecInfo, Encoded

Progress = Callable[[float, str], None]
BLOCK_S = 10.0  # what is read and coded at once
DELAY_S = 30.0  # of the decode with all books, in which its delay is measured
MOST_LATENT_BYTES = 256 << 20  # of a recording whose latents are decoded as they are


@dataclass(frozen=True)
class Step:
    """One depth (0: a codec without books)."""

    depth: int
    bitrate_kbps: float | None  # None for continuous latents
    measures: DepthMeasures


@dataclass(frozen=True)
class Ladder:
    """What `climb` found."""

    file: str
    codec: str
    length_s: float
    frame_rate_hz: float
    delay_samples: int  # measured and removed
    rows: tuple[LadderRow, ...]  # none where the codec has no ladder
    left_db: tuple[float | None, ...]  # one a row: mean energy, relative to the first of its chain
    energies: Energies  # ‖r‖² [R, F]
    steps: tuple[Step, ...]
    continuous: DepthMeasures | None  # of latents that nothing has quantised; None where they cannot be decoded
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, books counted from 1; without the energies of single frames."""
        rows = [
            {"chain": row.chain + 1, "book": None if row.book is None else row.book + 1, "left_db": left}
            for row, left in zip(self.rows, self.left_db, strict=True)
        ]
        steps = [
            {"depth": step.depth, "bitrate_kbps": step.bitrate_kbps, **asdict(step.measures)} for step in self.steps
        ]
        return {
            "file": self.file,
            "codec": self.codec,
            "length_s": self.length_s,
            "frame_rate_hz": self.frame_rate_hz,
            "frames": int(self.energies.shape[1]),
            "delay_samples": self.delay_samples,
            "rows": rows,
            "depths": steps,
            "unquantised": None if self.continuous is None else asdict(self.continuous),
            "notes": list(self.notes),
        }


def parts_of(codec: Codec, has_rows: bool) -> LadderParts:
    """What of a ladder a codec has, where its encoding has rows or not."""
    info = codec.info
    by_book = info.depth > 0 and (info.depth == 1 or info.depth_mode in ("residual", "split", "parallel"))
    return LadderParts(has_rows, by_book, codec.can_decode_books, has_rows and codec.can_decode_latents)


def climb(
    codec: Codec, path: str | Path, depths: Sequence[int] | None = None, progress: Progress | None = None
) -> Ladder:
    """The ladder of a sound file of any length; `depths` None: all. Raises `SpeefeareError` for a bad file or depth."""
    from speefeare_core.evaluation.one_file import check_depths

    info, report = codec.info, progress or (lambda fraction, words: None)
    only = (info.depth,) if depths is None and info.books and info.depth_mode == "none" else depths
    wanted = check_depths(info, only)
    length_s = audio_files.probe(path).length_s
    found, encoded = _encode(codec, path, length_s, report)
    if not encoded.length_samples:
        raise SpeefeareError(f"{path} is too short to be encoded; use a recording of a few milliseconds at least.")
    length = encoded.length_samples
    lag, trusted = _delay(codec, path, encoded)
    steps = []
    for index, depth in enumerate(wanted):
        report(0.2 + 0.8 * index / len(wanted), f"decoding depth {depth}" if depth else "decoding")
        measures = _compare(codec, path, decoded(codec, encoded, depth), lag, length)
        steps.append(Step(depth, _kbps(info, encoded, depth), measures))
    continuous = None
    if found is not None and codec.can_decode_latents and encoded.latents is not None:
        report(1.0, "decoding without quantisation")
        continuous = _compare(codec, path, unquantised(codec, encoded), lag, length)
    notes = list(words_about(info, parts_of(codec, found is not None)))
    if not trusted:
        notes.append("The decode is too unlike the original to measure its delay; 0 was used.")
    rows, energies = (found.rows, found.energies) if found is not None else ((), np.zeros((0, 0), np.float32))
    means = energies.mean(axis=1, dtype=np.float64) if energies.size else np.zeros(len(rows))
    notes.extend(words_about_growth(growing_books(rows, means.tolist())))
    return Ladder(
        str(path), info.name, length / info.rate_hz, info.frame_rate_hz, lag, rows, left_db(rows, means), energies,
        tuple(steps), continuous, tuple(notes),
    )  # fmt: skip


def encode_pieces(codec: Codec, blocks_of_audio: Iterator[Samples], length_s: float) -> Iterator[Encoded]:
    """Audio `[C, n]` block by block → pieces of its encoding with their latents."""
    import torch

    from speefeare_core import blocks

    encoder = blocks.encoder(codec, length_samples=round(length_s * codec.info.rate_hz))
    for block in blocks_of_audio:
        piece = encoder.push(torch.from_numpy(np.ascontiguousarray(block))[None])
        if piece is not None:
            yield piece
    last = encoder.finish()
    if last is not None:
        yield last


def decoded(codec: Codec, encoded: Encoded, depth: int) -> Iterator[Samples]:
    """The decode with the first `depth` books (0: all there is) as blocks `[C, n]`."""
    from speefeare_core import blocks

    for block in blocks.decode(codec, encoded, depth or None):
        yield block[0].cpu().numpy()


def unquantised(codec: Codec, encoded: Encoded) -> Iterator[Samples]:
    """The decode of latents that nothing has quantised, as blocks `[C, n]`."""
    from speefeare_core import blocks
    from speefeare_core.codec import Encoded
    from speefeare_core.editing.latent_codec import LatentCodec

    whole = Encoded((), codec.remainder(encoded, 0), encoded.length_samples, encoded.side)
    for block in blocks.decode(LatentCodec(codec, codec.info.depth), whole):
        yield block[0].cpu().numpy()


def _encode(codec: Codec, path: str | Path, length_s: float, report: Progress) -> tuple[RowEnergies | None, Encoded]:
    from speefeare_core import blocks

    info = codec.info
    frames = codec.frames_for(round(length_s * info.rate_hz))
    keep = 4 * info.latent_dim * frames <= MOST_LATENT_BYTES
    joiner = blocks.Joiner(info, frames + 2, latents=keep)
    parts: list[RowEnergies] = []
    source = audio_files.converted_blocks(path, info.rate_hz, info.channels, BLOCK_S)
    for piece in encode_pieces(codec, source, length_s):
        joiner.push(piece)
        found = row_energies(codec, piece)
        if found is not None:
            parts.append(found)
        done = joiner.result().length_samples / info.rate_hz
        report(0.2 * min(1.0, done / max(length_s, 1e-9)), "encoding")
    encoded = joiner.result()
    if not parts:
        return None, encoded
    return RowEnergies(parts[0].rows, np.concatenate([part.energies for part in parts], axis=1)), encoded


def _original(codec: Codec, path: str | Path) -> Iterator[Samples]:
    return audio_files.converted_blocks(path, codec.info.rate_hz, codec.info.channels, BLOCK_S)


def _delay(codec: Codec, path: str | Path, encoded: Encoded) -> tuple[int, bool]:
    """Measured on the beginning of the decode with all books; and whether that is to be trusted."""
    size = min(encoded.length_samples, round(DELAY_S * codec.info.rate_hz))
    x = next(pieces(_original(codec, path), size, 0, encoded.length_samples))
    y = next(pieces(decoded(codec, encoded, 0), size, 0, encoded.length_samples))
    found = estimate_delay(x.mean(axis=0), y.mean(axis=0), codec.info.rate_hz // 2)
    return (found.samples, True) if found.trusted else (0, False)


def _compare(codec: Codec, path: str | Path, audio: Iterator[Samples], lag: int, length: int) -> DepthMeasures:
    rate = codec.info.rate_hz
    size = round(PIECE_S * rate)
    comparison = Comparison(rate)
    for x, y in zip(pieces(_original(codec, path), size, 0, length), pieces(audio, size, lag, length), strict=True):
        comparison.push(x, y)
    return comparison.result()


def _kbps(info: CodecInfo, encoded: Encoded, depth: int) -> float | None:
    if info.books:
        return info.bitrate_kbps(depth)
    packets = encoded.side.get("packets")
    return None if packets is None else 8 * packets[0].numel() * info.frame_rate_hz / packets.shape[1] / 1000.0
