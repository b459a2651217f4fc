"""A run folder made by the events that trainers log, so that whoever reads runs can be tested without training."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE_HZ = 16_000
TERMS = ("mel", "waveform", "feature", "adversarial", "commitment")
SAMPLE_S = 0.5


class MadeRun:
    """Writes the log of a run of `steps` steps with two codebooks of 64 entries and two validation clips."""

    def __init__(self, folder: Path, steps: int = 1000, books: int = 2, sizes: int = 64, level: float = 1.0) -> None:
        self.folder, self.steps, self.books, self.size, self.level = folder, steps, books, sizes, level
        self.time = 1_700_000_000.0
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").write_text("recipe: {name: made}\n")

    def log(self, event: str, step: int, **values: Any) -> None:
        """One event, a second after the one before."""
        self.time += 1.0
        line = json.dumps({"event": event, "step": step, "time": self.time, **values})
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def begin(self, step: int = 0) -> None:
        """A sitting begins at a step."""
        resumed = f"step-{step:08d}.pt" if step else None
        self.log("preparing", step, recipe="made", resumed_from=resumed)
        self.log(
            "start", step, recipe="made", parameters=123_456, speech_s=600.0, clips=200, device="cpu", steps=self.steps,
            world_size=1, batch_s=8.0, launcher="local",
        )  # fmt: skip

    def losses(self, step: int, **other: Any) -> None:
        """What the steps up to here gave."""
        fall = self.level * math.exp(-3 * step / self.steps)
        terms = {term: (1 + number) * fall for number, term in enumerate(TERMS)}
        shares = {term: 1 / len(TERMS) for term in TERMS}
        values: dict[str, Any] = {
            "seconds": 1.0, **terms,
            "total": sum(terms.values()), "discriminator": 2.0 - fall, "gradient_norm": 5 * fall,
            "gradient_norm_discriminator": 0.5, "rate": 1e-3 * fall, "rate_discriminator": 1e-3, "shares": shares,
            "logits_real": 1.0 - fall, "logits_fake": -1.0 + fall, "audio_s_per_s": 40.0, "loader_wait": 0.02,
            "progress": step / self.steps, "left_s": (self.steps - step) * 0.1,
        }  # fmt: skip
        self.log("losses", step, **values | other)

    def books_and_machine(self, step: int, dead: int = 0) -> None:
        """Two lines: how the books are used, and what the machine does."""
        used = self.size - dead
        self.log(
            "books", step, window_frames=2048, perplexity=[used * 0.8] * self.books,
            usage=[used / self.size] * self.books, dead=[dead] * self.books,
            entropy=[math.log2(max(1.0, used * 0.8))] * self.books, sizes=[self.size] * self.books,
        )  # fmt: skip
        self.log("machine", step, cpu_percent=80.0, memory_mb=900.0, gpu_percent=None, gpu_memory_mb=None)

    def validate(self, step: int, clips: int = 2) -> None:
        """Sounds of a step beside the originals: a tone that comes nearer to that of the original."""
        originals = [
            self._sound(self.folder / f"samples/original/{clip}.wav", 0.2, 300 + 200 * clip) for clip in range(clips)
        ]
        part = self.folder / f"samples/step-{step:08d}"
        far = 1 - step / self.steps
        samples = [self._sound(part / f"{clip}.wav", 0.2 - 0.15 * far, 300 + 200 * clip, far) for clip in range(clips)]
        self.log(
            "validation", step, mel_distance=0.2 + 2 * far * self.level, si_sdr=10.0 - 20 * far, mel=1.0 + far,
            mel_distance_by_depth={str(k): 0.2 + 2 * far + 0.1 * (self.books - k) for k in range(1, self.books + 1)},
            samples=samples, originals=originals,
        )  # fmt: skip

    def _sound(self, path: Path, gain: float, pitch_hz: float, noise: float = 0.0) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        times = np.arange(round(SAMPLE_S * RATE_HZ)) / RATE_HZ
        hiss = np.random.default_rng(1).standard_normal(len(times)) * 0.1 * noise
        soundfile.write(path, (gain * np.sin(2 * np.pi * pitch_hz * times) + hiss).astype(np.float32), RATE_HZ)
        return path.relative_to(self.folder).as_posix()

    def checkpoint(self, step: int) -> None:
        """A checkpoint, and the codec as it is."""
        self.log("checkpoint", step, file=f"step-{step:08d}.pt")
        (self.folder / "model-latest.safetensors").write_bytes(b"codec")

    def alarm(self, step: int, kind: str = "collapse") -> None:
        """A warning."""
        self.log("alarm", step, kind=kind, words="Book 2 uses 3 of its 64 entries.", advice="Lower the rate.")

    def finish(self) -> None:
        """The end."""
        (self.folder / "model.safetensors").write_bytes(b"codec")
        self.log("finished", self.steps, file="model.safetensors")


def made_run(folder: Path, *, to: int = 1000, every: int = 50, steps: int = 1000, level: float = 1.0) -> MadeRun:
    """A run that went well, up to step `to`; finished where that is its last."""
    run = MadeRun(folder, steps, level=level)
    run.begin()
    run.validate(0)
    for step in range(every, to + 1, every):
        run.losses(step)
        run.books_and_machine(step)
        if step % (5 * every) == 0:
            run.validate(step)
            run.checkpoint(step)
    if to >= steps:
        run.finish()
    return run
