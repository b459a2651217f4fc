"""The fixed plane in which a codec's latents are drawn: two principal axes, fitted once for each loaded codec."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core import audio, resources
from speefeare_core.codec import Codec
from workbench.engine.server import coding

SAMPLE = ("samples", "sense_and_sensibility.flac")
_WORDS = "The two principal axes of this codec's latents on the shipped speech sample; fixed for all clips."


@dataclass(frozen=True)
class Basis:
    """`(latent − mean) · axes`."""

    mean: NDArray[np.float32]  # [D]
    axes: NDArray[np.float32]  # [D, 2]
    explained: tuple[float, float]
    words: str = _WORDS

    def project(self, latents: Tensor) -> NDArray[np.float32]:
        """`[1, D, n]` → points `[n, 2]`."""
        return (latents[0].T.float().cpu().numpy() - self.mean) @ self.axes


def fit(points: NDArray[np.float32]) -> Basis:
    """Principal axes of `[F, D]`. The sign of each axis is fixed (its largest entry is positive)."""
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = np.zeros((points.shape[1], 2))
    found = vectors[:, ::-1][:, :2]
    axes[:, : found.shape[1]] = found
    axes *= np.where(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0) < 0, -1.0, 1.0)
    total = max(float(values.sum()), 1e-30)
    share = [float(value) / total for value in values[::-1][:2]] + [0.0]
    return Basis(
        points.mean(axis=0, dtype=np.float64).astype(np.float32), axes.astype(np.float32), (share[0], share[1])
    )


def fit_to_codec(codec: Codec) -> Generator[None, None, Basis | None]:
    """The basis of a codec from its latents of the shipped sample; None for a codec without latents."""
    sample = audio.read(resources.resource(*SAMPLE), codec.info.rate_hz, codec.info.channels)
    pieces: list[NDArray[np.float32]] = []
    coded = yield from coding.encode(
        codec,
        sample.samples,
        lambda latents: pieces.append(latents[0].T.float().cpu().numpy()),
        lambda done, total: None,
    )
    coded.unlink()
    yield
    points = np.concatenate(pieces) if pieces else np.zeros((0, 1), np.float32)
    return fit(points) if len(points) > 1 else None


def points_after(
    codec: Codec, coded: coding.CodedClip, basis: Basis
) -> Generator[None, None, list[NDArray[np.float32]]]:
    """Points `[n, 2]`, piece by piece, after quantisation with all books; empty where a codec cannot say."""
    pieces = []
    for latents in coding.quantized_pieces(codec, coded):
        if latents is not None and latents.shape[1] == len(basis.mean):  # some quantise in another space
            with torch.inference_mode():
                pieces.append(basis.project(latents))
        yield
    return pieces
