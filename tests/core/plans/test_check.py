"""A plan that is wrong is found out and not used."""

import pytest
import torch

from speefeare_core.codecs.mulaw import MulawCodec
from speefeare_core.plans import make_plan
from speefeare_core.plans.check import compare
from speefeare_core.stream import CodecStream


class Wrong(CodecStream):
    """The plain stream with some of its results spoilt."""

    def __init__(self, plain: CodecStream, codes: int, audio: float) -> None:
        super().__init__(plain.info, start="silence")
        self._plain, self._codes, self._audio = plain, codes, audio

    def encode(self, audio: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        codes, latents = self._plain.encode(audio)
        assert codes is not None
        return codes + self._codes * (torch.arange(codes.shape[-1]) == 0), latents

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        return self._plain.decode(codes) + self._audio


def wrong(codec: MulawCodec, codes: int = 0, audio: float = 0.0) -> Wrong:
    return Wrong(codec.stream(start="silence"), codes, audio)


@pytest.mark.parametrize(("codes", "audio"), [(1, 0.0), (0, 0.1), (0, float("nan")), (0, float("inf"))])
def test_a_wrong_plan_is_not_used(codes: int, audio: float, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = MulawCodec()
    monkeypatch.setattr(codec, "plan_stream", lambda frames, depth, mode: wrong(codec, codes, audio))
    made = make_plan(codec, 40)
    assert not made.report.compiled and "differed from the plain computation" in made.report.note
    assert not isinstance(made.stream, Wrong)
    assert make_plan(codec, 40, mode="bfloat16").report.compiled  # its figures say what it is worth


def test_what_differs_is_measured() -> None:
    codec = MulawCodec()
    assert compare(codec, wrong(codec), 40) == (1.0, 0.0)
    same, error = compare(codec, wrong(codec, codes=1, audio=0.01), 40)
    assert same == pytest.approx(39 / 40) and 0.01 < error < 0.2


def test_a_right_plan_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = MulawCodec()
    monkeypatch.setattr(codec, "plan_stream", lambda frames, depth, mode: wrong(codec))
    assert make_plan(codec, 40).report.compiled
