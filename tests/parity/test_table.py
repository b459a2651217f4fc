"""The parity table is whole: every official layout that can be loaded stands in it against a foreign implementation."""

from __future__ import annotations

from speefeare_core.checkpoints.layouts import LAYOUTS
from speefeare_core.codecs import FAMILIES
from tests.parity.peer import Case
from tests.parity.table import all_cases


def test_every_official_layout_has_a_case() -> None:
    covered = {(case.family, case.layout) for case in all_cases()}
    missing = sorted({(row.family, row.key) for row in LAYOUTS} - covered)
    assert not missing, f"no parity case for {missing}"


def test_every_family_is_compared_here_or_said_to_be_elsewhere() -> None:
    elsewhere = {"lyra", "opus", "mulaw", "identity", "exported", "linear", "transform", "subframe"}
    assert {case.family for case in all_cases()} | elsewhere == set(FAMILIES)


def test_the_cases_have_names_of_their_own_and_known_families() -> None:
    cases = all_cases()
    assert len({case.key for case in cases}) == len(cases)
    assert {case.family for case in cases} <= set(FAMILIES)


def test_every_layout_is_compared_at_even_and_odd_lengths_alone_and_in_batches() -> None:
    """The full sizes may be compared one recording at a time."""
    rows: dict[tuple[str, str], list[Case]] = {}
    for case in all_cases():
        rows.setdefault((case.family, case.layout), []).append(case)
    for key, cases in rows.items():
        assert {length % 2 for case in cases for length in case.lengths} == {0, 1}, key
        assert any(1 in case.batches and max(case.batches) >= 3 for case in cases), key
