"""The numbers of a run's log as TensorBoard files beside it, where tensorboard is installed. Without torch."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

GROUPS = {"losses": "training", "books": "books", "machine": "machine", "validation": "validation"}


def is_here() -> bool:
    """Whether tensorboard is installed."""
    return importlib.util.find_spec("tensorboard") is not None


class TensorBoardLog:
    """Appends scalars and the sounds of validation. Steps at or after a resume replace those of before it."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        folder.mkdir(parents=True, exist_ok=True)
        self._writer: Any = EventFileWriter(str(folder))

    def begin(self, step: int) -> None:
        """Say that what was written for later steps is void."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        started = SessionLog(status=SessionLog.START)
        self._writer.add_event(Event(wall_time=time.time(), step=step, session_log=started))

    def append(self, event: str, step: int, values: Mapping[str, Any], run: Path) -> None:
        """One event of the log; what is no number and no sound is left out."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        if event not in GROUPS:
            return
        rows = [
            Summary.Value(tag=f"{GROUPS[event]}/{name}", simple_value=value) for name, value in scalars(values)
        ]  # fmt: skip
        rows += [_sound(run / name, f"validation/{number}") for number, name in enumerate(values.get("samples", ()))]
        if rows:
            self._writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=rows)))
            self._writer.flush()

    def close(self) -> None:
        """Write what is left, and end the writer's thread."""
        self._writer.close()


def scalars(values: Mapping[str, Any], start: str = "") -> Iterator[tuple[str, float]]:
    """Numbers of nested mappings and lists, with names as paths: `shares/mel`, `perplexity/0`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from scalars(value, f"{start}{name}/")
        elif isinstance(value, (list, tuple)):
            yield from scalars({str(index): item for index, item in enumerate(value)}, f"{start}{name}/")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            yield start + name, float(value)


def _sound(path: Path, tag: str) -> Any:
    import soundfile
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata

    info = soundfile.info(str(path))
    audio = Summary.Audio(
        sample_rate=info.samplerate, num_channels=info.channels, length_frames=info.frames,
        encoded_audio_string=path.read_bytes(), content_type="audio/wav",
    )  # fmt: skip
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="audio"))
    return Summary.Value(tag=tag, audio=audio, metadata=metadata)
