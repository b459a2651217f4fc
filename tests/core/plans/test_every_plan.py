"""Streaming equals offline, for every family that streams, in every mode it has, at one and at several frames a step.

`pytest -s tests/core/plans/test_every_plan.py` prints the table. What a stream from silence is compared with is the
whole file of the same sound after the silence that the stream has heard.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor

from speefeare_core.checkpoints.load import load_codec
from speefeare_core.codec import Codec
from speefeare_core.codecs import FAMILIES
from speefeare_core.codecs.audiovae import AudioVaeCodec
from speefeare_core.codecs.encodec_stream import silence_samples
from speefeare_core.codecs.identity import IdentityCodec
from speefeare_core.codecs.mimi import SILENCE_FRAMES
from speefeare_core.codecs.mulaw import MulawCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.lazy import load_named
from speefeare_core.plans import kernels, make_plan, products
from speefeare_core.plans.check import check_signal
from speefeare_core.plans.modes import MODES, Mode
from speefeare_core.stream import CodecStream
from tests.core import small_mimi, small_seanet, small_soundstream, small_subframe
from tests.core.lyra_folder import lyra_folder
from tests.core.test_audiovae import ONE, lively

MAKERS: dict[str, Callable[[], Codec]] = {
    "linear": lambda: load_codec("linear-16k", "cpu"),
    "transform": lambda: load_codec("neural-transform-16k", "cpu"),
    "subframe": small_subframe.random_codec,
    "soundstream": small_soundstream.small_codec,
    "lyra": lambda: load_codec(lyra_folder(), "cpu"),
    "encodec": small_seanet.small_encodec,
    "mimi": small_mimi.small_codec,
    "audiovae": lambda: AudioVaeCodec(lively(ONE), name="small"),
    "mulaw": MulawCodec,
    "identity": IdentityCodec,
}
STEPS = 15
TOLERANCE = 1e-5  # of the greatest sample


def test_no_family_that_streams_is_left_out() -> None:
    streaming = {key for key, family in FAMILIES.items() if load_named(family.loader).stream is not Codec.stream}
    assert streaming == set(MAKERS)


@cache
def codec_of(family: str) -> Codec:
    return MAKERS[family]()


def heard_frames(codec: Codec) -> int:
    """Frames of silence that a stream from silence has behind it."""
    if codec.info.family == "encodec":
        return silence_samples(codec.module) // codec.info.hop_samples  # type: ignore[arg-type]
    return SILENCE_FRAMES if codec.info.family == "mimi" else 0


def offline(codec: Codec, signal: Tensor) -> tuple[Tensor, Tensor]:
    """Codes (or latents) of the signal, and what the stream should say: the whole file's sound, late as the stream."""
    info, silent = codec.info, heard_frames(codec)
    before = signal.new_zeros(1, info.channels, silent * info.hop_samples)
    encoded = codec.encode(torch.cat([before, signal], dim=-1))
    told = encoded.codes if info.books else encoded.latents
    assert told is not None
    frames = signal.shape[-1] // info.hop_samples
    audio = codec.decode(encoded)[..., silent * info.hop_samples :]
    return told[..., silent : silent + frames], audio[..., : audio.shape[-1] - info.stream_delay_samples]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.key)
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
@pytest.mark.parametrize("family", MAKERS)
def test_streaming_equals_offline(family: str, several: bool, mode: Mode) -> None:
    codec = codec_of(family)
    info = codec.info
    frames = info.live_frames * (3 if several else 1)
    try:
        plan = make_plan(codec, frames, mode=mode.key)
    except SpeefeareError as refusal:
        assert not mode.exact and f"{info.name} has no {mode.key} mode" in str(refusal)
        assert codec.plan_stream(frames, None, mode.key) is None
        return
    same, error = against_offline(codec, plan.stream, frames)
    report = plan.report
    print(
        f"\n{info.name} ({family}), {frames} frame(s), {mode.key}{'' if report.compiled else ' (plain)'}:"
        f" codes {'–' if same is None else f'{same:.2%}'}, error {error:.1e}, of its own check"
        f" {report.tokens_same}, {report.audio_error:.1e}, built in {report.build_s:.2f} s",
        end="",
    )
    assert math.isfinite(error) and math.isfinite(report.audio_error)
    assert (same is None) == (report.tokens_same is None) == (not info.books)
    if same is not None and report.tokens_same is not None:
        assert 0 <= same <= 1 and 0 <= report.tokens_same <= 1
        if mode.key != "bfloat16":
            assert same == report.tokens_same == 1.0
    if mode.exact:
        assert error <= TOLERANCE and report.audio_error <= TOLERANCE


@pytest.mark.parametrize("family", ["linear", "transform", "subframe", "soundstream", "encodec", "mimi"])
def test_narrow_weights_everywhere(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small products stay in float32 by themselves; here none does, so that the narrow modes differ at all."""
    codec = codec_of(family)
    kernels.forget_timings()
    whole = kernels._candidates
    monkeypatch.setattr(products, "BIG", 1)
    monkeypatch.setattr(kernels, "_candidates", lambda mode, weight, rows: tuple(
        name for name in whole(mode, weight, rows) if mode == "float32" or name not in kernels.EXACT_KERNELS
    ))  # fmt: skip
    for mode in (row.key for row in MODES if not row.exact):
        plan = make_plan(codec, 1, mode=mode)
        same, error = against_offline(codec, plan.stream, 1)
        print(f"\n{codec.info.name} ({family}), all of it {mode}: codes {same:.2%}, error {error:.1e}", end="")
        assert same is not None and plan.report.compiled
        assert 1e-7 < error < 0.5
        assert same == 1.0 if mode == "int8_decoder" else 0.5 < same <= 1.0
    kernels.forget_timings()


def against_offline(codec: Codec, stream: CodecStream, frames: int) -> tuple[float | None, float]:
    """The share of the whole file's codes (None without), and the error of the sound (or latents)."""
    info = codec.info
    signal = check_signal(codec, frames * STEPS)
    wanted, sound = offline(codec, signal)
    told, heard = [], []
    with torch.inference_mode():
        blocks = torch.split(signal, frames * info.hop_samples, dim=-1)
        for block, known in zip(blocks, torch.split(wanted, frames, dim=-1), strict=True):
            codes, latents = stream.encode(block)
            found = codes if info.books else latents
            assert found is not None
            told.append(found)
            heard.append(stream.decode(known))
    ours = torch.cat(told, dim=-1)
    audio = torch.cat(heard, dim=-1)[..., info.stream_delay_samples :]
    error = share(audio, sound[..., : audio.shape[-1]])
    if not info.books:
        return None, max(error, share(ours, wanted))
    assert len(set(wanted[0, 0].tolist())) > 2  # else agreement says nothing
    return float((ours == wanted).float().mean()), error


def share(found: Tensor, wanted: Tensor) -> float:
    """The greatest difference as a share of the greatest value."""
    assert found.shape == wanted.shape
    return float((found - wanted).abs().max() / wanted.abs().max().clamp(min=1e-3))
