"""Vocos' own package: its decoder in the published layout, and EnCodec beside it or inside."""

from __future__ import annotations

import importlib.metadata
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import yaml
from torch import Tensor

from tests.parity.peer import Case, Peer, PeerCodes, speech_like

RATE_HZ = 24_000
BANDWIDTHS_KBPS = [1.5, 3.0, 6.0, 12.0]
BOOKS = (2, 4, 8, 16)
FULL = {"dim": 384, "intermediate_dim": 1152, "num_layers": 8}
NARROW = {"dim": 64, "intermediate_dim": 96, "num_layers": 3}


def _model(sizes: dict[str, int]) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*weight_norm.*")
        warnings.filterwarnings("ignore", category=UserWarning, module="torchaudio.*")
        from encodec import EncodecModel
        from vocos.feature_extractors import EncodecFeatures
        from vocos.heads import ISTFTHead
        from vocos.models import VocosBackbone
        from vocos.pretrained import Vocos

        unloaded = EncodecModel.encodec_model_24khz
        with mock.patch.object(EncodecModel, "encodec_model_24khz", lambda pretrained: unloaded(pretrained=False)):
            features = EncodecFeatures("encodec_24khz", BANDWIDTHS_KBPS)
    backbone = VocosBackbone(128, **sizes, adanorm_num_embeddings=4)
    return Vocos(features, backbone, ISTFTHead(sizes["dim"], 1280, 320, "same")).eval()


@torch.no_grad()
def _liven(model: Any) -> None:
    features = model.feature_extractor
    for name, weight in features.encodec.encoder.named_parameters():  # otherwise the latents hardly vary over time
        if name.endswith("weight_g"):
            weight.mul_(1.6)
        elif name.endswith("conv.bias"):
            weight.mul_(0.1)
    latents = features.encodec.encoder(speech_like(1, 1, RATE_HZ, RATE_HZ, seed=1))
    for layer in features.encodec.quantizer.vq.layers:
        layer._codebook.embed.copy_(0.5 * latents.std() * torch.randn_like(layer._codebook.embed))
        layer._codebook.inited.fill_(1)
    books = [layer.codebook for layer in features.encodec.quantizer.vq.layers[: features.num_q]]
    features.codebook_weights.copy_(torch.cat(books))
    for name, weight in model.backbone.named_parameters():
        if name.endswith("scale.weight"):
            weight.copy_(0.5 + torch.rand_like(weight))
        elif name.endswith("shift.weight"):
            weight.normal_(0, 0.3)
        elif name.endswith("gamma"):
            weight.copy_(0.3 + 0.4 * torch.rand_like(weight))
    model.head.out.weight.mul_(2.0)


def _config(sizes: dict[str, int]) -> dict[str, Any]:
    return {
        "feature_extractor": {
            "class_path": "vocos.feature_extractors.EncodecFeatures",
            "init_args": {
                "encodec_model": "encodec_24khz",
                "bandwidths": BANDWIDTHS_KBPS,
                "train_codebooks": False,
            },
        },
        "backbone": {
            "class_path": "vocos.models.VocosBackbone",
            "init_args": {"input_channels": 128, **sizes, "adanorm_num_embeddings": 4},
        },
        "head": {
            "class_path": "vocos.heads.ISTFTHead",
            "init_args": {"dim": sizes["dim"], "n_fft": 1280, "hop_length": 320, "padding": "same"},
        },
    }


def _build(folder: Path, sizes: dict[str, int], *, inside: bool) -> Peer:
    model = _model(sizes)
    _liven(model)
    tensors = model.state_dict()
    if not inside:  # as published: the decoder alone, and EnCodec from its own place
        (folder / "encodec_24khz").mkdir()
        torch.save(model.feature_extractor.encodec.state_dict(), folder / "encodec_24khz" / "encodec_24khz-d7cc33bc.th")
        tensors = {name: tensor for name, tensor in tensors.items() if ".encodec." not in name}
    torch.save(tensors, folder / "pytorch_model.bin")
    (folder / "config.yaml").write_text(yaml.safe_dump(_config(sizes)))

    def encode(audio: Tensor) -> PeerCodes:
        features = model.feature_extractor
        features.encodec.set_target_bandwidth(BANDWIDTHS_KBPS[-1])
        return PeerCodes((features.get_encodec_codes(audio[:, 0]).transpose(0, 1),))

    def decode(codes: PeerCodes, depth: int) -> Tensor:
        bandwidth = next(index for index, books in enumerate(BOOKS) if books >= depth)
        features = model.codes_to_features(codes.groups[0][:, :depth].transpose(0, 1))
        sound: Tensor = model.decode(features, bandwidth_id=torch.tensor([bandwidth]))
        return sound[:, None]

    versions = " and ".join(f"{name} {importlib.metadata.version(name)}" for name in ("vocos", "encodec"))
    return Peer(
        versions,
        folder,
        encode,
        decode,
        licence="MIT (vocos), CC-BY-NC-4.0 (encodec 0.1.1)",
        livened=("encoder gains", "codebooks", "AdaLN scale and shift", "gamma"),
    )


CASES = [
    Case("vocos", "EnCodec 24 kHz beside it", "official", lambda folder: _build(folder, FULL, inside=False), RATE_HZ),
    Case("vocos", "narrow, EnCodec inside", "official", lambda folder: _build(folder, NARROW, inside=True), RATE_HZ),
]
