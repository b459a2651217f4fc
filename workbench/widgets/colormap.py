"""Colour maps as tables of 256 RGB32 pixels.

All are even in lightness and safe for colour-blind readers: viridis, magma (van der Walt & Smith), cividis (Nuñez et
al. 2018) and, for differences, CET-CBD1 (Kovesi 2015) on light ground and its dark-centred counterpart on dark ground.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Every eighth colour of the published tables; lines between them are within 5 of 255 everywhere.
_STOPS = {
    "viridis": (
        "440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e23898e"
        "21918c1f978b1f9f8821a68527ad8131b57b3dbc744cc26c5cc8636ece5881d34d95d840aadc32c0df25d5e21aeae51a"
        "fde725"
    ),
    "magma": (
        "0000040303120a0822130d341d114729115a36106b440f7651127c5d177f6a1c81762181832681902a819c2e7faa337d"
        "b73779c23b75cf4070db476ae55064ee5b5ef4695cf9785dfb8761fd9668fea571feb47bfec287fed194fde0a1fceeb0"
        "fcfdbf"
    ),
    "cividis": (
        "00204d00265a002c6900306f06366e1f3c6d2d426c38486b414d6b4a536b52596c595f6d61646f686a716f7073767676"
        "7d7c788481798b8779938e789b9477a39a76aca174b4a872bcaf6fc5b56ccebc68d7c463e0cb5ee9d358f2da50fbe248"
        "ffea46"
    ),
    "difference": (
        "3a90fe5096fd619cfd70a1fc7da7fc89adfb94b3fa9fb9f9a9bef9b3c5f8bccbf7c5d1f6ced7f5d7ddf4dfe3f3e8eaf1"
        "ededecedeae2eae3d5e6ddc7e2d7badfd1acdaca9fd6c492d2be85cdb878c8b26bc3ac5dbea750b9a142b39b33ad9522"
        "a89008"
    ),
    "difference-dark": (
        "a9d6ff8cc6ff6fb3ff529dfb3a84ea2f6cc9285aa7224a871e3a661a2c491c202c1e1e1e2b261539301048400f5b510f"
        "71620e8a750fa2871cb89a33ceae4fe0c06fefd391"
    ),
}
MAPS = ("viridis", "magma", "cividis")
Table = NDArray[np.uint32]


@cache
def table(name: str) -> Table:
    """256 pixels for Format_RGB32. Raises KeyError for an unknown name."""
    text = _STOPS[name]
    stops = np.array([[int(text[i + c : i + c + 2], 16) for c in (0, 2, 4)] for i in range(0, len(text), 6)], float)
    at = np.linspace(0, len(stops) - 1, 256)
    red, green, blue = (np.interp(at, np.arange(len(stops)), stops[:, c]).round().astype(np.uint32) for c in range(3))
    return 0xFF000000 | (red << 16) | (green << 8) | blue


@cache
def code_table(dark: bool) -> Table:
    """4096 well-told-apart colours for code indices: golden-angle hues on six lightness and two chroma steps (CIELAB).

    Neighbouring indices get distant colours; the same index always gets the same one.
    """
    index = np.arange(4096)
    hue = np.deg2rad(index * 137.50776405 % 360.0)
    lightness = (48.0 if dark else 40.0) + 6.0 * (index * 7 % 6)
    chroma = 34.0 + 18.0 * (index * 5 % 2)
    return _lab_to_rgb32(lightness, chroma * np.cos(hue), chroma * np.sin(hue))


def _lab_to_rgb32(lightness: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> Table:
    """CIELAB (D65) to sRGB pixels, clipped to the gamut."""
    fy = (lightness + 16.0) / 116.0
    f = np.stack([fy + a / 500.0, fy, fy - b / 200.0])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * np.array([[0.9505], [1.0], [1.089]])
    matrix = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    linear = np.clip(matrix @ xyz, 0.0, 1.0)
    encoded = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    red, green, blue = (encoded * 255.0).round().astype(np.uint32)
    return 0xFF000000 | (red << 16) | (green << 8) | blue


def blend(pixels: NDArray[np.uint32], ground: int, share: float | NDArray[Any]) -> NDArray[np.uint32]:
    """Pixels with `share` (0 to 1, one for all or one for each) of the ground colour mixed in."""
    give = np.round(np.asarray(share) * 256).astype(np.uint32)
    keep = np.uint32(256) - give
    even = ((pixels & 0xFF00FF) * keep + np.uint32(ground & 0xFF00FF) * give) >> 8 & 0xFF00FF
    odd = ((pixels >> 8 & 0xFF) * keep + np.uint32(ground >> 8 & 0xFF) * give) & 0xFF00
    return np.asarray(np.uint32(0xFF000000) | even | odd, np.uint32)
