"""How much each codebook entry adds: the energy ‖entry‖² in the space where the books are summed.

What residual books are for can be seen in it: each refines what the books before it left, so the energy falls from book
to book. It is a property of the books alone, so it is computed once, and a frame costs one look-up.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

CHUNK_ENTRIES = 4096  # projected at once


class EnergyTable:
    """Energies of the entries of K books, `[N_k]` each, for look-ups by codes."""

    def __init__(self, energies: Sequence[Tensor]) -> None:
        table = torch.zeros(len(energies), max(len(book) for book in energies), device=energies[0].device)
        for row, book in zip(table, energies, strict=True):
            row[: len(book)] = book
        self._table = table
        self._rows = torch.arange(len(energies), device=table.device)[:, None]

    def look_up(self, codes: Tensor) -> Tensor:
        """Codes `[B, K', F]` of the first K' ≤ K books → energies `[B, K', F]`, float32."""
        return self._table[self._rows[: codes.shape[1]], codes.to(self._table.device)]


def projected_energies(entries: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """‖W e + b‖² of entries `[N, d]` for `weight` `[D, d]` and `bias` `[D]` → `[N]`."""
    parts = [torch.nn.functional.linear(part, weight, bias) for part in torch.split(entries, CHUNK_ENTRIES)]
    return torch.cat([part.square().sum(dim=1) for part in parts])
