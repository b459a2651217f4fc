"""Denormal numbers are zero while training, and only then."""

from __future__ import annotations

import torch

from speefeare_core.training.denormals import denormals_as_zero


def _is_kept() -> bool:
    return float(torch.tensor(1e-40) * 1.0) > 0


def test_they_are_zero_inside_and_as_before_afterwards() -> None:
    before = _is_kept()
    with denormals_as_zero():
        assert not _is_kept()
        with denormals_as_zero():
            assert not _is_kept()
        assert not _is_kept()
    assert _is_kept() == before
