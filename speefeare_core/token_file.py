"""Token files: the codes of one recording as `.safetensors`, nothing in them can run.

Tensors: `codes` `[K, F]` int32, or `codes_0`, `codes_1` … where books differ in frame rate; `latents` `[D, F]` for a
codec without books; each piece of side information as `side.<name>` without its batch dimension. Metadata (strings):
`speefeare_tokens` (the version of this format), `codec`, `family`, `source`, `rate_hz`, `channels`, `hop_samples`,
`length_samples`, `frame_rate_hz`, `books` (JSON: size and frame rate of each book of the codec).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speefeare_core.codec import CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError

VERSION = "1"
_ALSO_DECODES = {"vocos": ("encodec",)}  # families whose codes another family takes
_KEYS = ("codec", "family", "source", "rate_hz", "channels", "hop_samples", "length_samples", "frame_rate_hz", "books")


@dataclass(frozen=True)
class TokenInfo:
    """What a token file says of itself."""

    codec: str
    family: str
    source: str  # what the codec was loaded from
    rate_hz: int
    channels: int
    hop_samples: int
    length_samples: int
    frame_rate_hz: float
    books: tuple[tuple[int, float], ...]  # of the whole codec: entries and frames per second
    depth: int  # books in the file
    frames: int  # of the fastest book

    @property
    def length_s(self) -> float:
        """Length of the recording in seconds."""
        return self.length_samples / self.rate_hz

    @property
    def content(self) -> str:
        """What it holds, in words."""
        if not self.depth:
            return f"continuous latents × {self.frames} frames" if self.frames else "packets"
        return f"{self.depth} book{'s' * (self.depth > 1)} × {self.frames} frames"

    def check_fits(self, info: CodecInfo) -> None:
        """Raise `SpeefeareError` where `info` cannot be a codec that decodes these tokens.

        Names are no proof, as files are renamed and moved: family, rates and the books that are in the file decide.
        """
        books = tuple((book.size, book.frame_rate_hz) for book in info.books)
        families = (info.family, *_ALSO_DECODES.get(info.family, ()))
        here = (info.rate_hz, info.channels, info.hop_samples, books[: self.depth], bool(books))
        told = (self.rate_hz, self.channels, self.hop_samples, self.books[: self.depth], bool(self.books))
        if self.family not in families or told != here:
            raise SpeefeareError(
                f"These tokens were made with {self.codec}, and {info.name} is another codec; decode them with"
                f" --codec {self.source or self.codec}."
            )


def write(path: str | Path, encoded: Encoded, info: CodecInfo, source: str = "") -> TokenInfo:
    """Write one recording (batch 1) by a temporary file and a rename. Raises `SpeefeareError` for a bad target."""
    import torch
    from safetensors.torch import save_file

    path = Path(path)
    if path.suffix != ".safetensors":
        raise SpeefeareError(f"{path} should end in .safetensors, which is what token files are.")
    groups = encoded.code_groups
    names = ["codes"] if len(groups) == 1 else [f"codes_{index}" for index in range(len(groups))]
    tensors = {name: group[0].to("cpu", torch.int32).contiguous() for name, group in zip(names, groups, strict=True)}
    if not groups and encoded.latents is not None:
        tensors["latents"] = encoded.latents[0].cpu().contiguous()
    tensors.update({f"side.{name}": value[0].cpu().contiguous() for name, value in encoded.side.items()})
    metadata = {
        "speefeare_tokens": VERSION,
        "codec": info.name,
        "family": info.family,
        "source": source or info.source,
        "rate_hz": str(info.rate_hz),
        "channels": str(info.channels),
        "hop_samples": str(info.hop_samples),
        "length_samples": str(encoded.length_samples),
        "frame_rate_hz": repr(info.frame_rate_hz),
        "books": json.dumps([[book.size, book.frame_rate_hz] for book in info.books]),
    }
    part = path.with_name(f".{path.name}.part")
    try:
        save_file(tensors, str(part), metadata)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except Exception as error:  # safetensors reports a folder that is not there by an error of its own
        part.unlink(missing_ok=True)
        raise SpeefeareError(
            f"{path} cannot be written; check that the folder exists and that you may write there."
        ) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return _describe(metadata, {name: tuple(value.shape) for name, value in tensors.items()})


def is_token_file(path: str | Path) -> bool:
    """Whether a file is safetensors with our metadata; False for everything else, also for what cannot be read."""
    from speefeare_core.checkpoints.native import read_metadata

    path = Path(path)
    if path.suffix != ".safetensors" or not path.is_file():
        return False
    try:
        return "speefeare_tokens" in read_metadata(path)
    except SpeefeareError:
        return False


def read_info(path: str | Path) -> TokenInfo:
    """What a token file says of itself, without its codes. Raises `SpeefeareError` for any other file."""
    return _open(Path(path), with_tensors=False)[0]


def read(path: str | Path) -> tuple[TokenInfo, Encoded]:
    """A token file as `Encoded` with batch 1. Raises `SpeefeareError` for damaged, foreign or impossible ones."""
    import torch

    path = Path(path)
    info, tensors = _open(path, with_tensors=True)
    groups = tuple(tensors[name].to(torch.int64)[None] for name in _code_names(tensors))
    first = 0
    for group in groups:
        sizes = torch.tensor([size for size, _ in info.books[first : first + group.shape[1]]])
        if len(sizes) < group.shape[1] or bool(((group < 0) | (group >= sizes[:, None])).any()):
            raise SpeefeareError(f"{path} holds codes that {info.codec} does not have; encode the recording again.")
        first += group.shape[1]
    latents = tensors["latents"][None] if "latents" in tensors else None
    side = {name.removeprefix("side."): value[None] for name, value in tensors.items() if name.startswith("side.")}
    return info, Encoded(groups, latents, info.length_samples, side)


def _open(path: Path, with_tensors: bool) -> tuple[TokenInfo, dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise SpeefeareError(f"There is no token file {path}.")
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = dict(file.metadata() or {})
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
            tensors = {name: file.get_tensor(name) for name in shapes} if with_tensors else {}
    except (SafetensorError, OSError, ValueError) as error:
        raise SpeefeareError(
            f"{path} is no token file, or it is cut off; token files are .safetensors written by speefeare encode."
        ) from error
    if "speefeare_tokens" not in metadata:
        raise SpeefeareError(f"{path} is a safetensors file without tokens; speefeare encode writes token files.")
    if metadata["speefeare_tokens"] != VERSION:
        raise SpeefeareError(
            f"{path} is a token file of version {metadata['speefeare_tokens']}; this program reads version {VERSION},"
            " so install a newer speefeare-workbench."
        )
    try:
        return _describe(metadata, shapes), tensors
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise SpeefeareError(f"{path} has incomplete token metadata ({error}); encode the recording again.") from error


def _code_names(tensors: dict[str, Any]) -> list[str]:
    if "codes" in tensors:
        return ["codes"]
    found = [name for name in tensors if name.startswith("codes_")]
    return sorted(found, key=lambda name: int(name.removeprefix("codes_")))


def _describe(metadata: dict[str, str], shapes: dict[str, tuple[int, ...]]) -> TokenInfo:
    missing = [key for key in _KEYS if key not in metadata]
    if missing:
        raise KeyError(f"{missing[0]} is missing")
    codes = [shapes[name] for name in _code_names(shapes)]
    if any(len(shape) != 2 for shape in codes) or not shapes:
        raise ValueError("codes should be [books, frames]")
    length = int(metadata["length_samples"])
    if length < 1 or int(metadata["rate_hz"]) < 1:
        raise ValueError("the length or the rate is not positive")
    frames = [shape[1] for shape in codes] or [shapes.get("latents", (0, 0))[-1]]
    return TokenInfo(
        codec=metadata["codec"],
        family=metadata["family"],
        source=metadata["source"],
        rate_hz=int(metadata["rate_hz"]),
        channels=int(metadata["channels"]),
        hop_samples=int(metadata["hop_samples"]),
        length_samples=length,
        frame_rate_hz=float(metadata["frame_rate_hz"]),
        books=tuple((int(size), float(rate)) for size, rate in json.loads(metadata["books"])),
        depth=sum(shape[0] for shape in codes),
        frames=max(frames),
    )
