"""Which control of which panel is about which term of the field: its tooltip says what the term means."""

from __future__ import annotations

from operator import attrgetter

from PySide6.QtWidgets import QWidget

from workbench.widgets.theme import TERM, explain

# Panel → attribute → a key of `speefeare_core.lessons.terms`; "" is the whole panel, also for what is not named in it.
TERMS: dict[str, dict[str, str]] = {
    "codec": {"": "codec", "books": "codebook", "chart": "bitrate", "seam": "frame"},
    "waveform": {"": "level_matched"},
    "spectrogram": {"": "spectrogram", "pitch": "pitch", "formants": "formant", "more": "fft"},
    "codes": {"": "index", "raster": "frame"},
    "codebooks": {"": "codebook"},
    "compare": {
        "": "level_matched", "matrix": "depth", "blind": "blind", "numbers.plot": "bitrate",
        "numbers.choice": "mel_distance", "add": "codec", "original": "delay",
    },
    "ladder": {"": "residual"},
    "latents": {"": "latent", "trajectory": "latent"},
    "dataset": {"": "held_out", "rate": "bandwidth"},
    "training": {
        "": "recipe", "tree": "recipe", "family": "codec", "dry_run": "dry_run", "list.runs": "checkpoint",
        "setup": "budget",
    },
    "editor": {"": "index", "raster": "codebook", "switches": "continuous"},
    "run": {
        "": "checkpoint", "strip": "budget", "alarms": "validation", "overfit": "validation", "run": "recipe",
    },
    "live": {
        "": "latency", "latency.bar": "latency", "latency.trade": "real_time_factor", "channel.conceal": "concealment",
        "channel.loss": "concealment", "latency.frames": "hop",
    },
}  # fmt: skip


def explain_terms(key: str, panel: QWidget) -> None:
    """Note the terms at the controls of a panel; those that it has noted itself stay."""
    for path, term in TERMS.get(key, {}).items():
        widget = attrgetter(path)(panel) if path else panel
        if not widget.property(TERM):
            explain(widget, term)
