"""Opus (RFC 6716) by libopus through PyAV: the classical baseline at 6 to 64 kbps, `opus:12` for 12 kbps.

16 kHz mono, 20 ms frames, hard constant bitrate, so that a table compares equal bits. It has no books: what is sent
are bytes, kept as side information `packets` `[B, F, bytes]` uint8.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from speefeare_core.blocks.interface import BlockDecoder, BlockEncoder
from speefeare_core.codec import Codec, CodecInfo, Encoded
from speefeare_core.codecs.opus_packets import (
    DELAY,
    HOP,
    RATE_HZ,
    OpusBlockDecoder,
    OpusBlockEncoder,
    PacketReader,
    PacketWriter,
    open_libopus,
)
from speefeare_core.errors import SpeefeareError

LOWEST_KBPS, HIGHEST_KBPS = 6.0, 64.0


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
        open_libopus("w")

    @classmethod
    def from_source(cls, source: str) -> OpusCodec:
        """`opus:12` → Opus at 12 kbps. Raises `SpeefeareError` for anything but a bitrate."""
        try:
            kbps = float(source.removeprefix("opus").removeprefix(":"))
        except ValueError:
            raise SpeefeareError(f"{source} should name a bitrate in kbps, for example opus:12.") from None
        return cls(kbps)

    def block_encoder(self, depth: int | None, batch: int) -> BlockEncoder:
        """Packet by packet, with the encoder's state kept."""
        return OpusBlockEncoder(self.kbps, batch)

    def block_decoder(self, depth: int | None, books: tuple[int, ...] | None, batch: int) -> BlockDecoder:
        """Packet by packet, with the decoder's state kept."""
        return OpusBlockDecoder(batch)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        packets = []
        for row in audio[:, 0].cpu().numpy():
            writer = PacketWriter(self.kbps)
            packets.append(np.stack(writer.push(row) + writer.finish()))
        return Encoded((), None, audio.shape[-1], {"packets": torch.from_numpy(np.stack(packets))})

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        packets = encoded.side["packets"].cpu().numpy()
        out = np.zeros((len(packets), 1, packets.shape[1] * HOP), np.float32)
        for row, into in zip(packets, out, strict=True):
            reader = PacketReader()
            found = np.concatenate([reader.push(row), reader.finish()])[: into.shape[1]]
            into[0, : len(found)] = found
        return torch.from_numpy(out)
