"""A codec and a clip of two seconds in which every number is known beforehand."""

from __future__ import annotations

import numpy as np

from speefeare_core.codec import BookInfo, CodecInfo
from workbench.context import Context
from workbench.state.clip import ClipData, Latents, Peaks, Render, Spectrogram

RATE_HZ = 16_000
LENGTH_S = 2.0
TONE_HZ = 2000.0
HOP = 160  # of the spectrogram
BLOCK = 64  # of the peaks
BOOKS = (BookInfo(1024, 12.5, "semantic"), *(BookInfo(1024, 50.0),) * 3)


def known_codec() -> CodecInfo:
    """Four books, the first semantic and slower."""
    return CodecInfo(
        name="known",
        family="test",
        rate_hz=RATE_HZ,
        channels=1,
        hop_samples=320,
        frame_rate_hz=50.0,
        books=BOOKS,
        depth_mode="split",
        latent_dim=8,
        causal=True,
        streamable=True,
        delay_samples=320,
        stream_delay_samples=320,
        licence="MIT",
        parameters=1_250_000,
        source="/codecs/known.safetensors",
    )


def tone(gain: float) -> np.ndarray:
    """Silence for a second, then a tone for a second: float32 [1, T]."""
    time = np.arange(int(RATE_HZ * LENGTH_S)) / RATE_HZ
    return (gain * np.sin(2 * np.pi * TONE_HZ * time) * (time >= 1.0)).astype(np.float32)[None]


def peaks_of(audio: np.ndarray) -> Peaks:
    blocks = audio[0, : audio.shape[1] // BLOCK * BLOCK].reshape(-1, BLOCK)
    return Peaks(np.stack([blocks.min(axis=1), blocks.max(axis=1)]), BLOCK)


def spectrogram_of(level_db: float) -> Spectrogram:
    """−100 dB everywhere but for the tone's bin in the second half."""
    columns, bins = int(RATE_HZ * LENGTH_S) // HOP, 257
    values = np.zeros((columns, bins), np.uint8)
    values[columns // 2 :, round(TONE_HZ / (RATE_HZ / 2) * (bins - 1))] = round((level_db + 100) / 100 * 255)
    return Spectrogram(values, columns, HOP, RATE_HZ, -100.0, 0.0)


def codes() -> tuple[np.ndarray, ...]:
    """Book b (from 0) at frame f has the index 100·b + f."""
    slow = np.arange(25, dtype=np.int32)[None]
    fast = np.arange(100, dtype=np.int32)[None] + 100 * np.arange(1, 4, dtype=np.int32)[:, None]
    return slow, fast


def open_known_clip(context: Context) -> None:
    """Open the clip and give it everything, depths 1 to 3 rendered, depth 4 not yet."""
    audio = tone(0.5)
    data = ClipData(
        path="/clips/known.wav",
        file_rate_hz=RATE_HZ,
        file_channels=1,
        file_encoding="PCM_16",
        rate_hz=RATE_HZ,
        channels=1,
        length_samples=audio.shape[1],
        loudness_lufs=-20.0,
    )
    data.renders[0] = Render(0, audio)
    clip = context.clip
    clip.open(data)
    context.time_view.set_length(data.length_s)
    clip.add_peaks(0, peaks_of(audio))
    clip.set_spectrogram(0, spectrogram_of(-20.0))
    clip.set_codes(codes(), (12.5, 50.0))
    angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    circle = np.stack([3 * np.cos(angle), 2 * np.sin(angle), np.cos(3 * angle)], axis=1).astype(np.float32)
    clip.set_latents(Latents(circle, circle + 0.1, 50.0, (0.42, 0.17, 0.09), "fitted on the training speech"))
    for depth in (1, 2, 3):
        decoded = tone(0.1 * depth)
        clip.add_render(Render(depth, decoded, 0.1 * depth, 320, 2.0 * depth, 0.5 * depth))
        clip.add_peaks(depth, peaks_of(decoded))
        clip.set_spectrogram(depth, spectrogram_of(-50.0 + 10 * depth))
