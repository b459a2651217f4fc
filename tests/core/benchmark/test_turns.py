"""Streams that take turns: who is timed when, and what is compared with what."""

import pytest
import torch

from speefeare_core.benchmark.turns import Runner, Taken, cut, figures, ratios, steps_for, take_turns


class Slow:
    """A stream on a clock of its own, that notes when it was called."""

    def __init__(self, name: str, clock: list[float], calls: list[str], seconds: float, wrong: bool = False) -> None:
        self.name, self.clock, self.calls, self.seconds, self.wrong = name, clock, calls, seconds, wrong
        self.told: list[torch.Tensor] = []

    def encode(self, block: torch.Tensor) -> torch.Tensor:
        self.calls.append(f"{self.name} encodes")
        self.clock[0] += self.seconds
        codes = block.round().to(torch.int64).repeat(1, 2, 1)
        if self.wrong:
            codes[:, 1] += 1
        return codes

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        self.calls.append(f"{self.name} decodes")
        self.told.append(codes)
        self.clock[0] += self.seconds
        return codes[:, :1].float() * (1.5 if self.wrong else 1.0)

    def runner(self) -> Runner:
        return Runner(self.name, self.encode, self.decode)


def test_runners_take_turns_and_warm_up_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, calls = [0.0], list[str]()
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    monkeypatch.setattr("time.process_time", lambda: clock[0] / 2)
    one, two = Slow("one", clock, calls, 0.01), Slow("two", clock, calls, 0.04, wrong=True)
    blocks = cut(torch.arange(4.0)[None, None], 2, 5)
    first, second = take_turns([one.runner(), two.runner()], blocks, 2)
    assert calls[:8] == [
        *("one encodes", "two encodes", "one decodes", "two decodes"),
        *("two encodes", "one encodes", "two decodes", "one decodes"),
    ]
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(one.told, two.told, strict=True))
    assert len(first.wall) == 3 and first.same_codes == 1.0 and first.audio_error == 0.0
    assert second.same_codes == 0.5
    assert second.audio_error == pytest.approx(0.5)  # results of the warm-up count, and the greatest is 3
    assert list(ratios(first, second)) == pytest.approx([4.0, 4.0])
    row = figures(second, 0.05)
    assert row.median_ms == pytest.approx(80) and row.encode_ms == pytest.approx(40)
    assert row.cpu_ms == pytest.approx(40) and row.real_time_factor == pytest.approx(1.6)
    assert row.late == 1.0 and row.steps == 3 and row.first_book_codes == 4


def test_latents_have_an_error_and_no_codes() -> None:
    near = Runner("near", lambda block: block * 1.25, lambda told: told)
    plain = Runner("plain", lambda block: block, lambda told: told)
    _, taken = take_turns([plain, near], [torch.ones(1, 1, 4), -2 * torch.ones(1, 1, 4)], 0)
    assert taken.same_codes is None and taken.encode_error == pytest.approx(0.25)


def test_percentiles_are_of_whole_steps() -> None:
    taken = Taken("x", [0.001 * step for step in range(101)], [0.0] * 101, [0.0] * 101)
    row = figures(taken, 1.0)
    assert [row.median_ms, row.p99_ms, row.worst_ms] == pytest.approx([50, 99, 100])


def test_short_signals_are_repeated() -> None:
    blocks = cut(torch.arange(3.0)[None, None], 2, 4)
    assert torch.cat(blocks, dim=-1).flatten().tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert steps_for((0.0, 1.0), 0.1) == [2, 10]
