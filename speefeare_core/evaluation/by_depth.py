"""Measure a codec on sound files at every depth: mean and 95 % confidence interval over the files.

Deterministic: the same files give the same table, however many processes share the work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.metrics import FIRST_METRICS, METRICS

if TYPE_CHECKING:
    from speefeare_core.codec import Codec
    from speefeare_core.evaluation.one_file import FileScores

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Summary:
    """One metric over the files."""

    mean: float | None  # None where no file gave a value
    ci95: float | None  # half the width of the 95 % interval of the mean (Student's t); None below two files
    files: int  # how many files gave a value


@dataclass(frozen=True)
class DepthRow:
    """One depth (0 for a codec without books)."""

    depth: int
    bitrate_kbps: float | None  # None for continuous latents
    metrics: dict[str, Summary]


@dataclass(frozen=True)
class Evaluation:
    """A codec's table, and what it was measured on."""

    codec: str
    family: str
    source: str
    rate_hz: int
    files: tuple[str, ...]
    length_s: float
    rows: tuple[DepthRow, ...]
    delays_samples: tuple[int, ...]  # measured and removed, one a file
    notes: tuple[str, ...] = field(default=())  # each way in which a metric was not defined, and for how many files

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def evaluate(
    source: str | Path | Codec,
    files: Sequence[str | Path],
    depths: Sequence[int] | None = None,
    metrics: Sequence[str] = FIRST_METRICS,
    jobs: int = 1,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Evaluation:
    """The table of a codec (what `load_codec` takes, or a loaded one) on `files`.

    `depths` None: all. `jobs` > 1 shares the files among processes, each with a codec of its own, which needs a
    source that can be loaded again. Raises `SpeefeareError` for an unknown metric, depth or file.
    """
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.codec import Codec
    from speefeare_core.evaluation.one_file import check_depths, score_file

    unknown = [key for key in metrics if key not in METRICS]
    if unknown:
        raise SpeefeareError(f"There is no metric {unknown[0]}; choose from {', '.join(METRICS)}.")
    if not files:
        raise SpeefeareError("There is no sound file to measure on; name at least one.")
    if jobs > 1 and isinstance(source, Codec):
        raise SpeefeareError("Several jobs load the codec again, so give its file or name, or use one job.")
    codec = source if isinstance(source, Codec) else load_codec(source, device)
    wanted = check_depths(codec.info, depths)
    report = progress or (lambda fraction, words: None)
    scores: list[FileScores] = []
    if jobs <= 1 or len(files) == 1:
        with _OneThread():
            for path in files:
                report(len(scores) / len(files), f"measuring {Path(path).name}")
                scores.append(score_file(codec, path, wanted, tuple(metrics)))
    else:
        work = partial(_score_again, str(source), device, wanted, tuple(metrics))
        with ProcessPoolExecutor(min(jobs, len(files)), get_context("spawn"), _quiet_worker) as pool:
            try:
                for path, score in zip(files, pool.map(work, [str(path) for path in files]), strict=True):
                    scores.append(score)
                    report(len(scores) / len(files), f"measured {Path(path).name}")
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    return _summarise(codec, scores, wanted, tuple(metrics))


class _OneThread:
    """Sums come out alike in one process or many only if each uses one thread."""

    def __enter__(self) -> None:
        import torch

        self._before = torch.get_num_threads()
        torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        import torch

        torch.set_num_threads(self._before)


_LOADED: dict[tuple[str, str], Codec] = {}  # in a worker process: loaded once, used for every file


def _quiet_worker() -> None:
    import signal

    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    torch.set_num_threads(1)


def _score_again(source: str, device: str, depths: tuple[int, ...], metrics: tuple[str, ...], path: str) -> FileScores:
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.evaluation.one_file import score_file

    key = (source, device)
    if key not in _LOADED:
        _LOADED[key] = load_codec(source, device)
    return score_file(_LOADED[key], path, depths, metrics)


def _summarise(codec: Codec, scores: list[FileScores], depths: tuple[int, ...], metrics: tuple[str, ...]) -> Evaluation:
    rows = []
    coded_s = math.fsum(score.coded_s for score in scores)
    for index, depth in enumerate(depths):
        columns = {key: summarise([score.values[index][key] for score in scores]) for key in metrics}
        bits = [sent for score in scores if (sent := score.bits[index]) is not None]
        rows.append(DepthRow(depth, sum(bits) / coded_s / 1000 if bits else None, columns))
    notes: dict[str, int] = {}
    for score in scores:
        for note in score.notes:
            notes[note] = notes.get(note, 0) + 1
    return Evaluation(
        codec.info.name,
        codec.info.family,
        codec.info.source,
        codec.info.rate_hz,
        tuple(score.path for score in scores),
        math.fsum(score.length_s for score in scores),
        tuple(rows),
        tuple(score.delay_samples for score in scores),
        tuple(f"{note} ({count} of {len(scores)} files)" for note, count in notes.items()),
    )


def summarise(values: Sequence[float | None]) -> Summary:
    """Mean and half the 95 % interval, t(0.975, n−1) · s / √n, of the values that are there."""
    from scipy.stats import t as student

    there = [value for value in values if value is not None]
    count = len(there)
    if not count:
        return Summary(None, None, 0)
    mean = math.fsum(there) / count
    if count < 2:
        return Summary(mean, None, 1)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in there) / (count - 1))
    return Summary(mean, float(student.ppf(0.975, count - 1)) * deviation / math.sqrt(count), count)
