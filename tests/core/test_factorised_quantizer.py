"""Factorised residual quantisation: search by angle, depth, books alone, strides, and learning by gradient."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from speefeare_core.quantizers.factorised import FactorisedRVQ


@pytest.fixture
def quantizer() -> FactorisedRVQ:
    torch.manual_seed(3)
    return FactorisedRVQ(4, 50, 12, 8).eval()


def by_hand(quantizer: FactorisedRVQ, latents: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Codes `[B, K, F]` and what each book adds, by cosine in double precision."""
    residual, codes, added = latents.double(), [], []
    for index in range(quantizer.books):
        book = quantizer.book(index).double()
        projected = book.in_proj(residual)
        cosine = torch.einsum("bdf,nd->bnf", F.normalize(projected, dim=1), F.normalize(book.codebook.weight))
        codes.append(cosine.argmax(dim=1))
        added.append(book.out_proj(book.codebook(codes[-1]).transpose(1, 2)))
        residual = residual - added[-1]
        book.float()
    return torch.stack(codes, dim=1), added


def test_codes_and_sums(quantizer: FactorisedRVQ) -> None:
    latents = torch.randn(3, 12, 40)
    with torch.no_grad():
        expected, added = by_hand(quantizer, latents)
        codes = quantizer.encode(latents)
        assert torch.equal(codes, expected)
        assert all(codes[:, level].unique().numel() > 10 for level in range(4))
        for depth in range(1, 5):
            total = torch.stack(added[:depth]).sum(0).float()
            torch.testing.assert_close(quantizer.decode(codes, depth), total, atol=1e-5, rtol=0)
            torch.testing.assert_close(quantizer.decode(codes[:, :depth]), total, atol=1e-5, rtol=0)
            assert torch.equal(quantizer.encode(latents, depth), codes[:, :depth])
        some = (added[1] + added[3]).float()
        torch.testing.assert_close(quantizer.decode(codes, books=(1, 3)), some, atol=1e-5, rtol=0)
        torch.testing.assert_close(quantizer(latents).quantized, quantizer.decode(codes), atol=1e-5, rtol=0)


def test_frames_alone_get_the_same_codes(quantizer: FactorisedRVQ) -> None:
    latents = torch.randn(2, 12, 30)
    with torch.inference_mode():
        one_by_one = [quantizer.encode(latents[..., at : at + 1]) for at in range(30)]
        assert torch.equal(torch.cat(one_by_one, dim=-1), quantizer.encode(latents))


def test_the_search_follows_the_book(quantizer: FactorisedRVQ) -> None:
    """Nothing that was kept for the search outlives a change of the entries."""
    latents = torch.randn(1, 12, 20)
    with torch.no_grad():
        before = quantizer.encode(latents)
        quantizer.book(0).codebook.weight.copy_(quantizer.book(0).codebook.weight.flip(0).clone())
        assert torch.equal(quantizer.encode(latents)[:, 0], 49 - before[:, 0])


def test_wrong_depths_and_books_are_refused(quantizer: FactorisedRVQ) -> None:
    codes = torch.zeros(1, 3, 5, dtype=torch.int64)
    for depth in (0, 5):
        with pytest.raises(ValueError, match="depth"):
            quantizer.encode(torch.zeros(1, 12, 5), depth)
    for books in ((), (3,), (-1,)):
        with pytest.raises(ValueError, match="books"):
            quantizer.decode(codes, books=books)


def test_books_with_frame_rates_of_their_own() -> None:
    torch.manual_seed(4)
    quantizer = FactorisedRVQ(3, 30, 12, 8, strides=(4, 2, 1)).eval()
    latents = torch.randn(2, 12, 16)
    with torch.no_grad():
        codes = quantizer.encode_each(latents)
        assert [tuple(row.shape) for row in codes] == [(2, 4), (2, 8), (2, 16)]
        first = quantizer.book(0)
        assert torch.equal(codes[0], first.encode(latents))
        slow = quantizer.decode(codes, 1)
        assert torch.equal(slow[..., 0], slow[..., 3])
        residual = latents - slow
        assert torch.equal(codes[1], quantizer.book(1).encode(residual))
        output = quantizer(latents)
        assert output.codes.shape == (2, 3, 16)
        torch.testing.assert_close(output.quantized, quantizer.decode(codes), atol=1e-5, rtol=0)


def test_losses_and_gradients(quantizer: FactorisedRVQ) -> None:
    quantizer.train()
    latents = torch.randn(4, 12, 25, requires_grad=True)
    output = quantizer(latents)
    assert float(output.codebook_loss.detach()) == pytest.approx(float(output.commitment_loss.detach()))
    output.codebook_loss.backward(retain_graph=True)
    entries = quantizer.book(0).codebook.weight.grad
    assert entries is not None and bool(entries.abs().sum() > 0)
    # A projection hears of the codebook loss only through the books before it, and of the commitment loss itself.
    assert quantizer.book(0).in_proj.weight.grad is None
    output.commitment_loss.backward(retain_graph=True)
    assert quantizer.book(0).in_proj.weight.grad is not None
    assert latents.grad is not None
    latents.grad = None
    output.quantized.square().sum().backward()
    assert latents.grad is not None and bool(latents.grad.abs().sum() > 0), "no gradient passes straight through"


def test_each_example_has_its_own_depth(quantizer: FactorisedRVQ) -> None:
    latents = torch.randn(3, 12, 10)
    depths = torch.tensor([1, 3, 2])
    with torch.no_grad():
        output = quantizer(latents, depths=depths)
        for row, depth in enumerate(depths.tolist()):
            alone = quantizer.decode(quantizer.encode(latents[row : row + 1]), depth)
            torch.testing.assert_close(output.quantized[row : row + 1], alone, atol=1e-5, rtol=0)


def test_dropout_draws_depths_for_its_share() -> None:
    torch.manual_seed(0)
    quantizer = FactorisedRVQ(6, 4, 3, 2)
    depths = quantizer.sample_depths(4000, share=0.5)
    assert bool((depths[2000:] == 6).all())
    counts = torch.bincount(depths[:2000], minlength=7)[1:]
    assert int(counts.min()) > 250


def test_books_learn() -> None:
    """A few steps on clustered latents make the sum come closer to them."""
    torch.manual_seed(1)
    quantizer = FactorisedRVQ(2, 8, 6, 3).train()
    centres = torch.randn(8, 6)
    optimiser = torch.optim.Adam(quantizer.parameters(), 0.02)
    errors = []
    for _ in range(80):
        latents = (centres[torch.randint(8, (64,))] + 0.05 * torch.randn(64, 6)).t()[None]
        output = quantizer(latents)
        error = (output.quantized - latents).square().mean()
        errors.append(float(error.detach()))
        optimiser.zero_grad()
        (error + output.codebook_loss + 0.25 * output.commitment_loss).backward()
        optimiser.step()
    assert sum(errors[-10:]) < 0.3 * sum(errors[:10])
