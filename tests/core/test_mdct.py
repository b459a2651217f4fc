"""The lapped transform and the causal frame blocks: reconstruction, and pieces equal the whole to the bit."""

from __future__ import annotations

import pytest
import torch

from speefeare_core.nn.compact import compact, expand
from speefeare_core.nn.frame_blocks import FrameStack, row_matmul
from speefeare_core.nn.mdct import Mdct, compress

PIECES = [[1] * 12, [2, 1, 4, 5], [12], [3, 9]]


def test_synthesis_undoes_analysis_one_hop_late() -> None:
    torch.manual_seed(0)
    mdct = Mdct(20)
    audio = torch.randn(2, 200)
    spans, _ = mdct.spans(audio, mdct.silence(2))
    back, _ = mdct.synthesise(mdct.analyse(spans), mdct.silence(2))
    torch.testing.assert_close(back[:, 20:], audio[:, :-20], atol=1e-5, rtol=0)


def test_the_transform_keeps_the_energy() -> None:
    torch.manual_seed(1)
    mdct = Mdct(32)
    audio = torch.nn.functional.pad(torch.randn(1, 640), (32, 64))
    spans, _ = mdct.spans(audio, mdct.silence(1))
    torch.testing.assert_close(mdct.analyse(spans).square().sum(), audio.square().sum(), rtol=1e-4, atol=0)


def test_a_tone_gives_its_bin_and_a_steady_magnitude() -> None:
    mdct = Mdct(100)
    audio = torch.sin(2 * torch.pi * 0.1525 * torch.arange(2000))[None]  # bin 30 of 100
    spans, _ = mdct.spans(audio, mdct.silence(1))
    energy = (mdct.analyse(spans).square() + mdct.quadrature(spans).square())[0, 1:]
    assert set(energy.argmax(dim=1).tolist()) == {30}
    assert float(energy[:, 30].std() / energy[:, 30].mean()) < 0.01
    alone = mdct.analyse(spans).square()[0, 1:, 30]
    assert float(alone.std() / alone.mean()) > 0.1


def test_a_block_that_is_not_whole_is_refused() -> None:
    mdct = Mdct(20)
    with pytest.raises(ValueError, match="30 samples are not whole blocks of 20"):
        mdct.spans(torch.zeros(1, 30), mdct.silence(1))


@pytest.mark.parametrize("power", [0.5, 0.7, 1.0])
def test_companding_has_an_inverse_and_keeps_the_sign(power: float) -> None:
    values = torch.tensor([-4.0, -0.01, 0.0, 0.25, 9.0])
    torch.testing.assert_close(compress(compress(values, power), 1 / power), values)
    assert torch.equal(compress(values, power).sign(), values.sign())


@pytest.mark.parametrize("pieces", PIECES)
def test_pieces_of_a_signal_give_the_same_spectra_and_samples(pieces: list[int]) -> None:
    torch.manual_seed(2)
    mdct = Mdct(64)
    audio = torch.randn(1, 12 * 64)
    spans, _ = mdct.spans(audio, mdct.silence(1))
    whole = mdct.analyse(spans)
    samples, _ = mdct.synthesise(whole, mdct.silence(1))
    into, out_of, at = mdct.silence(1), mdct.silence(1), 0
    for count in pieces:
        spans, into = mdct.spans(audio[:, at * 64 : (at + count) * 64], into)
        spectra = mdct.analyse(spans)
        made, out_of = mdct.synthesise(spectra, out_of)
        assert torch.equal(spectra, whole[:, at : at + count])
        assert torch.equal(made, samples[:, at * 64 : (at + count) * 64])
        at += count


def _stack() -> FrameStack:
    torch.manual_seed(3)
    stack = FrameStack(32, 64, kernel=3, dilations=(1, 2))
    for weight in stack.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return stack.eval()


def test_a_fresh_stack_is_the_identity() -> None:
    stack = FrameStack(8, 16, kernel=3, dilations=(1, 2))
    frames = torch.randn(2, 5, 8)
    out, _ = stack(frames, stack.silence(frames))
    assert torch.equal(out, frames)


@pytest.mark.parametrize("pieces", PIECES)
def test_pieces_through_the_blocks_equal_the_whole(pieces: list[int]) -> None:
    stack = _stack()
    frames = torch.randn(1, 12, 32)
    with torch.no_grad():
        whole, _ = stack(frames, stack.silence(frames))
        state, at = stack.silence(frames), 0
        for count in pieces:
            out, state = stack(frames[:, at : at + count], state)
            assert torch.equal(out, whole[:, at : at + count])
            at += count


def test_the_blocks_do_not_look_ahead_and_remember_what_they_say() -> None:
    stack = _stack()
    frames = torch.randn(1, 12, 32)
    changed = frames.clone()
    changed[:, 5] += 1
    with torch.no_grad():
        before, _ = stack(frames, stack.silence(frames))
        after, _ = stack(changed, stack.silence(frames))
    moved = (before != after).any(dim=2)[0].nonzero()[:, 0].tolist()
    assert moved == list(range(5, 12))  # memory 2 + 4 frames reaches the end


def test_a_lone_row_is_multiplied_as_in_company() -> None:
    torch.manual_seed(4)
    rows, weight, bias = torch.randn(40, 320), torch.randn(320, 128), torch.randn(128)
    whole = row_matmul(rows, weight, bias)
    for index in range(40):
        assert torch.equal(row_matmul(rows[index : index + 1], weight, bias), whole[index : index + 1])


def test_compact_weights_come_back_within_half_a_step() -> None:
    torch.manual_seed(5)
    tensors = {"matrix": torch.randn(6, 50), "vector": torch.randn(50), "zero": torch.zeros(2, 3)}
    stored = compact(tensors)
    assert stored["matrix"].dtype == torch.int8
    back = expand(stored)
    assert set(back) == set(tensors)
    step = tensors["matrix"].abs().amax(dim=1, keepdim=True) / 127
    assert bool(((back["matrix"] - tensors["matrix"]).abs() <= step * 0.501).all())
    assert torch.equal(back["vector"], tensors["vector"])
    assert torch.equal(back["zero"], tensors["zero"])


def test_compact_with_halves_of_scales_and_the_rest() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(9, 40) * torch.logspace(-7, 2, 9)[:, None]
    matrix[0] = 0.0
    tensors = {"weight": matrix, "bias": torch.randn(40), "counts": torch.arange(3)}
    stored = compact(tensors, torch.float16)
    assert [stored[name].dtype for name in ("weight", "weight.scale", "bias", "counts")] == [
        torch.int8, torch.float16, torch.float16, torch.int64,
    ]  # fmt: skip
    back = expand(stored)
    assert bool((back["weight"][0] == 0).all())
    step = matrix.abs().amax(dim=1, keepdim=True) / 127
    assert bool(((back["weight"] - matrix).abs() <= 1.1 * step)[3:].all())  # rows of 1e-5 and more
    again = compact({name: value.float() if value.is_floating_point() else value for name, value in back.items()},
                    torch.float16)  # fmt: skip
    assert all(torch.equal(again[name], stored[name]) for name in stored)
