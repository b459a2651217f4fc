"""From a drawn batch to what a step hears: audio on the device, and the teacher's features where there is one.

With the cache, a clip is heard once, whole and as it is, and each example gets its part of that: at another speed the
features are stretched, and what changes the sound alone (level, noise, tilt) leaves them as they are. That is how
SpeechTokenizer's trainer does it (features extracted beforehand). Without the cache the teacher hears every example.
"""

from __future__ import annotations

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.teachers import open_teacher
from speefeare_core.teachers.cache import FeatureCache
from speefeare_core.teachers.teacher import Teacher
from speefeare_core.training.batch import Batch, Place
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.speech.pool import SpeechPool
from speefeare_core.training.train_step import Heard
from speefeare_core.training.trainable import Trainable

_AROUND = 0.05  # seconds beside a part of a clip, so that resampling it changes nothing inside


class Listener:
    """Brings batches to the device; with a teacher their features `[B, S, F']` too, at the teacher's frame rate."""

    def __init__(
        self, device: torch.device, teacher: Teacher | None = None, pool: SpeechPool | None = None,
        cache: FeatureCache | None = None, rate_hz: int = 16_000,
    ) -> None:  # fmt: skip
        """`pool`: the clips that the examples are from, for the cache; `rate_hz`: of the batches."""
        self.device, self.teacher, self.pool, self.cache, self.rate_hz = device, teacher, pool, cache, rate_hz
        self._silence: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, recipe: Recipe, pool: SpeechPool, device: torch.device, model: Trainable | None = None) -> Listener:
        """What the recipe asks for. Raises `SpeefeareError` where its teacher cannot be opened or does not fit.

        A network that brings its own teacher, as X-Codec, is given no features.
        """
        if not recipe.teacher.key or (model is not None and model.hears_itself):
            return cls(device)
        teacher = open_teacher(recipe.teacher.key, recipe.teacher.source)
        if model is not None and model.taught_width not in (None, teacher.width):
            raise SpeefeareError(
                f"The teacher {teacher.key} gives {teacher.width} values a frame; set network.semantic_dimension of the"
                f" recipe {recipe.name} to {teacher.width}, not {model.taught_width}."
            )
        teacher = teacher.to(device)
        cache = FeatureCache(teacher) if recipe.teacher.cache else None
        return cls(device, teacher, pool, cache, pool.rate_hz)

    def hear(self, batch: Batch) -> Heard:
        """Audio [B, 1, T] on the device, and what the teacher hears in it."""
        audio = torch.from_numpy(batch.audio).to(self.device, non_blocking=True)
        if self.teacher is None:
            return Heard(audio)
        if self.cache is None or self.pool is None:
            return Heard(audio, self.teacher.hear(self._at_teachers_rate(audio)))
        parts = np.stack([self._part(place, batch.audio.shape[-1]) for place in batch.places])
        return Heard(audio, torch.from_numpy(parts).transpose(1, 2).to(self.device))

    def _at_teachers_rate(self, audio: Tensor) -> Tensor:
        assert self.teacher is not None
        if self.rate_hz == self.teacher.rate_hz:
            return audio
        rows = [soxr.resample(row, self.rate_hz, self.teacher.rate_hz) for row in audio[:, 0].cpu().numpy()]
        return torch.from_numpy(np.stack(rows)).float()[:, None].to(self.device)

    def _part(self, place: Place, samples: int) -> NDArray[np.float32]:
        """Features `[F', S]` of one example, linearly between those of its clip; those of silence around it."""
        teacher, cache, pool = self.teacher, self.cache, self.pool
        assert teacher is not None and cache is not None and pool is not None
        hop = teacher.hop_samples * self.rate_hz / teacher.rate_hz  # in samples of the run
        frames = max(1, round(samples / hop))
        middles = (np.arange(frames) + 0.5) * hop
        inside = (middles >= place.offset) & (middles < place.offset + place.filled)
        out = np.tile(self._of_silence(), (frames, 1))
        if not inside.any():
            return out
        index = pool.find(place.clip)
        length = round(int(pool.lengths[index]) * teacher.rate_hz / self.rate_hz)
        at = (place.start + (middles[inside] - place.offset) * place.speed) / hop - 0.5
        first, last = int(np.floor(at[0])), int(np.ceil(at[-1])) + 1
        last_of_clip = max(1, -(-length // teacher.hop_samples)) - 1
        first = min(max(first, 0), last_of_clip)
        heard = cache.features(place.clip, length, self._reader(index), first, last)
        at = np.clip(at - first, 0, len(heard) - 1)
        before = np.minimum(at.astype(np.int64), max(0, len(heard) - 2))
        share = (at - before)[:, None].astype(np.float32)
        after = np.minimum(before + 1, len(heard) - 1)
        out[inside] = heard[before] * (1 - share) + heard[after] * share
        return out

    def _reader(self, index: int):  # type: ignore[no-untyped-def]
        """Parts of a clip at the teacher's rate."""
        assert self.pool is not None and self.teacher is not None
        pool, rate_hz, wanted_hz = self.pool, self.rate_hz, self.teacher.rate_hz

        def read(start: int, count: int) -> Samples:
            if rate_hz == wanted_hz:
                return pool.read(index, start, count)
            begin = max(0, int((start / wanted_hz - _AROUND) * rate_hz))
            end = int(np.ceil(((start + count) / wanted_hz + _AROUND) * rate_hz))
            found = soxr.resample(pool.read(index, begin, end - begin), rate_hz, wanted_hz)
            skip = start - round(begin * wanted_hz / rate_hz)
            part = np.zeros(count, np.float32)
            taken = found[skip : skip + count]
            part[: len(taken)] = taken
            return part

        return read

    def _of_silence(self) -> NDArray[np.float32]:
        """What the teacher hears in silence, `[S]`."""
        if self._silence is None:
            assert self.teacher is not None
            heard = self.teacher.hear(torch.zeros(1, 1, self.teacher.rate_hz, device=self.device))
            self._silence = heard[0, :, heard.shape[-1] // 2].float().cpu().numpy()
        return self._silence


def at_frames(features: Tensor, frames: int, *, kernel: float = 1.0) -> Tensor:
    """A teacher's features `[B, S, F']` at the frames of a codec: `[B, frames, S]`.

    Where the teacher has r features a frame (r a whole number), they are averaged over `kernel` · r of them around the
    frame, later ones too (Mimi, arXiv 2410.00037, section 3.3.2: stride 4, kernel 8); otherwise they are interpolated.
    """
    have = features.shape[-1]
    if have != frames and have % frames == 0:
        stride = have // frames
        width = max(stride, round(kernel * stride))
        edge = (width - stride) // 2
        features = F.avg_pool1d(features, width, stride, padding=edge, count_include_pad=False)[..., :frames]
    elif have != frames:
        features = F.interpolate(features, size=frames, mode="linear", align_corners=False)
    return features.transpose(1, 2)
