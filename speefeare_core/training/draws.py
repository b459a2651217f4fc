"""What is drawn for the examples of a step: how many books each uses, and whether it is quantised at all."""

from __future__ import annotations

import torch
from torch import Tensor

from speefeare_core.training.recipe_parts import DepthsRecipe


class DepthDraw:
    """Quantiser dropout of a recipe; draws from torch's generator of the CPU, whatever the device."""

    def __init__(self, recipe: DepthsRecipe) -> None:
        self.recipe = recipe

    def depths(self, books: int, batch: int, device: torch.device | str = "cpu") -> Tensor:
        """Books of each example, `[B]` int64 in 1..books.

        uniform: ceil(K u^skew) with u ~ U(0, 1), so U{1..K} for skew 1 (SoundStream, arXiv 2107.03312, section III-C);
        per_step: one depth for the whole batch (EnCodec's random bandwidth, arXiv 2210.13438, section 3.3); all: K.
        """
        recipe = self.recipe
        if recipe.kind == "all":
            drawn = torch.full((batch,), books)
        elif recipe.kind == "per_step":
            choices = [depth for depth in recipe.books if depth <= books] or list(range(1, books + 1))
            drawn = torch.full((batch,), choices[int(torch.randint(len(choices), ()))])
        else:
            drawn = (books * torch.rand(batch) ** recipe.skew).ceil().long().clamp(1, books)
            drawn = torch.where(torch.rand(batch) < recipe.full_share, books, drawn)
        return drawn.to(device)

    def unquantised(self, batch: int, device: torch.device | str = "cpu") -> Tensor:
        """Which examples pass their latents on as they are, `[B]` bool (Mimi, arXiv 2410.00037, section 3.3.3)."""
        if not self.recipe.unquantised_share:
            return torch.zeros(batch, dtype=torch.bool, device=device)
        return (torch.rand(batch) < self.recipe.unquantised_share).to(device)
