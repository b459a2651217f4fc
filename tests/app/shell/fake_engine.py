"""An engine client without an engine: records what it is asked, says what the test wants it to say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from speefeare_core.codec import BookInfo, CodecInfo
from workbench.engine import protocol
from workbench.engine.memory import ArrayRef

RATE_HZ = 16_000


def codec_info(name: str = "fake", depth: int = 4, source: str = "/codecs/fake.safetensors") -> CodecInfo:
    return CodecInfo(
        name=name,
        family="fake",
        rate_hz=RATE_HZ,
        channels=1,
        hop_samples=320,
        frame_rate_hz=50.0,
        books=(BookInfo(1024, 50.0),) * depth,
        depth_mode="residual",
        latent_dim=8,
        causal=True,
        streamable=True,
        delay_samples=0,
        stream_delay_samples=0,
        source=source,
    )


class FakeClient:
    """Stands where an EngineClient stands."""

    def __init__(self) -> None:
        self.alive = True
        self.sent: list[protocol.Request] = []
        self.events: list[protocol.Event] = []
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self.player_status: dict[str, float] | None = dict.fromkeys(protocol.PLAYER_STATUS, 0.0)
        self.live_status: dict[str, float] | None = dict.fromkeys(protocol.LIVE_STATUS, 0.0)
        self.calls: list[str] = []

    # -- what the window uses -----------------------------------------------------------------------------------------
    def start(self) -> None:
        self.calls.append("start")

    def restart(self) -> None:
        self.calls.append("restart")
        self.alive = True

    def stop(self, timeout: float = 3.0) -> None:
        self.calls.append("stop")

    def send(self, request: protocol.Request) -> int:
        self.sent.append(request)
        return len(self.sent)

    def poll(self) -> list[protocol.Event]:
        events, self.events = self.events, []
        return events

    def array(self, ref: ArrayRef) -> np.ndarray[Any, Any]:
        if ref.name not in self.arrays:
            raise FileNotFoundError(ref.name)
        return self.arrays[ref.name]

    def ring(self, ref: object) -> object:
        return ref

    # -- what tests use -----------------------------------------------------------------------------------------------
    def share(self, array: np.ndarray[Any, Any]) -> ArrayRef:
        name = f"array-{len(self.arrays)}"
        self.arrays[name] = array
        return ArrayRef("shm", name, array.shape, array.dtype.str)

    def last(self, kind: type[protocol.Request]) -> tuple[int, Any]:
        """The newest request of a kind and its id."""
        for index in range(len(self.sent) - 1, -1, -1):
            if isinstance(self.sent[index], kind):
                return index + 1, self.sent[index]
        raise AssertionError(f"no {kind.__name__} was sent")

    def count(self, kind: type[protocol.Request]) -> int:
        return sum(isinstance(request, kind) for request in self.sent)

    def say(self, *events: protocol.Event) -> None:
        self.events += events

    def say_ready(self) -> None:
        nothing = self.share(np.zeros(1))
        self.say(protocol.EngineReady(0, nothing, nothing, ("cpu",), "2.0", 0.1))

    def say_codec(self, info: CodecInfo | None = None) -> None:
        self.say(protocol.CodecLoaded(self.last(protocol.LoadCodec)[0], info or codec_info(), "cpu", 0.1))

    def say_clip(self, length_s: float = 1.0, *, done: bool = True, depths: tuple[int, ...] = (1, 2, 3, 4)) -> None:
        """Everything that a processed clip brings."""
        number, request = self.last(protocol.ProcessClip)
        samples = np.sin(np.arange(round(length_s * RATE_HZ)) / 20).astype(np.float32)[None]
        frames = math.ceil(length_s * 50)
        columns = max(1, samples.shape[1] // 128)
        self.say(
            protocol.ClipOpened(
                number, request.path, 44_100, 2, "WAV PCM_16", RATE_HZ, self.share(samples), -20.0, False
            ),
            protocol.PeaksReady(number, 0, 256, self.share(_peaks(samples))),
            self.spectrogram(number, 0, columns),
            protocol.CodesReady(number, (self.share(np.zeros((4, frames), np.int32)),), (50.0,)),
            protocol.LatentsReady(
                number, self.share(np.zeros((frames, 2), np.float32)), None, 50.0, (0.5, 0.2), "this clip"
            ),
        )
        for depth in depths:
            self.say(
                protocol.RenderReady(number, depth, self.share(samples * 0.5), 0.0, 0, 6.0 * depth, 0.5 * depth),
                protocol.PeaksReady(number, depth, 256, self.share(_peaks(samples))),
            )
        if done:
            self.say(protocol.Done(number, 0.5))

    def spectrogram(self, number: int, depth: int, columns: int) -> protocol.SpectrogramReady:
        image = self.share(np.zeros((columns, 64), np.uint8))
        return protocol.SpectrogramReady(number, depth, image, columns, 128, RATE_HZ, -100.0, 0.0)


def _peaks(samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    blocks = samples[0, : samples.shape[1] // 256 * 256].reshape(-1, 256)
    return np.stack([blocks.min(1), blocks.max(1)]).astype(np.float32)
