"""Causal convolutions: piece by piece equals the whole, for any chunking, and nothing looks ahead."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from speefeare_core.nn.conv import CausalConv1d, CausalConvTranspose1d
from speefeare_core.nn.stable_matmul import stable_matmul
from speefeare_core.nn.streaming import Pointwise, Residual, StreamModule, StreamSequential

FRAMES = 23
CONVS = [
    # kernel, stride, dilation, groups
    (1, 1, 1, 1),
    (7, 1, 1, 1),
    (7, 1, 9, 1),
    (3, 1, 3, 4),
    (4, 2, 1, 1),
    (5, 3, 2, 1),
    (16, 8, 1, 1),
    (4, 4, 1, 1),
]
TRANSPOSED = [(1, 1), (4, 2), (5, 5), (7, 3), (3, 2), (16, 8), (11, 2)]  # kernel, stride


def chunkings(total: int) -> list[list[int]]:
    """Pieces of 1, 2, 3, 7 and all frames, and a ragged mix."""
    plain = [[size] * (total // size) + ([total % size] if total % size else []) for size in (1, 2, 3, 7, total)]
    return [*plain, [5, 1, 9, 2, total - 17]]


def run_in_pieces(module: StreamModule, x: Tensor, pieces: Sequence[int], unit: int) -> Tensor:
    state = module.initial_state(x.shape[0])
    out, at = [], 0
    for frames in pieces:
        y, state = module.step(x[..., at : at + frames * unit], state)
        out.append(y)
        at += frames * unit
    assert at == x.shape[-1]
    return torch.cat(out, dim=-1)


@pytest.mark.parametrize(("kernel", "stride", "dilation", "groups"), CONVS)
@pytest.mark.parametrize("batch", [1, 3])
def test_conv_in_pieces_equals_the_whole(kernel: int, stride: int, dilation: int, groups: int, batch: int) -> None:
    torch.manual_seed(kernel + stride)
    conv = CausalConv1d(4, 8, kernel, stride=stride, dilation=dilation, groups=groups)
    x = torch.randn(batch, 4, FRAMES * stride)
    with torch.inference_mode():
        whole = conv(x)
        assert whole.shape == (batch, 8, FRAMES)
        for pieces in chunkings(FRAMES):
            torch.testing.assert_close(run_in_pieces(conv, x, pieces, stride), whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("kernel", "stride"), TRANSPOSED)
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_transposed_conv_in_pieces_equals_the_whole(kernel: int, stride: int, batch: int, bias: bool) -> None:
    torch.manual_seed(kernel + stride)
    conv = CausalConvTranspose1d(6, 5, kernel, stride=stride, bias=bias)
    x = torch.randn(batch, 6, FRAMES)
    with torch.inference_mode():
        whole = conv(x)
        assert whole.shape == (batch, 5, FRAMES * stride)
        for pieces in chunkings(FRAMES):
            torch.testing.assert_close(run_in_pieces(conv, x, pieces, 1), whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("rows", "terms"), [(1, 56), (3, 21), (32, 224), (64, 896), (128, 1792), (64, 4096)])
def test_a_column_of_the_stable_product_is_the_same_in_any_company(rows: int, terms: int) -> None:
    torch.manual_seed(0)
    weight, columns = torch.randn(rows, terms), torch.randn(terms, 400)
    whole = stable_matmul(weight, columns)
    torch.testing.assert_close(whole, weight @ columns, atol=1e-3, rtol=1e-5)
    for count in (1, 2, 3, 8, 17, 75, 321):
        assert torch.equal(stable_matmul(weight, columns[:, :count].contiguous()), whole[:, :count])


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_no_output_looks_ahead(stride: int) -> None:
    down = CausalConv1d(1, 3, 2 * stride, stride=stride)
    up = CausalConvTranspose1d(3, 1, 2 * stride, stride=stride)
    x = torch.randn(1, 1, 12 * stride)
    later = x.clone()
    later[..., 7 * stride :] += 1.0
    with torch.inference_mode():
        before, after = up(down(x)), up(down(later))
    assert torch.equal(before[..., : 7 * stride], after[..., : 7 * stride])
    assert not torch.equal(before[..., 7 * stride : 8 * stride], after[..., 7 * stride : 8 * stride])


def test_a_container_carries_the_states_of_its_parts() -> None:
    net = StreamSequential(
        CausalConv1d(1, 4, 7),
        Residual(StreamSequential(Pointwise(nn.ELU()), CausalConv1d(4, 4, 3, dilation=5))),
        CausalConv1d(4, 6, 4, stride=2),
        Pointwise(nn.ELU()),
        CausalConvTranspose1d(6, 1, 4, stride=2),
    )
    x = torch.randn(2, 1, 2 * FRAMES)
    with torch.inference_mode():
        for pieces in chunkings(FRAMES):
            torch.testing.assert_close(run_in_pieces(net, x, pieces, 2), net(x), atol=1e-5, rtol=0)


def test_a_step_changes_neither_its_input_nor_the_old_state() -> None:
    net = StreamSequential(CausalConv1d(2, 4, 5), CausalConvTranspose1d(4, 2, 4, stride=2))
    with torch.inference_mode():
        _, state = net.step(torch.randn(1, 2, 9), net.initial_state(1))
        kept = [part.clone() for part in state]
        x = torch.randn(1, 2, 3)
        first, _ = net.step(x.clone(), state)
        again, _ = net.step(x, state)
    assert torch.equal(first, again)
    assert all(torch.equal(before, now) for before, now in zip(kept, state, strict=True))


def test_shapes_that_cannot_be_causal_are_refused() -> None:
    with pytest.raises(ValueError, match="stride 3"):
        CausalConv1d(1, 1, 2, stride=3)
    with pytest.raises(ValueError, match="stride 4"):
        CausalConvTranspose1d(1, 1, 3, stride=4)
    conv = CausalConv1d(1, 1, 4, stride=2)
    with pytest.raises(ValueError, match="multiple of the stride"):
        conv.step(torch.zeros(1, 1, 3), conv.initial_state(1))
