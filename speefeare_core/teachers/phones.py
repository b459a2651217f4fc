"""The tiny teacher: a small phone classifier, trained on synthetic speech, whose last hidden layer is what it hears.

Logarithmic mel spectrum (25 ms every 10 ms), two convolutions down to 50 Hz, ConvNeXt blocks, a bottleneck of 64 values
and, for training alone, one linear layer to the classes. Every value is standardised over the training speech, so that
distances between features count each alike.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.config import NetworkConfig
from speefeare_core.resources import resource
from speefeare_core.synthetic_speech.inventory import PHONES
from speefeare_core.teachers.teacher import Teacher

WINDOW, STEP, BINS = 400, 160, 512  # samples at 16 kHz
EDGE = 160  # zeros on each side, so that as many features come as from HuBERT
FLOOR = 1e-5
FORMAT = "speefeare phone teacher 1"


@dataclass(frozen=True)
class PhonesConfig(NetworkConfig):
    """Sizes. Raises ValueError for values that cannot work."""

    bands: int = 40
    low_hz: float = 60.0
    high_hz: float = 7600.0
    width: int = 144
    blocks: int = 6
    kernel: int = 7
    features: int = 64
    classes: tuple[str, ...] = PHONES

    def __post_init__(self) -> None:
        if min(self.bands, self.width, self.blocks, self.features, len(self.classes)) < 1 or self.kernel % 2 == 0:
            raise ValueError("the phone teacher's sizes should be whole numbers from 1 on, its kernel odd")


class PhoneBlock(nn.Module):
    """x + scale · W2 gelu(W1 norm(depthwise convolution(x)))."""

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(
            width, width, kernel, padding=dilation * (kernel // 2), dilation=dilation, groups=width
        )
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, F]` → `[B, C, F]`."""
        rows = self.norm(self.depthwise(x).transpose(1, 2))
        out: Tensor = x + (self.scale * self.down(F.gelu(self.up(rows)))).transpose(1, 2)
        return out


class PhonesTeacher(Teacher):
    """Audio `[B, 1, T]` at 16 kHz → `[B, 64, (T − 80) // 320 + 1]`."""

    key = "phones"
    hop_samples = 2 * STEP
    context_s = 0.8
    mel: Tensor  # [bands, BINS / 2 + 1]
    window: Tensor  # [WINDOW]
    mean: Tensor  # [features], over the training speech
    spread: Tensor  # [features]

    def __init__(self, config: PhonesConfig) -> None:
        super().__init__()
        self.config = config
        self.width = config.features
        width = config.width
        self.first = nn.Conv1d(config.bands, width, 5, padding=2)
        self.second = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(PhoneBlock(width, config.kernel, 1 + index % 2) for index in range(config.blocks))
        self.norm = nn.LayerNorm(width)
        self.bottleneck = nn.Linear(width, config.features)
        self.classes = nn.Linear(config.features, len(config.classes))
        self.register_buffer("mean", torch.zeros(config.features))
        self.register_buffer("spread", torch.ones(config.features))
        self.register_buffer("mel", mel_bank(config), persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)

    @torch.no_grad()
    def forward(self, audio: Tensor) -> Tensor:
        """Standardised features."""
        found: Tensor = (self.hidden(audio) - self.mean) / self.spread
        return found.transpose(1, 2)

    def hidden(self, audio: Tensor) -> Tensor:
        """The bottleneck `[B, F, 64]`, differentiable: `[B, 1, T]` in."""
        x = F.gelu(self.second(F.gelu(self.first(self.spectrum(audio)))))
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.bottleneck(self.norm(x.transpose(1, 2)))
        return out

    def spectrum(self, audio: Tensor) -> Tensor:
        """`[B, 1, T]` → logarithmic mel spectrum `[B, bands, (T − 80) // 160 + 1]`, about between −1 and 1."""
        padded = F.pad(audio[:, 0], (EDGE, EDGE))
        frames = padded.unfold(-1, WINDOW, STEP) * self.window
        power = torch.fft.rfft(frames, BINS).abs().square()
        return (torch.log(power @ self.mel.t() + FLOOR) / 6).transpose(1, 2)


def mel_bank(config: PhonesConfig) -> Tensor:
    """Triangles `[bands, BINS / 2 + 1]` of height 1 on the mel scale 2595 log10(1 + f / 700)."""
    low, high = (2595 * math.log10(1 + edge / 700) for edge in (config.low_hz, config.high_hz))
    mels = torch.linspace(low, high, config.bands + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = torch.arange(BINS // 2 + 1, dtype=torch.float64) * 16000 / BINS
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0).float()


def open_phones(source: str = "") -> PhonesTeacher:
    """The shipped classifier, or one that `speefeare teachers train` wrote. Raises `SpeefeareError`."""
    return read_phones(Path(source).expanduser() if source else resource("teachers", "phones.safetensors"))


def write_phones(teacher: PhonesTeacher, path: Path, about: dict[str, Any]) -> None:
    """Its weights in half precision, and what it was trained on, as safetensors."""
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().half().contiguous() for name, tensor in teacher.state_dict().items()}
    config = json.dumps(teacher.config.to_dict(), ensure_ascii=False)
    save_file(tensors, str(path), {"format": FORMAT, "config": config, "about": json.dumps(about, sort_keys=True)})


def read_phones(path: Path) -> PhonesTeacher:
    """Inverse of `write_phones`. Raises `SpeefeareError` for another or a damaged file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            told = file.metadata() or {}
            if told.get("format") != FORMAT:
                raise SpeefeareError(f"{path} holds no phone teacher; make one with `speefeare teachers train`.")
            teacher = PhonesTeacher(PhonesConfig.from_dict(json.loads(told["config"])))
            teacher.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()})
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise SpeefeareError(f"The phone teacher {path} cannot be read ({error}).") from error
    return teacher.eval().requires_grad_(False)
