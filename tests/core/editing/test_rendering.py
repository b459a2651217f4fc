"""Edited tokens made heard: the same as the codec's own decode, and after an edit only as much as needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from speefeare_core.codec import Codec, Encoded
from speefeare_core.codecs.mulaw import MulawCodec
from speefeare_core.editing import Continuous, EditList, Freeze, Region, SetIndex, Shuffle, Zero
from speefeare_core.editing.applying import apply
from speefeare_core.editing.edited import Edited
from speefeare_core.editing.kept_states import KeptStates
from speefeare_core.editing.rendering import Rendering, decode
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
    "tiny stereo": lambda: TinyAhead("stereo"),
    "tiny approximate": lambda: TinyAhead("approximate"),
    "tiny vae": lambda: TinyHeld(continuous=True),
    "tiny held": TinyHeld,
}


def encoded_by(codec: Codec) -> Encoded:
    """One recording, long enough for several steps and blocks of most."""
    info = codec.info
    if info.channels == 2:
        return codec.encode(stereo(1, 40 * info.hop_samples))
    length = max(2000, 120 * info.hop_samples) + 7
    return codec.encode(torch.from_numpy(speech_like(length / info.rate_hz, info.rate_hz, 0)[:length])[None, None])


def edited(codec: Codec, encoded: Encoded, edits: EditList) -> Edited:
    return apply(edits, encoded, codec, {})


def assert_close(found: torch.Tensor, wanted: torch.Tensor) -> None:
    assert found.shape == wanted.shape
    torch.testing.assert_close(found, wanted, atol=2e-5 * max(1.0, float(wanted.abs().max())), rtol=0)


@pytest.mark.parametrize("name", EVERY)
def test_without_edits_it_is_the_decode(name: str) -> None:
    codec = EVERY[name]()
    encoded = encoded_by(codec)
    for depth in {None, 1, max(1, codec.info.depth - 1)} if codec.info.books else {None}:
        assert_close(decode(codec, edited(codec, encoded, EditList()), depth), codec.decode(encoded, depth).cpu())


@pytest.mark.parametrize("name", EVERY)
def test_a_book_that_is_zeroed_is_left_out(name: str) -> None:
    codec = EVERY[name]()
    if codec.info.depth < 2:
        return
    encoded = encoded_by(codec)
    rest = codec.book_latents(encoded, range(1, codec.info.depth))
    assert rest is not None
    found = decode(codec, edited(codec, encoded, EditList((Zero(Region(0, None, (0,))),))))
    assert_close(found, codec.decode_latents(rest, encoded.length_samples, side=encoded.side).cpu())


@pytest.mark.parametrize("name", EVERY)
def test_a_later_edit_decodes_its_stretch_and_gives_the_same(name: str) -> None:
    codec = EVERY[name]()
    encoded = encoded_by(codec)
    first = EditList((Shuffle(Region(), seed=2),))
    lists = [first, first.adding(Freeze(Region(20, 26))), first.adding(Zero(Region(3, 5))), first]
    rendering = Rendering(codec)
    out = torch.zeros(1, codec.info.channels, encoded.length_samples)
    for edits in lists:
        now = edited(codec, encoded, edits)
        for start, span in rendering.update(now):
            out[..., start : start + span.shape[-1]] = span
        assert_close(out, decode(codec, now))
    assert not list(rendering.update(edited(codec, encoded, first)))


@pytest.mark.parametrize("name", ["snac", "default", "tiny rates", "lyra"])
def test_what_is_far_from_an_edit_is_not_decoded_again(name: str) -> None:
    codec = EVERY[name]()
    info = codec.info
    length = round(6 * info.rate_hz)
    encoded = codec.encode(torch.from_numpy(speech_like(6.0, info.rate_hz, 0)[:length])[None, None])
    rendering = Rendering(codec)
    for _ in rendering.update(edited(codec, encoded, EditList())):
        pass
    frame = round(3 * info.frame_rate_hz)
    now = edited(codec, encoded, EditList((SetIndex(Region(frame, frame + 2), 1),)))
    spans = list(rendering.update(now))
    assert spans
    assert sum(span.shape[-1] for _, span in spans) < 0.5 * length
    start = spans[0][0]
    assert start > 0.25 * length
    assert_close(spans[0][1], decode(codec, now)[..., start : start + spans[0][1].shape[-1]])


def test_an_update_that_was_left_begins_anew() -> None:
    codec = TinyCodec()
    encoded = encoded_by(codec)
    rendering = Rendering(codec)
    now = edited(codec, encoded, EditList((Shuffle(Region(), 1),)))
    next(iter(rendering.update(now)))
    assert sum(span.shape[-1] for _, span in rendering.update(now)) == encoded.length_samples


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ("tiny vae",)])
def test_continuous_is_what_the_encoder_wanted(name: str) -> None:
    """With its first book open a plain residual codec decodes its latents; others come nearer to them."""
    codec = EVERY[name]()
    encoded = encoded_by(codec)
    if codec.residuals(encoded) is None or encoded.latents is None:
        with pytest.raises(SpeefeareError):
            decode(codec, edited(codec, encoded, EditList(continuous=(0,))))
        return
    wanted = codec.continuous_book(encoded, 0)
    assert wanted is not None
    alone = decode(codec, edited(codec, encoded, EditList(continuous=(0,))), books=[0])
    assert_close(alone, codec.decode_latents(wanted, encoded.length_samples, depth=1, side=encoded.side).cpu())
    if name not in ("snac", "mimi", "dac", "bigcodec"):
        opened = decode(codec, edited(codec, encoded, EditList(continuous=(0,))))
        assert_close(opened, codec.decode_latents(encoded.latents, encoded.length_samples, side=encoded.side).cpu())


def test_behind_a_factorised_book_the_others_are_searched_again() -> None:
    codec = small_snac()
    encoded = encoded_by(codec)
    assert encoded.latents is not None
    quantizer = codec.module.quantizer
    first = quantizer.pass_through(encoded.latents, 0)
    left = encoded.latents - first
    total = first
    for book in range(1, codec.info.depth):
        added = quantizer.book(book).decode(quantizer.book(book).encode(left))
        total, left = total + added, left - added
    found = decode(codec, edited(codec, encoded, EditList(continuous=(0,))))
    assert_close(found, codec.decode_latents(total, encoded.length_samples))


def test_continuous_for_a_while() -> None:
    codec = TinyCodec()
    encoded = encoded_by(codec)
    plain, opened = decode(codec, edited(codec, encoded, EditList())), Continuous(Region(20, 60, (0,)))
    found = decode(codec, edited(codec, encoded, EditList((opened,))))
    hop = codec.info.hop_samples
    assert torch.equal(found[..., : 18 * hop], plain[..., : 18 * hop])
    assert not torch.allclose(found[..., 24 * hop : 56 * hop], plain[..., 24 * hop : 56 * hop], atol=1e-4)


def test_codes_only() -> None:
    codec = MulawCodec()
    encoded = codec.encode(torch.from_numpy(speech_like(0.2, codec.info.rate_hz, 0))[None, None])
    found = decode(codec, edited(codec, encoded, EditList((SetIndex(Region(100, 200), 3),))))
    assert len(found[..., 100:200].unique()) == 1
    for edits, told in (
        (EditList((Zero(Region(0, 5)),)), "not for a while"),
        (EditList((Zero(Region()),)), "must be left"),
        (EditList(continuous=(0,)), "none of its books can be continuous"),
    ):
        with pytest.raises(SpeefeareError, match=told):
            decode(codec, edited(codec, encoded, edits))


def test_states_stay_within_their_room() -> None:
    states = KeptStates(room_bytes=4000)
    for step in range(1, 101):
        states.keep(10 * step, step, {"a": (torch.full((100,), float(step)),)})
    frame, samples, state = states.before(1000)
    assert 0 < frame <= 1000
    assert samples == frame // 10
    assert float(state["a"][0][0]) == samples
    assert states.before(5) == (0, 0, None)
    assert states.is_known(frame, samples, {"a": (torch.full((100,), float(samples)),)})
    assert not states.is_known(frame, samples, {"a": (torch.full((100,), 0.5),)})
    assert sum(frame is not None for frame in states._frames) <= 10


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ("lyra", "default")])
@pytest.mark.parametrize("length", [1, 700])
def test_the_shortest_clips(name: str, length: int) -> None:
    codec = EVERY[name]()
    draw = torch.Generator().manual_seed(1)
    encoded = codec.encode(0.1 * torch.randn(1, codec.info.channels, length, generator=draw))
    edits = EditList((Shuffle(Region(), 1), Freeze(Region(0, 1))))
    rendering = Rendering(codec)
    for listed in (EditList(), edits, EditList((Zero(Region(0, 1)),)), EditList()):
        out = torch.zeros(1, codec.info.channels, length)
        for start, span in rendering.update(edited(codec, encoded, listed)):
            out[..., start : start + span.shape[-1]] = span
    assert_close(decode(codec, edited(codec, encoded, EditList())), codec.decode(encoded).cpu())
    assert decode(codec, edited(codec, encoded, edits)).shape == (1, codec.info.channels, length)
