"""A list of edits replayed on a sound file: what the window plays of it, without the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from speefeare_core import audio, blocks
from speefeare_core.audio import Samples
from speefeare_core.editing.applying import apply
from speefeare_core.editing.edits import Continuous, EditList
from speefeare_core.editing.matching import Match, match
from speefeare_core.editing.rendering import Rendering

if TYPE_CHECKING:
    from speefeare_core.codec import Codec, Encoded
    from speefeare_core.editing.edited import Edited

Progress = Callable[[float, str], None]  # share of the work, and what it is
_READ_S = 10.0


@dataclass(frozen=True)
class Replayed:
    """What a list of edits made of a recording."""

    samples: Samples  # [C, T] at the codec's rate
    edited: Edited
    match: Match  # what was done to the samples after decoding


def replay(
    codec: Codec,
    path: str | Path,
    edits: EditList,
    depth: int | None = None,
    *,
    books: Sequence[int] | None = None,
    raw: bool = False,
    progress: Progress = lambda share, what: None,
) -> Replayed:
    """Encode a sound file, replay the edits, decode with the first `depth` books (None: all) or just `books`, from 0.

    As heard in the window: as late and as loud as the decode of the same books without edits when that is matched to
    the original, so that only what was edited sounds different. `raw`: as decoded. Raises `SpeefeareError`.
    """
    wants_latents = bool(edits.continuous) or any(isinstance(edit, Continuous) for edit in edits.edits)
    encoded = encode(codec, path, wants_latents, progress)
    sources = {key: encode(codec, edits.path_of(key), False, progress) for key in edits.used_sources()}
    edited = apply(edits, encoded, codec, sources)
    samples = _decode(codec, edited, depth, books, progress)
    if raw:
        return Replayed(samples, edited, Match(0.0, 0))
    plain = _decode(codec, apply(EditList(), encoded, codec, {}), depth, books, progress)
    original = audio.read(path, codec.info.rate_hz, codec.info.channels).samples[:, : plain.shape[1]]
    found = match(original, plain, codec.info.rate_hz)
    return Replayed(found.applied(samples), edited, found)


def encode(codec: Codec, path: str | Path, latents: bool, progress: Progress) -> Encoded:
    """A sound file of any length in pieces; `latents`: with those before quantisation, also where there are codes."""
    import torch

    rate, channels = codec.info.rate_hz, codec.info.channels
    length = round(audio.probe(path).length_s * rate)
    encoder = blocks.encoder(codec, length_samples=length)
    joiner = blocks.Joiner(codec.info, codec.frames_for(max(1, length)), latents=latents)
    done = 0
    for block in audio.converted_blocks(path, rate, channels, _READ_S):
        joiner.push(encoder.push(torch.from_numpy(block[None])))
        done += block.shape[1]
        progress(done / max(1, length), "encoding")
    if not done:  # shorter than one sample at the codec's rate
        joiner.push(encoder.push(torch.zeros(1, channels, 1)))
    joiner.push(encoder.finish())
    return joiner.result()


def _decode(
    codec: Codec, edited: Edited, depth: int | None, books: Sequence[int] | None, progress: Progress
) -> Samples:
    out = np.zeros((codec.info.channels, edited.encoded.length_samples), np.float32)
    for start, span in Rendering(codec, depth, books, keep_states=False).update(edited):
        out[:, start : start + span.shape[-1]] = span[0].numpy()
        progress((start + span.shape[-1]) / out.shape[1], "decoding")
    return out
