"""Semantic and acoustic books side by side: they add up, each works alone, depths, learning."""

import pytest
import torch

from speefeare_core.quantizers.split import SplitVQ


def quantizer(books: int = 5, semantic: int = 1) -> SplitVQ:
    torch.manual_seed(0)
    return SplitVQ(books, 32, 8, 24, semantic_books=semantic).eval()


@pytest.mark.parametrize(("books", "semantic"), [(2, 1), (5, 1), (6, 2)])
def test_semantic_and_acoustic_add_up(books: int, semantic: int) -> None:
    split = quantizer(books, semantic)
    codes = split.encode(torch.randn(3, 24, 40))
    assert codes.shape == (3, books, 40) and all(book.unique().numel() > 8 for book in codes.transpose(0, 1))
    meant = split.decode_books(codes, range(semantic))
    heard = split.decode_books(codes, range(semantic, books))
    torch.testing.assert_close(meant + heard, split.decode(codes))
    torch.testing.assert_close(split.decode(codes, semantic), meant)
    assert meant.abs().max() > 0 and heard.abs().max() > 0
    apart = sum(split.decode_books(codes, [book]) for book in range(books))
    torch.testing.assert_close(apart, split.decode(codes))


def test_both_look_at_the_same_latent() -> None:
    split = quantizer()
    latents = torch.randn(2, 24, 30)
    codes = split.encode(latents)
    with torch.no_grad():  # other semantic books change nothing for the acoustic ones
        split.semantic.vq.layer(0).codebook.mul_(-3)
    other = split.encode(latents)
    assert not torch.equal(codes[:, :1], other[:, :1]) and torch.equal(codes[:, 1:], other[:, 1:])


def test_depth_takes_the_first_books() -> None:
    split = quantizer()
    latents = torch.randn(2, 24, 30)
    codes = split.encode(latents)
    for depth in range(1, 6):
        assert torch.equal(split.encode(latents, depth), codes[:, :depth])
        torch.testing.assert_close(split.decode(codes, depth), split.decode(codes[:, :depth]))


def test_a_frame_alone_gives_the_same_code_and_entry() -> None:
    split = quantizer()
    latents = torch.randn(1, 24, 50)
    codes = split.encode(latents)
    frames = [split.encode(frame) for frame in latents.split(1, dim=-1)]
    assert torch.equal(torch.cat(frames, dim=-1), codes)
    entries = [split.decode(frame) for frame in codes.split(1, dim=-1)]
    torch.testing.assert_close(torch.cat(entries, dim=-1), split.decode(codes), atol=1e-6, rtol=0)


def test_what_is_not_there_is_refused() -> None:
    split = quantizer()
    codes = split.encode(torch.randn(1, 24, 4))
    for books in ([], [5], [-1]):
        with pytest.raises(ValueError, match="books"):
            split.decode_books(codes, books)
    with pytest.raises(ValueError, match="depth 6"):
        split.encode(torch.randn(1, 24, 4), 6)
    with pytest.raises(ValueError, match="semantic"):
        SplitVQ(3, 32, 8, 24, semantic_books=4)


def test_one_chain_has_no_books_beside_it_and_teaches_its_first() -> None:
    single = SplitVQ(3, 32, 8, 24, semantic_books=3).train()
    latents = torch.randn(2, 24, 40, requires_grad=True)
    result = single(latents, depths=torch.tensor([1, 3]))
    assert result.codes.shape == (2, 3, 40) and result.depths.tolist() == [1, 3]
    single.taught(latents, result.codes).square().sum().backward()
    assert latents.grad is not None and latents.grad.abs().sum() > 0
    assert "acoustic" not in " ".join(single.state_dict()) and len(single.entry_energies()) == 3


def test_training_gives_each_example_its_depth_and_gradients() -> None:
    split = quantizer().train()
    latents = torch.randn(3, 24, 40, requires_grad=True)
    result = split(latents, depths=torch.tensor([1, 3, 5]))
    assert result.depths.tolist() == [1, 3, 5] and result.codes.shape == (3, 5, 40)
    split.eval()
    for row, depth in enumerate((1, 3, 5)):
        used = split.decode(result.codes[row : row + 1], depth)
        torch.testing.assert_close(result.quantized[row : row + 1], used, atol=1e-5, rtol=1e-5)
    (result.quantized.square().mean() + result.commitment_loss).backward()
    assert latents.grad is not None and bool((latents.grad.abs().amax(dim=(1, 2)) > 0).all())
    assert all(weight.grad is not None and weight.grad.abs().max() > 0 for weight in split.parameters())
    shallow = split.train()(latents, depths=torch.tensor([1, 1, 1]))
    assert shallow.codes.shape == (3, 1, 40) and bool(torch.isfinite(shallow.commitment_loss))
    drawn = split.sample_depths(500)
    assert drawn.min() == 2 and drawn.max() == 5
