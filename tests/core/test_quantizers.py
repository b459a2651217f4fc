"""Vector and residual quantisers: exact search, depth, learning."""

from __future__ import annotations

import pytest
import torch

from speefeare_core.quantizers.residual import ResidualVQ
from speefeare_core.quantizers.vector import CPU_CHUNK_VECTORS, SearchTable, VectorQuantizer, greatest, kmeans, nearest


@pytest.fixture
def quantizer() -> ResidualVQ:
    torch.manual_seed(0)
    made = ResidualVQ(4, 32, 6)
    made.fit(torch.randn(600, 6))
    return made.eval()


def test_the_search_finds_the_nearest_entry() -> None:
    torch.manual_seed(1)
    vectors, book = torch.randn(50, 7), torch.randn(20, 7)
    assert torch.equal(nearest(vectors, book), torch.cdist(vectors, book).argmin(dim=1))


@pytest.mark.parametrize("size", [1, 2, 3, 17])
def test_a_frame_gets_the_same_code_alone_and_in_company(size: int) -> None:
    torch.manual_seed(2)
    vectors, book = torch.randn(300, 128), torch.randn(1024, 128)
    whole = nearest(vectors, book)
    for start in range(0, 280, 35):
        assert torch.equal(nearest(vectors[start : start + size], book), whole[start : start + size])


def test_each_book_searches_what_the_books_before_it_left(quantizer: ResidualVQ) -> None:
    latents = torch.randn(2, 6, 5)
    codes = quantizer.encode(latents)
    residual = latents.transpose(1, 2)
    for index in range(4):
        book = quantizer.layer(index).codebook
        best = torch.cdist(residual.reshape(-1, 6), book).argmin(dim=1).view(2, 5)
        assert torch.equal(codes[:, index], best)
        residual = residual - book[best]


def test_decoding_at_a_depth_is_the_sum_of_the_first_books(quantizer: ResidualVQ) -> None:
    codes = quantizer.encode(torch.randn(2, 6, 5))
    expected = quantizer.layer(0).codebook[codes[:, 0]] + quantizer.layer(1).codebook[codes[:, 1]]
    torch.testing.assert_close(quantizer.decode(codes, 2), expected.transpose(1, 2))
    every = list(quantizer.decode_depths(codes))
    assert len(every) == 4
    for depth, latents in enumerate(every, start=1):
        assert torch.equal(latents, quantizer.decode(codes, depth))


def test_codes_of_a_depth_are_the_first_of_all(quantizer: ResidualVQ) -> None:
    latents = torch.randn(3, 6, 9)
    assert torch.equal(quantizer.encode(latents, 2), quantizer.encode(latents)[:, :2])


@pytest.mark.parametrize("depth", [0, 5, -1])
def test_a_depth_that_does_not_exist_is_refused(quantizer: ResidualVQ, depth: int) -> None:
    latents = torch.randn(1, 6, 3)
    with pytest.raises(ValueError, match="depth"):
        quantizer.encode(latents, depth)
    with pytest.raises(ValueError, match="depth"):
        quantizer.decode(quantizer.encode(latents), depth)


