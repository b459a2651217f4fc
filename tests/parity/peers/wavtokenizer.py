"""WavTokenizer has no package of its own: its peer is put together from other people's modules.

Encoder and quantiser are those of `encodec`, the ConvNeXt blocks, adaptive norms and the Fourier head those of `vocos`,
and the residual and attention blocks those of the image tokenizer of `transformers` (the same VQGAN blocks, on images
one pixel wide). Only the order in which they follow one another is ours, read in the authors' code.
"""

from __future__ import annotations

import importlib.metadata
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from tests.parity.peer import Case, Peer, PeerCodes, speech_like

RATE_HZ = 24_000


def _modules(ratios: tuple[int, ...], sizes: dict[str, int], n_fft: int) -> tuple[Any, Any, nn.ModuleList, Any]:
    """encodec's model, vocos' backbone, transformers' blocks, vocos' head; random weights."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*weight_norm.*")
        warnings.filterwarnings("ignore", category=UserWarning, module="torchaudio.*")
        from encodec import EncodecModel
        from encodec.modules import SEANetDecoder, SEANetEncoder
        from encodec.quantization import ResidualVectorQuantizer
        from transformers.models.chameleon import modeling_chameleon as image
        from vocos.heads import ISTFTHead
        from vocos.models import VocosBackbone

        seanet = {"causal": False, "norm": "weight_norm", "pad_mode": "reflect", "true_skip": False}
        latent, filters, dim = sizes["latent"], sizes["filters"], sizes["dim"]
        model = EncodecModel(
            SEANetEncoder(dimension=latent, n_filters=filters, ratios=list(ratios), **seanet),
            SEANetDecoder(dimension=latent, n_filters=filters, ratios=[8, 5, 4, 2], **seanet),  # unused, but published
            ResidualVectorQuantizer(dimension=latent, n_q=1, bins=sizes["book"]),
            target_bandwidths=[6.6],
            sample_rate=RATE_HZ,
            channels=1,
        )
    backbone = VocosBackbone(latent, dim, sizes["inner"], sizes["layers"], adanorm_num_embeddings=4)
    drop = SimpleNamespace(dropout=0.1)
    blocks = nn.ModuleList(
        [
            image.ChameleonVQVAEEncoderResnetBlock(drop, dim, dim),
            image.ChameleonVQVAEEncoderResnetBlock(drop, dim, dim),
            image.ChameleonVQVAEEncoderAttnBlock(dim),
            image.ChameleonVQVAEEncoderResnetBlock(drop, dim, dim),
            image.ChameleonVQVAEEncoderResnetBlock(drop, dim, dim),
            nn.GroupNorm(32, dim, eps=1e-6),
        ]
    )
    hop = ratios[0] * ratios[1] * ratios[2] * ratios[3]
    return model.eval(), backbone.eval(), blocks.eval(), ISTFTHead(dim, n_fft, hop, "same").eval()


@torch.no_grad()
def _liven(model: Any, backbone: Any, blocks: nn.ModuleList, head: Any) -> None:
    for name, weight in model.encoder.named_parameters():  # otherwise the latents hardly vary over time
        if name.endswith("weight_g"):
            weight.mul_(1.6)
        elif name.endswith("conv.bias"):
            weight.mul_(0.1)
    # One book without residuals: entries around the latents themselves, so that frames differ in their codes.
    latents = model.encoder(speech_like(2, 1, 2 * RATE_HZ, RATE_HZ, seed=1)).transpose(1, 2).flatten(0, 1)
    book = model.quantizer.vq.layers[0]._codebook
    picks = latents[torch.randint(len(latents), (len(book.embed),))]
    book.embed.copy_(picks + 0.3 * latents.std(dim=0) * torch.randn_like(picks))
    book.inited.fill_(1)
    for name, weight in backbone.named_parameters():
        if name.endswith("scale.weight"):
            weight.copy_(0.5 + torch.rand_like(weight))
        elif name.endswith("shift.weight"):
            weight.normal_(0, 0.3)
        elif name.endswith("gamma"):
            weight.copy_(0.3 + 0.4 * torch.rand_like(weight))
    for block in blocks:
        for name, weight in block.named_parameters():
            if "norm" in name or isinstance(block, nn.GroupNorm):
                weight.add_(0.2 * torch.randn_like(weight))
    for name in ("q", "k"):  # attention that is not even over all frames
        getattr(blocks[2], name).weight.mul_(3.0)
    head.out.weight.mul_(2.0)


def _flat(blocks: nn.ModuleList) -> dict[str, Tensor]:
    """Of images one pixel wide only the middle column of a kernel matters: the kernel over time."""
    return {
        name: tensor[..., tensor.shape[-1] // 2].contiguous() if tensor.ndim == 4 else tensor
        for name, tensor in blocks.state_dict().items()
    }


def _save(folder: Path, parts: tuple[Any, Any, nn.ModuleList, Any], config: dict[str, Any]) -> Path:
    model, backbone, blocks, head = parts
    tensors = {f"feature_extractor.encodec.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"backbone.{name}": tensor for name, tensor in backbone.state_dict().items()}
    tensors |= {f"backbone.pos_net.{name}": tensor for name, tensor in _flat(blocks).items()}
    tensors |= {f"head.{name}": tensor for name, tensor in head.state_dict().items()}
    tensors |= {
        "multiperioddisc.discriminators.0.convs.0.bias": torch.zeros(4),
        "melspec_loss.mel_spec.fb": torch.eye(3),
    }
    wrapped = {
        "epoch": 24,
        "global_step": 1000,
        "pytorch-lightning_version": "1.8.6",
        "state_dict": tensors,
        "loops": {},
        "callbacks": {},
        "optimizer_states": [],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {"sample_rate": RATE_HZ, "initial_learning_rate": 2e-4},
    }
    path = folder / "wavtokenizer.ckpt"
    torch.save(wrapped, path)
    (folder / "wavtokenizer.yaml").write_text(yaml.safe_dump(config))
    return path


def _config(ratios: tuple[int, ...], sizes: dict[str, int], n_fft: int) -> dict[str, Any]:
    def part(name: str, **arguments: Any) -> dict[str, Any]:
        return {"class_path": f"decoder.{name}", "init_args": arguments}

    hop = ratios[0] * ratios[1] * ratios[2] * ratios[3]
    return {
        "seed_everything": 3407,
        "model": {
            "class_path": "decoder.experiment.WavTokenizer",
            "init_args": {
                "sample_rate": RATE_HZ,
                "feature_extractor": part(
                    "feature_extractors.EncodecFeatures",
                    encodec_model="encodec_24khz",
                    bandwidths=[6.6, 6.6, 6.6, 6.6],
                    train_codebooks=True,
                    num_quantizers=1,
                    dowmsamples=list(ratios),
                    vq_bins=sizes["book"],
                    vq_kmeans=200,
                ),
                "backbone": part(
                    "models.VocosBackbone",
                    input_channels=sizes["latent"],
                    dim=sizes["dim"],
                    intermediate_dim=sizes["inner"],
                    num_layers=sizes["layers"],
                    adanorm_num_embeddings=4,
                ),
                "head": part("heads.ISTFTHead", dim=sizes["dim"], n_fft=n_fft, hop_length=hop, padding="same"),
            },
        },
    }


def _decoded(backbone: Any, blocks: nn.ModuleList, head: Any, features: Tensor) -> Tensor:
    """`[B, D, F]` → `[B, 1, T]`, in the order of the authors' backbone."""
    condition = torch.tensor([0])
    x = backbone.embed(features)[..., None]
    for block in blocks:
        x = block(x)
    x = backbone.norm(x[..., 0].transpose(1, 2), cond_embedding_id=condition).transpose(1, 2)
    for block in backbone.convnext:
        x = block(x, cond_embedding_id=condition)
    sound: Tensor = head(backbone.final_layer_norm(x.transpose(1, 2)))
    return sound[:, None]


