"""EnCodec's and SoundStream's plans beside their plain streams: bits, state, depths and books, number formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans import kernels, make_plan, products
from speefeare_core.plans.encodec import ResidualCodecPlan
from speefeare_core.stream import CodecStream
from tests.core import small_soundstream
from tests.core.plans.changes import same_through_changes
from tests.core.small_seanet import SEGMENTS, small_encodec
from tests.core.small_soundstream import voice_like

FRAMES = 48
MORE_LAYERS = {"n_residual_layers": 2, "true_skip": True, "pad_mode": "constant", "books": 9, "lstm": 1}
KINDS: dict[str, Callable[[], Codec]] = {
    "encodec": small_encodec,
    "encodec with more layers": lambda: small_encodec(1, **MORE_LAYERS),
    "encodec in stereo without an LSTM": lambda: small_encodec(2, channels=2, lstm=0, dimension=3, dilation_base=3),
    "encodec with a snake": lambda: small_encodec(4, activation="Snake", books=2, final_activation="Tanh"),
    "soundstream": small_soundstream.small_codec,
    "soundstream that denoises": lambda: denoising(),
}


def denoising() -> Codec:
    codec = small_soundstream.small_codec(3, denoise_switch=True)
    film = codec.module.film
    assert film is not None
    film.gamma += torch.randn_like(film.gamma) / 4
    film.beta += torch.randn_like(film.beta) / 4
    return codec.with_denoise(True)


@pytest.fixture(scope="module", params=list(KINDS))
def any_codec(request: pytest.FixtureRequest) -> Codec:
    return KINDS[request.param]()


@pytest.fixture(scope="module", params=["encodec", "soundstream"])
def codec(request: pytest.FixtureRequest) -> Codec:
    return KINDS[request.param]()


def speech(codec: Codec, frames: int, seed: int) -> Tensor:
    """`[1, C, frames·hop]`, the channels unlike each other."""
    signals = [voice_like(1, frames * codec.info.hop_samples, seed + 40 * c) for c in range(codec.info.channels)]
    return torch.cat(signals, dim=1)


def plan_of(codec: Codec, frames: int = 1, depth: int | None = None, mode: str = "float32") -> ResidualCodecPlan:
    made = make_plan(codec, frames, depth, mode)
    assert made.report.compiled, made.report.note
    assert made.report.tokens_same == 1.0 or mode == "bfloat16"
    assert isinstance(made.stream, ResidualCodecPlan)
    return made.stream


def run(stream: CodecStream, audio: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, latents and audio of a stream in steps of so many frames."""
    steps = [stream.step(piece) for piece in audio.split(frames * stream.info.hop_samples, dim=-1)]
    codes = torch.cat([step.codes for step in steps if step.codes is not None], dim=-1)
    latents = torch.cat([step.latents for step in steps if step.latents is not None], dim=-1)
    return codes, latents, torch.cat([step.audio for step in steps], dim=-1)


def assert_same(found: tuple[Tensor, Tensor, Tensor], wanted: tuple[Tensor, Tensor, Tensor]) -> None:
    assert torch.equal(found[0], wanted[0])
    torch.testing.assert_close(found[1], wanted[1], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found[2], wanted[2], atol=1e-5, rtol=0)


@pytest.mark.parametrize("frames", [1, 2, 4, 16])
def test_a_plan_is_the_plain_stream(any_codec: Codec, frames: int) -> None:
    audio = speech(any_codec, FRAMES, seed=3)
    wanted = run(any_codec.stream(start="silence"), audio, frames)
    assert all(book.unique().numel() >= 8 for book in wanted[0][0]) and wanted[2].std() > 0.01
    plan = plan_of(any_codec, frames)
    assert_same(run(plan, audio, frames), wanted)
    plan.reset()
    assert_same(run(plan, audio, FRAMES), wanted)  # longer pieces of whole steps


@pytest.mark.parametrize("frames", [1, 3])
def test_the_latents_are_the_same_to_the_bit(any_codec: Codec, frames: int) -> None:
    """What the codes' equality rests on: a search that sees the same numbers."""
    audio = speech(any_codec, FRAMES, seed=8)
    plain, plan = any_codec.stream(start="silence"), plan_of(any_codec, frames)
    for piece in audio.split(frames * any_codec.info.hop_samples, dim=-1):
        wanted, found = plain.encode(piece)[1], plan.encode(piece)[1]
        assert wanted is not None and torch.equal(found, wanted)


