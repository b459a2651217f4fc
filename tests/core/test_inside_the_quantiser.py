"""What a codec shows of its quantiser: entries, what each book adds and leaves, decoding of latents as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest
import torch

from speefeare_core.codec import Codec, Encoded
from speefeare_core.codecs.identity import IdentityCodec
from speefeare_core.codecs.mulaw import MulawCodec
from speefeare_core.errors import SpeefeareError
from tests.core.small_seanet import SEGMENTS, small_encodec, stereo
from tests.core.small_snac import small_snac
from tests.core.speech import speech_like
from tests.core.test_book_energies import MAKERS
from tests.core.tiny_codec import TinyCodec
from tests.core.tiny_kinds import TinyAhead, TinyHeld

EVERY: dict[str, Callable[[], Codec]] = MAKERS | {
    "snac": small_snac,
    "segments": lambda: small_encodec(3, **SEGMENTS),
    "tiny": TinyCodec,
    "tiny rates": lambda: TinyAhead("rates"),
    "tiny single": lambda: TinyAhead("single"),
    "tiny side": lambda: TinyAhead("side"),
    "tiny held": TinyHeld,
}


@cache
def made(name: str) -> Codec:
    """Each once: nothing here changes a codec."""
    return EVERY[name]()


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    """Some small codecs carry gradients, which a loaded one does not."""
    with torch.inference_mode():
        yield


def encoded_by(codec: Codec) -> Encoded:
    """About a third of a second, two recordings."""
    info = codec.info
    if info.channels == 2:
        return codec.encode(stereo(2, 2000))
    length = max(2000, 6 * info.hop_samples)
    rows = [torch.from_numpy(speech_like(length / info.rate_hz, info.rate_hz, seed)[:length]) for seed in (0, 1)]
    return codec.encode(torch.stack(rows)[:, None])


@pytest.mark.parametrize("name", EVERY)
def test_what_books_add_and_what_they_leave_is_the_whole(name: str) -> None:
    codec = made(name)
    encoded = encoded_by(codec)
    whole = codec.remainder(encoded, 0)
    assert whole is not None
    size = float(whole.abs().max())
    for depth in range(1, codec.info.depth + 1):
        summed, left = codec.quantized_latents(encoded, depth), codec.remainder(encoded, depth)
        assert summed is not None and left is not None
        torch.testing.assert_close((summed + left).float(), whole.float(), atol=3e-5 * size, rtol=0)


@pytest.mark.parametrize("name", EVERY)
def test_each_book_alone_is_the_step_between_two_depths(name: str) -> None:
    codec = made(name)
    encoded = encoded_by(codec)
    before = torch.zeros(())
    for book in range(codec.info.depth):
        upto, alone = codec.quantized_latents(encoded, book + 1), codec.book_latents(encoded, [book])
        assert upto is not None and alone is not None
        scale = float(upto.abs().max())
        torch.testing.assert_close(alone.float(), (upto - before).float(), atol=3e-5 * scale, rtol=1e-4)
        before = upto
    every = codec.book_latents(encoded, range(codec.info.depth))
    torch.testing.assert_close(every.float(), before.float(), atol=3e-5 * float(before.abs().max()), rtol=1e-4)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", EVERY)
def test_rungs_come_in_the_order_of_the_books(name: str) -> None:
    codec = made(name)
    encoded = encoded_by(codec)
    rungs = list(codec.residuals(encoded) or ())
    assert [rung.book for rung in rungs if rung.book is not None] == list(range(codec.info.depth))
    assert encoded.latents is not None
    frames = encoded.latents.shape[-1]
    assert all(rung.vectors.shape[0] == 2 and rung.vectors.shape[-1] == frames for rung in rungs)
    chains = {rung.chain for rung in rungs}
    assert len([rung for rung in rungs if rung.book is None]) == len(chains) == (2 if name == "mimi" else 1)


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "vocos"])
def test_a_book_takes_the_entry_that_is_nearest_to_what_was_left(name: str) -> None:
    codec = made(name)
    encoded = encoded_by(codec)
    rows = encoded.codes
    before = None
    for rung in codec.residuals(encoded) or ():
        if rung.book is not None and before is not None:
            entries = codec.book_entries(rung.book)
            assert entries is not None and len(entries) == codec.info.books[rung.book].size
            sought = before
            if name == "dac":  # searched in a few dimensions, by angle
                book = codec._quantizer.book(rung.book)
                sought = torch.nn.functional.normalize(book.project(before).transpose(1, 2), dim=-1).transpose(1, 2)
            distances = torch.cdist(sought.transpose(1, 2).double(), entries.double()[None])
            chosen = distances.gather(2, rows[:, rung.book, :, None].long())[..., 0]
            assert float((chosen - distances.min(dim=-1).values).max()) < 1e-3 * float(distances.max())
        before = rung.vectors


@pytest.mark.parametrize("name", EVERY)
def test_quantised_latents_decode_to_what_their_codes_decode_to(name: str) -> None:
    codec = made(name)
    encoded = encoded_by(codec)
    latents = codec.quantized_latents(encoded)
    assert latents is not None and codec.can_decode_latents
    heard = codec.decode_latents(latents, encoded.length_samples, side=encoded.side)
    wanted = codec.decode(encoded)
    assert heard.shape == wanted.shape
    torch.testing.assert_close(heard, wanted, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", EVERY)
def test_any_choice_of_books_is_decoded(name: str) -> None:
    codec = made(name)
    encoded = encoded_by(codec)
    if not codec.can_decode_books:
        assert name == "tiny"
        with pytest.raises(SpeefeareError, match="first books only"):
            codec.decode(encoded, books=[codec.info.depth - 1])
        return
    for depth in {1, codec.info.depth}:
        torch.testing.assert_close(
            codec.decode(encoded, books=range(depth)), codec.decode(encoded, depth), atol=1e-6, rtol=0
        )
    last = codec.info.depth - 1
    alone = codec.decode(encoded, books=[last])
    latents = codec.book_latents(encoded, [last])
    assert latents is not None
    told = codec.decode_latents(latents, encoded.length_samples, depth=last + 1, side=encoded.side)
    torch.testing.assert_close(alone, told, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", EVERY)
def test_a_book_that_does_not_quantise_takes_all_that_is_left(name: str) -> None:
    """For a plain residual quantiser; factorised books still have their few dimensions, split ones their half."""
    codec = made(name)
    encoded = encoded_by(codec)
    for book in range(codec.info.depth):
        passed, left = codec.continuous_book(encoded, book), codec.remainder(encoded, book)
        assert passed is not None and left is not None and passed.shape == left.shape
        if name not in ("mimi", "dac", "snac"):
            torch.testing.assert_close(passed, left)


@pytest.mark.parametrize("name", ["default", "soundstream", "lyra"])
def test_streams_and_plans_decode_any_choice_of_books(name: str) -> None:
    codec = made(name)
    info = codec.info
    encoded = encoded_by(codec)
    frames = encoded.codes.shape[-1]
    stream = codec.stream(2)
    stream.choose_books([1, 0])
    heard = torch.cat([stream.decode(encoded.codes[..., :3]), stream.decode(encoded.codes[..., 3:])], dim=-1)
    whole = codec.decode(Encoded((encoded.codes,), None, frames * info.hop_samples - info.delay_samples), books=[0, 1])
    torch.testing.assert_close(heard[..., info.delay_samples :], whole, atol=1e-5, rtol=0)
    stream.choose_books(None)
    assert torch.isfinite(stream.decode(encoded.codes[..., :1])).all()
    with pytest.raises(SpeefeareError, match="book"):
        stream.choose_books([info.depth])
    plan = codec.plan_stream(1, None, "float32")
    if plan is None:
        return
    plain = codec.stream(1, start="silence")
    for books in ([1], None, [0, 2], [info.depth - 1]):
        plan.choose_books(books)
        plain.choose_books(books)
        for frame in range(4):
            codes = encoded.codes[:1, :, frame : frame + 1]
            torch.testing.assert_close(plan.decode(codes), plain.decode(codes), atol=1e-5, rtol=0)


def test_codecs_without_a_ladder_say_so() -> None:
    continuous, levels = IdentityCodec(8_000), MulawCodec(8)
    for codec in (continuous, levels):
        encoded = codec.encode(torch.zeros(1, 1, 800))
        assert codec.residuals(encoded) is None and codec.remainder(encoded) is None
    with pytest.raises(SpeefeareError, match="no codebooks"):
        continuous.book_entries(0)
    assert levels.book_entries(0) is None and not levels.can_decode_latents
    with pytest.raises(SpeefeareError, match="no latents"):
        levels.decode_latents(torch.zeros(1, 4, 4), 4)
    sound = torch.from_numpy(speech_like(0.2, 8_000))[None, None]
    encoded = continuous.encode(sound)
    assert encoded.latents is not None and continuous.can_decode_latents
    torch.testing.assert_close(continuous.decode_latents(encoded.latents, sound.shape[-1]), sound)


def test_latents_of_another_shape_are_refused() -> None:
    codec = TinyCodec()
    with pytest.raises(SpeefeareError, match="wants latents"):
        codec.decode_latents(torch.zeros(1, 3, 5), 100)
    with pytest.raises(SpeefeareError, match="not all there"):
        codec.book_entries(4)
    without = Encoded((torch.zeros(1, 4, 5, dtype=torch.int64),), None, 256)
    assert codec.residuals(without) is None and codec.continuous_book(without, 0) is None
