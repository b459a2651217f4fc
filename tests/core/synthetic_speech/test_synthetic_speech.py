"""Synthetic speech: one set of phones, labels of frames, what is shipped, and the synthesisers where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speefeare_core.errors import SpeefeareError
from speefeare_core.synthetic_speech import corpus, espeak, flite
from speefeare_core.synthetic_speech.aligned import AlignedSpeech, PhoneSpan, frame_labels
from speefeare_core.synthetic_speech.inventory import PHONES, SILENCE, from_arpabet, from_ipa
from speefeare_core.synthetic_speech.sentences import sentence, words
from speefeare_core.synthetic_speech.shipped import read_aligned, shipped_speech, write_aligned


@pytest.mark.parametrize(
    ("written", "phone"),
    [("iː", "i"), ("tʃʲ", "tʃ"), ("aɪ", "aɪ"), ("ɑ̃", "ã"), ("ʁ", "r"), ("oːɹ", "o"), ("ç", "x"), ("", SILENCE),
     ("_:", SILENCE), ("ʲ", "j"), ("ɡ", "ɡ"), ("əʊ", "oʊ"), ("t͡s", "ts")],
)  # fmt: skip
def test_ipa_becomes_a_class(written: str, phone: str) -> None:
    assert from_ipa(written) == phone


def test_arpabet_becomes_a_class() -> None:
    assert [from_arpabet(name) for name in ("pau", "AH0", "jh", "ow")] == [SILENCE, "ʌ", "dʒ", "oʊ"]
    with pytest.raises(KeyError):
        from_arpabet("qq")


def test_a_frame_has_the_phone_in_its_middle() -> None:
    spans = (PhoneSpan("a", 0.0, 0.03), PhoneSpan("t", 0.03, 0.045), PhoneSpan("i", 0.045, 0.06))
    assert [PHONES[label] for label in frame_labels(spans, 4, 0.02)] == ["a", "t", "i", SILENCE]


def test_sentences_hang_on_the_seed_and_have_words_of_their_language() -> None:
    first, again = (sentence("de", np.random.default_rng(3)) for _ in range(2))
    assert first == again and first.endswith(".")
    known = {word.lower() for word in words()["de"]}
    assert {word.strip(",.").lower() for word in first.split()} <= known


def test_what_is_shipped_has_gapless_phones_in_many_voices() -> None:
    speech = shipped_speech()
    assert sum(one.length_s for one in speech) > 120 and len({one.voice for one in speech}) > 20
    assert {one.language for one in speech} == set(corpus.LANGUAGES)
    for one in speech:
        assert one.rate_hz == 16_000 and all(
            a.end_s == b.start_s for a, b in zip(one.phones, one.phones[1:], strict=False)
        )
        assert abs(one.phones[-1].end_s - one.length_s) < 0.2
        spoken = np.concatenate([one.samples[int(p.start_s * 16000) : int(p.end_s * 16000)] for p in one.phones
                                 if p.phone != SILENCE])  # fmt: skip
        silent = [one.samples[int(p.start_s * 16000) : int(p.end_s * 16000)] for p in one.phones if p.phone == SILENCE]
        if silent:
            assert np.std(np.concatenate(silent)) < np.std(spoken)


def test_written_speech_is_read_back(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    made = [
        AlignedSpeech(
            (0.1 * np.sin(np.arange(length) * random.uniform(0.05, 0.2))).astype(np.float32), 16_000,
            (PhoneSpan(SILENCE, 0.0, 0.1), PhoneSpan("a", 0.1, length / 16_000)), "test/one", "en", "Ah.",
        )
        for length in (8000, 12_345)
    ]  # fmt: skip
    write_aligned(made, tmp_path)
    for old, new in zip(made, read_aligned(tmp_path), strict=True):
        assert (new.voice, new.text, len(new.samples)) == (old.voice, old.text, len(old.samples))
        assert [span.phone for span in new.phones] == [SILENCE, "a"] and abs(new.phones[1].end_s - old.length_s) < 1e-3
        assert np.abs(new.samples - old.samples).mean() < 0.02
    (tmp_path / "aligned.json").write_text("{}")
    with pytest.raises(SpeefeareError, match="no aligned speech"):
        read_aligned(tmp_path)


def test_without_a_synthesiser_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "available", lambda: False)
    monkeypatch.setattr(flite, "available", lambda: False)
    with pytest.raises(SpeefeareError, match="apt-get install espeak-ng"):
        next(corpus.synthetic_corpus(1.0, 0))


def test_a_corpus_hangs_on_its_seed_and_keeps_voices_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """With synthesisers that hum, so that it runs on every computer."""

    def hum(text: str, voice: str, language: str) -> AlignedSpeech:
        samples = np.full(16_000, 0.1, np.float32)
        return AlignedSpeech(samples, 16_000, (PhoneSpan("a", 0.0, 1.0),), voice, language, text)

    monkeypatch.setattr(espeak, "available", lambda: True)
    monkeypatch.setattr(flite, "available", lambda: True)
    monkeypatch.setattr(espeak, "speak", lambda text, language, variant, **_: hum(text, f"e/{variant}", language[:2]))
    monkeypatch.setattr(flite, "speak", lambda text, voice, **_: hum(text, f"f/{voice}", "en"))
    one, two = (list(corpus.synthetic_corpus(40, 5, rate_hz=8000)) for _ in range(2))
    assert [a.text for a in one] == [b.text for b in two] and len(one) == 40 and one[0].rate_hz == 8000
    heard = {a.voice for a in corpus.synthetic_corpus(150, 1)}
    unheard = {a.voice for a in corpus.synthetic_corpus(150, 1, unheard=True)}
    assert not heard & unheard and len(unheard) == len(corpus.UNHEARD_FLITE) + len(corpus.UNHEARD_VARIANTS)
