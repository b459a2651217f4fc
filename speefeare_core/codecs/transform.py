"""The neural transform codec: starts at the linear one, and learns to bend spectra before and repair them after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.lapped import LappedCodec
from speefeare_core.nn.compact import expand
from speefeare_core.nn.transform_net import TransformConfig, TransformNet

if TYPE_CHECKING:
    from speefeare_core.plans.lapped import LappedPlan


class TransformCodec(LappedCodec):
    """A TransformNet as a codec."""

    def __init__(
        self,
        network: TransformNet,
        *,
        name: str = "transform",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        super().__init__("transform", network, name=name, licence=licence, notes=notes, source=source)

    def plan_stream(self, frames: int, depth: int | None, mode: str) -> LappedPlan | None:
        """On buffers that stay, in every mode, on the processor."""
        from speefeare_core.plans.transform import transform_plan

        assert isinstance(self.module, TransformNet)
        return transform_plan(self.info, self.module, frames, depth, mode) if self.device.type == "cpu" else None

    @classmethod
    def from_native(cls, data: NativeFile) -> TransformCodec:
        """From the project's own file. Raises ValueError or RuntimeError where tensors and configuration disagree."""
        network = TransformNet(TransformConfig.from_dict(data.config))
        network.load_state_dict(expand(data.tensors))
        return cls(network, name=data.name, licence=data.licence, notes=data.notes, source=data.source)