def test_every_further_book_brings_the_sum_closer(quantizer: ResidualVQ) -> None:
    latents = torch.randn(1, 6, 400)
    codes = quantizer.encode(latents)
    errors = [float((latents - made).square().mean()) for made in quantizer.decode_depths(codes)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.3 * errors[0]


def test_the_gradient_passes_straight_through(quantizer: ResidualVQ) -> None:
    latents = torch.randn(2, 6, 5, requires_grad=True)
    weights = torch.randn(2, 6, 5)
    out = quantizer(latents)
    (out.quantized * weights).sum().backward()
    torch.testing.assert_close(latents.grad, weights)
    torch.testing.assert_close(out.quantized, quantizer.decode(out.codes))


def test_the_commitment_loss_is_the_mean_distance_over_the_books(quantizer: ResidualVQ) -> None:
    latents = torch.randn(2, 6, 50, requires_grad=True)
    out = quantizer(latents)
    distances = [(latents - made).square().mean() for made in quantizer.decode_depths(out.codes)]
    torch.testing.assert_close(out.commitment_loss, torch.stack(distances).mean())
    out.commitment_loss.backward()
    assert latents.grad is not None
    assert float(latents.grad.abs().sum()) > 0


def test_each_example_of_a_batch_has_its_own_depth(quantizer: ResidualVQ) -> None:
    latents = torch.randn(3, 6, 5)
    out = quantizer(latents, depths=torch.tensor([1, 3, 2]))
    for row, depth in enumerate([1, 3, 2]):
        codes = quantizer.encode(latents[row : row + 1])
        torch.testing.assert_close(out.quantized[row : row + 1], quantizer.decode(codes, depth))
        assert torch.equal(out.codes[row, :depth], codes[0, :depth])


def test_dropout_draws_every_depth_and_the_full_share() -> None:
    torch.manual_seed(3)
    quantizer = ResidualVQ(4, 8, 2)
    drawn = quantizer.sample_depths(4000, full=0.5)
    shares = torch.bincount(drawn, minlength=5).float() / 4000
    torch.testing.assert_close(shares, torch.tensor([0.0, 0.125, 0.125, 0.125, 0.625]), atol=0.03, rtol=0)


def test_learning_starts_at_kmeans_and_follows_the_data() -> None:
    torch.manual_seed(4)
    quantizer = ResidualVQ(2, 16, 4, decay=0.8).train()
    centres = 3 * torch.randn(16, 4)
    first = quantizer(_around(centres)).commitment_loss
    for _ in range(40):
        last = quantizer(_around(centres + 1.0)).commitment_loss
    assert float(last) < float(quantizer.eval()(_around(centres)).commitment_loss)
    assert float(last) < 0.5
    assert float(first) < 2.0


def test_an_eval_pass_changes_nothing(quantizer: ResidualVQ) -> None:
    before = quantizer.layer(0).codebook.clone()
    quantizer(torch.randn(2, 6, 50) + 5)
    assert torch.equal(quantizer.layer(0).codebook, before)


def test_the_search_follows_every_change_of_the_book(quantizer: ResidualVQ) -> None:
    book = quantizer.layer(0)
    vectors = torch.randn(40, 6)
    book.encode(vectors)
    changed = 3 * torch.randn(32, 6)
    book.codebook.copy_(changed)
    assert torch.equal(book.encode(vectors), nearest(vectors, changed))
    quantizer.load_state_dict({name: 2 * tensor for name, tensor in quantizer.state_dict().items()})
    assert torch.equal(book.encode(vectors), nearest(vectors, 2 * changed))
    quantizer.double()
    assert torch.equal(book.encode(vectors.double()), nearest(vectors.double(), 2 * changed.double()))


def test_an_unused_entry_is_replaced_by_a_vector_of_the_batch() -> None:
    torch.manual_seed(5)
    book = VectorQuantizer(4, 2, decay=0.5)
    book.adopt(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [90.0, 90.0]]))
    vectors = torch.rand(200, 2)
    for _ in range(12):
        book.learn(vectors, book.encode(vectors))
    assert float(book.codebook.max()) <= 1.0
    assert set(book.encode(vectors).tolist()) == {0, 1, 2, 3}


def test_the_average_of_an_entry_follows_the_formula() -> None:
    book = VectorQuantizer(2, 1, decay=0.9, dead_code_usage=0.0)
    book.adopt(torch.tensor([[0.0], [10.0]]))
    vectors = torch.tensor([[1.0], [2.0], [11.0]])
    book.learn(vectors, torch.tensor([0, 0, 1]))
    usage = 0.9 * 1.0 + 0.1 * 2  # adopted entries start at a usage of 1
    torch.testing.assert_close(book.codebook[0, 0], torch.tensor(0.1 * 3.0 / usage))
    torch.testing.assert_close(book.codebook[1, 0], torch.tensor((0.9 * 10.0 + 0.1 * 11.0) / 1.0))


def test_the_learning_state_goes_on_where_it_was() -> None:
    torch.manual_seed(6)
    first, second = VectorQuantizer(8, 3), VectorQuantizer(8, 3)
    first.initialise(torch.randn(100, 3))
    second.load_state_dict(first.state_dict())
    second.load_learning_state(first.learning_state())
    vectors = torch.randn(100, 3)
    for book in (first, second):
        torch.manual_seed(7)
        book.learn(vectors, book.encode(vectors))
    assert torch.equal(first.codebook, second.codebook)


def test_kmeans_finds_separate_clusters_and_survives_too_few_vectors() -> None:
    torch.manual_seed(8)
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    found, counts = kmeans(_around(centres)[0].t(), 3, 10)
    assert torch.cdist(centres, found).min(dim=1).values.max() < 0.5
    assert counts.sum() == 300
    few, _ = kmeans(torch.randn(3, 2), 8, 4)
    assert torch.isfinite(few).all()


def _around(centres: torch.Tensor) -> torch.Tensor:
    """100 noisy copies of each centre, [1, D, 100 * N]."""
    rows = centres.repeat(100, 1) + 0.1 * torch.randn(100 * centres.shape[0], centres.shape[1])
    return rows.t()[None]


@pytest.mark.parametrize("entries", [40, 96])
@pytest.mark.parametrize("rows", [1, 15, 16, 700])
def test_the_greatest_is_the_first_of_equals(rows: int, entries: int) -> None:
    draw = torch.Generator().manual_seed(rows)
    for scores in (torch.randn(rows, entries, generator=draw), torch.randint(0, 4, (rows, entries), generator=draw)):
        assert torch.equal(greatest(scores.float()), scores.argmax(dim=1))


def test_a_search_in_chunks_finds_what_each_vector_finds_alone() -> None:
    codebook = torch.randn(64, 16, generator=torch.Generator().manual_seed(1))
    vectors = torch.randn(CPU_CHUNK_VECTORS + 1, 16, generator=torch.Generator().manual_seed(2))
    table = SearchTable.of(codebook)
    found = table.nearest(vectors)
    assert torch.equal(found, (vectors[:, None] - codebook).square().sum(dim=2).argmin(dim=1))
    assert all(torch.equal(table.nearest(vectors[at : at + 1]), found[at : at + 1]) for at in (0, 511, 512))
