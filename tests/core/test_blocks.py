"""Long recordings in blocks: the result of one call, for every kind of codec and every way to cut."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from speefeare_core import blocks
from speefeare_core.blocks import pieces
from speefeare_core.blocks.seam import measure_seam
from speefeare_core.codec import Codec, Encoded
from speefeare_core.errors import SpeefeareError
from tests.core.tiny_codec import TinyCodec
from tests.core.tiny_kinds import HOP, TinyAhead, TinyHeld

EXACT = {
    "stream": TinyCodec,
    "held stream": TinyHeld,
    "continuous stream": lambda: TinyHeld(continuous=True),
    **{
        name: (lambda name=name: TinyAhead(name))
        for name in ("plain", "rates", "continuous", "side", "parallel", "stereo", "single")
    },
}
WAYS = {"stream": "stream", "held stream": "stream", "continuous stream": "stream"}


def sound(codec: Codec, length: int, batch: int = 1) -> torch.Tensor:
    draw = torch.Generator().manual_seed(length)
    return 0.5 * torch.randn(batch, codec.info.channels, length, generator=draw)


def cut_up(audio: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    yield from audio.split(size, dim=-1)


def same(found: Encoded, wanted: Encoded) -> None:
    assert found.length_samples == wanted.length_samples
    assert [group.shape for group in found.code_groups] == [group.shape for group in wanted.code_groups]
    for mine, theirs in zip(found.code_groups, wanted.code_groups, strict=True):
        assert torch.equal(mine, theirs)
    assert found.latents is not None and wanted.latents is not None
    torch.testing.assert_close(found.latents, wanted.latents, atol=1e-6, rtol=0)
    assert found.side.keys() == wanted.side.keys()
    for name in found.side:
        torch.testing.assert_close(found.side[name], wanted.side[name])


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize(("length", "size"), [(9000, 777), (9000, 20_000), (6400, 640), (4097, 31), (33, 5), (7, 7)])
def test_joined_blocks_are_the_whole(kind: str, length: int, size: int) -> None:
    codec = EXACT[kind]()
    assert blocks.way_of(codec) == WAYS.get(kind, "blocks") and blocks.is_exact(codec)
    audio = sound(codec, length, batch=2)
    whole = codec.encode(audio)
    found = list(blocks.encode(codec, cut_up(audio, size)))
    same(blocks.join(codec, found), whole)
    assert sum(piece.length_samples for piece in found) == length

    wanted = codec.decode(whole)
    for told in (iter(found), pieces.split(codec.info, whole, 7), iter([whole])):
        coder = blocks.decoder(codec, batch=2)
        heard = torch.cat([*(coder.push(piece) for piece in told), coder.finish()], dim=-1)
        assert heard.shape == wanted.shape
        torch.testing.assert_close(heard, wanted, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", EXACT)
def test_depth_and_books_in_blocks(kind: str) -> None:
    codec = EXACT[kind]()
    if codec.info.depth < 2:
        return
    audio = sound(codec, 7001)
    whole = codec.encode(audio)
    shallow = blocks.join(codec, blocks.encode(codec, cut_up(audio, 1000), depth=2))
    for mine, theirs in zip(shallow.code_groups, codec.encode(audio, 2).code_groups, strict=True):
        assert torch.equal(mine, theirs)
    heard = torch.cat(list(blocks.decode(codec, whole, depth=2)), dim=-1)
    torch.testing.assert_close(heard, codec.decode(whole, 2), atol=1e-6, rtol=0)
    if kind == "stream":  # this one decodes the first books only
        return
    heard = torch.cat(list(blocks.decode(codec, whole, books=[1])), dim=-1)
    torch.testing.assert_close(heard, codec.decode(whole, books=[1]), atol=1e-6, rtol=0)


def test_little_is_kept_between_blocks() -> None:
    """What waits in an encoder or decoder does not grow with the recording."""
    codec = TinyAhead("rates")
    encoder, decoder = blocks.encoder(codec), blocks.decoder(codec)
    waiting = []
    for block in cut_up(sound(codec, 100 * HOP * 40), HOP * 40):
        piece = encoder.push(block)
        if piece is not None:
            decoder.push(piece)
        waiting.append(sum(part.shape[-1] for part in encoder._waiting))  # type: ignore[attr-defined]
    assert max(waiting) <= 3 * HOP * 40
    assert len(encoder.seams) == 99


def test_a_short_recording_is_one_call_where_blocks_are_not_exact() -> None:
    codec = TinyAhead("approximate")
    audio = sound(codec, 9000)
    encoder = blocks.encoder(codec, length_samples=9000)
    assert encoder.push(audio) is None
    last = encoder.finish()
    assert last is not None
    same(last, codec.encode(audio))
    in_blocks = blocks.join(codec, blocks.encode(codec, cut_up(audio, 1000)))
    assert not torch.equal(in_blocks.codes, last.codes)


def test_nothing_pushed_gives_nothing() -> None:
    for make in (TinyCodec, TinyHeld, TinyAhead):
        codec = make()
        last = blocks.encoder(codec).finish()
        assert last is None or last.codes.shape[-1] <= 1  # a codec with a delay sends the frame that flushes it
        assert blocks.decoder(codec).finish().shape[-1] == 0


def test_the_seam_of_exact_blocks_is_nothing_and_of_others_is_near_the_seam() -> None:
    exact = measure_seam(codec := TinyAhead("rates"), sound(codec, 20_000))
    assert exact.seams == 15 and len(exact.tokens_near) == 3
    assert set(exact.tokens_near + exact.tokens_away) == {1.0}
    assert exact.audio_max_near < 1e-6 and exact.audio_max_away < 1e-6

    codec = TinyAhead("approximate")
    context = dataclasses.replace(codec.block_context, frames=1000)
    report = measure_seam(codec, sound(codec, 100_000), context)
    assert report.seams == 3 and report.block_s == 2.0
    assert min(report.tokens_near) < 1.0 and set(report.tokens_away) == {1.0}
    assert report.audio_max_near < 1e-6, "the decoder of this one is exact: only its encoder is not"
    assert 0 < report.round_trip_snr_db < 100
    assert "Blocks of 2 s" in report.sentence() and "\n" not in report.sentence()

    latents = measure_seam(codec := TinyAhead("continuous"), sound(codec, 9000))
    assert latents.latents_max is not None and latents.latents_max < 1e-6


def test_no_seam_is_a_sentence() -> None:
    with pytest.raises(SpeefeareError, match="no seams: recordings go through it with carried state"):
        measure_seam(codec := TinyCodec(), sound(codec, 9000))
    with pytest.raises(SpeefeareError, match="shorter than a block"):
        measure_seam(codec := TinyAhead(), sound(codec, 900))


def test_the_report_needs_no_torch() -> None:
    code = "import sys; import speefeare_core.blocks.report; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
