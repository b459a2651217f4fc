"""SoundStream as a plan, in the chosen denoising mode."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from speefeare_core.codec import CodecInfo
from speefeare_core.nn.soundstream import SoundStreamModel
from speefeare_core.plans.encodec import ResidualCodecPlan
from speefeare_core.plans.parts import Step


class SoundStreamPlan(ResidualCodecPlan):
    """SoundStream for one signal; its stream from silence is the one from zeros."""

    def __init__(
        self, info: CodecInfo, model: SoundStreamModel, frames: int, depth: int | None, mode: str, *, denoise: bool
    ) -> None:
        self._film = None
        if model.film is not None:
            self._film = tuple(table.detach()[int(denoise)] for table in (model.film.gamma, model.film.beta))
        super().__init__(info, model, frames, depth, mode)

    def _condition(self, latents: Tensor) -> tuple[Tensor, list[Step]]:
        """FiLM, in the order of the module, so that its bits are the same."""
        if self._film is None:
            return latents, []
        gamma, beta = self._film
        out = torch.empty_like(latents)
        return out, [partial(torch.mul, latents, gamma, out=out), partial(out.add_, beta)]
