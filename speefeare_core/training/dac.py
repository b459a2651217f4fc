"""DAC as something to train."""

from __future__ import annotations

from torch import Tensor

from speefeare_core.codecs.dac import DacCodec
from speefeare_core.quantizers.factorised import FactorisedQuantized
from speefeare_core.quantizers.residual import Quantized
from speefeare_core.training.residual_network import ResidualNetwork


class TrainableDac(ResidualNetwork):
    """Factorised books that learn by gradient, with a loss `codebook` of their own; quantiser dropout an example.

    Odd strides lose a few samples at the end, and the target loses them too.
    """

    codec = DacCodec

    def own_terms(self, quantized: Quantized) -> dict[str, Tensor]:
        """Commitment, and what pulls the books."""
        assert isinstance(quantized, FactorisedQuantized)
        return {**super().own_terms(quantized), "codebook": quantized.codebook_loss}
