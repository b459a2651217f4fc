"""Networks of the families that can be trained without a teacher, small enough for tests."""

from __future__ import annotations

from typing import Any

RATE = 8000
NETWORKS: dict[str, dict[str, Any]] = {
    "soundstream": {
        "rate_hz": RATE, "strides": [2, 4, 4], "channels": 2, "decoder_channels": 2, "latent_dim": 8, "books": 3,
        "book_size": 8,
    },
    "encodec": {
        "rate_hz": RATE, "n_filters": 2, "dimension": 8, "ratios": [4, 4, 2], "lstm": 1, "books": 3, "book_size": 8,
    },
    "dac": {
        "rate_hz": RATE, "channels": 2, "strides": [2, 3, 4], "latent_dim": 8, "decoder_channels": 16,
        "decoder_strides": [4, 3, 2], "books": 3, "book_size": 8, "book_dim": 4,
    },
    "wavtokenizer": {
        "rate_hz": RATE, "ratios": [4, 4, 2], "n_filters": 2, "latent_dim": 8, "lstm": 1, "book_size": 8, "dim": 64,
        "inner_dim": 96, "layers": 1, "conditions": 0, "n_fft": 128,
    },
    "audiovae": {
        "rate_hz": RATE, "out_rate_hz": RATE, "channels": 2, "strides": [2, 4, 4], "latent_dim": 4,
        "decoder_channels": 16, "decoder_strides": [4, 4, 2], "late": False,
    },
}  # fmt: skip
NORMED = {
    "soundstream": (), "encodec": ("encoder", "decoder"), "dac": ("encoder", "decoder", "quantizer"),
    "wavtokenizer": ("encoder",), "audiovae": ("encoder", "decoder"),
}  # fmt: skip
OWN = {
    "soundstream": {"commitment"}, "encodec": {"commitment"}, "dac": {"commitment", "codebook"},
    "wavtokenizer": {"commitment"}, "audiovae": {"kl"},
}  # fmt: skip


def recipe_data(family: str, **changes: Any) -> dict[str, Any]:
    """A recipe's plain data: two steps on tones."""
    return {
        "name": f"tiny-{family}", "family": family, "network": NETWORKS[family], "weight_norm": list(NORMED[family]),
        "init": "even", "own_weights": dict.fromkeys(sorted(OWN[family]), 0.1),
        "data": {"sources": [{"name": "tones"}], "segment_frames": 20, "batch": 3, "workers": 0},
        "losses": [{"key": "log_mel", "options": {"windows": [64, 128], "bands": [8, 16]}}],
        "budget": {"steps": 2}, "validation": {"clips": 1, "seconds": 0.5}, "log_every": 1, "checkpoint_every": 2,
        "licence": "CC0-1.0", "tensorboard": False,
    } | changes  # fmt: skip
