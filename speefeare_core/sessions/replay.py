"""A recorded session once more: the same input through the same codec in the same steps gives the same codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.sessions.fingerprint import fingerprint
from speefeare_core.sessions.format import INPUT, OUTPUT, Change, Step, StreamStart
from speefeare_core.sessions.mixing import Mixing
from speefeare_core.sessions.reader import Session
from speefeare_core.sessions.streams import Streams

if TYPE_CHECKING:
    from speefeare_core.codec import Codec
    from speefeare_core.stream import CodecStream, StreamStep

TOLERANCE = 1e-5  # of the output, in full scale


@dataclass
class ReplayReport:
    """What came of it. Only what can be compared is counted; `left_out` says in seconds what was not, and why."""

    frames: int = 0  # compared
    codes_equal: float | None = None  # share of them; None for a codec without books
    latents_error: float | None = None  # greatest difference, of a codec without books
    first_difference_s: float | None = None
    output_s: float = 0.0  # compared
    output_error: float = 0.0  # greatest difference
    left_out: dict[str, float] = field(default_factory=dict)
    dropped_frames: int = 0  # while it was recorded; they are not in the input either
    same_weights: bool | None = None  # None: the recording does not say
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Everything that was compared is the same, and something was."""
        same = self.codes_equal in (None, 1.0) and (self.latents_error or 0.0) <= TOLERANCE
        return bool(self.frames) and same and self.output_error <= TOLERANCE

    @property
    def verdict(self) -> str:
        """In words."""
        if not self.frames:
            return "nothing could be compared"
        return "the same" if self.passed else "NOT the same"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "passed": self.passed, "tolerance": TOLERANCE}


def replay(
    session: Session,
    codec: Codec,
    hear: Callable[[Samples], None] = lambda block: None,
    progress: Callable[[float], None] = lambda done: None,
) -> ReplayReport:
    """Run the input through `codec` and compare. `hear` gets what is decoded `[C, n]`, before mix and gain.

    Depths, books and modes change where they did. Raises `SpeefeareError` for another kind of codec, a recording
    without steps, or files that do not hold what timing.jsonl says.
    """
    _check_codec(session, codec)
    report = ReplayReport(dropped_frames=session.dropped_frames)
    if session.info.fingerprint:
        report.same_weights = fingerprint(codec) == session.info.fingerprint
        if not report.same_weights:
            report.notes.append(f"{codec.info.name} has other weights than when the session was recorded.")
    comparison = _Comparison(session, report)
    try:
        _run(session, codec, comparison, hear, progress)
    finally:
        comparison.close()
    comparison.finish()
    return report


def _run(
    session: Session,
    codec: Codec,
    comparison: _Comparison,
    hear: Callable[[Samples], None],
    progress: Callable[[float], None],
) -> None:
    mixing = Mixing(codec.info)
    streams = Streams(session, codec, comparison.report.notes)
    stream: CodecStream | None = None
    why = "before the first stream"
    settings: dict[str, Any] = {}
    for row in session.rows:
        if isinstance(row, Change):
            settings |= row.values
            mixing.change(row.at, row.values)
        elif isinstance(row, StreamStart):
            stream, why = streams.start(row)
        elif isinstance(row, Step):
            before, after = comparison.read(row)
            progress((row.at + row.samples) / session.length_samples)
            if stream is None:
                comparison.leave_out(why, row.samples)
                mixing.skip(before)
                hear(np.zeros_like(before))
                continue
            step, decoded = _step(stream, before, codec)
            hear(decoded)
            comparison.encoded(row, step)
            comparison.heard(row, after, *mixing.expected(row.at, before, decoded))
        if stream is not None and not isinstance(row, Step):
            streams.apply(stream, settings)


def _step(stream: CodecStream, block: Samples, codec: Codec) -> tuple[StreamStep, Samples]:
    import torch

    step = stream.step(torch.from_numpy(np.ascontiguousarray(block))[None].to(codec.device))
    return step, step.audio[0].cpu().numpy()


def _check_codec(session: Session, codec: Codec) -> None:
    recorded, here = session.info.info, codec.info
    kinds = [(i.family, i.rate_hz, i.channels, i.hop_samples, i.depth) for i in (recorded, here)]
    if kinds[0] != kinds[1]:
        raise SpeefeareError(
            f"{session.folder} was recorded with {recorded.name}, and {here.name} is another codec; name the right one"
            " with --codec."
        )
    if not session.steps:
        raise SpeefeareError(f"{session.folder} holds no steps, so there is nothing to replay.")


class _Comparison:
    """Recorded beside replayed."""

    def __init__(self, session: Session, report: ReplayReport) -> None:
        self._session, self.report = session, report
        self._rate_hz = session.info.info.rate_hz
        self._hop = session.info.info.hop_samples
        self._files = [_Sound(session.folder / name) for name in (INPUT, OUTPUT)]
        self._equal = self._codes = 0

    def read(self, row: Step) -> tuple[Samples, Samples]:
        """Input and output `[C, n]` of the next step."""
        before, after = (file.next(row.samples) for file in self._files)
        return before, after

    def leave_out(self, why: str, samples: int) -> None:
        """This much is not compared."""
        if samples:
            self.report.left_out[why] = self.report.left_out.get(why, 0.0) + samples / self._rate_hz

    def encoded(self, row: Step, step: StreamStep) -> None:
        """Codes, or latents where there are none."""
        report = self.report
        first = row.at // self._hop
        ours = step.latents if step.codes is None else step.codes
        recorded = self._session.latents if step.codes is None else self._session.codes
        if ours is None or recorded is None:
            self.leave_out("no codes were recorded", row.samples)
            return
        found = ours[0].cpu().numpy()
        wanted = recorded[:, first : first + found.shape[1]]
        report.frames += wanted.shape[1]
        if wanted.shape != found.shape:
            raise SpeefeareError(f"{self._session.folder} holds fewer codes than its steps made; it is damaged.")
        if step.codes is None:
            error = float(np.abs(found - wanted).max(initial=0.0))
            report.latents_error = max(error, report.latents_error or 0.0)
            different = error > TOLERANCE
        else:
            self._equal += int((found == wanted).sum())
            self._codes += wanted.size
            different = bool((found != wanted).any())
        if different and report.first_difference_s is None:
            report.first_difference_s = row.at / self._rate_hz

    def heard(self, row: Step, after: Samples, expected: Samples, certain: NDArray[np.bool_], why: str) -> None:
        """Output: `certain` [n] says which samples of `expected` [C, n] must be the recorded ones."""
        report = self.report
        count = int(certain.sum())
        self.leave_out(why, row.samples - count)
        report.output_s += count / self._rate_hz
        if count:
            error = float(np.abs(after - expected)[:, certain].max())
            report.output_error = max(report.output_error, error)
            if error > TOLERANCE and report.first_difference_s is None:
                report.first_difference_s = row.at / self._rate_hz

    def finish(self) -> None:
        """The sums."""
        self.report.codes_equal = self._equal / self._codes if self._codes else None

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files:
            file.close()


class _Sound:
    """One sound file of the session, read from its beginning."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = soundfile.SoundFile(str(path))
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise SpeefeareError(f"{path} cannot be read ({error}).") from error

    def next(self, count: int) -> Samples:
        """`[C, count]`. Raises `SpeefeareError` where the file ends before."""
        block: Samples = self._file.read(count, dtype="float32", always_2d=True).T
        if block.shape[1] < count:
            raise SpeefeareError(f"{self._path} is shorter than the session; it was changed or cut off.")
        return block

    def close(self) -> None:
        """Let go of it."""
        self._file.close()
