"""PartStream: what every stream made of parts does with their memory and with the pieces it is given."""

from __future__ import annotations

import torch
from torch import Tensor

from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans.parts import Part
from speefeare_core.stream import CodecStream, StreamState


class PartStream(CodecStream):
    """A stream from silence for one signal, `frames` frames a step; longer pieces of whole steps go in a loop."""

    def __init__(self, info: CodecInfo, frames: int, depth: int | None) -> None:
        super().__init__(info, 1, depth, "silence")
        self._frames = frames
        self._encoder: list[Part] = []
        self._decoder: list[Part] = []

    def finish_encode(self, rest: Tensor | None = None) -> tuple[Tensor | None, Tensor | None]:
        """A last ragged piece `[1, C, r]`, followed by zeros; frames that hold nothing of it are left out."""
        if rest is None or rest.shape[-1] == 0:
            return None, None
        hop = self.info.hop_samples
        frames = -(-rest.shape[-1] // hop)
        codes, latents = self.encode(torch.nn.functional.pad(rest, (0, -rest.shape[-1] % (self._frames * hop))))
        return (
            None if codes is None else codes[..., :frames],
            None if latents is None else latents[..., :frames],
        )

    def get_state(self) -> StreamState:
        """A copy of the carried state, for `set_state` later or on another plan of the same codec and step."""
        return {"memory": [tensor.clone() for tensor in self._memory]}

    def set_state(self, state: StreamState) -> None:
        """Go on from a state that `get_state` gave. Raises `SpeefeareError` for one of another kind of stream."""
        own, given = self._memory, state.get("memory", ())
        if [tensor.shape for tensor in given] != [tensor.shape for tensor in own]:
            raise SpeefeareError(f"This state is not one of a plan of {self.info.name} for {self._frames} frames.")
        with torch.inference_mode():
            for tensor, its in zip(own, given, strict=True):
                tensor.copy_(its)

    def pieces(self, given: Tensor, per_frame: int) -> tuple[Tensor, ...]:
        """The steps of `given` `[1, C, n·per_frame]`. Raises `SpeefeareError` where these are not whole."""
        self.check_batch(given)
        length = self._frames * per_frame
        if given.shape[-1] == 0 or given.shape[-1] % length:
            raise SpeefeareError(
                f"A plan of {self.info.name} for {self._frames} frames takes whole steps of {length}, not"
                f" {given.shape[-1]}."
            )
        return torch.split(given, length, dim=-1)

    @property
    def _memory(self) -> list[Tensor]:
        return [tensor for part in (*self._encoder, *self._decoder) for tensor in part.memory]


def joined(pieces: list[Tensor]) -> Tensor:
    """One after the other; a single one is given back as it is."""
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=-1)
