"""Tables of evaluations: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.by_depth import DepthRow, Evaluation, Summary
from speefeare_core.evaluation.metrics import METRICS

_DECIMALS = {"pesq_wb": 2, "stoi": 3, "si_sdr": 1, "mel_distance": 2, "visqol": 2, "dnsmos": 2}


def to_json(evaluations: Sequence[Evaluation]) -> str:
    """One object, `{"evaluations": [...]}`."""
    return json.dumps({"evaluations": [one.to_dict() for one in evaluations]}, ensure_ascii=False, indent=2)


def read_json(path: Path) -> tuple[Evaluation, ...]:
    """Inverse of `to_json`, from a file. Raises `SpeefeareError` where it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_evaluation(one) for one in found["evaluations"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpeefeareError(
            f"{path} holds no evaluation ({error}); write it with speefeare evaluate … --output {path.stem}.json."
        ) from error


def _evaluation(data: dict[str, Any]) -> Evaluation:
    rows = tuple(
        DepthRow(row["depth"], row["bitrate_kbps"], {key: Summary(**one) for key, one in row["metrics"].items()})
        for row in data["rows"]
    )
    lists = {key: tuple(data[key]) for key in ("files", "delays_samples", "notes")}
    return Evaluation(**{**data, **lists, "rows": rows})


def to_markdown(evaluations: Sequence[Evaluation]) -> str:
    """One table for all codecs: a row a depth, mean ± half the 95 % interval, then what it was measured on."""
    keys = list(dict.fromkeys(key for one in evaluations for row in one.rows for key in row.metrics))
    heads = ["Codec", "Books", "kbps", *(_head(key) for key in keys)]
    lines = [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
    for one in evaluations:
        for row in one.rows:
            cells = [_cell(key, row.metrics.get(key)) for key in keys]
            rate = "–" if row.bitrate_kbps is None else f"{row.bitrate_kbps:.2f}"
            lines.append(_line([one.codec, str(row.depth or "–"), rate, *cells]))
    lines.append("")
    for one in evaluations:
        lines.append(
            f"{one.codec}: {len(one.files)} file{'s' * (len(one.files) > 1)}, {one.length_s:.1f} s, {_delays(one)}."
        )
        lines.extend(f"{one.codec}: {note}" for note in one.notes)
    lines.append(
        "Mean ± half the 95 % confidence interval over files (Student's t), after removal of the measured delay."
    )
    return "\n".join(lines)


def _head(key: str) -> str:
    metric = METRICS[key]
    unit = f" ({metric.unit})" if metric.unit else ""
    return f"{metric.name}{unit} {'↑' if metric.higher_is_better else '↓'}"


def _cell(key: str, summary: Summary | None) -> str:
    if summary is None or summary.mean is None:
        return "–"
    places = _DECIMALS.get(key, 3)
    width = "" if summary.ci95 is None else f" ± {summary.ci95:.{places}f}"
    return f"{summary.mean:.{places}f}{width}"


def _delays(one: Evaluation) -> str:
    low, high = min(one.delays_samples), max(one.delays_samples)
    return f"measured delay {low} samples" if low == high else f"measured delay {low} to {high} samples"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
