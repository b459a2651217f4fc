"""One set of phones for every synthesiser and language here: 48 classes and silence, broader than the IPA.

Length, stress, tone and most diacritics are left out; phones that one of the six languages has alone are joined with
their nearest neighbour, so that a class has examples in several voices.
"""

from __future__ import annotations

import unicodedata

SILENCE = "sil"
VOWELS = ("i", "ɪ", "e", "ɛ", "æ", "a", "ʌ", "ɔ", "o", "ʊ", "u", "y", "ø", "ə", "ɝ", "ã")
DIPHTHONGS = ("aɪ", "aʊ", "ɔɪ", "eɪ", "oʊ")
CONSONANTS = (
    "p", "b", "t", "d", "k", "ɡ", "m", "n", "ŋ", "ɲ", "f", "v", "θ", "ð", "s", "z", "ʃ", "ʒ", "x", "h", "ts", "tʃ",
    "dʒ", "l", "r", "j", "w",
)  # fmt: skip
PHONES = (SILENCE, *VOWELS, *DIPHTHONGS, *CONSONANTS)

_ARPABET = {
    "pau": SILENCE, "aa": "a", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "aʊ", "ax": "ə", "axr": "ɝ", "ay": "aɪ", "b": "b",
    "ch": "tʃ", "d": "d", "dh": "ð", "dx": "r", "eh": "ɛ", "el": "l", "em": "m", "en": "n", "er": "ɝ", "ey": "eɪ",
    "f": "f", "g": "ɡ", "hh": "h", "hv": "h", "ih": "ɪ", "iy": "i", "jh": "dʒ", "k": "k", "l": "l", "m": "m", "n": "n",
    "nx": "n", "ng": "ŋ", "ow": "oʊ", "oy": "ɔɪ", "p": "p", "r": "r", "s": "s", "sh": "ʃ", "t": "t", "th": "θ",
    "uh": "ʊ", "uw": "u", "v": "v", "w": "w", "y": "j", "z": "z", "zh": "ʒ",
}  # fmt: skip

# IPA symbols that are no class themselves → the class that they are joined with.
_JOINED = {
    "ɑ": "a", "ɐ": "ʌ", "ɒ": "ɔ", "ɜ": "ɝ", "ɚ": "ɝ", "ɘ": "ə", "ɨ": "ɪ", "ᵻ": "ɪ", "ʏ": "y", "œ": "ø", "ɵ": "o",
    "ɯ": "u", "ʉ": "u", "ɪ̈": "ɪ", "g": "ɡ", "ɟ": "ɡ", "c": "k", "q": "k", "ɱ": "m", "ɳ": "n", "ʋ": "v", "β": "v",
    "ɸ": "f", "ɣ": "ɡ", "ç": "x", "χ": "x", "ɕ": "ʃ", "ʂ": "ʃ", "ʑ": "ʒ", "ʐ": "ʒ", "ɦ": "h", "ɫ": "l", "ʎ": "l",
    "ɭ": "l", "ɬ": "l", "ɹ": "r", "ɾ": "r", "ʁ": "r", "ʀ": "r", "ɻ": "r", "ɽ": "r", "ʍ": "w", "ɥ": "j", "ʝ": "j",
    "ʔ": SILENCE, "ʈ": "t", "ɖ": "d", "t͡s": "ts", "tɕ": "tʃ", "dʑ": "dʒ", "dz": "ts", "pf": "f", "əl": "l", "ɔø": "ɔɪ",
    "ɔʏ": "ɔɪ", "əʊ": "oʊ", "aɪə": "aɪ", "aɪɚ": "aɪ", "ai": "aɪ", "au": "aʊ", "oi": "ɔɪ", "ei": "eɪ", "ou": "oʊ",
    "eu": "e", "oː": "o",
}  # fmt: skip
_KNOWN = set(PHONES)
_NASAL = "̃"
_PALATAL = "ʲ"
_DROPPED = set("ˈˌːˑʲʰʷˠˤ̯̩͡‿̪̥̬̃.-|_^\"';:,0123456789 ")


def from_arpabet(name: str) -> str:
    """The class of a phone of flite. Raises KeyError for one that it does not have."""
    return _ARPABET[name.lower().rstrip("012")]


def from_ipa(name: str) -> str:
    """The class of a phone as espeak-ng writes it; silence for pauses and for what is no phone."""
    symbols = unicodedata.normalize("NFD", name)
    nasal = _NASAL in symbols
    plain = unicodedata.normalize("NFC", "".join(symbol for symbol in symbols if symbol not in _DROPPED))
    plain = "".join(symbol for symbol in plain if not unicodedata.combining(symbol))
    if not plain:
        return "j" if _PALATAL in symbols else SILENCE  # espeak-ng's Russian writes the glide of a soft consonant so
    found = plain if plain in _KNOWN else _JOINED.get(plain)
    if found is None:  # a phone with something after it: the first symbol decides
        found = plain[0] if plain[0] in _KNOWN else _JOINED.get(plain[0], SILENCE)
    return "ã" if nasal and found in VOWELS else found
