"""Opus (RFC 6716) by libopus through PyAV: the classical baseline at 6 to 64 kbps, `opus:12` for 12 kbps.

16 kHz mono, 20 ms frames, hard constant bitrate, so that a table compares equal bits. It has no books: what is sent
are bytes, kept as side information `packets` `[B, F, bytes]` uint8.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from speefeare_core.audio import Audio
from speefeare_core.codec import Codec, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError

RATE_HZ, HOP = 16_000, 320
LOWEST_KBPS, HIGHEST_KBPS = 6.0, 64.0
# The look-ahead of the encoder, 6.5 ms, which the Opus header gives as a pre-skip of 312 samples at 48 kHz.
DELAY = 104
_DECODER_RATE_HZ = 48_000  # what the libopus decoder gives in ffmpeg, whatever went in


class OpusCodec(Codec):
    """Opus at one bitrate. Raises `SpeefeareError` where PyAV is missing or the bitrate is out of range."""

    def __init__(self, kbps: float) -> None:
        if not LOWEST_KBPS <= kbps <= HIGHEST_KBPS:
            raise SpeefeareError(
                f"Opus is offered from {LOWEST_KBPS:g} to {HIGHEST_KBPS:g} kbps, not {kbps:g}; use for example opus:12."
            )
        self.kbps = kbps
        self.module = nn.Module()
        self.info = CodecInfo(
            name=f"opus-{kbps:g}",
            family="opus",
            rate_hz=RATE_HZ,
            channels=1,
            hop_samples=HOP,
            frame_rate_hz=RATE_HZ / HOP,
            books=(),
            depth_mode="none",
            latent_dim=0,
            causal=True,
            streamable=False,
            delay_samples=DELAY,
            stream_delay_samples=DELAY,
            licence="BSD-3-Clause",
            source=f"opus:{kbps:g}",
            notes=(
                f"{kbps:g} kbps of bytes at a constant bitrate; Opus has no codebooks, latents or depths.",
                "File mode only: the live tab wants codes.",
            ),
        )
        _libopus("w")

    @classmethod
    def from_source(cls, source: str) -> OpusCodec:
        """`opus:12` → Opus at 12 kbps."""
        try:
            kbps = float(source.removeprefix("opus:"))
        except ValueError:
            raise SpeefeareError(f"{source} should name a bitrate in kbps, for example opus:12.") from None
        return cls(kbps)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        pcm = (audio[:, 0].clamp(-1.0, 1.0) * 32767).round().to(torch.int16).cpu().numpy()
        packets = np.stack([self._encode_row(row) for row in pcm])
        return Encoded((), None, audio.shape[-1], {"packets": torch.from_numpy(packets)})

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        packets = encoded.side["packets"].cpu().numpy()
        return torch.stack([torch.from_numpy(self._decode_row(row)) for row in packets])

    def _encode_row(self, pcm: np.ndarray[Any, np.dtype[np.int16]]) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """`[F·320]` → `[F, bytes]`."""
        av, context = _libopus("w")
        context.bit_rate = round(self.kbps * 1000)
        context.options = {"application": "voip", "vbr": "off", "frame_duration": "20"}
        packets: list[bytes] = []
        for index, block in enumerate(pcm.reshape(-1, HOP)):
            frame = av.AudioFrame.from_ndarray(block[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, index * HOP
            packets.extend(bytes(packet) for packet in context.encode(frame))
        packets.extend(bytes(packet) for packet in context.encode(None))
        whole = packets[: len(pcm) // HOP]  # the encoder's last one is the tail of its look-ahead
        return np.stack([np.frombuffer(packet, np.uint8) for packet in whole])

    def _decode_row(self, packets: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """`[F, bytes]` → `[1, F·320]`."""
        av, context = _libopus("r")
        parts: list[Any] = []
        for packet in packets:
            parts.extend(frame.to_ndarray().reshape(1, -1) for frame in context.decode(av.Packet(packet.tobytes())))
        pcm = np.concatenate(parts, axis=1)
        sound = Audio(pcm.astype(np.float32) / 32768.0, _DECODER_RATE_HZ).resampled(RATE_HZ)
        length = len(packets) * HOP
        return np.pad(sound.samples[:, :length], ((0, 0), (0, max(0, length - sound.length_samples))))


def _libopus(mode: str) -> tuple[Any, Any]:
    """PyAV and a fresh encoder ("w") or decoder ("r") of 16 kHz mono."""
    try:
        import av
    except ImportError as error:
        raise SpeefeareError(
            'Opus needs PyAV, which is not installed: pip install "speefeare-workbench[opus]" (or av).'
        ) from error
    try:
        context: Any = av.CodecContext.create("libopus", mode)  # type: ignore[call-overload]
    except (av.FFmpegError, ValueError) as error:
        raise SpeefeareError("This build of PyAV comes without libopus; pip install --force-reinstall av.") from error
    context.sample_rate, context.layout = RATE_HZ, "mono"
    if mode == "w":
        context.format = "s16"
    return av, context
