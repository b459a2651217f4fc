"""The number formats that a plan may compute in. Plain data, loads without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    """A row of the table: `exact` ones give the codes of the plain stream, the others say how far they are off."""

    key: str
    title: str
    tip: str
    exact: bool


MODES = (
    Mode("float32", "Exact (float32)", "The same codes and sound as the plain computation.", True),
    Mode(
        "bfloat16",
        "Faster (16-bit)",
        "Weights of 16 bits, float16 where that is closer: half the memory traffic; some tokens differ.",
        False,
    ),
    Mode("int8_decoder", "Fastest decoder (int8)", "Exact tokens; the sound is decoded from 8-bit weights.", False),
)
EXACT = MODES[0].key


@dataclass(frozen=True)
class PlanReport:
    """What was built, and how it compares with the plain stream on the check signal."""

    mode: str
    frames: int  # of a step
    compiled: bool  # False: the plain stream itself, and `note` says why
    build_s: float
    tokens_same: float | None  # share of equal codes; None for a codec without codes
    audio_error: float  # greatest difference of the decodes of the same codes, as a share of the greatest sample
    note: str = ""
