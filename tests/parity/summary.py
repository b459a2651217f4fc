"""What the parity tests measured, as a table to read and as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from tests.parity.peer import Case, Peer

ELSEWHERE = (
    "Not in the table: Lyra v2 runs Google's own TFLite networks, and its books are searched here with the indices of"
    " Google's quantiser (tests/core/test_lyra.py); Opus is libopus itself; µ-law is compared with its formula"
    " (tests/core/test_mulaw.py); the shipped codecs are ours alone."
)


@dataclass
class Row:
    """One case against its peer, over all batches and lengths."""

    family: str
    variant: str
    layout: str
    peer: str
    remark: str
    levels: dict[int, list[float]] = field(default_factory=dict)
    codes_compared: int = 0
    largest_audio_error: float = 0.0
    largest_latent_error: float = 0.0
    depths: set[int] = field(default_factory=set)
    _level: int = 0
    _books: int = 0

    def codes(self, expected: Tensor, ours: Tensor) -> None:
        """One level `[B, F]` of both."""
        self.levels.setdefault(self._level, []).append(float((expected == ours).double().mean()))
        self.codes_compared += expected.numel()
        self._level += 1

    def restart(self) -> Row:
        """The next recording begins with the first level again."""
        self._level = 0
        return self

    @property
    def agreement(self) -> float:
        """The share of equal codes in the worst level."""
        return min((min(shares) for shares in self.levels.values()), default=1.0)

    def per_level(self) -> list[float]:
        """The worst share of each level."""
        return [round(min(shares), 4) for _, shares in sorted(self.levels.items())]

    def audio_error(self, expected: Tensor, ours: Tensor, depth: int, tolerance: float) -> None:
        """The largest difference; relative to the peak where that is above 1."""
        length = min(expected.shape[-1], ours.shape[-1])
        expected, ours = expected[..., :length], ours[..., :length]
        level = expected.square().mean().sqrt()
        assert 1e-4 < level < 1e4, f"the peer's sound has level {level:.1e}: the comparison would mean nothing"
        error = float((expected - ours).abs().max() / max(1.0, float(expected.abs().max())))
        self.largest_audio_error = max(self.largest_audio_error, error)
        self.depths.add(depth)
        assert error <= tolerance, f"the sound differs by {error:.1e} at depth {depth}"

    def latent_error(self, expected: Tensor, ours: Tensor, tolerance: float) -> None:
        """The largest difference of continuous latents."""
        assert expected.shape == ours.shape
        assert float(expected.std()) > 1e-3, "the peer's latents hardly vary: the comparison would mean nothing"
        error = float((expected - ours).abs().max() / max(1.0, float(expected.abs().max())))
        self.largest_latent_error = max(self.largest_latent_error, error)
        assert error <= tolerance, f"the latents differ by {error:.1e}"


class Summary:
    """All rows of a run."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def row(self, case: Case, peer: Peer) -> Row:
        """The row of a case, ready for its next recording."""
        if case.key not in self.rows:
            self.rows[case.key] = Row(case.family, case.variant, case.layout, peer.name, case.remark)
        return self.rows[case.key].restart()

    def table(self) -> str:
        """Markdown."""
        lines = [
            "| family | variant | layout | peer | codes compared | codes equal, worst level | largest error of the"
            " sound | of the latents | depths | remark |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for row in self.rows.values():
            equal = f"{100 * row.agreement:.4g} %" if row.levels else "–"
            depths = ", ".join(str(depth) for depth in sorted(row.depths))
            latents = f"{row.largest_latent_error:.1e}" if row.largest_latent_error else "–"
            lines.append(
                f"| {row.family} | {row.variant} | {row.layout} | {row.peer} | {row.codes_compared} | {equal}"
                f" | {row.largest_audio_error:.1e} | {latents} | {depths} | {row.remark} |"
            )
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """`path`.md for people and `path`.json for programs."""
        head = (
            "# The same codes as the originals\n\n"
            "Each row: random weights, saved by the peer in the official format, loaded here"
            f" (torch {torch.__version__}, CPU, float32).\nMade by `pytest tests/parity --write-parity`.\n\n"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".md").write_text(f"{head}{self.table()}\n\n{ELSEWHERE}\n")
        data = [
            {
                "family": row.family,
                "variant": row.variant,
                "layout": row.layout,
                "peer": row.peer,
                "codes_compared": row.codes_compared,
                "agreement_per_level": row.per_level(),
                "largest_audio_error": row.largest_audio_error,
                "largest_latent_error": row.largest_latent_error,
                "depths": sorted(row.depths),
                "remark": row.remark,
            }
            for row in self.rows.values()
        ]
        path.with_suffix(".json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
