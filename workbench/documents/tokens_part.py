"""What tokens are measured against, in a document: the corpus, and the recording or column beside the clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from workbench.context import Context
from workbench.verbs import token_statistics as verbs


def save(ctx: Context) -> dict[str, str] | None:
    """None: nothing was chosen."""
    tokens = ctx.tokens
    chosen = tokens.corpus_folder or tokens.against
    return {"corpus": tokens.corpus_folder, "against": tokens.against} if chosen else None


def load(ctx: Context, data: Any) -> None:
    """The inverse. Raises `SpeefeareError` where the other recording is not there."""
    row = data if isinstance(data, dict) else {}
    folder, against = row.get("corpus", ""), row.get("against", "")
    if isinstance(folder, str) and folder != ctx.tokens.corpus_folder:
        ctx.tokens.update(corpus_folder=folder, corpus=None)
    if not isinstance(against, str) or not against:
        ctx.tokens.update(against="", other=None)
    elif against.startswith(verbs.COLUMN):
        number = against.removeprefix(verbs.COLUMN)
        if number.isdecimal() and int(number) in ctx.columns.columns:
            verbs.compare_with_column(ctx, int(number))
    elif not Path(against).is_file():
        raise SpeefeareError(f"The recording {against} that the tokens were compared with is not there.")
    else:
        verbs.compare_with_recording(ctx, against)
