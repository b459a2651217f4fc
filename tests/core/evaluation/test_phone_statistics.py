"""What books know of phones: values worked out by hand, and codes that say nothing or everything."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.codec import BookInfo, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.phone_statistics import measure_phones, normalised_information, purities
from speefeare_core.synthetic_speech.aligned import AlignedSpeech, PhoneSpan, frame_labels
from speefeare_core.synthetic_speech.inventory import PHONES


def test_information_and_purities_by_hand() -> None:
    knows_all = np.array([[5, 0], [0, 5]])
    assert normalised_information(knows_all) == pytest.approx(1.0)
    assert purities(knows_all) == (1.0, 1.0)
    knows_nothing = np.array([[4, 4], [1, 1]])
    assert normalised_information(knows_nothing) == pytest.approx(0.0, abs=1e-12)
    assert purities(knows_nothing) == (0.5, 0.8)
    joint = np.array([[3, 1], [0, 4]])  # H(p) = h(3/8), H(p | z) = (h(1/4) + 0) / 2
    h = lambda x: -x * math.log(x) - (1 - x) * math.log(1 - x)  # noqa: E731
    assert normalised_information(joint) == pytest.approx(1 - h(1 / 4) / 2 / h(3 / 8))
    assert purities(joint) == (7 / 8, 7 / 8)
    assert normalised_information(np.array([[3], [2]])) == 0.0 and normalised_information(np.zeros((2, 2), int)) == 0.0


class Oracle:
    """A codec whose first book is the phone, its second the voice, and its third always 0."""

    def __init__(self, speech: list[AlignedSpeech]) -> None:
        books = tuple(BookInfo(size, 50.0, role) for size, role in ((64, "semantic"), (4, "acoustic"), (4, "acoustic")))
        self.info = CodecInfo(
            name="oracle", family="tiny", rate_hz=16_000, channels=1, hop_samples=320, frame_rate_hz=50.0, books=books,
            depth_mode="residual", latent_dim=1, causal=True, streamable=False, delay_samples=0, stream_delay_samples=0,
            look_ahead_samples=None, licence="", parameters=0, source="", notes=(),
        )  # fmt: skip
        self._speech = iter(speech)

    def encode(self, audio: torch.Tensor) -> Encoded:
        one = next(self._speech)
        frames = audio.shape[-1] // 320
        phones = torch.from_numpy(frame_labels(one.phones, frames, 0.02))
        voice = torch.full((frames,), 1 if one.voice == "a" else 2)
        return Encoded((torch.stack([phones, voice, torch.zeros_like(voice)])[None],), None, audio.shape[-1])


def made(voice: str, seed: int) -> AlignedSpeech:
    random = np.random.default_rng(seed)
    ends = np.cumsum(random.uniform(0.06, 0.2, 30))
    names = random.choice(PHONES[1:6], 30)
    spans = tuple(PhoneSpan(str(name), begin, end) for name, begin, end in zip(names, [0.0, *ends], ends, strict=False))
    return AlignedSpeech(np.zeros(int(ends[-1] * 16_000), np.float32), 16_000, spans, voice, "en", "")


def test_a_book_that_is_the_phone_and_one_that_is_the_voice() -> None:
    speech = [made("a", 1), made("b", 2), made("a", 3)]
    report = measure_phones(Oracle(speech), speech, decode=False)  # type: ignore[arg-type]
    phone, voice, nothing = report.books
    assert (phone.pnmi, phone.phone_purity, phone.cluster_purity) == pytest.approx((1.0, 1.0, 1.0))
    assert phone.pnmi_floor < 0.3 and phone.voice_nmi < 0.2 and phone.role == "semantic"
    assert voice.voice_nmi == pytest.approx(1.0) and voice.pnmi < 0.2
    assert (nothing.pnmi, nothing.voice_nmi, nothing.used) == (0.0, 0.0, 0.25)
    assert report.voices == 2 and report.mel_distance is None
    assert report.to_dict()["books"][0]["pnmi"] == 1.0


def test_a_real_codec_is_counted_and_decoded(tiny: Path) -> None:
    codec = load_codec(tiny)
    random = np.random.default_rng(0)
    one = made("a", 1)
    noise = AlignedSpeech(
        random.uniform(-0.3, 0.3, len(one.samples)).astype(np.float32), 16_000, one.phones, "a", "en", ""
    )
    told: list[str] = []
    report = measure_phones(codec, [noise], progress=lambda _, words: told.append(words))
    assert len(report.books) == codec.info.depth and report.mel_distance is not None and report.mel_distance > 0
    assert all(0 <= book.pnmi <= 1 and 0 < book.used <= 1 for book in report.books) and "1 of 1" in told[0]


def test_a_codec_without_books_has_nothing_to_count() -> None:
    codec = Oracle([])
    codec.info = CodecInfo(**{**codec.info.__dict__, "books": (), "depth_mode": "none"})
    with pytest.raises(SpeefeareError, match="no books"):
        measure_phones(codec, [])  # type: ignore[arg-type]
