"""What blocks change where their context is not exact: tokens and audio, near the seams and away from them."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

from speefeare_core import blocks
from speefeare_core.blocks.interface import BlockEncoder
from speefeare_core.blocks.overlapped import OverlappedDecoder, OverlappedEncoder
from speefeare_core.blocks.pieces import Joiner, count_frames, group_slowness, split
from speefeare_core.blocks.report import SeamReport
from speefeare_core.codec import BlockContext
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor

    from speefeare_core.codec import Codec, Encoded

NEAR_S = 0.25  # on both sides of a seam, but never more than half of the recording
SEAMS = 3  # in the recording that is measured by default


def measure_seam(codec: Codec, audio: Tensor, context: BlockContext | None = None) -> SeamReport:
    """Audio `[1, C, T]` through blocks and in one call. `context` None: the codec's own.

    Raises `SpeefeareError` where a codec has no blocks, or the recording is no longer than one.
    """
    return _end_of(measuring(codec, audio, context))


def measuring(codec: Codec, audio: Tensor, context: BlockContext | None = None) -> Generator[None, None, SeamReport]:
    """`measure_seam` as a generator that pauses between blocks."""
    import torch

    info = codec.info
    context = context or codec.block_context
    if context is None or blocks.way_of(codec) != "blocks":
        raise SpeefeareError(f"{info.name} has no seams: recordings go through it {_WORDS[blocks.way_of(codec)]}.")
    encoder = codec.block_encoder(None, 1) or OverlappedEncoder(codec, context, None, 1)
    in_blocks = yield from _encode(codec, encoder, torch.split(audio, info.rate_hz, dim=-1))
    # An encoder of the family's own carries its state; then only the decoder has seams.
    seams = encoder.seams or list(range(context.frames, count_frames(info, in_blocks), context.frames))
    if not seams:
        raise SpeefeareError(
            f"The recording is shorter than a block of {_block_s(codec, context):g} s; take a longer one."
        )
    yield
    whole = codec.encode(audio)
    yield
    reference = codec.decode(whole).to("cpu")
    same_tokens = yield from _decode(codec, context, whole)
    round_trip = yield from _decode(codec, context, in_blocks)
    reach_s = min(NEAR_S, _block_s(codec, context) / 4)
    near = _near(seams, info.hop_samples, reach_s * info.rate_hz, audio.shape[-1])
    tokens_near, tokens_away = [], []
    slow = group_slowness(info, whole)
    for mine, theirs, times in zip(in_blocks.code_groups, whole.code_groups, slow, strict=True):
        frames = min(mine.shape[-1], theirs.shape[-1])
        close = _near(seams, 1.0 / times, reach_s * info.frame_rate_hz / times, frames)
        equal = (mine[..., :frames] == theirs[..., :frames].to("cpu"))[0].to(torch.float32)
        tokens_near += [float(row[close].mean()) for row in equal]
        tokens_away += [float(row[~close].mean()) for row in equal]
    difference = (same_tokens - reference)[0]
    return SeamReport(
        codec=info.name,
        block_s=_block_s(codec, context),
        context_s=_context_s(codec, context),
        length_s=audio.shape[-1] / info.rate_hz,
        seams=len(seams),
        tokens_near=tuple(tokens_near),
        tokens_away=tuple(tokens_away),
        latents_max=None if whole.code_groups else _latents_max(in_blocks, whole),
        audio_max_near=float(difference[:, near].abs().max()),
        audio_max_away=float(difference[:, ~near].abs().max()),
        audio_snr_near_db=_snr_db(reference[0][:, near], difference[:, near]),
        audio_snr_away_db=_snr_db(reference[0][:, ~near], difference[:, ~near]),
        round_trip_snr_db=_snr_db(reference[0], (round_trip - reference)[0]),
    )


def seam_of_sample(codec: Codec) -> SeamReport:
    """`measure_seam` on the shipped sample, repeated until it holds three seams."""
    return _end_of(measuring(codec, long_sample(codec)))


def long_sample(codec: Codec) -> Tensor:
    """The shipped sample `[1, C, T]`, repeated until blocks of this codec have three seams in it."""
    import numpy as np
    import torch

    from speefeare_core import audio, resources

    info, context = codec.info, codec.block_context
    found = audio.read(resources.resource("samples", "sense_and_sensibility.flac"), info.rate_hz, info.channels)
    block = 0.0 if context is None else (SEAMS + 0.5) * _block_s(codec, context) + _context_s(codec, context)[1]
    times = max(1, math.ceil(block / found.length_s))
    samples = np.tile(found.samples, times)[:, : max(1, round(block * info.rate_hz))]
    return torch.from_numpy(samples)[None]


_WORDS = {
    "stream": "with carried state",
    "segments": "in pieces of its own making",
    "whole": "in one call",
    "blocks": "in blocks",
}


def _end_of(work: Generator[None, None, SeamReport]) -> SeamReport:
    while True:
        try:
            next(work)
        except StopIteration as end:
            report: SeamReport = end.value
            return report


def _encode(codec: Codec, encoder: BlockEncoder, audio: Iterable[Tensor]) -> Generator[None, None, Encoded]:
    joiner = Joiner(codec.info)
    for block in audio:
        yield
        joiner.push(encoder.push(block))
    joiner.push(encoder.finish())
    return joiner.result()


def _decode(codec: Codec, context: BlockContext, encoded: Encoded) -> Generator[None, None, Tensor]:
    import torch

    decoder = OverlappedDecoder(codec, context, None, None)
    found = []
    for piece in split(codec.info, encoded, context.frames):
        yield
        found.append(decoder.push(piece))
    return torch.cat([*found, decoder.finish()], dim=-1)


def _near(seams: list[int], unit: float, reach: float, count: int) -> Tensor:
    """Which of `count` positions lie within `reach` of a seam, at `unit` positions a frame."""
    import torch

    at = torch.arange(count)[:, None]
    return ((at - torch.tensor(seams)[None] * unit).abs() <= reach).any(-1)


def _block_s(codec: Codec, context: BlockContext) -> float:
    return context.frames / codec.info.frame_rate_hz


def _context_s(codec: Codec, context: BlockContext) -> tuple[float, float]:
    before, after = (max(pair) for pair in zip(context.encode, context.decode, strict=True))
    return before / codec.info.frame_rate_hz, after / codec.info.frame_rate_hz


def _latents_max(found: Encoded, wanted: Encoded) -> float:
    assert found.latents is not None and wanted.latents is not None
    wanted_latents = wanted.latents.to("cpu")
    return float((found.latents - wanted_latents).abs().max() / wanted_latents.abs().max().clamp_min(1e-12))


def _snr_db(wanted: Tensor, difference: Tensor) -> float:
    signal, noise = float(wanted.square().sum()), float(difference.square().sum())
    if noise == 0.0:
        return math.inf
    return 10 * math.log10(max(signal, 1e-30) / noise)
