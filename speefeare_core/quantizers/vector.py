"""One vector quantiser: nearest entry of a codebook that follows its vectors by moving averages.

Codebook learning as in VQ-VAE-2 (arXiv 1906.00446, appendix A) with the k-means start and the
replacement of unused entries of SoundStream (arXiv 2107.03312, section III-C).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.quantizers import ranks

CHUNK_VECTORS = 8192  # keeps the [M, N] score matrix of a search in bounds
CPU_CHUNK_VECTORS = 512  # and inside the cache
BLOCK = 32  # entries among which the best one is found together
LEAST_ROWS = 16  # from which on finding blocks first is quicker


@dataclass(frozen=True)
class LearningRules:
    """How a book follows its vectors. The defaults are SoundStream's."""

    decay: float = 0.99  # of the moving averages
    kmeans: bool = True  # start at the centres of the first batch; False: at random of that batch's width
    kmeans_rounds: int = 10
    replace_dead: bool = True
    dead_code_usage: float = 2.0  # mean number of choices in a batch below which an entry is dead
    fair_share: float = 0.1  # no entry is dead above this share of an equal part of the batch
    check_every: int = 1  # batches from one look for dead entries to the next


class VectorQuantizer(nn.Module):
    """Codebook [N, D] with exact nearest-neighbour search and EMA learning.

    The forward pass of training belongs to ResidualVQ; one book alone is a ResidualVQ of depth 1.
    """

    codebook: Tensor  # [N, D]
    usage: Tensor  # [N], moving average of how many vectors of a batch chose the entry
    sums: Tensor  # [N, D], moving average of the sum of those vectors
    initialised: Tensor  # scalar bool
    batches: Tensor  # scalar int64, how many it has learnt from

    def __init__(self, size: int, dim: int, *, decay: float = 0.99, dead_code_usage: float = 2.0) -> None:
        super().__init__()
        self.rules = LearningRules(decay=decay, dead_code_usage=dead_code_usage)
        self._table: tuple[tuple[int, int], SearchTable] | None = None
        self.learning = True  # False keeps the book as it is, in training too
        self.register_buffer("codebook", torch.randn(size, dim) / dim**0.5)
        # What only learning needs stays out of shipped weights; see learning_state.
        self.register_buffer("usage", torch.ones(size), persistent=False)
        self.register_buffer("sums", self.codebook.clone(), persistent=False)
        self.register_buffer("initialised", torch.tensor(False), persistent=False)
        self.register_buffer("batches", torch.tensor(0), persistent=False)

    @property
    def size(self) -> int:
        """Number of entries N."""
        return self.codebook.shape[0]

    def encode(self, vectors: Tensor) -> Tensor:
        """Index of the nearest entry: [M, D] -> [M] int64."""
        return self.search_table().nearest(vectors)

    def search_table(self) -> SearchTable:
        """The book as a search wants it, kept for as long as it stays as it is."""
        if self.training or self.codebook.is_inference():
            return SearchTable.of(self.codebook)
        now = (self.codebook.data_ptr(), self.codebook._version)  # another one after every change
        if self._table is None or self._table[0] != now:
            self._table = (now, SearchTable.of(self.codebook))
        return self._table[1]

    def decode(self, indices: Tensor) -> Tensor:
        """Entries by index: int64 [...] -> [..., D]."""
        return nn.functional.embedding(indices, self.codebook)

    @torch.no_grad()
    def initialise(self, vectors: Tensor) -> None:
        """Start from one batch [M, D], as `rules` say: at its k-means centres, or at random with its mean and width.

        Of several training processes all take the same start, from the vectors of all.
        """
        vectors = ranks.joined(vectors)
        if self.rules.kmeans:
            centres, counts = kmeans(vectors, self.size, self.rules.kmeans_rounds)
        else:
            spread = vectors.std(dim=0, correction=0)
            centres = vectors.mean(dim=0) + spread * torch.randn_like(self.codebook)
            counts = torch.full_like(self.usage, vectors.shape[0] / self.size)
        self.codebook.copy_(ranks.first(centres))
        self.usage.copy_(ranks.first(counts).clamp(min=1.0))
        self.sums.copy_(self.codebook * self.usage[:, None])
        self.initialised.fill_(True)

    @torch.no_grad()
    def learn(self, vectors: Tensor, indices: Tensor) -> None:
        """Move the codebook towards the vectors [M, D] that chose its entries [M], of all training processes."""
        counts, sums = _accumulate(vectors, indices, self.size)
        counts, sums = ranks.summed(counts), ranks.summed(sums)
        total = float(counts.sum()) if ranks.several() else vectors.shape[0]
        if total == 0:
            return
        self.usage.lerp_(counts, 1 - self.rules.decay)
        self.sums.lerp_(sums, 1 - self.rules.decay)
        self.batches += 1
        if self.rules.replace_dead and int(self.batches) % self.rules.check_every == 0:
            self._replace_dead(vectors, total)
        # An entry nobody chooses decays towards 0 / 0; the floor leaves it where it was.
        alive = self.usage > 1e-3
        means = self.sums / self.usage.clamp(min=1e-3)[:, None]
        self.codebook.copy_(torch.where(alive[:, None], means, self.codebook))

    def _replace_dead(self, vectors: Tensor, total: float) -> None:
        # In a small batch even a fair share lies below the threshold: expire only what gets
        # less than a tenth of it, or every step would throw the whole book away.
        threshold = min(self.rules.dead_code_usage, self.rules.fair_share * total / self.size)
        dead = (self.usage < threshold).nonzero()[:, 0]
        if dead.numel() == 0:
            return
        vectors = ranks.joined(vectors)
        picks = ranks.first(torch.randint(vectors.shape[0], (dead.numel(),), device=vectors.device))
        self.usage[dead] = threshold
        self.sums[dead] = vectors[picks] * threshold

    def learning_state(self) -> dict[str, Tensor]:
        """What a resumed run needs beside the weights."""
        return {"usage": self.usage, "sums": self.sums, "initialised": self.initialised, "batches": self.batches}

    def load_learning_state(self, state: dict[str, Tensor]) -> None:
        """Take back what learning_state gave."""
        for name, value in self.learning_state().items():
            value.copy_(state[name])

    def adopt(self, codebook: Tensor) -> None:
        """Start learning from given entries [N, D] instead of from k-means."""
        self.codebook.copy_(codebook)
        self.usage.fill_(max(1.0, self.rules.dead_code_usage))
        self.sums.copy_(self.codebook * self.usage[:, None])
        self.initialised.fill_(True)


