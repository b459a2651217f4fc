"""Mimi's plan beside the plain stream: past the transformers' context, state, depths and books, number formats."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from speefeare_core.codecs.mimi import MimiCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.seanet import SeanetLayer
from speefeare_core.plans import make_plan, products
from speefeare_core.plans.mimi import MimiPlan
from speefeare_core.stream import CodecStream
from tests.core.plans.changes import same_through_changes
from tests.core.small_mimi import small_codec
from tests.core.small_soundstream import voice_like

FRAMES = 320  # 640 steps of the transformers, which see 12; turns are computed for 256


@pytest.fixture(scope="module")
def codec() -> MimiCodec:
    return small_codec()


def soften(codec: MimiCodec) -> None:
    """Random weights with Snake give samples up to 50, whose last bits are worth more than the tolerance."""
    last = codec.module.decoder.model[-1]
    assert isinstance(last, SeanetLayer)
    last.conv.weight.mul_(0.05)
    assert last.conv.bias is not None
    last.conv.bias.mul_(0.05)


def plan_of(codec: MimiCodec, frames: int = 1, depth: int | None = None, mode: str = "float32") -> MimiPlan:
    made = make_plan(codec, frames, depth, mode)
    assert made.report.compiled, made.report.note
    assert isinstance(made.stream, MimiPlan)
    return made.stream


def run(stream: CodecStream, audio: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, latents and audio of a stream in steps of so many frames."""
    steps = [stream.step(piece) for piece in audio.split(frames * stream.info.hop_samples, dim=-1)]
    codes = torch.cat([step.codes for step in steps if step.codes is not None], dim=-1)
    latents = torch.cat([step.latents for step in steps if step.latents is not None], dim=-1)
    return codes, latents, torch.cat([step.audio for step in steps], dim=-1)


def assert_same(found: tuple[Tensor, Tensor, Tensor], wanted: tuple[Tensor, Tensor, Tensor]) -> None:
    assert torch.equal(found[0], wanted[0])
    torch.testing.assert_close(found[1], wanted[1], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found[2], wanted[2], atol=1e-5, rtol=0)


@pytest.mark.parametrize("frames", [1, 2, 4])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_residual_layers": 2, "frame_stride": 3, "books": 9, "semantic_books": 2, "pad_mode": "replicate"},
        {"activation": "Snake"},
    ],
)
def test_a_plan_is_the_plain_stream(frames: int, changes: dict[str, object]) -> None:
    codec = small_codec(**changes)
    if changes.get("activation") == "Snake":
        soften(codec)
    audio = voice_like(1, FRAMES * codec.info.hop_samples, seed=3)
    wanted = run(codec.stream(start="silence"), audio, 1)
    assert all(book.unique().numel() >= 8 for book in wanted[0][0]) and wanted[2].std() > 0.01
    plan = plan_of(codec, frames)
    assert_same(run(plan, audio, frames), wanted)
    plan.reset()
    assert_same(run(plan, audio[..., : 40 * codec.info.hop_samples], 4), tuple(part[..., :n] for part, n in zip(
        wanted, (40, 40, 40 * codec.info.hop_samples), strict=True)))  # fmt: skip


def test_state_goes_to_another_plan(codec: MimiCodec) -> None:
    audio = voice_like(1, 60 * codec.info.hop_samples, seed=4)
    first, rest = audio.split(20 * codec.info.hop_samples, dim=-1)[:2]
    plan, other = plan_of(codec, 2), plan_of(codec, 2)
    run(plan, first, 2)
    state = plan.get_state()
    wanted = run(plan, rest, 2)
    for _ in range(2):  # the second time from the same copy: going on must not have changed it
        other.set_state(state)
        assert_same(run(other, rest, 2), wanted)
    with pytest.raises(SpeefeareError, match="not one of a plan"):
        plan_of(codec, 1).set_state(state)
    with pytest.raises(SpeefeareError, match="not one of a plan"):
        other.set_state(codec.stream().get_state())


def test_depth_and_books_change_while_it_runs(codec: MimiCodec) -> None:
    audio = voice_like(1, 50 * codec.info.hop_samples, seed=5)
    plain, plan = codec.stream(depth=3, start="silence"), plan_of(codec, 1, depth=3)
    same_through_changes(plain, plan, audio.split(codec.info.hop_samples, dim=-1), 5)
    with pytest.raises(SpeefeareError, match="books"):
        plan.choose_books([7])


def test_a_reset_plan_decodes_the_silence_of_its_depth(codec: MimiCodec) -> None:
    plain, plan = codec.stream(start="silence"), plan_of(codec)
    piece = voice_like(1, codec.info.hop_samples, seed=6)
    for stream in (plain, plan):
        stream.depth = 2
        stream.reset()
    torch.testing.assert_close(plan.step(piece).audio, plain.step(piece).audio, atol=1e-5, rtol=0)


def test_a_ragged_end(codec: MimiCodec) -> None:
    hop = codec.info.hop_samples
    rest = voice_like(1, 2 * hop + 7, seed=7)
    wanted, _ = codec.stream(start="silence").encode(torch.nn.functional.pad(rest, (0, hop - 7)))
    found, latents = plan_of(codec, 2).finish_encode(rest)
    assert found is not None and torch.equal(found, wanted) and latents is not None and latents.shape[-1] == 3
    assert plan_of(codec, 2).finish_encode() == (None, None)


def test_other_pieces_are_refused(codec: MimiCodec) -> None:
    plan = plan_of(codec, 2)
    hop = codec.info.hop_samples
    for audio in (torch.zeros(1, 1, hop), torch.zeros(1, 1, 5 * hop), torch.zeros(2, 1, 2 * hop)):
        with pytest.raises(SpeefeareError):
            plan.encode(audio)
    with pytest.raises(SpeefeareError, match="2 frames"):
        plan.decode(torch.zeros(1, 5, 3, dtype=torch.int64))


@pytest.mark.parametrize(("mode", "tokens", "sound"), [("bfloat16", 0.9, 0.02), ("int8_decoder", 1.0, 0.2)])
def test_narrow_weights(
    codec: MimiCodec, monkeypatch: pytest.MonkeyPatch, mode: str, tokens: float, sound: float
) -> None:
    monkeypatch.setattr(products, "BIG", 1)
    narrow = codec.plan_stream(1, None, mode)
    assert narrow is not None
    audio = voice_like(1, 100 * codec.info.hop_samples, seed=8)
    wanted = run(codec.stream(start="silence"), audio, 1)
    codes = torch.cat([narrow.encode(piece)[0] for piece in audio.split(codec.info.hop_samples, dim=-1)], dim=-1)  # type: ignore[misc]
    decoded = torch.cat([narrow.decode(frame) for frame in wanted[0].split(1, dim=-1)], dim=-1)
    assert (codes == wanted[0]).float().mean() >= tokens
    error = float((decoded - wanted[2]).abs().max() / wanted[2].abs().max())
    assert 0 < error < sound
