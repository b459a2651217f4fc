"""A small sub-frame codec that has learnt from another codec, for tests."""

from __future__ import annotations

import torch

from speefeare_core.codec import Codec
from speefeare_core.codecs.subframe import SubframeCodec
from speefeare_core.losses import LOSSES
from speefeare_core.nn.subframe_net import SubframeConfig, SubframeNet
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.recipe_parts import DepthsRecipe
from speefeare_core.training.subframe import TrainableSubframe

WIDTHS = {
    "encoder_width": 32, "encoder_hidden": 48, "encoder_dilations": [1, 2], "decoder_width": 32, "decoder_hidden": 48,
    "decoder_dilations": [1, 2], "fine_width": 24, "fine_hidden": 32, "fine_dilations": [1, 2],
}  # fmt: skip


def learner(teacher: Codec) -> TrainableSubframe:
    """A fresh one with the sizes of a teacher, and the teacher."""
    info = teacher.info
    made = TrainableSubframe({
        "rate_hz": info.rate_hz, "hop_samples": info.hop_samples, "dim": info.latent_dim, "books": info.depth,
        "book_size": info.books[0].size, **WIDTHS,
    })  # fmt: skip
    made.teacher = teacher
    return made


def learn(teacher: Codec, speech: torch.Tensor, steps: int) -> tuple[SubframeCodec, list[float]]:
    """Learn from a teacher on speech [T]; the codec, and how far its latents were off at each step."""
    torch.manual_seed(2)
    made = learner(teacher)
    made.start(speech)
    network = made.module
    assert isinstance(network, SubframeNet)
    for index in range(network.quantizer.books):
        network.quantizer.layer(index).learning = False
    loss = LOSSES["companded_stft"](rate_hz=teacher.info.rate_hz, windows=[64, 256])
    optimiser = torch.optim.Adam(network.parameters(), 4e-3)
    draw, length, off = DepthDraw(DepthsRecipe(full_share=0.5)), 80 * teacher.info.hop_samples, []
    for _ in range(steps):
        starts = torch.randint(speech.shape[0] - length, (4,))
        audio = torch.stack([speech[start : start + length] for start in starts])[:, None]
        out = made.reconstruct(audio, draw)
        off.append(float(out.own["latents"].detach()))
        optimiser.zero_grad()
        (out.own["latents"] + 20 * loss(out.decoded, out.target)).backward()
        optimiser.step()
    network.eval().requires_grad_(False)
    return SubframeCodec(network, name="small-subframe"), off


def random_codec() -> SubframeCodec:
    """One with random weights that have moved away from their beginning, where the blocks add nothing."""
    torch.manual_seed(5)
    config = SubframeConfig.from_dict({
        "rate_hz": 8000, "hop_samples": 32, "dim": 12, "books": 4, "book_size": 16, **WIDTHS
    })  # fmt: skip
    network = SubframeNet(config).eval().requires_grad_(False)
    for name, weight in network.named_parameters():
        if "norm" not in name:
            weight.add_(0.1 * torch.randn_like(weight))
    network.encoder.direct.weight.normal_(std=0.3)
    return SubframeCodec(network, name="random-subframe")
