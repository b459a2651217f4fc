"""BigCodec's file: the sizes, which it does not say, from the shapes of its tensors, and their names."""

from __future__ import annotations

import re

from torch import Tensor

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import fold_weight_norm, renamed
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.bigcodec import BigCodecConfig

RATE_HZ = 16000  # the only published one
_RULES = (
    (r".*\.(upsample|downsample\.lowpass)\.filter$", ""),  # the same in every file; see nn.alias_free
    (r"\.act\.(alpha|beta)$", r".\1"),
    (r"^CodecEnc\.", "encoder."),
    (r"^generator\.quantizer\.layers\.(\d+)\._codebook\.", r"quantizer.quantizers.\1.codebook."),
    (r"^generator\.quantizer\.layers\.", "quantizer.quantizers."),
    (r"^generator\.model\.", "decoder.block."),
)


def interpret(found: Official) -> tuple[BigCodecConfig, dict[str, Tensor]]:
    """The configuration and the tensors under the names of `BigCodecModel`. Raises `SpeefeareError`."""
    tensors = renamed(fold_weight_norm(found.tensors), _RULES)
    for name, tensor in tensors.items():
        if re.fullmatch(r"quantizer\.quantizers\.\d+\.(in|out)_proj\.weight", name) and tensor.ndim == 2:
            tensors[name] = tensor[..., None]  # a linear layer is a convolution of kernel 1
    try:
        config = _config(tensors)
    except (KeyError, IndexError, ValueError) as error:
        raise SpeefeareError(
            f"{found.path} looks like BigCodec, but its sizes cannot be told from its tensors ({error}); it may be of"
            " another version, or cut off."
        ) from error
    return config, tensors


def _config(tensors: dict[str, Tensor]) -> BigCodecConfig:
    encoder = max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder.block."))
    strides = []
    for index in range(1, encoder):
        down = tensors.get(f"encoder.block.{index}.block.4.weight")
        if down is not None:
            strides.append(down.shape[2] // 2)
    lstm = re.compile(r"encoder\.block\.\d+\.lstm\.weight_ih_l(\d+)(_reverse)?")
    layers = [match for match in map(lstm.fullmatch, tensors) if match]
    book = tensors["quantizer.quantizers.0.codebook.weight"]
    return BigCodecConfig(
        rate_hz=RATE_HZ,
        channels=tensors["encoder.block.0.weight"].shape[0],
        strides=tuple(strides),
        latent_dim=tensors[f"encoder.block.{encoder}.weight"].shape[0],
        decoder_channels=tensors["decoder.block.0.weight"].shape[0],
        lstm_layers=1 + max((int(match[1]) for match in layers), default=-1),
        bidirectional=any(match[2] for match in layers),
        books=sum(name.endswith("codebook.weight") for name in tensors),
        book_size=book.shape[0],
        book_dim=book.shape[1],
    )
