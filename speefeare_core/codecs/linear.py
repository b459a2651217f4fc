"""The linear transform codec: what coding gains without any network, and what a network has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.lapped import LappedCodec
from speefeare_core.nn.compact import expand
from speefeare_core.nn.linear_transform import LinearConfig, LinearTransform

if TYPE_CHECKING:
    from speefeare_core.plans.lapped import LappedPlan

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

    def plan_stream(self, frames: int, depth: int | None, mode: str) -> LappedPlan | None:
        """On buffers that stay, in every mode, on the processor."""
        from speefeare_core.plans.transform import linear_plan

        assert isinstance(self.module, LinearTransform)
        return linear_plan(self.info, self.module, frames, depth, mode) if self.device.type == "cpu" else None

    @classmethod
    def from_native(cls, data: NativeFile) -> LinearCodec:
        """From the project's own file. Raises ValueError or RuntimeError where tensors and configuration disagree."""
        network = LinearTransform(LinearConfig.from_dict(data.config))
        network.load_state_dict(expand(data.tensors))
        return cls(network, name=data.name, licence=data.licence, notes=data.notes, source=data.source)
