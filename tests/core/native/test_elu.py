"""ELU in C against torch's."""

from __future__ import annotations

import pytest
import torch

from speefeare_core.native.elu import elu


@pytest.mark.parametrize("count", [1, 7, 8, 9, 1000, 4096])
def test_as_torch_but_for_the_last_bits(count: int) -> None:
    x = torch.randn(count, generator=torch.Generator().manual_seed(count)) * 8
    out = torch.full((count,), 7.0)
    elu(x, out)()
    torch.testing.assert_close(out, torch.nn.functional.elu(x), rtol=0, atol=1.2e-7)


def test_in_place_and_at_the_ends() -> None:
    x = torch.tensor([-torch.inf, -1e30, -88.0, -0.0, 0.0, 1e-30, 1e30, torch.inf, torch.nan])
    elu(x, x)()
    assert x[:5].tolist() == [-1, -1, -1, 0, 0]
    assert x[5:8].tolist() == torch.tensor([1e-30, 1e30, torch.inf]).tolist()
    assert bool(x[8].isnan())


def test_nothing_behind_the_end_is_written() -> None:
    x = torch.full((16,), -1.0)
    elu(x[:11], x[:11])()
    assert bool((x[11:] == -1).all())


def test_what_does_not_fit_is_refused() -> None:
    x = torch.zeros(4, 6)
    for source, target in ((x, x[:2]), (x.t(), x.t()), (x.double(), x.double())):
        with pytest.raises(ValueError, match="contiguous float32"):
            elu(source, target)
