"""espeak-ng as a synthesiser with phone timings: its shared library, where the computer has it.

The library is asked for the start of every phone with the sound (espeak-ng/speak_lib.h, espeakEVENT_PHONEME). It keeps
one global state, so one sentence is spoken at a time.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import threading
from functools import lru_cache
from typing import Any

import numpy as np

from speefeare_core.errors import SpeefeareError
from speefeare_core.synthetic_speech.aligned import AlignedSpeech, PhoneSpan
from speefeare_core.synthetic_speech.inventory import SILENCE, from_ipa

INSTALL = "install espeak-ng (Debian: apt-get install espeak-ng)"
_SYNCHRONOUS, _PHONES_IN_IPA = 2, 0x0003
_PHONE, _END_OF_LIST = 7, 0
_RATE, _PITCH, _RANGE = 1, 3, 4  # parameters of espeak_SetParameter
_CHARS_UTF8 = 1
_LOCK = threading.Lock()


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", _Id),
    )  # fmt: skip


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def available() -> bool:
    """Whether this computer has the library."""
    try:
        _library()
    except SpeefeareError:
        return False
    return True


def speak(
    text: str,
    language: str = "en-us",
    variant: str = "",
    *,
    words_a_minute: int = 160,
    pitch: int = 50,
    range_: int = 50,
) -> AlignedSpeech:
    """Speak a text. `pitch` and `range_` lie between 0 and 100.

    Raises `SpeefeareError` where espeak-ng or the voice is missing.
    """
    library, rate_hz = _library()
    sound: list[np.ndarray] = []
    starts: list[tuple[int, str]] = []  # milliseconds, IPA

    def take(samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            sound.append(np.ctypeslib.as_array(samples, (count,)).copy())
        for event in events:
            if event.type == _END_OF_LIST:
                break
            if event.type == _PHONE:
                starts.append((event.audio_position, event.id.string.decode("utf-8", "ignore")))
        return 0

    voice = f"{language}+{variant}" if variant else language
    with _LOCK:
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SpeefeareError(f"espeak-ng has no voice {voice}; `espeak-ng --voices` lists them.")
        for parameter, value in ((_RATE, words_a_minute), (_PITCH, pitch), (_RANGE, range_)):
            library.espeak_SetParameter(parameter, value, 0)
        callback = _CALLBACK(take)  # held for as long as the library may call it
        library.espeak_SetSynthCallback(callback)
        data = text.encode() + b"\0"
        library.espeak_Synth(data, len(data), 0, 1, 0, _CHARS_UTF8, None, None)
        library.espeak_Synchronize()
    samples = (np.concatenate(sound) / np.float32(32768)).astype(np.float32) if sound else np.zeros(0, np.float32)
    spans = _spans(starts, len(samples) / rate_hz)
    return AlignedSpeech(samples, rate_hz, spans, f"espeak-ng/{voice}", language.partition("-")[0], text)


def _spans(starts: list[tuple[int, str]], length_s: float) -> tuple[PhoneSpan, ...]:
    times = [min(ms / 1000, length_s) for ms, _ in starts]
    spans = [PhoneSpan(SILENCE, 0.0, times[0])] if times and times[0] > 0 else []
    for (_, name), begin, end in zip(starts, times, [*times[1:], length_s], strict=False):
        if end > begin:
            spans.append(PhoneSpan(from_ipa(name), begin, end))
    return tuple(spans)


@lru_cache(maxsize=1)
def _library() -> tuple[Any, int]:
    name = ctypes.util.find_library("espeak-ng")
    try:
        library = ctypes.CDLL(name or "libespeak-ng.so.1")
    except OSError as error:
        raise SpeefeareError(f"espeak-ng is not on this computer: {INSTALL}.") from error
    rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONES_IN_IPA)
    if rate_hz <= 0:
        raise SpeefeareError(f"espeak-ng does not start; its voices may be missing: {INSTALL}.")
    return library, int(rate_hz)
