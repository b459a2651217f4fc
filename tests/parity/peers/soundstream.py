"""SoundStream has no published PyTorch weights and no package: its pieces are those of the encodec package.

EnCodec's SEANet with SoundStream's switches (arXiv 2107.03312, section III-A: three residual units a block of kernel 7,
dilations 1, 3 and 9, no normalisation, zeros before the first sample) and its residual quantiser, saved as our file.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from tests.parity.peer import Case, Peer, PeerCodes, speech_like
from tests.parity.seanet_peers import LIVENED, liven_books, liven_convolutions

RATE_HZ, CHANNELS, STRIDES, DIM, BOOKS, SIZE = 16_000, 8, (2, 4, 5, 8), 64, 8, 256


@torch.no_grad()
def build(folder: Path) -> Peer:
    """Encoder, quantiser and decoder of the encodec package put together."""
    from encodec.modules import SEANetDecoder, SEANetEncoder
    from encodec.quantization import ResidualVectorQuantizer

    from speefeare_core.checkpoints import native
    from speefeare_core.checkpoints.weights import renamed
    from speefeare_core.codecs.seanet_names import BOOK_RULES, SEANET_RULES

    switches = {
        "channels": 1, "dimension": DIM, "n_filters": CHANNELS, "n_residual_layers": 3, "ratios": [*reversed(STRIDES)],
        "norm": "none", "residual_kernel_size": 7, "dilation_base": 3, "causal": True, "pad_mode": "constant",
        "true_skip": True, "compress": 1, "lstm": 0,
    }  # fmt: skip
    encoder = SEANetEncoder(last_kernel_size=3, **switches).eval()
    decoder = SEANetDecoder(**switches).eval()
    quantizer = ResidualVectorQuantizer(dimension=DIM, n_q=BOOKS, bins=SIZE).eval()
    model = torch.nn.ModuleDict({"encoder": encoder, "decoder": decoder, "quantizer": quantizer})
    liven_convolutions(model)
    latents = encoder(speech_like(2, 1, RATE_HZ, RATE_HZ, seed=1))
    liven_books([layer._codebook.embed for layer in quantizer.vq.layers], latents)
    config = {"rate_hz": RATE_HZ, "strides": [*STRIDES], "channels": CHANNELS, "decoder_channels": CHANNELS,
              "latent_dim": DIM, "books": BOOKS, "book_size": SIZE}  # fmt: skip
    tensors = renamed(model.state_dict(), (*SEANET_RULES, *BOOK_RULES))
    path = folder / "soundstream.safetensors"
    native.save(native.NativeFile("soundstream", "soundstream", config, tensors), path)

    def encode(audio: Tensor) -> PeerCodes:
        missing = -audio.shape[-1] % 320
        found = encoder(torch.nn.functional.pad(audio, (0, missing)))
        return PeerCodes((quantizer.vq.encode(found, n_q=BOOKS).transpose(0, 1),), found)

    def decode(codes: PeerCodes, depth: int) -> Tensor:
        return decoder(quantizer.decode(codes.groups[0][:, :depth].transpose(0, 1)))

    return Peer(f"modules of encodec {version('encodec')}", path, encode, decode, livened=LIVENED)


CASES = [
    Case(
        "soundstream",
        "16 kHz",
        "native",
        build,
        rate_hz=RATE_HZ,
        remark="no published PyTorch weights and no package: against its pieces; 8 filters",
    )
]