def _build(folder: Path, ratios: tuple[int, ...], sizes: dict[str, int], n_fft: int) -> Peer:
    parts = _modules(ratios, sizes, n_fft)
    _liven(*parts)
    model, backbone, blocks, head = parts

    def encode(audio: Tensor) -> PeerCodes:
        latents = model.encoder(audio)
        codes = model.quantizer.vq.encode(latents, n_q=1).transpose(0, 1)  # [B, K, F]
        return PeerCodes((codes,), latents)

    def decode(codes: PeerCodes, depth: int) -> Tensor:
        return _decoded(backbone, blocks, head, model.quantizer.vq.decode(codes.groups[0].transpose(0, 1)))

    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("encodec", "vocos", "transformers"))
    return Peer(
        f"modules of {versions}",
        _save(folder, parts, _config(ratios, sizes, n_fft)),
        encode,
        decode,
        licence="MIT (vocos), CC-BY-NC-4.0 (encodec 0.1.1), Apache-2.0 (transformers)",
        livened=("encoder gains", "AdaLN scale and shift", "gamma", "group norms", "attention q and k", "codebook"),
    )


SMALL = {"latent": 64, "filters": 8, "book": 256, "dim": 96, "inner": 160, "layers": 3}
FULL = {"latent": 512, "filters": 32, "book": 4096, "dim": 768, "inner": 2304, "layers": 12}
REMARK = "no package has the whole: against its pieces, put together in the authors' order"

CASES = [
    Case(
        "wavtokenizer",
        "75 Hz",
        "official",
        lambda folder: _build(folder, (8, 5, 4, 2), FULL, 1280),
        RATE_HZ,
        codes_least=16,
        remark=REMARK,
    ),
    Case(
        "wavtokenizer",
        "40 Hz, narrow",
        "official",
        lambda folder: _build(folder, (6, 5, 5, 4), SMALL, 2400),
        RATE_HZ,
        codes_least=16,
        remark=REMARK,
    ),
]
