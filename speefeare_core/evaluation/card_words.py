"""The sentences of a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from speefeare_core.codec import CodecInfo
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.recipe_parts import Term
from speefeare_core.training.run_history import RunHistory


def size_words(info: CodecInfo, size_bytes: int) -> str:
    """Rates, books and size."""
    books = "continuous latents"
    if info.books:
        sizes = sorted({book.size for book in info.books})
        entries = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
        lowest, highest = info.bitrate_kbps(1), info.bitrate_kbps()
        rates = f"{lowest:.2f} to {highest:.2f} kbps" if info.depth > 1 else f"{highest:.2f} kbps"
        books = f"{info.depth} book{'s' * (info.depth > 1)} of {entries} entries ({rates})"
    ways = "causal" if info.causal else "not causal"
    streams = "streams" if info.streamable else "does not stream"
    needs = f" Needs: {', '.join(info.needs)}." if info.needs else ""
    return (
        f"{info.rate_hz / 1000:g} kHz, {info.frame_rate_hz:g} frames a second (hop {info.hop_samples}), {books},"
        f" {ways}, {streams}, {info.parameters / 1e6:.2f} million weights, {size_bytes / 1e6:.2f} MB."
        f" Licence: {info.licence}.{needs}"
    )


def budget_words(recipe: Recipe, history: RunHistory, course: Mapping[str, Any]) -> str:
    """How long and on what."""
    step_s = float(history.facts.get("batch_s") or 0.0)
    heard = f", {course['steps'] * step_s / 3600:.1f} h of drawn speech" if step_s else ""
    processes = int(history.facts.get("world_size") or 1)
    shared = f" in {processes} processes" if processes > 1 else ""
    examples = recipe.data.batch * recipe.accumulate
    where = history.facts.get("device", "an unknown device")
    return (
        f"Recipe `{recipe.name}`, seed {recipe.seed}: {course['steps']} steps of {examples} examples in"
        f" {course['training_s'] / 60:.0f} minutes on {where}{shared}{heard}."
    )


def loss_words(recipe: Recipe) -> str:
    """What it was trained towards."""
    parts = [_term(term) for term in recipe.losses]
    parts += [f"{name} {weight:g}" for name, weight in recipe.own_weights.items() if weight]
    if recipe.semantic is not None:
        parts.append(f"{_term(recipe.semantic)} against the teacher {recipe.teacher.key or 'of the recipe'}")
    if recipe.adversarial.discriminators:
        judges = ", ".join(term.key for term in recipe.adversarial.discriminators)
        feature = f", {_term(recipe.adversarial.feature)}" if recipe.adversarial.feature else ""
        begin = f"step {recipe.adversarial.start_step}"
        if recipe.adversarial.start_share:
            begin = f"{recipe.adversarial.start_share:.0%} of the budget"
        parts.append(f"{_term(recipe.adversarial.generator)}{feature} with {judges} from {begin} on")
    kind = "shares of the gradient" if recipe.balancer.on else "factors"
    return f"Losses ({kind}): {'; '.join(parts) or 'none'}."


def learnt_words(course: Mapping[str, Any], history: RunHistory) -> str:
    """From step 0 to the end, and how the books are used."""
    words = []
    if course["mel_distance_ratio"]:
        words.append(
            f"Mel distance of held-out clips: {course['mel_distance_first']:.2f} dB before the first step,"
            f" {course['mel_distance']:.2f} dB at the end ({course['mel_distance_ratio']:.1f} times less)."
        )
    usage: Sequence[float] = [share for share in course["usage"] if share is not None]
    if usage:
        window = f" of {history.window_frames} frames" if history.window_frames else ""
        words.append(
            f"Entries in use in the last window{window}, book by book: {', '.join(f'{share:.0%}' for share in usage)}."
        )
    return " ".join(words)


def end_words(history: RunHistory) -> str:
    """How it ended, and what it warned of."""
    ended = {"finished": "It ran to its end.", "stopped": "It was stopped before its end.", "failed": "It failed: "}
    words = ended.get(history.ended, "It has not ended.") + (history.problem if history.ended == "failed" else "")
    warned = sorted({f"{alarm.kind} (step {alarm.step})" for alarm in history.alarms})
    return f"{words} Warnings: {', '.join(warned)}." if warned else words


def data_words(recipe: Recipe, data: Sequence[str], facts: Mapping[str, Any]) -> str:
    """What it heard. Only the last part of each path: where it lay is nobody's business."""
    names = [source.name or _last(source.path) for source in recipe.data.sources] or [_last(path) for path in data]
    hours = float(facts.get("speech_s") or 0.0) / 3600
    clips = f", {facts['clips']} clips" if facts.get("clips") else ""
    held = f" {recipe.validation.share:.1%} of the clips were held out." if recipe.validation.share else ""
    return f"Trained on {', '.join(names) or 'speech that the run does not name'}: {hours:.1f} h{clips}.{held}"


def _term(term: Term) -> str:
    return f"{term.key} {term.weight:g}"


def _last(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]
