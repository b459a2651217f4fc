"""The fixed axes in which a codec's latents are drawn: three principal axes, fitted once for each loaded codec."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core import audio, resources
from speefeare_core.codec import Codec
from speefeare_core.projection.corpus import SAMPLE
from speefeare_core.projection.latents import rows
from speefeare_core.projection.pca import Basis, Moments
from workbench.engine.server import coding

_WORDS = "The principal axes of this codec's latents on the shipped speech sample; fixed for all clips."


def place(basis: Basis, latents: Tensor) -> NDArray[np.float32]:
    """`[1, D, n]` → points `[n, 3]`."""
    return basis.place(rows(latents))


def fit_to_codec(codec: Codec) -> Generator[None, None, Basis | None]:
    """The basis of a codec from its latents of the shipped sample; None for a codec without latents."""
    sample = audio.read(resources.resource(*SAMPLE), codec.info.rate_hz, codec.info.channels)
    moments = Moments()
    coded = yield from coding.encode(
        codec,
        sample.samples,
        lambda latents: moments.add(rows(latents)),
        lambda done, total: None,
    )
    coded.unlink()
    yield
    return moments.basis(_WORDS) if moments.count > 1 else None


def points_after(
    codec: Codec, coded: coding.CodedClip, basis: Basis
) -> Generator[None, None, list[NDArray[np.float32]]]:
    """Points `[n, 3]`, piece by piece, after quantisation with all books; empty where a codec cannot say."""
    pieces = []
    for latents in coding.quantized_pieces(codec, coded):
        if latents is not None and latents.shape[1] == basis.width:  # some quantise in another space
            with torch.inference_mode():
                pieces.append(place(basis, latents))
        yield
    return pieces
