"""What the engine must give of a codec, compared with the library in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core.audio import read
from speefeare_core.codec import Codec
from tests.app.engine.harness import Talk
from workbench.engine import protocol as p
from workbench.state.takes import takes


def of(kind: type, events: list) -> list:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def check_clip(talk: Talk, codec: Codec, source: str, path: Path, tolerance: float = 2e-5) -> None:
    """Load the codec, process a clip: codes, latents and every take are those of the library."""
    (loaded,) = of(p.CodecLoaded, talk.ask(p.LoadCodec(source, "cpu")))
    assert loaded.info == codec.info
    assert loaded.long_words.endswith(".")
    events = talk.ask(p.ProcessClip(str(path)))
    sound = read(path, codec.info.rate_hz, codec.info.channels)
    encoded = codec.encode(torch.from_numpy(sound.samples)[None])
    shown = of(p.CodesReady, events)
    assert bool(shown) == bool(encoded.code_groups)
    if shown:
        assert max(shown[0].frame_rates_hz) == codec.info.frame_rate_hz
        for ref, group in zip(shown[0].groups, encoded.code_groups, strict=True):
            assert np.array_equal(talk.client.array(ref), group[0].numpy())
    latents = of(p.LatentsReady, events)
    assert bool(latents) == (encoded.latents is not None)
    for event in latents:
        assert np.isfinite(talk.client.array(event.before)).all()
        assert encoded.code_groups or event.after is None
    renders = of(p.RenderReady, events)
    wanted = takes(codec.info)[1:]
    assert [render.depth for render in renders] == [take.number for take in wanted]
    for render, take in zip(renders, wanted, strict=True):
        if take.number not in (1, len(wanted) // 2, len(wanted)):
            continue
        expected = codec.decode(encoded) if take.books is None else _decode(codec, encoded, take.depth, take.books)
        expected = np.roll(expected[0].numpy(), -render.delay_samples, axis=1)
        found = talk.client.array(render.audio) / 10 ** (render.gain_db / 20)
        inside = slice(max(0, -render.delay_samples), found.shape[1] - max(0, render.delay_samples))
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(found[:, inside], expected[:, inside], atol=tolerance * scale)
        assert render.bitrate_kbps == pytest.approx(take.bitrate_kbps) or not codec.info.books


def _decode(codec: Codec, encoded: object, depth: int | None, books: tuple[int, ...]) -> torch.Tensor:
    return codec.decode(encoded, depth) if depth else codec.decode(encoded, books=books)  # type: ignore[arg-type]