def test_state_goes_to_another_plan(codec: Codec) -> None:
    first, rest = speech(codec, 40, seed=4).split(20 * codec.info.hop_samples, dim=-1)
    plan, other = plan_of(codec, 2), plan_of(codec, 2)
    run(plan, first, 2)
    state = plan.get_state()
    wanted = run(plan, rest, 2)
    for _ in range(2):  # the second time from the same copy: going on must not have changed it
        other.set_state(state)
        assert_same(run(other, rest, 2), wanted)
    other.reset()
    fresh = run(other, rest, 2)
    assert not torch.equal(fresh[1], wanted[1])
    with pytest.raises(SpeefeareError, match="not one of a plan"):
        plan_of(codec, 1).set_state(state)
    with pytest.raises(SpeefeareError, match="not one of a plan"):
        other.set_state(codec.stream().get_state())


def test_depth_and_books_change_while_it_runs(codec: Codec) -> None:
    audio = speech(codec, 40, seed=5)
    plain, plan = codec.stream(depth=3, start="silence"), plan_of(codec, 1, depth=3)
    same_through_changes(plain, plan, audio.split(codec.info.hop_samples, dim=-1), 4)
    for stream in (plain, plan):
        with pytest.raises(SpeefeareError, match="books 0 to 3"):
            stream.choose_books([4])


def test_a_reset_plan_decodes_the_silence_of_its_books() -> None:
    codec = small_encodec()
    plain, plan = codec.stream(start="silence"), plan_of(codec)
    piece = voice_like(1, codec.info.hop_samples, seed=6)
    whole = plan.step(piece).audio
    for stream in (plain, plan):
        stream.reset()
        stream.depth = 2
        stream.choose_books([1])
    found = plan.step(piece).audio
    torch.testing.assert_close(found, plain.step(piece).audio, atol=1e-5, rtol=0)
    assert (found - whole).abs().max() > 1e-3


def test_what_it_gives_stays_as_it_is(codec: Codec) -> None:
    one, two = speech(codec, 2, seed=7).split(codec.info.hop_samples, dim=-1)
    plan = plan_of(codec)
    step = plan.step(one)
    assert step.codes is not None and step.latents is not None
    kept = [part.clone() for part in (step.audio, step.codes, step.latents)]
    plan.step(two)
    assert all(torch.equal(*pair) for pair in zip(kept, (step.audio, step.codes, step.latents), strict=True))


def test_a_ragged_end_is_followed_by_zeros(codec: Codec) -> None:
    hop = codec.info.hop_samples
    audio = speech(codec, 6, seed=9)
    plan, wanted = plan_of(codec, 4), plan_of(codec, 1)
    assert plan.finish_encode() == (None, None)
    codes, latents = plan.finish_encode(audio[..., : 2 * hop + 1])
    assert codes is not None and latents is not None and codes.shape[-1] == latents.shape[-1] == 3
    filled = torch.nn.functional.pad(audio[..., : 2 * hop + 1], (0, hop - 1))
    assert torch.equal(codes, wanted.encode(filled)[0])


def test_pieces_that_are_no_whole_steps_are_refused(codec: Codec) -> None:
    plan = plan_of(codec, 2)
    with pytest.raises(SpeefeareError, match="whole steps"):
        plan.encode(speech(codec, 3, seed=1))
    with pytest.raises(SpeefeareError, match="whole steps"):
        plan.decode(torch.zeros(1, codec.info.depth, 1, dtype=torch.int64))
    with pytest.raises(SpeefeareError, match="batch"):
        plan.encode(torch.zeros(2, codec.info.channels, 2 * codec.info.hop_samples))


@pytest.fixture
def narrow_always(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small weights in the narrow format too, whatever takes longer."""
    monkeypatch.setattr(products, "BIG", 0)
    monkeypatch.setattr(kernels, "GAIN", 1e9)
    monkeypatch.setattr(kernels, "NARROW_GAIN", 0.0)
    kernels.forget_timings()
    yield
    kernels.forget_timings()


@pytest.mark.parametrize("frames", [1, 4])
@pytest.mark.parametrize("mode", ["bfloat16", "int8_decoder"])
def test_faster_formats(codec: Codec, mode: str, frames: int, narrow_always: None) -> None:
    """Their errors are those of rounded weights; 8 bits leave the codes alone."""
    audio = speech(codec, 48, seed=10)
    plain, plan = codec.stream(start="silence"), plan_of(codec, frames, mode=mode)
    same, off, loudest = [], 0.0, 0.0
    for piece in audio.split(frames * codec.info.hop_samples, dim=-1):
        codes, found = plain.encode(piece)[0], plan.encode(piece)[0]
        assert codes is not None
        same.append((codes == found).float().mean())
        wanted = plain.decode(codes)
        off = max(off, float((plan.decode(codes) - wanted).abs().max()))
        loudest = max(loudest, float(wanted.abs().max()))
    agree = float(torch.stack(same).mean())
    assert agree == 1.0 if mode == "int8_decoder" else agree > 0.8
    assert 1e-6 < off / loudest < (0.2 if mode == "int8_decoder" else 0.05)


def test_models_that_look_ahead_have_none() -> None:
    assert small_encodec(5, **SEGMENTS).plan_stream(1, None, "float32") is None
