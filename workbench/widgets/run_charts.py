"""Which charts a training run has: the table of them, filled from the histories of the runs that are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from speefeare_core.training.alarm_rules import LOADER_SHARE, collapse_perplexity
from speefeare_core.training.run_history import RunHistory
from workbench.widgets.run_lines import Chart, ChartLine, Limit

GROUPS = {
    "losses": "Losses", "adversary": "Adversary", "books": "Codebooks", "validation": "Validation",
    "pace": "Pace and machine",
}  # fmt: skip


@dataclass(frozen=True)
class ChartInfo:
    """One row. `find` names the curves of a run: (name on the chart, name in the history)."""

    key: str
    title: str
    unit: str
    group: str
    find: Callable[[RunHistory], list[tuple[str, str]]]
    tip: str
    log: bool = False
    span: tuple[float, float] | None = None
    factor: float = 1.0
    limit: Callable[[RunHistory], Limit | None] | None = None
    term: str = ""
    ordered: bool = False
    wide: bool = False


def _below(head: str, name: Callable[[str], str] = str) -> Callable[[RunHistory], list[tuple[str, str]]]:
    return lambda run: [(name(path.rpartition("/")[2]), path) for path in run.names(head)]


def _these(**names: str) -> Callable[[RunHistory], list[tuple[str, str]]]:
    return lambda run: [(name.replace("_", " "), path) for name, path in names.items() if path in run.series]


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _book(number: str) -> str:
    return f"book {int(number) + 1}"


def _collapse(run: RunHistory) -> Limit | None:
    """Of the largest book; the trainer warns for each by its own size."""
    if not run.book_sizes:
        return None
    size = max(run.book_sizes)
    return Limit(collapse_perplexity(size), f"collapse: below {collapse_perplexity(size):g} of {size}")


def _loader(_run: RunHistory) -> Limit | None:
    return Limit(100 * LOADER_SHARE, f"starved: above {LOADER_SHARE:.0%}")


CHARTS: tuple[ChartInfo, ...] = (
    ChartInfo("losses", "Losses", "", "losses", _below("losses", _spaced),
              "Mean value of each loss since the line before, without its weight.", log=True, wide=True),
    ChartInfo("shares", "Shares of the gradient", "%", "losses", _below("shares", _spaced),
              "How much of the gradient at the decoded audio each loss has after weighting and balancing.",
              span=(0.0, 100.0), factor=100.0, term="balancer"),
    ChartInfo("validation", "Mel distance of validation", "dB", "validation",
              _these(all_books="validation/mel_distance"),
              "Mean over the validation clips, which training never learns from; down is better.",
              term="mel_distance"),
    ChartInfo("by_depth", "Mel distance by depth", "dB", "validation",
              _below("validation/by_depth", lambda depth: f"depth {depth}"),
              "The same with the first books only: each further book should take it down.", term="depth", ordered=True),
    ChartInfo("validation_losses", "Losses of validation", "", "validation",
              _below("validation/losses", _spaced),
              "The recipe's losses on the validation clips: where they rise while those of training fall, it overfits.",
              log=True, term="validation"),
    ChartInfo("si_sdr", "SI-SDR of validation", "dB", "validation", _these(all_books="validation/si_sdr"),
              "Agreement with the original's waveform; up is better, but codecs may sound good without it.",
              term="si_sdr"),
    ChartInfo("logits", "What the discriminators say", "", "adversary",
              _these(real="logits_real", decoded="logits_fake"),
              "Mean logits for real and decoded audio: far apart, the discriminators win; equal, they know nothing.",
              term="discriminator"),
    ChartInfo("adversaries", "Codec against discriminators", "", "adversary",
              _these(codec="losses/adversarial", discriminators="discriminator"),
              "The codec's adversarial loss and the discriminators' own: neither should run away from the other.",
              term="discriminator"),
    ChartInfo("perplexity", "Perplexity of the books", "entries", "books", _below("books/perplexity", _book),
              "How many equally likely entries each book behaves like, over a window of frames and not one batch.",
              log=True, limit=_collapse, term="perplexity", ordered=True),
    ChartInfo("usage", "Entries in use", "%", "books", _below("books/usage", _book),
              "Share of the entries that were chosen at least once in the window.", span=(0.0, 100.0), factor=100.0,
              term="codebook", ordered=True),
    ChartInfo("dead", "Dead entries", "entries", "books", _below("books/dead", _book),
              "Entries that no frame of the window chose.", span=(0.0, 1.0), term="dead_code", ordered=True),
    ChartInfo("gradients", "Gradient norms", "", "losses",
              _these(codec="gradient_norm", discriminators="gradient_norm_discriminator"),
              "Length of the gradient before it is clipped; a sudden rise comes before trouble.", log=True),
    ChartInfo("rates", "Learning rates", "", "losses", _these(codec="rate", discriminators="rate_discriminator"),
              "How far one step of each optimiser goes.", log=True),
    ChartInfo("throughput", "Throughput", "s of speech per s", "pace", _these(training="audio_s_per_s"),
              "Seconds of speech that are learnt from in each second.", span=(0.0, 0.0)),
    ChartInfo("loader", "Waiting for data", "%", "pace", _these(waiting="loader_wait"),
              "Share of the time in which the training waits for the next batch.", span=(0.0, 10.0), factor=100.0,
              limit=_loader),
    ChartInfo("load", "CPU and GPU", "%", "pace", _these(CPU="machine/cpu_percent", GPU="machine/gpu_percent"),
              "How busy the processors of the machine are.", span=(0.0, 100.0)),
    ChartInfo("memory", "Memory", "GB", "pace", _these(process="machine/memory_mb", GPU="machine/gpu_memory_mb"),
              "Memory of the training process, and what is taken of the GPU's.", span=(0.0, 0.0), factor=1e-3),
)  # fmt: skip


def charts_of(runs: Sequence[RunHistory], group: str = "") -> tuple[Chart, ...]:
    """Those charts for which there is anything, in the order of the table; `group`: of this group alone."""
    found = []
    for info in CHARTS:
        if group and info.group != group:
            continue
        chart = _chart(info, runs)
        if chart.lines:
            found.append(chart)
    return tuple(found)


def _chart(info: ChartInfo, runs: Sequence[RunHistory]) -> Chart:
    named = [info.find(run) for run in runs]
    names = list(dict.fromkeys(name for rows in named for name, _ in rows))
    lines = tuple(
        ChartLine(name, run.series[path], run, names.index(name), len(names), number, info.factor, info.ordered)
        for number, (run, rows) in enumerate(zip(runs, named, strict=True))
        for name, path in rows
    )
    limits = (info.limit(run) for run in runs) if info.limit is not None and lines else ()
    limit = next((limit for limit in limits if limit is not None), None)
    return Chart(
        info.key, info.title, info.unit, lines, info.tip, info.group, info.log, info.span, limit, info.term, info.wide
    )
