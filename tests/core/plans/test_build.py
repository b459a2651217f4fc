"""What a plan is built with: memory filled ahead, and the plain stream that listens meanwhile."""

from __future__ import annotations

import threading

import pytest
import torch

from speefeare_core.codecs.mulaw import MulawCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans import huge_pages, make_plan
from speefeare_core.plans.beside import Beside
from speefeare_core.plans.huge_pages import CHUNK_BYTES, HugePages, filled_ahead


def test_pages_are_filled_ahead_and_used_in_their_order() -> None:
    with filled_ahead(CHUNK_BYTES + 1):
        pages = HugePages()
        first, second = pages.room(1000), pages.room(1000)
        assert second.data_ptr() - first.data_ptr() == 1024
        for seed in range(3):
            tensor = torch.randn(3 << 20, generator=torch.Generator().manual_seed(seed))
            kept = pages.keep(tensor)
            assert torch.equal(kept, tensor) and kept.data_ptr() % 64 == 0
        large = pages.room(CHUNK_BYTES + 5)
    assert large.numel() == CHUNK_BYTES + 5
    first.fill_(3)  # still there
    assert not any(thread.name == "pages ahead" for thread in threading.enumerate())


def test_it_ends_at_once_where_the_work_fails() -> None:
    with pytest.raises(KeyError), filled_ahead(CHUNK_BYTES * 40):
        raise KeyError
    assert not any(thread.name == "pages ahead" for thread in threading.enumerate())


def test_without_such_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huge_pages, "_chunk", lambda size: None)
    with filled_ahead(1000):
        assert HugePages().room(10).shape == (10,)
        assert torch.equal(HugePages().keep(torch.ones(1 << 15)), torch.ones(1 << 15))


def test_beside_has_the_mode_of_its_caller() -> None:
    def modes() -> tuple[bool, bool, int]:
        return torch.is_inference_mode_enabled(), torch.is_grad_enabled(), torch.get_num_threads()

    for mode in (torch.inference_mode(), torch.no_grad(), torch.enable_grad()):
        with mode:
            with Beside(modes) as other:
                pass
            assert other.result() == modes()


def test_an_error_beside_is_told() -> None:
    def fails() -> None:
        raise SpeefeareError("It cannot.")

    with Beside(fails) as other, pytest.raises(SpeefeareError, match="It cannot"):
        other.result()


def test_a_plan_that_cannot_be_made_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = MulawCodec()

    def fails(frames: int, depth: int | None, mode: str) -> None:
        raise SpeefeareError("There is no such plan.")

    monkeypatch.setattr(codec, "plan_stream", fails)
    with pytest.raises(SpeefeareError, match="no such plan"):
        make_plan(codec, 40)
    assert threading.active_count() == 1
