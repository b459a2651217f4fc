"""Any source of speech as a packed set: decoded and resampled once, then mapped into memory by every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_parts import SpeechSource
from speefeare_core.training.speech.opening import expand, open_speech
from speefeare_core.training.speech.packed import PackedSpeech, pack

Progress = Callable[[float, str], None]


def pack_source(
    source: SpeechSource, target: Path, rate_hz: int, progress: Progress | None = None
) -> tuple[PackedSpeech, dict[str, str]]:
    """Write one source (its `path`) as a packed set at a rate; by name what was left out, and why.

    Raises `SpeefeareError` where it cannot be read or the set not be written. `progress` may raise to cancel: then
    what was there before is still there.
    """
    parts = expand(source, ())
    if len(parts) > 1:
        raise SpeefeareError(f"{source.path} holds several packed sets; give one of them.")
    speech = open_speech(parts[0], (), rate_hz, progress)
    whole = float(speech.lengths.sum()) or 1.0

    def clips() -> Iterator[tuple[str, str, Callable[[], Samples]]]:
        done = 0.0
        for index, name in enumerate(speech.names):
            if progress is not None:
                progress(done / whole, f"Packing {name}")
            yield name, speech.speakers[index], partial(speech.read, index)
            done += float(speech.lengths[index])

    packed, left_out = pack(clips(), target, rate_hz)
    return packed, {**speech.problems, **left_out}