@dataclass(frozen=True)
class SearchTable:
    """What a search needs of a codebook, computed once for as long as the codebook stays as it is."""

    transposed: Tensor  # [D, N]
    half_norms: Tensor  # [1, N]

    @classmethod
    def of(cls, codebook: Tensor) -> SearchTable:
        """Of a codebook [N, D]."""
        return cls(codebook.t().contiguous(), codebook.square().sum(dim=1)[None] / 2)

    def nearest(self, vectors: Tensor) -> Tensor:
        """Nearest entry in the Euclidean sense: [M, D] -> [M] int64.

        argmin |v - c|^2 = argmax v.c - |c|^2 / 2, so that the search is one matrix product.
        """
        chunk = CPU_CHUNK_VECTORS if vectors.device.type == "cpu" else CHUNK_VECTORS
        found = [self._best(part) for part in torch.split(vectors, chunk)]
        return found[0] if len(found) == 1 else torch.cat(found)

    def _best(self, vectors: Tensor) -> Tensor:
        if vectors.shape[0] == 1:
            # A lone row would take the matrix-vector kernel, which sums in another order: a stream
            # of single frames could then choose another entry than the whole file does.
            return self._best(vectors.expand(2, -1))[:1]
        return greatest(torch.addmm(self.half_norms, vectors, self.transposed, beta=-1))


def greatest(scores: Tensor) -> Tensor:
    """`scores.argmax(dim=1)` of [M, N] -> [M] int64, the first of equals.

    torch looks for an index one value at a time, on a CPU ten times slower than for a maximum: so for the best block
    of entries by its maximum, then within that block.
    """
    rows, entries = scores.shape
    if rows < LEAST_ROWS or entries % BLOCK or scores.device.type != "cpu":
        return scores.argmax(dim=1)
    blocks = scores.view(rows, entries // BLOCK, BLOCK)
    block = blocks.amax(dim=2).argmax(dim=1)
    among = blocks.gather(1, block[:, None, None].expand(-1, 1, BLOCK))[:, 0]
    return block * BLOCK + among.argmax(dim=1)


def nearest(vectors: Tensor, codebook: Tensor) -> Tensor:
    """Nearest codebook entry in the Euclidean sense: [M, D], [N, D] -> [M] int64."""
    return SearchTable.of(codebook).nearest(vectors)


def kmeans(vectors: Tensor, clusters: int, rounds: int) -> tuple[Tensor, Tensor]:
    """Plain k-means from random vectors: [M, D] -> centres [clusters, D], counts [clusters].

    With fewer vectors than clusters some centres coincide, and the later ones count nobody.
    An empty cluster restarts at a random vector, in all rounds but the last.
    """
    total = vectors.shape[0]
    if total >= clusters:
        picks = torch.randperm(total, device=vectors.device)[:clusters]
    else:
        picks = torch.arange(clusters, device=vectors.device) % total
    centres = vectors[picks].clone()
    counts = torch.zeros(clusters, device=vectors.device)
    for turn in range(rounds):
        counts, sums = _accumulate(vectors, nearest(vectors, centres), clusters)
        empty = (counts == 0).nonzero()[:, 0]
        centres = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], centres)
        if turn < rounds - 1 and total >= clusters:
            picks = torch.randint(total, (empty.numel(),), device=vectors.device)
            centres[empty] = vectors[picks]
    return centres, counts


def _accumulate(vectors: Tensor, indices: Tensor, size: int) -> tuple[Tensor, Tensor]:
    counts = torch.bincount(indices, minlength=size).to(vectors.dtype)
    sums = vectors.new_zeros(size, vectors.shape[1]).index_add_(0, indices, vectors)
    return counts, sums


def vector_quantizers(module: nn.Module) -> Iterator[tuple[str, VectorQuantizer]]:
    """Every book inside a module with its dotted name, in the order of definition."""
    for name, part in module.named_modules():
        if isinstance(part, VectorQuantizer):
            yield name, part
