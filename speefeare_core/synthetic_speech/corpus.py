"""Many synthetic recordings: sentences, voices and their manner drawn by a seed from what this computer can speak."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import soxr

from speefeare_core.errors import SpeefeareError
from speefeare_core.synthetic_speech import espeak, flite
from speefeare_core.synthetic_speech.aligned import AlignedSpeech
from speefeare_core.synthetic_speech.sentences import sentence

LANGUAGES = {"en": ("en-us", "en"), "de": ("de",), "es": ("es",), "fr": ("fr",), "it": ("it",), "ru": ("ru",)}
VARIANTS = (
    "", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt2", "klatt4", "Alex",
    "Alicia", "Andrea", "Annie", "Denis", "Hugo", "Lee", "Linda", "Marco", "Michael", "steph", "Storm", "travis",
)  # fmt: skip
# These voices never teach: what is measured on them is about voices that were not heard before.
UNHEARD_FLITE = ("awb",)
UNHEARD_VARIANTS = ("f2", "m3", "Linda", "travis")


def synthesisers() -> tuple[str, ...]:
    """Those that this computer has."""
    return tuple(name for name, module in (("flite", flite), ("espeak-ng", espeak)) if module.available())


def synthetic_corpus(
    seconds: float,
    seed: int,
    *,
    unheard: bool = False,
    flite_share: float = 0.4,
    rate_hz: int = 16_000,
    languages: Sequence[str] = tuple(LANGUAGES),
) -> Iterator[AlignedSpeech]:
    """Recordings that are `seconds` long together, at a rate; `unheard`: only voices that are kept from teaching.

    Raises `SpeefeareError` where neither synthesiser is here.
    """
    here = synthesisers()
    if not here:
        raise SpeefeareError(f"Synthetic speech needs a synthesiser: {espeak.INSTALL}, or {flite.INSTALL}.")
    random = np.random.default_rng(seed)
    left = seconds
    while left > 0:
        with_flite = "flite" in here and "en" in languages
        if with_flite and ("espeak-ng" not in here or random.random() < flite_share):
            made = _by_flite(random, unheard)
        else:
            made = _by_espeak(random, unheard, languages)
        if made.length_s < 0.5:
            continue
        left -= made.length_s
        yield at_rate(made, rate_hz)


def at_rate(speech: AlignedSpeech, rate_hz: int) -> AlignedSpeech:
    """The same at another sample rate."""
    if speech.rate_hz == rate_hz:
        return speech
    samples = np.asarray(soxr.resample(speech.samples, speech.rate_hz, rate_hz), np.float32)
    return AlignedSpeech(samples, rate_hz, speech.phones, speech.voice, speech.language, speech.text)


def _by_flite(random: np.random.Generator, unheard: bool) -> AlignedSpeech:
    voices = UNHEARD_FLITE if unheard else tuple(voice for voice in flite.VOICES if voice not in UNHEARD_FLITE)
    text = sentence("en", random)
    return flite.speak(text, str(random.choice(voices)), stretch=float(random.uniform(0.85, 1.2)))


def _by_espeak(random: np.random.Generator, unheard: bool, languages: Sequence[str]) -> AlignedSpeech:
    language = str(random.choice(tuple(languages)))
    variants = UNHEARD_VARIANTS if unheard else tuple(name for name in VARIANTS if name not in UNHEARD_VARIANTS)
    return espeak.speak(
        sentence(language, random),
        str(random.choice(LANGUAGES[language])),
        str(random.choice(variants)),
        words_a_minute=int(random.integers(110, 200)),
        pitch=int(random.integers(20, 80)),
        range_=int(random.integers(30, 80)),
    )
