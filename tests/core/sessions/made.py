"""Sessions for tests, recorded without a sound card: a codec's stream stepped into a `SessionWriter`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from speefeare_core.codec import Codec
from speefeare_core.sessions.fingerprint import fingerprint
from speefeare_core.sessions.format import Change, Dropped, SessionInfo, StreamStart
from speefeare_core.sessions.writer import SessionWriter, versions
from tests.core.speech import speech_like

SETTINGS: dict[str, Any] = {
    "depth": None, "books": [], "mode": "float32", "mix": 1.0, "bypass": False, "muted": True, "output_gain_db": 0.0,
    "channel": None,
}  # fmt: skip
WARM_STEPS = 7  # before the recording begins, so that its streams begin from a state


def info_of(codec: Codec, source: str) -> SessionInfo:
    return SessionInfo(source, codec.info, "2026-01-02T03:04:05+00:00", SETTINGS, versions(), fingerprint(codec))


def record(
    folder: Path,
    codec: Codec,
    steps: int = 40,
    frames: int = 1,
    changes: dict[int, dict[str, Any]] | None = None,
    source: str = "tiny",
    close: bool = True,
    seed: int = 0,
) -> SessionWriter:
    """`changes`: step → settings from then on; "dropped": frames are lost there; "stream": the stream begins anew."""
    info = codec.info
    hop = frames * info.hop_samples
    draw = speech_like((steps + WARM_STEPS) * hop / info.rate_hz + 0.1, rate_hz=info.rate_hz, seed=seed)
    speech = np.repeat(draw[None, : (steps + WARM_STEPS) * hop], info.channels, axis=0).astype(np.float32)
    stream = codec.stream(start="silence")

    def code(at: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        block = speech[:, at * hop : (at + 1) * hop]
        step = stream.step(torch.from_numpy(block)[None])
        told = step.latents if step.codes is None else step.codes
        assert told is not None
        return block, step.audio[0].numpy(), told[0].numpy()

    for index in range(WARM_STEPS):
        code(index)
    writer = SessionWriter(folder, info_of(codec, source))
    writer.add_row(Change(0, dict(SETTINGS)))
    starts = 0
    for index in range(steps):
        here = dict((changes or {}).get(index, {}))
        at = writer.length_samples
        if index == 0 or here.pop("stream", False):
            name = f"stream-{starts}.pt"
            starts += 1
            writer.write_state(name, stream.get_state())
            writer.add_row(StreamStart(at, frames, "float32", False, type(stream).__name__, name))
        if dropped := here.pop("dropped", 0):
            writer.add_row(Dropped(at, dropped))
        if here:
            writer.add_row(Change(at, here))
            stream.depth = here.get("depth", stream.depth)
            if "books" in here:
                stream.choose_books(here["books"] or None)
        block, out, codes = code(index + WARM_STEPS)
        writer.add_step(block, out, codes, index * 0.01, 0.001)
        writer.flush()
    if close:
        writer.close()
    else:  # as the end of its process would
        for file in (writer._input, writer._output, writer._timing, writer._codes):
            file.close()
    return writer
