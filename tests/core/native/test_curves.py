"""GELU, the gates of an LSTM and what stands around torch's exponential, against torch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from speefeare_core.native import needed
from speefeare_core.native.elu import elu_around
from speefeare_core.native.gates import fits, gates


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("count", [1, 7, 8, 1001])
def test_gelu(count: int) -> None:
    x, out = drawn(count) * 3, torch.full((count + 1,), 7.0)
    needed().gelu(x.data_ptr(), out.data_ptr(), count)
    torch.testing.assert_close(out[:-1], torch.nn.functional.gelu(x), rtol=3e-7, atol=8e-7)
    assert out[-1] == 7


def test_gelu_everywhere() -> None:
    x = torch.linspace(-12, 12, 100_001)
    out = torch.empty_like(x)
    needed().gelu(x.data_ptr(), out.data_ptr(), x.numel())
    wanted = torch.nn.functional.gelu(x.double())
    assert float((out - wanted).abs().max()) < 1e-6
    assert float(((out - wanted) / wanted)[x > 0.01].abs().max()) < 3e-7
    ends = torch.tensor([-torch.inf, -1e30, 0.0, 1e30, torch.inf, torch.nan])
    needed().gelu(ends.data_ptr(), ends.data_ptr(), 6)
    assert ends[1:5].tolist() == [0, 0, torch.tensor(1e30).item(), torch.inf] and bool(ends[5].isnan())


def test_gates() -> None:
    width = 24
    sums, cell, hidden = drawn(4 * width) * 4, drawn(width, seed=2) * 3, torch.empty(width)
    let_in, forget, new, show = sums.chunk(4)
    after = forget.sigmoid() * cell + let_in.sigmoid() * new.tanh()
    gates(sums, cell, hidden)()
    torch.testing.assert_close(cell, after, rtol=0, atol=1e-6)
    torch.testing.assert_close(hidden, show.sigmoid() * after.tanh(), rtol=0, atol=1e-6)


def test_gates_at_their_ends() -> None:
    level = torch.tensor([-1e30, -100.0, -1e-6, 0.0, 1e-6, 0.624, 0.626, 100.0])
    sums, cell, hidden = (
        torch.cat([torch.full((8,), 1e3), torch.full((8,), -1e3), level, level]),
        level.clone(),
        drawn(8),
    )
    gates(sums, cell, hidden)()
    torch.testing.assert_close(cell, level.tanh(), rtol=2e-7, atol=1e-37)
    torch.testing.assert_close(hidden, level.sigmoid() * level.tanh().tanh(), rtol=3e-7, atol=1e-37)


def test_gates_refuse_what_does_not_fit() -> None:
    assert fits(512) and not fits(12)
    with pytest.raises(ValueError, match="hidden"):
        gates(drawn(32), drawn(8), drawn(9))
    with pytest.raises(ValueError, match="contiguous"):
        gates(drawn(64)[::2], drawn(8), drawn(8))


def test_around_an_exponential_every_bit_is_torchs() -> None:
    ends = torch.tensor([-torch.inf, -0.0, torch.inf, torch.nan])
    x = torch.cat([drawn(5000) * 4, -torch.logspace(-12, 1, 999), ends])
    power, one, other = (torch.empty_like(x) for _ in range(3))
    begin, ends = elu_around(x, power, [one, other])
    begin()
    assert torch.equal(power[:-1], x.clamp(max=0)[:-1]) and bool(power[-1].isnan())
    power.exp_()
    for end in ends:
        end()
    wanted = torch.maximum(x, x.clamp(max=0).exp_().sub_(1))
    assert torch.equal(one[:-1], wanted[:-1]) and torch.equal(other[:-1], wanted[:-1])
    assert bool(one[-1].isnan() & wanted[-1].isnan())
    with pytest.raises(ValueError, match="one shape"):
        elu_around(x, power, [one[1:]])
