"""What the codes of a book know of phones and of voices, counted on speech with exact phone timings.

PNMI = I(z; p) / H(p), phone purity E_z max_p P(p | z), cluster purity E_p max_z P(z | p) (HuBERT, arXiv 2106.07447,
section IV-C), and I(z; v) / H(v) for the voice v. All of them grow with the number of entries, so that each has its
floor: the same count with the labels of each recording moved along by a random time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.metrics import mel_distance
from speefeare_core.synthetic_speech.aligned import AlignedSpeech, frame_labels
from speefeare_core.synthetic_speech.inventory import PHONES

if TYPE_CHECKING:
    from collections.abc import Callable

    from speefeare_core.codec import Codec

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class BookPhones:
    """Of one book."""

    book: int  # counted from 1
    role: str
    entries: int
    pnmi: float
    pnmi_floor: float
    phone_purity: float
    cluster_purity: float
    voice_nmi: float
    used: float  # share of the entries that occur


@dataclass(frozen=True)
class PhoneReport:
    """Of one codec on one set of recordings."""

    codec: str
    frames: int
    seconds: float
    voices: int
    mel_distance: float | None  # at full depth, dB
    books: tuple[BookPhones, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, rounded."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


def measure_phones(
    codec: Codec,
    speech: Sequence[AlignedSpeech],
    *,
    decode: bool = True,
    seed: int = 0,
    progress: Callable[[float, str], None] | None = None,
) -> PhoneReport:
    """Encode every recording and count. `decode`: the mel distance at full depth too.

    Raises `SpeefeareError` for a codec without books.
    """
    info = codec.info
    if not info.books:
        raise SpeefeareError(f"{info.name} has continuous latents and no books, so that no codes can be counted.")
    random = np.random.default_rng(seed)
    voices = sorted({one.voice for one in speech})
    counts = [_Joint(book.size, len(voices)) for book in info.books]
    distances: list[float] = []
    for number, one in enumerate(speech):
        if progress is not None:
            progress(number / len(speech), f"{info.name}: recording {number + 1} of {len(speech)}")
        samples = one.samples
        if one.rate_hz != info.rate_hz:
            samples = np.asarray(soxr.resample(samples, one.rate_hz, info.rate_hz), np.float32)
        audio = torch.from_numpy(np.ascontiguousarray(samples))[None, None].expand(1, info.channels, -1)
        encoded = codec.encode(audio)
        for row, (book, joint) in enumerate(zip(info.books, counts, strict=True)):
            codes = _codes_of_book(encoded.code_groups, row)
            labels = frame_labels(one.phones, len(codes), 1 / book.frame_rate_hz)
            joint.add(codes, labels, np.roll(labels, int(random.integers(1, max(2, len(labels))))), one.voice, voices)
        if decode:
            made = codec.decode(encoded)[0].mean(dim=0).cpu().numpy()
            value = mel_distance.measure(samples, made, info.rate_hz).value
            if value is not None:
                distances.append(value)
    return PhoneReport(
        info.name,
        counts[0].frames,
        sum(one.length_s for one in speech),
        len(voices),
        float(np.mean(distances)) if distances else None,
        tuple(
            joint.report(index + 1, book.role, book.size)
            for index, (book, joint) in enumerate(zip(info.books, counts, strict=True))
        ),
    )


def normalised_information(joint: Counts) -> float:
    """I(z; p) / H(p) in 0 … 1 of a joint count `[V, P]`; 0 where p is always the same."""
    total = joint.sum()
    if not total:
        return 0.0
    shares = joint / total
    rows, columns = shares.sum(axis=1, keepdims=True), shares.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.nansum(shares * np.log(shares / (rows * columns)))
        entropy = -np.nansum(columns * np.log(columns))
    return float(information / entropy) if entropy > 0 else 0.0


def purities(joint: Counts) -> tuple[float, float]:
    """Phone purity and cluster purity of a joint count `[V, P]`."""
    total = max(1, int(joint.sum()))
    return float(joint.max(axis=1).sum() / total), float(joint.max(axis=0).sum() / total)


class _Joint:
    """Counts of one book."""

    def __init__(self, entries: int, voices: int) -> None:
        self.phones = np.zeros((entries, len(PHONES)), np.int64)
        self.moved = np.zeros_like(self.phones)
        self.voices = np.zeros((entries, voices), np.int64)
        self.frames = 0

    def add(self, codes: Counts, labels: Counts, moved: Counts, voice: str, voices: Sequence[str]) -> None:
        np.add.at(self.phones, (codes, labels), 1)
        np.add.at(self.moved, (codes, moved), 1)
        self.voices[:, voices.index(voice)] += np.bincount(codes, minlength=len(self.voices))
        self.frames += len(codes)

    def report(self, book: int, role: str, entries: int) -> BookPhones:
        phone, cluster = purities(self.phones)
        return BookPhones(
            book,
            role,
            entries,
            normalised_information(self.phones),
            normalised_information(self.moved),
            phone,
            cluster,
            normalised_information(self.voices),
            float((self.phones.sum(axis=1) > 0).mean()),
        )


def _codes_of_book(groups: Sequence[torch.Tensor], row: int) -> Counts:
    """`[F]` of a book; books of one frame rate share a group `[B, K, F]`."""
    for group in groups:
        if row < group.shape[1]:
            return group[0, row].cpu().numpy().astype(np.int64)
        row -= group.shape[1]
    raise IndexError(f"there is no book {row}")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value
