"""Whose streams are timed beside ours: each reads (or wrote) the same official file and goes on from the same silence.

Random weights with books around what they quantise, so that the codes depend on the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from speefeare_core.benchmark.turns import Runner
from speefeare_core.resources import default_codec
from tests.benchmarks.plain_encodec import PlainStream
from tests.parity.peers import encodec, mimi

SILENT_FRAMES = 13  # of Mimi, that a stream of ours from silence has heard
SILENT_SAMPLES = 3 * 24_000  # the LSTM's state has settled long before


@dataclass(frozen=True)
class Match:
    """A codec, the frames of a step, and the peers on the same file."""

    key: str
    title: str
    frames: int
    build: Callable[[Path], tuple[Path, list[Runner]]]  # the file, and the peers


def moshi(model: Any) -> Runner:
    """moshi's own streaming mode. Once its context is full it departs from moshi's own decode of the whole file (by
    2e-4 to 5e-4 of the greatest sample; ours by 1e-6), so a code in some hundreds may differ there."""
    model.streaming_forever(1)
    with torch.inference_mode():
        for _ in range(SILENT_FRAMES):
            model.decode(model.encode(torch.zeros(1, 1, mimi.HOP)))
    return Runner(f"moshi {version('moshi')}", model.encode, model.decode)


def rustymimi(path: Path, books: int) -> Runner:
    """The authors' implementation in Rust, frame by frame."""
    from rustymimi import Tokenizer

    theirs = Tokenizer(str(path), num_codebooks=books)

    def encode(block: Tensor) -> Tensor:
        return torch.from_numpy(theirs.encode_step(block.numpy()).astype(np.int64))

    def decode(codes: Tensor) -> Tensor:
        return torch.from_numpy(theirs.decode_step(codes.numpy().astype(np.uint32)))

    for _ in range(SILENT_FRAMES):
        decode(encode(torch.zeros(1, 1, mimi.HOP)))
    return Runner(f"rustymimi {version('rustymimi')}", encode, decode)


def build_mimi(folder: Path, sizes: dict[str, dict[str, Any]] | None = None) -> tuple[Path, list[Runner]]:
    """8 books; rustymimi knows the full size only."""
    path, model = mimi.save_moshi(folder, 8, sizes or {})
    return path, [moshi(model), *([] if sizes else [rustymimi(path, 8)])]


def build_encodec(folder: Path, filters: int = 32, books: int = 32) -> tuple[Path, list[Runner]]:
    """24 kHz, all books."""
    seanet = {"channels": 1, "n_filters": filters, "norm": "weight_norm", "causal": True}
    model: Any = encodec._package(seanet, books, 1024, 24_000)
    path = folder / "encodec_0a1b2c3d.th"
    torch.save(model.state_dict(), path)
    stream = PlainStream(model, SILENT_SAMPLES)
    return path, [Runner(f"plain torch, encodec {version('encodec')}", stream.encode, stream.decode)]


def build_default(folder: Path) -> tuple[Path, list[Runner]]:
    """The shipped codec; nobody else has it."""
    return default_codec(), []


MATCHES = (
    Match("mimi", "Mimi, 8 books, one frame (80 ms)", 1, build_mimi),
    Match("encodec_1", "EnCodec 24 kHz, 32 books, 1 hop (13.3 ms)", 1, build_encodec),
    Match("encodec_4", "EnCodec 24 kHz, 32 books, 4 hops (53.3 ms)", 4, build_encodec),
    Match("default_1", "shipped default, one frame (20 ms)", 1, build_default),
    Match("default_4", "shipped default, 4 frames (80 ms)", 4, build_default),
)
