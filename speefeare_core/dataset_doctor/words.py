"""The report for people: plain text and Markdown."""

from __future__ import annotations

from speefeare_core.dataset_doctor.report import DatasetReport, Histogram, hours_words

SHOWN = 5  # clips a finding names
BARS = " ▁▂▃▄▅▆▇█"


def to_text(report: DatasetReport) -> str:
    """For a terminal."""
    lines = [f"{report.place} ({report.layout})", report.words, ""]
    lines += [f"  {name:10} {value}" for name, value in facts(report)]
    lines += [f"  {one.title:22} {_bars(one)}  {one.edges[0]:g} … {one.edges[-1]:g} {one.unit}, median {one.median:.1f}"
              for one in report.histograms.values()]  # fmt: skip
    for finding in report.findings:
        lines += ["", f"{finding.severity.capitalize()}: {finding.words}", f"  {finding.fix}"]
        lines += [f"    {clip.name}: {clip.words}" for clip in finding.clips[:SHOWN]]
        if finding.count > SHOWN and finding.clips:
            lines.append(f"    and {finding.count - SHOWN:,} more")
    return "\n".join(lines)


def to_markdown(report: DatasetReport) -> str:
    """For a document."""
    lines = [f"# {report.place}", "", report.words, "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in facts(report)]
    lines += ["", "| severity | finding | what helps |", "|---|---|---|"]
    lines += [f"| {one.severity} | {one.words} | {one.fix} |" for one in report.findings]
    return "\n".join(lines)


def facts(report: DatasetReport) -> list[tuple[str, str]]:
    """What there is, as rows of a name and a value."""
    rows = [
        ("clips", f"{report.clips:,}" + (f" and {report.unreadable:,} unreadable" if report.unreadable else "")),
        ("length", hours_words(report.hours)),
        ("rates", _shares({f"{int(rate) / 1000:g} kHz": part for rate, part in report.rates.items()})),
        ("channels", _shares(report.channels)),
        ("encodings", _shares(report.encodings)),
    ]
    if report.speaker_count:
        rows.append(("speakers", f"{report.speaker_count:,}: " + ", ".join(
            f"{name} {hours_words(part)}" for name, part in list(report.speakers.items())[:SHOWN])))  # fmt: skip
    return rows


def _shares(parts: dict[str, float]) -> str:
    whole = sum(parts.values()) or 1.0
    if len(parts) == 1:
        return next(iter(parts))
    return ", ".join(f"{name} {100 * part / whole:.0f} %" for name, part in list(parts.items())[:SHOWN])


def _bars(histogram: Histogram) -> str:
    """Counts as a row of blocks, two bins each."""
    pairs = [sum(histogram.counts[i : i + 2]) for i in range(0, len(histogram.counts), 2)]
    most = max(pairs) or 1
    return "".join(BARS[-(-count * (len(BARS) - 1) // most)] for count in pairs)
