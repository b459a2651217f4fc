"""What a run measures and lets be heard at every checkpoint: the codec as its file has it, on clips it never learnt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from speefeare_core.audio import Audio, Samples, write
from speefeare_core.codec import Codec
from speefeare_core.evaluation.metrics import mel_distance, si_sdr
from speefeare_core.training.held_out import ValidationClip
from speefeare_core.training.run_log import RunFolder

MOST_DEPTHS = 6  # that are measured of a codec with many books


def depths_to_measure(books: int) -> tuple[int, ...]:
    """Depths 1, 2, 4 … and the full one."""
    powers = [2**power for power in range(math.ceil(math.log2(books)))] if books > 1 else []
    return (*powers[: MOST_DEPTHS - 1], books) if books else ()


class Validation:
    """The same clips at every checkpoint; `losses` are those of the recipe that compare decoded with original."""

    def __init__(self, clips: Sequence[ValidationClip], losses: Mapping[str, tuple[float, nn.Module]]) -> None:
        self.clips, self.losses = tuple(clips), losses

    def write_originals(self, run: RunFolder, rate_hz: int) -> list[str]:
        """`samples/original/N.wav`, once; their names below the run folder."""
        return self._write(run, "original", [clip.audio for clip in self.clips], rate_hz, again=False)

    @torch.no_grad()
    def measure(self, codec: Codec, run: RunFolder, step: int, device: torch.device) -> dict[str, Any]:
        """Values of a `validation` event, and `samples/step-*/N.wav` of the full depth.

        mel_distance and si_sdr are means over the clips (dB), the recipe's losses too.
        """
        rate_hz = codec.info.rate_hz
        depths = depths_to_measure(codec.info.depth)
        by_depth: dict[int, list[float]] = {depth: [] for depth in depths}
        found: dict[str, list[float]] = {}
        heard: list[Samples] = []
        for clip in self.clips:
            audio = torch.from_numpy(clip.audio)[None, None].to(device)
            encoded = codec.encode(audio)
            decoded = codec.decode(encoded)
            heard.append(decoded[0, 0].float().cpu().numpy())
            _add(found, "mel_distance", mel_distance.measure(clip.audio, heard[-1], rate_hz).value)
            _add(found, "si_sdr", si_sdr.measure(clip.audio, heard[-1], rate_hz).value)
            for name, value in self._losses(decoded.float(), audio).items():
                _add(found, name, value)
            for depth in depths[:-1]:
                shallow = codec.decode(encoded, depth)[0, 0].float().cpu().numpy()
                _add(by_depth, depth, mel_distance.measure(clip.audio, shallow, rate_hz).value)
        if depths:
            by_depth[depths[-1]] = found.get("mel_distance", [])
        return {
            **{name: round(float(np.mean(values)), 5) for name, values in found.items()},
            "mel_distance_by_depth": {str(k): round(float(np.mean(v)), 4) for k, v in by_depth.items() if v},
            "samples": self._write(run, f"step-{step:08d}", heard, rate_hz, again=True),
        }

    def _losses(self, decoded: Tensor, audio: Tensor) -> dict[str, float]:
        return {name: float(loss(decoded, audio)) for name, (_, loss) in self.losses.items()}

    def _write(self, run: RunFolder, folder: str, sounds: Sequence[Samples], rate_hz: int, again: bool) -> list[str]:
        names = []
        for number, samples in enumerate(sounds):
            path = run.samples / folder / f"{number}.wav"
            names.append(path.relative_to(run.path).as_posix())
            if again or not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                write(path, Audio(samples[None], rate_hz), "PCM_16")
        return names


def _add(found: dict[Any, list[float]], name: Any, value: float | None) -> None:
    if value is not None and math.isfinite(value):
        found.setdefault(name, []).append(value)
