"""Opus (RFC 6716) by libopus through PyAV: the classical baseline at 6 to 64 kbps, `opus:12` for 12 kbps.

16 kHz mono, 20 ms frames, hard constant bitrate, so that a table compares equal bits. It has no books: what is sent
are bytes, kept as side information `packets` `[B, F, bytes]` uint8.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from speefeare_core.audio import Samples
from speefeare_core.codec import Codec, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError

RATE_HZ, HOP = 16_000, 320
LOWEST_KBPS, HIGHEST_KBPS = 6.0, 64.0
# The look-ahead of the encoder, 6.5 ms, which the Opus header gives as a pre-skip of 312 samples at 48 kHz.
DELAY = 104
Bytes = NDArray[np.uint8]
_DECODER_RATE_HZ = 48_000  # what the libopus decoder gives in ffmpeg, whatever went in


class OpusCodec(Codec):
    """Opus at one bitrate. Raises `SpeefeareError` where PyAV is missing or the bitrate is out of range."""

    def __init__(self, kbps: float) -> None:
        if not LOWEST_KBPS <= kbps <= HIGHEST_KBPS:
            raise SpeefeareError(
                f"Opus is offered from {LOWEST_KBPS:g} to {HIGHEST_KBPS:g} kbps, not {kbps:g}; use for example opus:12."
            )
        self.kbps = kbps
        sent_kbps = int(kbps * 1000 * HOP / RATE_HZ / 8 + 1e-6) * 8 * RATE_HZ / HOP / 1000  # packets are whole bytes
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
                f"{sent_kbps:g} kbps of bytes at a constant bitrate; Opus has no codebooks, latents or depths.",
                "File mode only: the live tab wants codes.",
            ),
        )
        _libopus("w")

    @classmethod
    def from_source(cls, source: str) -> OpusCodec:
        """`opus:12` → Opus at 12 kbps. Raises `SpeefeareError` for anything but a bitrate."""
        try:
            kbps = float(source.removeprefix("opus").removeprefix(":"))
        except ValueError:
            raise SpeefeareError(f"{source} should name a bitrate in kbps, for example opus:12.") from None
        return cls(kbps)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        packets = np.stack([self._encode_row(row) for row in audio[:, 0].cpu().numpy()])
        return Encoded((), None, audio.shape[-1], {"packets": torch.from_numpy(packets)})

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        packets = encoded.side["packets"].cpu().numpy()
        return torch.stack([torch.from_numpy(self._decode_row(row)) for row in packets])

    def _encode_row(self, samples: Samples) -> Bytes:
        """`[F·320]` → `[F, bytes]`, frame by frame."""
        av, context = _libopus("w")
        context.bit_rate = round(self.kbps * 1000)
        context.options = {"application": "voip", "vbr": "off", "frame_duration": "20"}
        packets: list[bytes] = []
        for index, block in enumerate(samples.reshape(-1, HOP)):
            pcm = np.rint(block.clip(-1.0, 1.0) * np.float32(32767)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, index * HOP
            packets.extend(bytes(packet) for packet in context.encode(frame))
        packets.extend(bytes(packet) for packet in context.encode(None))
        whole = packets[: len(samples) // HOP]  # the encoder's last one is the tail of its look-ahead
        return np.stack([np.frombuffer(packet, np.uint8) for packet in whole])

    def _decode_row(self, packets: Bytes) -> Samples:
        """`[F, bytes]` → `[1, F·320]`, a second at a time at the decoder's rate."""
        av, context = _libopus("r")
        resampler = soxr.ResampleStream(_DECODER_RATE_HZ, RATE_HZ, 1, dtype="float32", quality="VHQ")
        out = np.zeros((1, len(packets) * HOP), np.float32)
        done, size = 0, RATE_HZ // HOP
        for start in range(0, len(packets), size):
            frames = [
                frame for row in packets[start : start + size] for frame in context.decode(av.Packet(row.tobytes()))
            ]
            pcm = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
            piece = resampler.resample_chunk(pcm.astype(np.float32) / 32768.0, last=start + size >= len(packets))
            piece = piece[: out.shape[1] - done]
            out[0, done : done + len(piece)] = piece
            done += len(piece)
        return out


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
