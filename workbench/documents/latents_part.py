"""Latents in a document: the space of its codec, and the recordings beside its clip."""

from __future__ import annotations

from typing import Any

from workbench.context import Context
from workbench.state.latents import SpaceChoice
from workbench.verbs import latents as verbs


def save(ctx: Context) -> dict[str, Any] | None:
    """None where everything is as it comes."""
    state = ctx.latents
    if state.space == SpaceChoice() and not state.others and state.depth is None:
        return None
    return {
        "method": state.space.method,
        "corpus": state.space.corpus,
        "others": list(state.others),
        "depth": state.depth,
    }  # fmt: skip


def load(ctx: Context, data: Any) -> None:
    """The inverse; what is not valid is as it comes."""
    data = data if isinstance(data, dict) else {}
    others, depth, corpus = data.get("others"), data.get("depth"), data.get("corpus")
    ctx.latents.update(others=())
    space = SpaceChoice("umap" if data.get("method") == "umap" else "pca", corpus if isinstance(corpus, str) else "")
    if space != ctx.latents.space:
        verbs.set_space(ctx, space.method, space.corpus)
    verbs.set_depth(ctx, depth if isinstance(depth, int) and not isinstance(depth, bool) else None)
    if isinstance(others, list):
        verbs.add_clips(ctx, [path for path in others if isinstance(path, str)])
