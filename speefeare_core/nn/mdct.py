"""Modified discrete cosine transform with carried state: audio blocks <-> one spectrum a block.

Princen, Johnson, Bradley 1987 (time-domain aliasing cancellation) with the sine window. Frame n
spans blocks n - 1 and n, so that analysis and synthesis together lag by one block.
"""

import math

import torch
from torch import Tensor, nn

from speefeare_core.nn.frame_blocks import row_matmul


class Mdct(nn.Module):
    """Orthonormal lapped transform of blocks of `hop` samples; holds no state of its own."""

    cosines: Tensor  # [2 * hop, hop], window included
    sines: Tensor  # [2 * hop, hop], window included
    inverse: Tensor  # [hop, 2 * hop], cosines transposed and stored row by row (see row_matmul)

    def __init__(self, hop: int) -> None:
        super().__init__()
        self.hop = hop
        time = torch.arange(2 * hop, dtype=torch.float64)[:, None]
        bin_ = torch.arange(hop, dtype=torch.float64)[None]
        window = torch.sin(math.pi * (time + 0.5) / (2 * hop)) * math.sqrt(2 / hop)
        phase = math.pi / hop * (time + 0.5 + hop / 2) * (bin_ + 0.5)
        cosines = (window * phase.cos()).float()
        self.register_buffer("cosines", cosines, persistent=False)
        self.register_buffer("inverse", cosines.t().contiguous(), persistent=False)
        self.register_buffer("sines", (window * phase.sin()).float(), persistent=False)

    def silence(self, batch: int) -> Tensor:
        """State [batch, hop] before the first sample, for analysis and for synthesis."""
        return self.cosines.new_zeros(batch, self.hop)

    def spans(self, audio: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, F * hop] after tail [B, hop] -> the span of each frame [B, F, 2 * hop], new tail.

        Raises ValueError when the audio is not whole blocks.
        """
        batch, samples = audio.shape
        if samples == 0 or samples % self.hop:
            raise ValueError(f"{samples} samples are not whole blocks of {self.hop}")
        blocks = torch.cat([tail[:, None], audio.view(batch, -1, self.hop)], dim=1)
        return torch.cat([blocks[:, :-1], blocks[:, 1:]], dim=2), blocks[:, -1].clone()

    def analyse(self, spans: Tensor) -> Tensor:
        """MDCT of spans [B, F, 2 * hop] -> [B, F, hop]."""
        return row_matmul(spans, self.cosines)

    def quadrature(self, spans: Tensor) -> Tensor:
        """MDST [B, F, hop]: with the MDCT it gives magnitudes that do not waver with the phase."""
        return row_matmul(spans, self.sines)

    def synthesise(self, coefficients: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        """Coefficients [B, F, hop] and tail [B, hop] -> audio [B, F * hop], one block late, new tail."""
        spans = row_matmul(coefficients, self.inverse)
        late = torch.cat([tail[:, None], spans[:, :, self.hop :]], dim=1)
        blocks = late[:, :-1] + spans[:, :, : self.hop]
        return blocks.reshape(blocks.shape[0], -1), late[:, -1].clone()


def compress(values: Tensor, power: float) -> Tensor:
    """Signed power law sign(v) |v|^power: its inverse is the power's inverse.

    Errors in the compressed domain weigh about as the ear weighs them.
    """
    return values.sign() * values.abs().pow(power)
