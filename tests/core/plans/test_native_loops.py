"""Plans with the loops in C and without them: the same codes, and books too near to call are left to plain sums."""

from __future__ import annotations

import pytest
import torch

from speefeare_core import native
from speefeare_core.codec import Codec
from speefeare_core.plans import kernels, make_plan, products
from speefeare_core.plans.residual_books import ResidualSearch
from speefeare_core.quantizers.residual import ResidualVQ
from tests.core.small_mimi import small_codec
from tests.core.small_seanet import small_encodec
from tests.core.small_soundstream import voice_like

WIDE = {"n_filters": 16, "dimension": 64, "heads": 2, "feedforward": 96, "book_dim": 32}
CODECS = {"mimi": lambda: small_codec(**WIDE), "encodec": lambda: small_encodec(n_filters=8)}
EXPECTED = {
    "mimi": {"few_rows", "elu", "transformer", "nearest"},
    "encodec": {"few_rows", "in_order", "elu_begin", "elu_end", "elu", "gates", "nearest"},
}


@pytest.fixture(params=[True, False], ids=["in C", "in torch"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With and without the library; all weights count as large, so that its products are taken."""
    monkeypatch.setattr(kernels, "LARGE_BYTES", 0)
    monkeypatch.setattr(products, "BIG", 0)
    monkeypatch.setattr(kernels, "_winners", {})
    monkeypatch.setattr(kernels, "_works", {})
    if not request.param:
        monkeypatch.setattr(native, "library", lambda: None)
    assert kernels.works("native") == bool(request.param)
    return bool(request.param)


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("frames", [1, 3])
def test_the_same_codes_either_way(name: str, frames: int, loops: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    codec: Codec = CODECS[name]()
    calls: list[str] = []
    if loops:
        library = native.needed()
        counted = {key: _counting(key, getattr(library, key), calls) for key in native.FUNCTIONS}
        monkeypatch.setattr(native, "library", lambda: type("Counted", (), counted))
    made = make_plan(codec, frames)
    assert made.report.compiled and made.report.tokens_same == 1.0, made.report.note
    audio = voice_like(1, 60 * codec.info.hop_samples, seed=5)
    plain, same = codec.stream(start="silence"), []
    for piece in audio.split(frames * codec.info.hop_samples, dim=-1):
        wanted, found = plain.step(piece), made.stream.step(piece)
        assert wanted.codes is not None and found.codes is not None
        same.append(torch.equal(wanted.codes, found.codes))
        torch.testing.assert_close(found.audio, wanted.audio, rtol=0, atol=2e-5)
    assert all(same)
    assert (EXPECTED[name] <= set(calls)) if loops else not calls


def _counting(key: str, call: object, calls: list[str]) -> staticmethod[..., object]:
    def counted(*given: object) -> object:
        calls.append(key)
        return call(*given)  # type: ignore[operator]

    return staticmethod(counted)


@pytest.mark.parametrize("rows", [1, 3])
def test_entries_that_are_too_near_are_decided_by_plain_sums(rows: int) -> None:
    torch.manual_seed(3)
    quantizer = ResidualVQ(5, 40, 16)
    for index in range(5):
        book = quantizer.layer(index).codebook
        book.copy_(torch.randn(40, 16) * 0.6**index)
        book[20:] = book[:20] + (0.0 if index % 2 else 1e-7)  # every entry has a twin, to the bit or nearly
    quantizer.eval()
    latents = torch.empty(rows, 16)
    search = ResidualSearch(quantizer, latents)
    for _ in range(20):
        latents.copy_(torch.randn(rows, 16))
        search.run()
        assert torch.equal(search.codes, quantizer.encode(latents.t()[None])[0])


def test_rows_that_do_not_lie_together_are_right_too(loops: bool) -> None:
    torch.manual_seed(4)
    weight, wide, out = torch.randn(24, 32), torch.randn(3, 64), torch.zeros(3, 24)
    for x in (wide[:, ::2], wide[:, :32]):
        for step in products.Products().make(x, weight, None, out):
            step()
        torch.testing.assert_close(out, x @ weight.t(), rtol=0, atol=1e-5)
    for step in products.Products().make(lambda: wide[:, :32].clone(), weight, None, out):
        step()
    torch.testing.assert_close(out, wide[:, :32] @ weight.t(), rtol=0, atol=1e-5)
    if loops:
        (step,) = products.Products().make(lambda: wide[:, :32], weight, None, out)
        with pytest.raises(ValueError, match="contiguous"):
            step()
