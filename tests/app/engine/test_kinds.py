"""Codecs of every kind through the engine: codes, latents and each take are the library's; nothing is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.codec import Codec
from speefeare_core.codecs import FAMILIES
from tests.app.engine.checks import check_clip, of
from tests.app.engine.harness import Talk, speech_file
from tests.core.tiny_kinds import KINDS, TinyAhead, TinyHeld, kind_file
from workbench.engine import protocol as p
from workbench.engine.memory import Ring
from workbench.engine.server import coding


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for family in KINDS:
        monkeypatch.setitem(FAMILIES, family.key, family)


FLAVOURS = ("plain", "rates", "continuous", "side", "parallel", "single", "stereo")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_codecs_that_look_ahead(talk: Talk, flavour: str, tmp_path: Path) -> None:
    file = kind_file(tmp_path, "tiny_ahead", flavour=flavour)
    check_clip(talk, load_codec(file), str(file), speech_file(tmp_path, 0.7))


@pytest.mark.parametrize("continuous", [False, True])
def test_codecs_that_hold_back_their_beginning(talk: Talk, continuous: bool, tmp_path: Path) -> None:
    file = kind_file(tmp_path, "tiny_held", continuous=continuous)
    check_clip(talk, load_codec(file), str(file), speech_file(tmp_path, 0.7))


def test_bytes_instead_of_codes(talk: Talk, tmp_path: Path) -> None:
    talk.ask(p.LoadCodec("opus:12", "cpu"))
    events = talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.7))))
    assert not of(p.CodesReady, events) and not of(p.LatentsReady, events)
    (render,) = of(p.RenderReady, events)
    assert render.bitrate_kbps == pytest.approx(12.0)


def test_the_seam_is_measured_where_there_is_one(talk: Talk, tmp_path: Path) -> None:
    loaded = of(
        p.CodecLoaded, talk.ask(p.LoadCodec(str(kind_file(tmp_path, "tiny_ahead", flavour="approximate")), "cpu"))
    )
    assert loaded[0].has_seam and "differ from one call" in loaded[0].long_words
    (measured,) = of(p.SeamMeasured, talk.ask(p.MeasureSeam()))
    assert measured.report.seams == 3 and len(measured.report.tokens_near) == 4
    talk.ask(p.LoadCodec(str(kind_file(tmp_path, "tiny_held")), "cpu"))
    assert "no seams" in talk.refused(p.MeasureSeam())


def test_live_with_continuous_latents_shows_latents_and_begins_at_once(talk: Talk, tmp_path: Path) -> None:
    talk.ask(p.LoadCodec(str(kind_file(tmp_path, "tiny_held", continuous=True)), "cpu"))
    path = speech_file(tmp_path, 1.0)
    number = talk.client.send(
        p.StartLive(input=p.VIRTUAL_DEVICE, output=p.VIRTUAL_DEVICE, file=str(path), loop_file=True, frames_per_step=8)
    )
    started = talk.next(p.LiveStarted, number)
    assert started.codes_ring is None and started.latents_ring is not None
    latents, heard = Ring.attach(started.latents_ring), Ring.attach(started.output_ring)
    talk.until(lambda: latents.written > 50 and heard.written > 50 * 32)
    assert latents.written * 32 == pytest.approx(heard.written, abs=8 * 32)
    talk.ask(p.StopLive())


@pytest.mark.parametrize("make", [TinyHeld, TinyAhead, lambda: TinyAhead("rates")])
def test_a_long_clip_goes_through_in_blocks(make: type[Codec], monkeypatch: pytest.MonkeyPatch) -> None:
    """No codec is refused for its length, and none is given more than a block."""
    codec = make()
    longest = 0
    encode = type(codec).encode

    def watched(self: Codec, audio: torch.Tensor, depth: int | None = None) -> object:
        nonlocal longest
        longest = max(longest, audio.shape[-1])
        return encode(self, audio, depth)

    samples = 0.3 * np.random.default_rng(0).standard_normal((1, 40 * 16_000)).astype(np.float32)
    wanted = codec.encode(torch.from_numpy(samples)[None])
    monkeypatch.setattr(type(codec), "encode", watched)
    work = coding.encode(codec, samples, lambda latents: None, lambda done, total: None)
    while True:
        try:
            next(work)
        except StopIteration as end:
            coded = end.value
            break
    coded.unlink()
    assert longest <= 60 * 32
    for mine, theirs in zip(coded.encoded.code_groups, wanted.code_groups, strict=True):
        assert torch.equal(mine, theirs)
