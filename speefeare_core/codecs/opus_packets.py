"""libopus through PyAV, frame by frame with its state kept: samples to packets, packets to samples, any length."""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.audio import Samples
from speefeare_core.blocks.interface import BlockDecoder, BlockEncoder
from speefeare_core.codec import Encoded
from speefeare_core.errors import SpeefeareError

RATE_HZ, HOP = 16_000, 320
# The look-ahead of the encoder, 6.5 ms, which the Opus header gives as a pre-skip of 312 samples at 48 kHz.
DELAY = 104
Bytes = NDArray[np.uint8]
_DECODER_RATE_HZ = 48_000  # what the libopus decoder gives in ffmpeg, whatever went in
_AT_ONCE = RATE_HZ // HOP  # packets decoded and resampled together


class PacketWriter:
    """One channel of samples → packets of a constant size."""

    def __init__(self, kbps: float) -> None:
        self._av, self._context = open_libopus("w")
        self._context.bit_rate = round(kbps * 1000)
        self._context.options = {"application": "voip", "vbr": "off", "frame_duration": "20"}
        self._frames = self._packets = 0

    def push(self, samples: Samples) -> list[Bytes]:
        """`[n·320]` → the packets that are ready."""
        found: list[Bytes] = []
        for block in samples.reshape(-1, HOP):
            pcm = np.rint(block.clip(-1.0, 1.0) * np.float32(32767)).astype(np.int16)
            frame = self._av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, self._frames * HOP
            self._frames += 1
            found += self._taken(self._context.encode(frame))
        return found

    def finish(self) -> list[Bytes]:
        """The last ones: as many in all as there were frames; the encoder's very last is the tail of its look-ahead."""
        return self._taken(self._context.encode(None))

    def _taken(self, packets: Any) -> list[Bytes]:
        found = [np.frombuffer(bytes(packet), np.uint8) for packet in packets]
        found = found[: self._frames - self._packets]
        self._packets += len(found)
        return found


class PacketReader:
    """Packets → one channel of samples at 16 kHz, through the decoder's own rate."""

    def __init__(self) -> None:
        self._av, self._context = open_libopus("r")
        self._resampler = soxr.ResampleStream(_DECODER_RATE_HZ, RATE_HZ, 1, dtype="float32", quality="VHQ")
        self._waiting: list[Bytes] = []

    def push(self, packets: Bytes) -> Samples:
        """`[F, bytes]` → the samples `[n]` that are ready."""
        self._waiting += list(packets)
        parts = []
        while len(self._waiting) > _AT_ONCE:
            parts.append(self._resampled(self._waiting[:_AT_ONCE], last=False))
            del self._waiting[:_AT_ONCE]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def finish(self) -> Samples:
        """The rest."""
        rest, self._waiting = self._waiting, []
        return self._resampled(rest, last=True)

    def _resampled(self, packets: list[Bytes], last: bool) -> Samples:
        frames = [frame for row in packets for frame in self._context.decode(self._av.Packet(row.tobytes()))]
        pcm = [frame.to_ndarray().reshape(-1).astype(np.float32) / 32768.0 for frame in frames]
        joined = np.concatenate(pcm) if pcm else np.zeros(0, np.float32)
        return np.asarray(self._resampler.resample_chunk(joined, last=last), np.float32)


class OpusBlockEncoder(BlockEncoder):
    """A writer for each row of the batch."""

    def __init__(self, kbps: float, batch: int) -> None:
        self.seams = []
        self._writers = [PacketWriter(kbps) for _ in range(batch)]
        self._rest = np.zeros((batch, 0), np.float32)
        self._pushed = self._frames = self._told = 0

    def push(self, audio: Tensor) -> Encoded | None:
        """`[B, 1, n]`."""
        samples = np.concatenate([self._rest, audio[:, 0].cpu().numpy()], axis=1)
        self._pushed += audio.shape[-1]
        whole = samples.shape[1] // HOP * HOP
        self._rest = samples[:, whole:]
        return self._piece([w.push(row) for w, row in zip(self._writers, samples[:, :whole], strict=True)], False)

    def finish(self) -> Encoded | None:
        """With the silence that brings out the delay."""
        missing = -(self._rest.shape[1] + DELAY) % HOP + DELAY
        last = np.pad(self._rest, ((0, 0), (0, missing)))
        return self._piece([w.push(row) + w.finish() for w, row in zip(self._writers, last, strict=True)], True)

    def _piece(self, packets: list[list[Bytes]], last: bool) -> Encoded | None:
        if not packets[0]:
            return None
        self._frames += len(packets[0])
        upto = self._pushed if last else min(self._pushed, self._frames * HOP)
        length, self._told = upto - self._told, upto
        return Encoded((), None, length, {"packets": torch.from_numpy(np.stack([np.stack(row) for row in packets]))})


class OpusBlockDecoder(BlockDecoder):
    """A reader for each row of the batch."""

    def __init__(self, batch: int) -> None:
        self._readers = [PacketReader() for _ in range(batch)]
        self._skip, self._allowed, self._given = DELAY, 0, 0

    def push(self, piece: Encoded) -> Tensor:
        """The next packets."""
        self._allowed += piece.length_samples
        rows = piece.side["packets"].cpu().numpy()
        return self._trimmed([reader.push(row) for reader, row in zip(self._readers, rows, strict=True)])

    def finish(self) -> Tensor:
        """The rest; zeros where the resampler keeps a few samples to itself."""
        audio = self._trimmed([reader.finish() for reader in self._readers])
        return torch.nn.functional.pad(audio, (0, self._allowed - self._given))

    def _trimmed(self, rows: list[Samples]) -> Tensor:
        samples = np.stack(rows)
        cut = min(self._skip, samples.shape[1])
        self._skip -= cut
        samples = samples[:, cut : cut + max(0, self._allowed - self._given)]
        self._given += samples.shape[1]
        return torch.from_numpy(np.ascontiguousarray(samples))[:, None]


def open_libopus(mode: str) -> tuple[Any, Any]:
    """PyAV and a fresh encoder ("w") or decoder ("r") of 16 kHz mono. Raises `SpeefeareError` where it is missing."""
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
