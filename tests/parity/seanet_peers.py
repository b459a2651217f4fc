"""Random weights for peers built on SEANet, at which every book speaks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

LIVENED = ("convolutions", "codebooks")


@contextmanager
def old_weight_norm() -> Iterator[None]:
    """Peers that use torch's old weight norm, which warns."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*weight_norm.*", category=FutureWarning)
        yield


def liven_convolutions(model: nn.Module, seed: int = 0, gain: float = 1.5) -> None:
    """At torch's usual initial values the biases outweigh the signal, and every frame gives the same code.

    Directions by Kaiming's rule, magnitudes around theirs, biases small, norms and snakes not the identity.
    """
    generator = torch.Generator().manual_seed(seed)
    tensors = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in tensors.items():
            if name.endswith(("conv.weight", "convtr.weight", "weight_v", "weight.original1")) and tensor.ndim == 3:
                # Of a transposed convolution the first axis is the input, and two taps reach each output.
                fan_in = tensor.shape[1] * tensor.shape[2]
                if ".convtr." in name or ("decoder" in name and tensor.shape[2] % 2 == 0):
                    fan_in = 2 * tensor.shape[0]
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * (gain / fan_in) ** 0.5)
                stem = name.removesuffix("weight_v").removesuffix("original1")
                magnitude = tensors.get(stem + "weight_g", tensors.get(stem + "original0"))
                if magnitude is not None:
                    spread = 0.8 + 0.4 * torch.rand(magnitude.shape, generator=generator)
                    magnitude.copy_(tensor.flatten(1).norm(dim=1).view_as(magnitude) * spread)
            elif name.endswith("norm.weight") or name.endswith("alpha"):
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
            elif name.endswith("bias"):
                tensor.copy_(0.05 * torch.randn(tensor.shape, generator=generator))


def liven_books(books: Sequence[Tensor], latents: Tensor, seed: int = 0) -> None:
    """Entries around what is quantised `[B, D, F]`, the first book around its mean."""
    generator = torch.Generator().manual_seed(seed)
    level, centre = latents.std(dim=(0, 2)), latents.mean(dim=(0, 2))
    with torch.no_grad():
        for index, book in enumerate(books):
            book.copy_(0.5 * level * torch.randn(book.shape, generator=generator))
            if index == 0:
                book.mul_(2).add_(centre)
