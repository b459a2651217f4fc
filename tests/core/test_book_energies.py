"""How much each book adds: the look-up equals what the latents gain by the book, in every family that has entries."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.codec import Codec, Encoded
from speefeare_core.codecs.dac import DacCodec
from speefeare_core.codecs.identity import IdentityCodec
from speefeare_core.codecs.mulaw import MulawCodec
from speefeare_core.codecs.vocos import VocosCodec
from speefeare_core.nn.dac_model import DacConfig, DacModel
from speefeare_core.nn.vocos import VocosConfig, VocosModel
from tests.core.lyra_folder import lyra_folder
from tests.core.small_mimi import small_codec as small_mimi
from tests.core.small_seanet import small_encodec, small_speechtokenizer
from tests.core.small_snac import small_snac
from tests.core.small_soundstream import small_codec as small_soundstream

FRAMES = 6


def small_dac() -> Codec:
    torch.manual_seed(1)
    config = DacConfig(strides=(2, 4), latent_dim=16, channels=4, decoder_channels=8, decoder_strides=(4, 2), books=3)
    return DacCodec(DacModel(config).eval(), name="small dac")


def small_vocos() -> Codec:
    torch.manual_seed(2)
    config = VocosConfig(input_dim=16, dim=16, inner_dim=24, layers=1, conditions=2, n_fft=160, hop_samples=40)
    return VocosCodec(VocosModel(config, 3, 32, (1, 3)), small_encodec(5, rate_hz=24_000, books=4), name="small vocos")


MAKERS: dict[str, Callable[[], Codec]] = {
    "default": lambda: load_codec("default", "cpu"),
    "mimi": small_mimi,
    "encodec": small_encodec,
    "speechtokenizer": small_speechtokenizer,
    "soundstream": small_soundstream,
    "dac": small_dac,
    "vocos": small_vocos,
    "lyra": lambda: load_codec(lyra_folder(), "cpu"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_the_table_says_what_each_book_adds(name: str) -> None:
    codec = MAKERS[name]()
    draw = torch.Generator().manual_seed(4)
    sizes = [book.size for book in codec.info.books]
    codes = torch.stack([torch.randint(size, (2, FRAMES), generator=draw) for size in sizes], dim=1)
    found = codec.book_energies(codes)
    assert found is not None and found.shape == codes.shape and found.dtype == torch.float32
    assert torch.isfinite(found).all() and float(found.max()) > 0
    before = torch.zeros(())
    for depth in range(1, codec.info.depth + 1):
        latents = codec.quantized_latents(Encoded((codes,), None, 0), depth)
        assert latents is not None
        latents = latents.double()
        torch.testing.assert_close(
            found[:, depth - 1].double(), (latents - before).square().sum(dim=1), rtol=1e-3, atol=1e-5
        )
        before = latents
    assert torch.equal(codec.book_energies(codes[:, :1]), found[:, :1])  # type: ignore[arg-type]


def test_books_of_several_rates_are_looked_up_where_they_are_repeated() -> None:
    codec = small_snac()
    quantizer = codec.module.quantizer
    codes = torch.zeros(1, codec.info.depth, 8, dtype=torch.int64)
    found = codec.book_energies(codes)
    assert found is not None
    for index in range(codec.info.depth):
        one = quantizer.book(index).decode(torch.zeros(1, 1, dtype=torch.int64))[..., :1].square().sum()
        torch.testing.assert_close(found[0, index], one.expand(8))


@pytest.mark.parametrize("codec", [IdentityCodec(8_000), MulawCodec(8)], ids=["identity", "mulaw"])
def test_codecs_without_entries_have_none(codec: Codec) -> None:
    assert codec.book_energies(torch.zeros(1, 1, 4, dtype=torch.int64)) is None
    assert codec.book_energies(torch.zeros(1, 1, 4, dtype=torch.int64)) is None
