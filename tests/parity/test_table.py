"""The parity table is whole: every official layout that can be loaded stands in it against a foreign implementation."""

from __future__ import annotations

from speefeare_core.checkpoints.layouts import LAYOUTS
from speefeare_core.codecs import FAMILIES
from tests.parity.table import all_cases


def test_every_official_layout_has_a_case() -> None:
    covered = {(case.family, case.layout) for case in all_cases()}
    missing = sorted({(row.family, row.key) for row in LAYOUTS} - covered)
    assert not missing, f"no parity case for {missing}"


def test_the_cases_have_names_of_their_own_and_known_families() -> None:
    cases = all_cases()
    assert len({case.key for case in cases}) == len(cases)
    assert {case.family for case in cases} <= set(FAMILIES)


def test_every_case_compares_even_and_odd_lengths_and_batches() -> None:
    for case in all_cases():
        assert {length % 2 for length in case.lengths} == {0, 1}, case.key
        assert 1 in case.batches and max(case.batches) >= 3, case.key
