"""Runs of tiny networks on tones, for the tests of the trainer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_log import RunFolder, read_events
from speefeare_core.training.speech.packed import pack
from speefeare_core.training.trainer import Trainer

RATE = 8000
TRANSFORM = {"rate_hz": RATE, "hop_samples": 32, "dim": 8, "books": 3, "book_size": 16, "width": 12, "hidden": 16}
SOUNDSTREAM = {
    "rate_hz": RATE, "strides": [2, 4, 4], "channels": 2, "decoder_channels": 2, "latent_dim": 8, "books": 3,
    "book_size": 8,
}  # fmt: skip
SUBFRAME = {
    "rate_hz": RATE, "hop_samples": 32, "dim": 8, "books": 3, "book_size": 16, "encoder_width": 12,
    "encoder_hidden": 16, "decoder_width": 12, "decoder_hidden": 16, "fine_width": 8, "fine_hidden": 12,
}  # fmt: skip
ADVERSARY = {
    "discriminators": [{"key": "complex_stft", "options": {"window": 128, "hop": 32, "channels": 2}}],
    "feature": {"key": "feature_matching", "weight": 2.0},
}


def make_tones(folder: Path, clips: int = 6) -> Path:
    """A packed set `tones` of tones in noise, below the folder that is given back."""
    random = np.random.default_rng(0)
    sounds = []
    for number in range(clips):
        time = np.arange(3000 + 350 * number) / RATE
        tone = 0.3 * np.sin(2 * np.pi * (150 + 30 * number) * time) + 0.02 * random.standard_normal(time.shape[0])
        sounds.append((f"clip-{number}", "", partial(np.asarray, tone, np.float32)))
    pack(sounds, folder / "tones", RATE)
    return folder


def tiny(**changes: Any) -> Recipe:
    """A recipe that makes a step in milliseconds; changes by dotted entry, as in `Recipe.changed`."""
    base = Recipe.from_dict({
        "name": "tiny", "family": "transform", "network": TRANSFORM,
        "data": {"sources": [{"name": "tones"}], "segment_frames": 20, "batch": 3, "workers": 0},
        "budget": {"steps": 6},
        "losses": [{"key": "companded_stft", "options": {"windows": [64, 128], "one_at_a_time": True}}],
        "validation": {"clips": 1, "seconds": 0.5},
        "log_every": 2, "checkpoint_every": 3, "licence": "CC0-1.0", "tensorboard": False,
    })  # fmt: skip
    return base.changed({name.replace("__", "."): value for name, value in changes.items()})


def train(given: Recipe, folder: Path, data: Path) -> Trainer:
    """Train to the end, or go on with what is in the folder."""
    trainer = Trainer(given, RunFolder(folder), data, "cpu")
    trainer.train()
    return trainer


def events_of(folder: Path, kind: str = "") -> list[dict[str, Any]]:
    """The log of a run, or its events of one kind."""
    return [event for event in read_events(RunFolder(folder).events)[0] if kind in ("", event["event"])]
