"""The linear transform codec: what coding gains without any network, and what a network has to beat."""

from __future__ import annotations

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.lapped import LappedCodec
from speefeare_core.nn.compact import expand
from speefeare_core.nn.linear_transform import LinearConfig, LinearTransform

NOTES = (
    "No network: MDCT, power-law companding, Karhunen-Loeve transform, and residual codebooks by k-means.",
    "Every frame gets the same number of bits, silence included.",
)


class LinearCodec(LappedCodec):
    """A fitted LinearTransform as a codec."""

    def __init__(
        self,
        network: LinearTransform,
        *,
        name: str = "linear",
        licence: str = "unknown",
        notes: tuple[str, ...] = NOTES,
        source: str = "",
    ) -> None:
        super().__init__("linear", network, name=name, licence=licence, notes=notes, source=source)

    @classmethod
    def from_native(cls, data: NativeFile) -> LinearCodec:
        """From the project's own file. Raises ValueError or RuntimeError where tensors and configuration disagree."""
        network = LinearTransform(LinearConfig(**data.config))
        network.load_state_dict(expand(data.tensors))
        return cls(network, name=data.name, licence=data.licence, notes=data.notes, source=data.source)
