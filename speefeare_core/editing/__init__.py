"""Edits of the tokens of a clip: a list that is replayed on its encoding, and decoded.

`edits` says what each edit does, exactly; `edit_file` is the list as JSON; both load without torch. `applying.apply`
replays a list on an `Encoded`, `rendering.decode` makes it heard.
"""

from speefeare_core.editing.edits import (
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
    Source,
    Swap,
    Zero,
)

__all__ = [
    "Continuous",
    "Copy",
    "Edit",
    "EditList",
    "Freeze",
    "Neighbours",
    "Region",
    "Restore",
    "SetIndex",
    "Shuffle",
    "Source",
    "Swap",
    "Zero",
]
