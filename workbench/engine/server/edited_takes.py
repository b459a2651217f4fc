"""Edited takes of a clip: after a further edit only what it touched is decoded, where the codec allows that."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from speefeare_core import blocks
from speefeare_core.codec import Codec, Encoded
from speefeare_core.editing.edited import Edited
from speefeare_core.editing.rendering import Rendering
from workbench.engine.server import coding
from workbench.state.takes import Take

Samples = NDArray[np.float32]
KEPT = 2  # takes whose states and sound are kept to go on from
LARGEST_BYTES = 256 << 20  # of the sound of one that is kept; longer clips are decoded as a whole after each edit
_BLOCK = 1 << 20


@dataclass(frozen=True)
class _Heard:
    rendering: Rendering
    audio: Samples  # [C, T] as decoded


class EditedTakes:
    """An `EditedSource`: what the edits of one clip are, and what was decoded of them. For the task thread only."""

    def __init__(self) -> None:
        self.now: Edited | None = None
        self._heard: dict[int, _Heard] = {}
        self._with_latents: Encoded | None = None
        self._sources: dict[tuple[str, int], Encoded] = {}

    @property
    def encoded(self) -> Encoded:
        """The codes after all edits."""
        assert self.now is not None
        return self.now.encoded

    def forget(self) -> None:
        """Nothing is edited."""
        self.now = None
        self._heard.clear()

    def decode(self, codec: Codec, take: Take, out: Samples, report: coding.Report) -> Generator[None, None, None]:
        """Fill `out` `[C, T]` with a take of the edited tokens, the codec's own delay compensated."""
        assert self.now is not None
        heard = self._heard.pop(take.number, None)
        if heard is None:
            books = take.books if take.books is not None and take.depth is None else None
            keeps = out.nbytes <= LARGEST_BYTES
            rendering = Rendering(codec, take.depth, books, keep_states=keeps)
            heard = _Heard(rendering, np.zeros_like(out) if keeps else out)
        for start, span in heard.rendering.update(self.now):
            heard.audio[:, start : start + span.shape[-1]] = span[0].numpy()
            report(start + span.shape[-1], out.shape[1] + 1)
            yield
        if heard.audio is out:
            return
        for start in range(0, out.shape[1], _BLOCK):
            out[:, start : start + _BLOCK] = heard.audio[:, start : start + _BLOCK]
            yield
        self._heard[take.number] = heard
        for old in list(self._heard)[:-KEPT]:
            del self._heard[old]

    def latents_of(self, codec: Codec, original: Samples, report: coding.Report) -> Generator[None, None, Encoded]:
        """The clip encoded once more, its latents kept: what continuous cells need."""
        if self._with_latents is None:
            total, step = original.shape[1], codec.info.rate_hz
            joiner = blocks.Joiner(codec.info, codec.frames_for(total))
            encoder = blocks.encoder(codec, length_samples=total)
            for start in range(0, total, step):
                joiner.push(encoder.push(torch.from_numpy(original[:, start : start + step].copy())[None]))
                report(start, total)
                yield
            joiner.push(encoder.finish())
            self._with_latents = joiner.result()
        return self._with_latents

    def source(self, codec: Codec, path: str, report: coding.Report) -> Generator[None, None, Encoded]:
        """Another sound file, encoded once. Raises `SpeefeareError` for one that cannot be read."""
        try:
            key = (path, os.stat(path).st_mtime_ns)
        except OSError:
            key = (path, 0)
        if key not in self._sources:
            coded = yield from coding.encode_file(codec, path, report)
            coded.unlink()
            self._sources[key] = coded.encoded
        return self._sources[key]
