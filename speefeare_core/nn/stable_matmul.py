"""A matrix product whose columns do not depend on their company.

BLAS picks its kernel, and with it the order of summation, by the size of the whole product and the number of threads.
One frame computed alone then differs in the last bits from the same frame within a file, and now and then a quantiser
turns that into another code. Two measures keep the order the same (found by measurement with MKL, which promises
nothing; elsewhere the results agree to rounding): a lone column or row is doubled, so that it does not take the
matrix-vector kernel, and long sums are cut into slices that no kernel cuts again. They cost next to nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

SLICE = 384  # terms of a sum that stay together


def stable_matmul(weight: Tensor, columns: Tensor) -> Tensor:
    """`[M, K] @ [K, N]` → `[M, N]`; not for training (the slices are added in place)."""
    if weight.shape[0] == 1:
        return stable_matmul(weight.expand(2, -1).contiguous(), columns)[:1]
    if columns.shape[1] == 1:
        return stable_matmul(weight, columns.expand(-1, 2).contiguous())[:, :1]
    out = torch.mm(weight[:, :SLICE], columns[:SLICE])
    for start in range(SLICE, weight.shape[1], SLICE):
        out.addmm_(weight[:, start : start + SLICE], columns[start : start + SLICE])
    return out
