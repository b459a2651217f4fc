"""Long files through one codec of ours, each length in a fresh process: time for a second, memory above the model.

`python -m tests.benchmarks.long_files CODEC SOUND.wav` is that process; it prints JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speefeare_core.audio import Writer
from tests.benchmarks.contestants import Contestant
from tests.parity.peer import speech_like


@dataclass(frozen=True)
class LongRun:
    """Encode or decode of one file."""

    key: str
    title: str
    way: str
    operation: str
    length_s: float
    cpu: float  # seconds for a second of audio
    wall: float
    megabytes: float  # highest resident memory above that after loading


def measure_long(contestant: Contestant, folder: Path, lengths_s: list[float]) -> list[LongRun]:
    """Encode and decode at each length."""
    peer_path = contestant.build(folder).path
    runs = []
    for length_s in lengths_s:
        sound = folder / "long.wav"
        write_sound(sound, contestant.rate_hz, contestant.channels, length_s)
        command = [sys.executable, "-m", "tests.benchmarks.long_files", str(peer_path), str(sound)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout)
        sound.unlink()
        for operation in ("encode", "decode"):
            figures = found[operation]
            runs.append(
                LongRun(
                    contestant.key,
                    contestant.title,
                    found["way"],
                    operation,
                    length_s,
                    figures["cpu"] / length_s,
                    figures["wall"] / length_s,
                    figures["megabytes"],
                )
            )
    return runs


def write_sound(path: Path, rate_hz: int, channels: int, length_s: float) -> None:
    """A minute of sound, again and again."""
    total, done = round(length_s * rate_hz), 0
    minute = speech_like(1, channels, min(total, 60 * rate_hz), rate_hz)[0].numpy()
    with Writer(path, rate_hz, channels) as writer:
        while done < total:
            block = minute[:, : total - done]
            writer.write(np.ascontiguousarray(block))
            done += block.shape[1]


class Memory:
    """Resident memory of this process in MB; on Linux only."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # the highest mark begins here
        self._before = self._read("VmRSS")

    def grown(self) -> float:
        """The highest mark above the beginning."""
        return self._read("VmHWM") - self._before

    @staticmethod
    def _read(name: str) -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024.0


def run(codec_path: str, sound: Path) -> dict[str, Any]:
    """Encode and decode in blocks, as the command line does for long files, whatever the length."""
    from speefeare_core import blocks, load_codec
    from speefeare_core.cli import long_files

    torch.set_num_threads(1)
    codec = load_codec(codec_path, "cpu")
    codec.decode(codec.encode(torch.zeros(1, codec.info.channels, codec.info.rate_hz)))  # what is made at first use
    found: dict[str, Any] = {"way": blocks.way_of(codec)}
    memory, cpu, wall = Memory(), time.process_time(), time.perf_counter()
    encoded = long_files.encode_file(codec, sound, None, lambda done: None, whole_s=0)
    found["encode"] = _figures(memory, cpu, wall)
    memory, cpu, wall = Memory(), time.process_time(), time.perf_counter()
    count = sum(block.shape[1] for block in long_files.decode_blocks(codec, encoded, None, whole_s=0))
    found["decode"] = _figures(memory, cpu, wall)
    assert count == encoded.length_samples
    return found


def _figures(memory: Memory, cpu: float, wall: float) -> dict[str, float]:
    return {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "megabytes": memory.grown(),
    }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]))))
