"""NetworkCodec: what the codecs around one network of ours share: the project's own file, and latents by depth."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codec import Codec, Encoded


class NetworkCodec(Codec):
    """A codec whose `module` has a `config`, and a `quantizer` where it has books.

    A family's constructor takes the network and `name`, `licence`, `notes`, `source`, and keeps the notes that it was
    given, without those that it adds itself, as `_own_notes`.
    """

    _own_notes: tuple[str, ...]

    @staticmethod
    @abstractmethod
    def network(config: dict[str, Any]) -> nn.Module:
        """The network of a configuration, weights undrawn or random. Raises ValueError for values that cannot work."""

    @classmethod
    def from_native(cls, data: NativeFile) -> Self:
        """From the project's own file. Raises ValueError or RuntimeError where tensors and configuration disagree."""
        model = cls.network(data.config)
        model.load_state_dict(data.tensors)
        make: Callable[..., Self] = cls
        return make(model, name=data.name, licence=data.licence, notes=data.notes, source=data.source)

    def to_native(self) -> NativeFile:
        """As the contents of the project's own file."""
        tensors = {name: tensor.detach().cpu() for name, tensor in self.module.state_dict().items()}
        config: Any = self.module.config
        return NativeFile(
            self.info.family, self.info.name, config.to_dict(), tensors, self.info.licence, self._own_notes
        )

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor | None:
        """`[B, D, F]`, what the first `depth` books sum up to; None for a codec without books."""
        if not self.info.books:
            return None
        codes = encoded.codes.to(self.device)
        quantizer: Any = self.module.quantizer
        with torch.inference_mode():
            summed: Tensor = quantizer.decode(codes, min(self.info.check_depth(depth), codes.shape[1]))
        return summed
