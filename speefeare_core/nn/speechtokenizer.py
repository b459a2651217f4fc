"""The SpeechTokenizer network: a SEANet whose first book is taught to speak of content (arXiv 2308.16692)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from speefeare_core.nn.padding import PadMode
from speefeare_core.nn.seanet import SeanetConfig, SeanetDecoder, SeanetEncoder
from speefeare_core.quantizers.residual import Quantized, ResidualVQ


@dataclass(frozen=True)
class SpeechTokenizerConfig(SeanetConfig):
    """The switches, by default those of the published hubert_avg model. Raises ValueError for what cannot work."""

    dimension: int = 1024
    n_filters: int = 64
    causal: bool = False
    pad_mode: PadMode = "reflect"
    bidirectional: bool = True
    rate_hz: int = 16000
    books: int = 8
    book_size: int = 1024
    semantic_dimension: int | None = 768  # of the teacher whose features the first book learns; None: no such layer

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("rate_hz", 1), ("books", 1), ("book_size", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"SpeechTokenizer's {name} should be a whole number from {least} on, not {value!r}")


@dataclass(frozen=True)
class SpeechTokenizerOutput:
    """One training pass."""

    audio: Tensor  # [B, 1, T]
    latents: Tensor  # [B, D, F] before quantisation
    quantized: Quantized
    semantic: Tensor | None  # [B, F, S], what the first book says, in the teacher's space


class SpeechTokenizerModel(nn.Module):
    """All weights of SpeechTokenizer; `transform` is for distillation alone."""

    def __init__(self, config: SpeechTokenizerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SeanetEncoder(config)
        self.quantizer = ResidualVQ(config.books, config.book_size, config.dimension)
        self.decoder = SeanetDecoder(config)
        taught = config.semantic_dimension
        self.transform = nn.Linear(config.dimension, taught) if taught is not None else None

    def forward(
        self, audio: Tensor, depths: Tensor | None = None, unquantised: Tensor | None = None
    ) -> SpeechTokenizerOutput:
        """`[B, 1, T]` through everything, each example with its own number of books `depths` `[B]`.

        The decoder gets the latents themselves of the examples that `unquantised` `[B]` bool names; what is taught is
        the first book all the same.
        """
        latents = self.encoder(audio)
        quantized = self.quantizer(latents, depths=depths)
        decoded = self.decoder(quantized.passed(latents, unquantised))[..., : audio.shape[-1]]
        semantic = None
        if self.transform is not None:
            first = self.quantizer.decode(quantized.codes, 1)
            # Straight through: the first book passes the gradient on to the encoder.
            semantic = self.transform((latents + (first - latents).detach()).transpose(1, 2))
        return SpeechTokenizerOutput(decoded, latents, quantized, semantic)
