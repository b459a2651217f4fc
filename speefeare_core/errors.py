"""The one error that people are shown: a plain sentence that names the file or option and what would help."""


class SpeefeareError(Exception):
    """A problem the person can act on. `str(error)` is one plain sentence."""


class Cancelled(SpeefeareError):
    """The person stopped the work; nothing is wrong."""

    def __init__(self, what: str = "The work") -> None:
        super().__init__(f"{what} was cancelled.")
