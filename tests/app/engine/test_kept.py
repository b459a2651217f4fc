"""What a clip keeps and what must go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.engine.memory import SharedArray
from workbench.engine.server.kept import Kept, to_drop


def array() -> SharedArray:
    return SharedArray.create((4,), np.float32)


def there(*arrays: SharedArray) -> list[bool]:
    return [Path(one.ref.name).exists() for one in arrays]


def test_arrays_go_alone_with_what_they_belong_to_or_with_all() -> None:
    kept = Kept()
    first, second, third, fourth = (kept.keep(array(), of) for of in (None, 3, 3, "codes"))
    kept.release(first)
    assert there(first, second, third, fourth) == [False, True, True, True]
    kept.release_of(3)
    kept.release_of("nothing")
    assert there(second, third, fourth) == [False, False, True]
    kept.unlink()
    assert there(fourth) == [False]
    stranger = array()
    kept.release(stranger)
    assert there(stranger) == [False]


@pytest.mark.parametrize(
    ("sizes", "held", "room", "gone"),
    [
        ({1: 4, 2: 4}, set(), 8, []),
        ({1: 4, 2: 4, 3: 4}, set(), 8, [1]),
        ({1: 4, 2: 4, 3: 4}, {1}, 8, [2]),
        ({1: 4, 2: 0, 3: 4, 4: 4}, {4}, 4, [1, 3]),
        ({1: 4, 2: 4}, {1, 2}, 4, []),
        ({}, set(), 0, []),
    ],
)
def test_the_first_that_are_not_held_make_room(
    sizes: dict[int, int], held: set[int], room: int, gone: list[int]
) -> None:
    assert to_drop(sizes, held, room) == gone
