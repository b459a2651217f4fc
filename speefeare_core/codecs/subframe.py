"""The sub-frame codec: small causal frame networks, with a delay of a quarter of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.lapped import LappedCodec
from speefeare_core.nn.compact import expand
from speefeare_core.nn.subframe_net import SubframeConfig, SubframeNet

if TYPE_CHECKING:
    from speefeare_core.plans.lapped import LappedPlan


class SubframeCodec(LappedCodec):
    """A SubframeNet as a codec."""

    rest = torch.float16

    def __init__(
        self,
        network: SubframeNet,
        *,
        name: str = "subframe",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        delay = network.config.subframe_samples
        super().__init__(
            "subframe", network, name=name, licence=licence, notes=notes, source=source, delay_samples=delay
        )

    def plan_stream(self, frames: int, depth: int | None, mode: str) -> LappedPlan | None:
        """On buffers that stay, in every mode, on the processor."""
        from speefeare_core.plans.subframe import subframe_plan

        assert isinstance(self.module, SubframeNet)
        return subframe_plan(self.info, self.module, frames, depth, mode) if self.device.type == "cpu" else None

    @classmethod
    def from_native(cls, data: NativeFile) -> SubframeCodec:
        """From the project's own file. Raises ValueError or RuntimeError where tensors and configuration disagree."""
        network = SubframeNet(SubframeConfig.from_dict(data.config))
        network.load_state_dict(expand(data.tensors))
        return cls(network, name=data.name, licence=data.licence, notes=data.notes, source=data.source)
