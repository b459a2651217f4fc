"""SpeechTokenizer against the speechtokenizer package."""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from tests.parity.peer import Case, Peer, PeerCodes, speech_like
from tests.parity.seanet_peers import LIVENED, liven_books, liven_convolutions, old_weight_norm

# The published speechtokenizer_hubert_avg/config.json, as far as the network goes.
CONFIG: dict[str, Any] = {
    "n_filters": 64, "strides": [8, 5, 4, 2], "dimension": 1024, "semantic_dimension": 768, "bidirectional": True,
    "dilation_base": 2, "residual_kernel_size": 3, "n_residual_layers": 1, "lstm_layers": 2, "activation": "ELU",
    "codebook_size": 1024, "n_q": 8, "sample_rate": 16000,
}  # fmt: skip
SMALL: dict[str, Any] = {"n_filters": 8, "dimension": 64, "semantic_dimension": 48, "codebook_size": 256}


def _model_class() -> Any:
    """Its model alone: `import speechtokenizer` also brings a trainer, with packages that it does not declare."""
    before = {name for name in sys.modules if name.partition(".")[0] == "speechtokenizer"}
    spec = find_spec("speechtokenizer")
    assert spec is not None and spec.submodule_search_locations is not None
    package = ModuleType("speechtokenizer")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["speechtokenizer"] = package
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=DeprecationWarning)
            return importlib.import_module("speechtokenizer.model").SpeechTokenizer
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "speechtokenizer"]:
            if name not in before:
                del sys.modules[name]


def _peer(trainer: bool = False, **changes: Any) -> Callable[[Path], Peer]:
    def build(folder: Path) -> Peer:
        config = CONFIG | changes
        with old_weight_norm():
            model = _model_class()(config).eval()
        liven_convolutions(model, gain=0.7 if config["activation"] == "Snake" else 1.5)  # snakes add to the level
        with torch.inference_mode():
            latents = model.encoder(speech_like(1, 1, 16_000, 16_000, seed=7))
        layers = model.quantizer.vq.layers
        liven_books([layer._codebook.embed for layer in layers], latents)
        for layer in layers:
            layer._codebook.inited.fill_(1)
        (folder / "config.json").write_text(json.dumps(config))
        tensors = model.state_dict()
        torch.save({"generator": tensors, "steps": 1000} if trainer else tensors, folder / "SpeechTokenizer.pt")

        def decode(codes: PeerCodes, depth: int) -> Tensor:
            decoded: Tensor = model.decode(codes.groups[0][:, :depth].transpose(0, 1))
            return decoded

        return Peer(
            f"speechtokenizer {version('speechtokenizer')}",
            folder,
            lambda audio: PeerCodes((model.encode(audio).transpose(0, 1),)),
            decode,
            "Apache-2.0",
            LIVENED,
        )

    return build


CASES = [
    Case("speechtokenizer", "hubert_avg", "official", _peer(), 16_000, lengths=(16_000, 12_777), batches=(1,),
         remark="full size"),
    Case("speechtokenizer", "small", "official", _peer(**SMALL), 16_000, remark="8 filters"),
    Case("speechtokenizer", "snake", "official", _peer(**SMALL, activation="Snake"), 16_000, remark="8 filters"),
    Case("speechtokenizer", "checkpoint of its trainer", "official", _peer(True, **SMALL, n_residual_layers=2), 16_000,
         remark="8 filters, 2 residual layers"),
]  # fmt: skip
