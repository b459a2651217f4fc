"""What each edit does to the cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from speefeare_core.codec import Codec, Encoded
from speefeare_core.codecs.opus import OpusCodec
from speefeare_core.editing import (
    Continuous,
    Copy,
    Edit,
    EditList,
    Freeze,
    Neighbours,
    Region,
    Restore,
    SetIndex,
    Shuffle,
    Swap,
    Zero,
    seeded,
)
from speefeare_core.editing.applying import apply
from speefeare_core.editing.edited import Edited
from speefeare_core.editing.grid import rows_of
from speefeare_core.editing.nearest import nearest_entries
from speefeare_core.errors import SpeefeareError
from tests.core.small_snac import small_snac, sound
from tests.core.tiny_kinds import HOP, TinyAhead, TinyHeld


def coded(codec: Codec, frames: int = 40, seed: int = 1) -> Encoded:
    draw = torch.Generator().manual_seed(seed)
    return codec.encode(0.3 * torch.randn(1, codec.info.channels, frames * HOP, generator=draw))


def edited(codec: Codec, encoded: Encoded, *edits: Edit, **sources: Encoded) -> Edited:
    return apply(EditList(tuple(edits)), encoded, codec, sources)


def rows(codec: Codec, encoded: Encoded) -> list[np.ndarray]:  # type: ignore[type-arg]
    return rows_of(codec.info, encoded)


def test_set_touches_the_rectangle_and_nothing_else() -> None:
    codec = TinyAhead()
    encoded = coded(codec)
    found = edited(codec, encoded, SetIndex(Region(5, 9, (1, 2)), 11))
    before, after = rows(codec, encoded), rows(codec, found.encoded)
    for book in range(4):
        inside = np.zeros(40, bool)
        inside[5:9] = book in (1, 2)
        assert (after[book][inside] == 11).all()
        assert (after[book][~inside] == before[book][~inside]).all()
    assert [bool(mask.any()) for mask in found.changed()] == [False, True, True, False]
    assert (rows(codec, found.original)[1] == before[1]).all()


def test_a_region_without_books_and_end_is_everything() -> None:
    codec = TinyAhead()
    after = rows(codec, edited(codec, coded(codec), SetIndex(Region(), 3)).encoded)
    assert all((row == 3).all() for row in after)


def test_cells_of_slower_books_are_touched_where_the_region_holds_their_middle() -> None:
    codec = TinyAhead("rates")  # 4, 2 and 1 frames of the fastest
    encoded = coded(codec)
    found = edited(codec, encoded, Zero(Region(6, 9)))
    assert [np.flatnonzero(mask).tolist() for mask in found.silent] == [[1], [3], [6, 7, 8]]
    beside = edited(codec, encoded, Zero(Region(9, 12)))
    assert [np.flatnonzero(mask).tolist() for mask in beside.silent] == [[2], [4, 5], [9, 10, 11]]


def test_shuffle_keeps_the_codes_and_follows_its_seed() -> None:
    codec = TinyAhead()
    encoded = coded(codec)
    before = rows(codec, encoded)
    first = rows(codec, edited(codec, encoded, Shuffle(Region(4, 30), seed=3)).encoded)
    again = rows(codec, edited(codec, encoded, Shuffle(Region(4, 30), seed=3)).encoded)
    other = rows(codec, edited(codec, encoded, Shuffle(Region(4, 30), seed=4)).encoded)
    for book in range(4):
        assert sorted(first[book][4:30]) == sorted(before[book][4:30])
        assert (first[book][:4] == before[book][:4]).all()
        assert (first[book] == again[book]).all()
    assert any((first[book] != before[book]).any() for book in range(4))
    assert any((first[book] != other[book]).any() for book in range(4))


def test_shuffled_together_whole_frames_move() -> None:
    codec = TinyAhead()
    encoded = coded(codec)
    before = np.stack(rows(codec, encoded))
    after = np.stack(rows(codec, edited(codec, encoded, Shuffle(Region(), seed=1, together=True)).encoded))
    columns = [tuple(column) for column in before.T]
    assert sorted(columns) == sorted(tuple(column) for column in after.T)


def test_the_order_of_a_seed_is_the_same_for_ever() -> None:
    assert seeded.permutation(7, 2, 8).tolist() == [1, 0, 5, 2, 3, 4, 7, 6]
    assert seeded.choices(7, 2, np.arange(8), 5).tolist() == [4, 1, 0, 0, 1, 2, 4, 4]
    assert sorted(seeded.permutation(-1, 0, 1000)) == list(range(1000))


def test_freeze_holds_one_frame() -> None:
    codec = TinyAhead("rates")
    encoded = coded(codec)
    before = rows(codec, encoded)
    after = rows(codec, edited(codec, encoded, Freeze(Region(8, 16))).encoded)
    assert (after[0][2:4] == before[0][2]).all()
    assert (after[2][8:16] == before[2][8]).all()
    held = rows(codec, edited(codec, encoded, Freeze(Region(8, 16), at=5)).encoded)
    assert (held[0][2:4] == before[0][1]).all()
    assert (held[2][8:16] == before[2][5]).all()


def test_copy_reads_another_clip_and_ends_with_it() -> None:
    codec = TinyAhead()
    encoded, other = coded(codec), coded(codec, 12, seed=2)
    before, theirs = rows(codec, encoded), rows(codec, other)
    after = rows(codec, edited(codec, encoded, Copy(Region(20, 30, (0,)), "b", at=6), b=other).encoded)
    assert (after[0][20:26] == theirs[0][6:12]).all()
    assert (after[0][26:] == before[0][26:]).all()
    own = rows(codec, edited(codec, encoded, Copy(Region(20, 30, (0,)), at=0)).encoded)
    assert (own[0][20:30] == before[0][:10]).all()


@pytest.mark.parametrize("fit", ["cut", "repeat", "stretch"])
def test_swap_takes_books_of_another_clip(fit: str) -> None:
    codec = TinyAhead()
    encoded, other = coded(codec), coded(codec, 16, seed=2)
    before, theirs = rows(codec, encoded), rows(codec, other)
    after = rows(codec, edited(codec, encoded, Swap(Region(0, None, (1,)), "b", fit=fit), b=other).encoded)  # type: ignore[arg-type]
    assert (after[0] == before[0]).all()
    wanted = {
        "cut": np.concatenate([theirs[1], before[1][16:]]),
        "repeat": np.concatenate([theirs[1], theirs[1], theirs[1][:8]]),
        "stretch": theirs[1][np.arange(40) * 16 // 40],
    }[fit]
    assert (after[1] == wanted).all()


def test_neighbours_are_near_and_never_the_code_itself() -> None:
    codec = small_snac()
    encoded = codec.encode(sound(1, 8000))
    found = edited(codec, encoded, Neighbours(Region(), k=3, seed=5))
    for book, (old, new) in enumerate(zip(rows(codec, encoded), rows(codec, found.encoded), strict=True)):
        entries = codec.book_entries(book)
        assert entries is not None
        distances = torch.cdist(entries[old], entries).numpy()
        ranks = distances.argsort(axis=1).argsort(axis=1)[np.arange(len(old)), new]
        assert set(ranks) <= {1, 2, 3}
        assert len(set(ranks)) > 1


def test_of_equally_near_entries_the_lower_one() -> None:
    entries = np.array([[0.0], [1.0], [-1.0], [1.0], [5.0]], np.float32)
    assert nearest_entries(entries, np.array([0, 1]), 3).tolist() == [[1, 2, 3], [3, 0, 2]]
    with pytest.raises(ValueError, match="5 neighbours"):
        nearest_entries(entries, np.array([0]), 5)


def test_silence_moves_with_its_cell_and_ends_with_a_code() -> None:
    codec = TinyAhead()
    encoded = coded(codec)
    zero = Zero(Region(0, 4, (0,)))
    moved = edited(codec, encoded, zero, Copy(Region(10, 14, (0,)), at=2))
    assert np.flatnonzero(moved.silent[0]).tolist() == [0, 1, 2, 3, 10, 11]
    assert not edited(codec, encoded, zero, SetIndex(Region(0, 4, (0,)), 1)).silent[0].any()
    both = edited(codec, encoded, zero, Continuous(Region(2, 6, (0,))))
    assert np.flatnonzero(both.silent[0]).tolist() == [0, 1]
    assert np.flatnonzero(both.continuous[0]).tolist() == [2, 3, 4, 5]


def test_restore_takes_everything_back() -> None:
    codec = TinyAhead()
    encoded = coded(codec)
    found = edited(
        codec, encoded, Shuffle(Region(), 1), Zero(Region(0, 9)), Continuous(Region(12, 20)), Restore(Region())
    )
    assert not any(mask.any() for mask in found.changed())


def test_a_switch_leaves_silent_cells_alone() -> None:
    codec = TinyAhead()
    edits = EditList((Zero(Region(0, 4, (1,))),), continuous=(1,))
    found = apply(edits, coded(codec), codec, {})
    assert found.continuous[1].sum() == 36
    assert found.needs_latents


def test_a_codec_without_books_has_one_row_of_latents() -> None:
    codec = TinyHeld(continuous=True)
    encoded = coded(codec)
    found = edited(codec, encoded, Shuffle(Region(4, 20), 1), Zero(Region(30, 32)), Freeze(Region(34, 38)))
    before, after = rows(codec, encoded)[0], rows(codec, found.encoded)[0]
    assert sorted(map(tuple, before[4:20])) == sorted(map(tuple, after[4:20]))
    assert not after[30:32].any()
    assert (after[34:38] == before[34]).all()
    for edit in (SetIndex(Region(), 0), Neighbours(Region()), Continuous(Region())):
        with pytest.raises(SpeefeareError, match="continuous latents"):
            edited(codec, encoded, edit)
    with pytest.raises(SpeefeareError, match="continuous already"):
        apply(EditList(continuous=(0,)), encoded, codec, {})


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (SetIndex(Region(), 16), "entries 0 to 15"),
        (SetIndex(Region(0, 4, (7,)), 1), "book 8 does not exist"),
        (Zero(Region(40, 50)), "begins at frame 40"),
        (Copy(Region(), "b"), '"b" is not there'),
        (Freeze(Region(0, 4), at=40), "behind the end"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_number(edit: Edit, told: str) -> None:
    codec = TinyAhead()
    with pytest.raises(SpeefeareError, match=rf"Edit 2 \({edit.kind}\) cannot be done: .*{told}"):
        edited(codec, coded(codec), Restore(Region()), edit)


def test_more_neighbours_than_entries() -> None:
    codec = small_snac()
    with pytest.raises(SpeefeareError, match="k should be 1 to 63"):
        edited(codec, codec.encode(sound(1, 4000)), Neighbours(Region(), k=64))


def test_packets_have_no_cells() -> None:
    codec = OpusCodec.from_source("opus:24")
    encoded = Encoded((), None, 960, {"packets": torch.zeros(1, 1, 8, dtype=torch.uint8)})
    with pytest.raises(SpeefeareError, match="neither codes nor latents"):
        edited(codec, encoded, Zero(Region()))
