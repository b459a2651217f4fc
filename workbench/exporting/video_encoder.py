"""Encodes a video in a process of its own: frames and sound come in on stdin, an MP4 file goes out.

    python -m workbench.exporting.video_encoder

stdin: one line of JSON (`target`, `width`, `height`, `rate_fps`, `sound_hz`, `channels`, `sound_samples`), then the
sound as float32 `[T, C]`, then frames as BGRX, each of width × height × 4 bytes, to the end. stdout: one line of JSON
for each frame that is done, and a last one with `finished` or `error`.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

CODECS = ("libx264", "libx265", "mpeg4")  # the first that the library has
SOUND_BLOCK = 1024


def encode(given: BinaryIO, header: dict[str, Any], part: Path, tell: Any) -> None:
    """All of it into `part`."""
    import av

    width, height, rate = int(header["width"]), int(header["height"]), int(header["rate_fps"])
    sound = _exactly(given, 4 * int(header["sound_samples"]) * int(header["channels"]))
    samples = np.frombuffer(sound, np.float32).reshape(-1, int(header["channels"])).T
    name = next((name for name in CODECS if name in av.codecs_available), "")
    if not name:
        raise ValueError("this PyAV has no encoder for H.264, H.265 or MPEG-4")
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        video: Any = file.add_stream(name, rate=rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        if name == "libx264":
            video.options = {"crf": "16", "preset": "fast", "tune": "animation"}
        voice: Any = file.add_stream("aac", rate=int(header["sound_hz"]))
        voice.bit_rate = 192_000
        voice.layout = "mono" if samples.shape[0] == 1 else "stereo"
        done, written = 0, 0
        while (data := given.read(width * height * 4)) and len(data) == width * height * 4:
            pixels = np.frombuffer(data, np.uint8).reshape(height, width, 4)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[..., :3]), format="bgr24")
            frame.pts, frame.time_base = done, Fraction(1, rate)
            file.mux(video.encode(frame))
            done += 1
            written = _speak(file, voice, samples, written, done / rate, int(header["sound_hz"]))
            tell({"frames": done})
        _speak(file, voice, samples, written, float("inf"), int(header["sound_hz"]))
        file.mux(video.encode(None))
        file.mux(voice.encode(None))


def _speak(file: Any, voice: Any, samples: NDArray[np.float32], first: int, until_s: float, rate_hz: int) -> int:
    """Encode the sound up to a time; where it is then."""
    import av

    while first < samples.shape[1] and first / rate_hz < until_s:
        block = np.ascontiguousarray(samples[:, first : first + SOUND_BLOCK])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=voice.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, first, Fraction(1, rate_hz)
        file.mux(voice.encode(frame))
        first += block.shape[1]
    return first


def _exactly(given: BinaryIO, count: int) -> bytes:
    data = given.read(count)
    if len(data) != count:
        raise EOFError("the sound is cut off")
    return data


def main() -> int:
    """Until stdin ends."""

    def tell(data: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(data) + "\n")
        sys.stdout.flush()

    given = sys.stdin.buffer
    header = json.loads(given.readline())
    target = Path(header["target"])
    part = target.with_name(f".{target.stem}.part.mp4")
    try:
        encode(given, header, part, tell)
        part.replace(target)
        tell({"finished": str(target)})
        return 0
    except ImportError:
        tell({"error": "Videos need PyAV: pip install 'speefeare-workbench[video]'."})
    except Exception as error:
        reason = " ".join(str(error).split())
        tell({"error": f"{target} cannot be written ({reason}); choose another folder or make room."})
    finally:
        part.unlink(missing_ok=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
