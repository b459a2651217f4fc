"""What can be changed while live runs, heard sample by sample: the right sound, and no jump."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from speefeare_core import audio, resources
from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.codec import Codec
from tests.app.engine.live_cores import PREFILL, core_of, through
from tests.core.tiny_codec import TinyCodec
from tests.core.tiny_kinds import TinyHeld
from workbench.engine.memory import Status
from workbench.engine.protocol import LIVE_STATUS, SetLive, StartLive
from workbench.engine.server.limiter import CEILING
from workbench.engine.server.live_coder import StreamCoder
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_plan import PlanChange

RATE = 16_000
Samples = NDArray[np.float32]
MAKERS: dict[str, Callable[[], Codec]] = {
    "tiny": TinyCodec,
    "held": TinyHeld,
    "default": lambda: load_codec("default", "cpu"),
}


@pytest.fixture
def status() -> Iterator[Status]:
    made = Status.create(LIVE_STATUS)
    yield made
    made.unlink()


@pytest.fixture
def cores(status: Status) -> Iterator[Callable[..., LiveCore]]:
    made: list[LiveCore] = []

    def make(codec: Codec, **changes: object) -> LiveCore:
        made.append(core_of(codec, status, **changes))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for core in made:
        core.taps.unlink()


@pytest.fixture(scope="module")
def speech() -> Samples:
    return audio.read(resources.resource("samples", "sense_and_sensibility.flac"), RATE, 1).samples[
        :, RATE : round(2.6 * RATE)
    ]


def tone(seconds: float = 1.0, level: float = 0.5, hz: float = 250.0) -> Samples:
    time_s = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * time_s))[None].astype(np.float32)


def steepest(samples: Samples) -> float:
    return float(np.abs(np.diff(samples)).max())


def changed(core: LiveCore, samples: Samples, changes: list[SetLive], every: int) -> Samples:
    """Another change after every so many samples, round and round."""
    out = []
    for index, at in enumerate(range(0, samples.shape[1] - every + 1, every)):
        core.change(changes[index % len(changes)])
        out.append(through(core, samples[:, at : at + every], core.step_samples))
    return np.concatenate(out, axis=1)


def test_mix_is_a_weighted_sum_of_decode_and_late_input(cores: Callable[..., LiveCore], speech: Samples) -> None:
    codec = TinyCodec()
    out = through(cores(codec, mix=0.25), speech, 64)
    decode = codec.decode(codec.encode(torch.from_numpy(speech)[None]))[0].numpy()
    delay = PREFILL + codec.info.stream_delay_samples
    wanted = 0.25 * decode[:, : out.shape[1] - delay] + 0.75 * speech[:, : out.shape[1] - delay]
    np.testing.assert_allclose(out[:, delay:], wanted, atol=1e-6)


def test_bypass_leaves_the_mix_as_it_was(cores: Callable[..., LiveCore], speech: Samples) -> None:
    core, other = cores(TinyCodec(), mix=0.5), cores(TinyCodec(), mix=0.5)
    for change in (SetLive(bypass=True), SetLive(mix=0.5), SetLive(bypass=False)):
        core.change(change)
        through(core, speech[:, :3200], 64)
        through(other, speech[:, :3200], 64)
    assert np.array_equal(through(core, speech[:, :6400], 64), through(other, speech[:, :6400], 64))


@pytest.mark.parametrize(
    "changes",
    [
        [SetLive(mix=0.0), SetLive(mix=1.0), SetLive(mix=0.3)],
        [SetLive(bypass=True), SetLive(bypass=False)],
        [SetLive(muted=True), SetLive(muted=False)],
        [SetLive(output_gain_db=-20.0), SetLive(output_gain_db=5.0)],
        [SetLive(input_gain_db=-20.0), SetLive(input_gain_db=4.0)],
        [SetLive(channel=ChannelSettings(loss=1.0)), SetLive(channel=ChannelSettings())],
        [SetLive(channel=ChannelSettings(loss=1.0, conceal=False)), SetLive(channel=ChannelSettings())],
    ],
    ids=["mix", "bypass", "mute", "output gain", "input gain", "loss concealed", "loss"],
)
def test_no_control_clicks(cores: Callable[..., LiveCore], changes: list[SetLive]) -> None:
    core, sound = cores(TinyCodec()), tone(2.0)
    usual = max(steepest(sound), steepest(through(cores(TinyCodec()), sound, 64)[:, 1600:]))
    heard = changed(core, sound, changes, 1600)[:, 1600:]
    assert np.abs(heard).max() > 0.1
    assert steepest(heard) < 2.2 * usual, f"usually {usual:.3f}; a click would be 0.5"


@pytest.mark.parametrize("name", list(MAKERS))
@pytest.mark.parametrize("what", ["depth", "books"])
def test_depth_and_books_jump_no_further_than_their_neighbourhood(
    cores: Callable[..., LiveCore], speech: Samples, name: str, what: str
) -> None:
    """Around every change the steepest move is compared with the steepest of both settings on their own there."""
    codec = MAKERS[name]()
    few, all_books = SetLive(depth=1), SetLive(depth=codec.info.depth)
    core = cores(codec)
    every = round(0.06 * RATE / core.step_samples) * core.step_samples
    if what == "books":
        if name not in ("held", "default"):
            with pytest.raises(Exception, match="first books only"):
                core.coder.check_books((1,))
            return
        few, all_books = SetLive(books=(codec.info.depth - 1,)), SetLive(books=())
    between = changed(core, speech, [all_books, few], every)
    alone = [changed(cores(codec), speech, [setting], every) for setting in (all_books, few)]
    moves, usual = np.abs(np.diff(between))[0], np.maximum(*(np.abs(np.diff(sound))[0] for sound in alone))
    width = round(0.03 * RATE)
    ratios = []
    for at in range(every + PREFILL, between.shape[1] - 2 * width, every):
        around = slice(max(0, at - width), at + 2 * width)
        ratios.append(moves[around].max() / max(usual[around].max(), 1e-3))
    assert len(ratios) > 20 and max(ratios) < 1.5, f"the worst of {len(ratios)}: {max(ratios):.2f}"


def test_losses_are_counted_and_shown_as_they_arrive(
    cores: Callable[..., LiveCore], status: Status, speech: Samples
) -> None:
    class Heard:
        def __init__(self) -> None:
            self.left: list[NDArray[np.int64]] = []

        def write(self, block_in: Samples, out: Samples, codes: object, latents: object, step_s: float) -> None:
            assert isinstance(codes, torch.Tensor) and block_in.shape == out.shape and step_s > 0
            self.left.append(codes[0].numpy())

    core, tap = cores(TinyCodec(), channel=ChannelSettings(loss=0.3, bit_errors=0.01, frozen_books=(1,))), Heard()
    core.add_tap(tap)
    through(core, speech, 64)
    frames = speech.shape[1] // 64
    assert 0.2 * frames < status["lost_packets"] < 0.4 * frames and status["flipped_bits"] > 0
    codec = TinyCodec()
    wanted = codec.encode(torch.from_numpy(speech)[None]).codes[0, :, :frames].numpy()
    assert np.array_equal(np.concatenate(tap.left, axis=1), wanted), "a recording keeps what left the encoder"
    assert core.taps.codes is not None
    shown = core.taps.codes.read_since(0)[0]
    assert len(np.unique(shown[1])) < len(np.unique(wanted[1])) and not np.array_equal(shown, wanted)
    core.remove_tap(tap)
    through(core, speech[:, :640], 64)
    assert sum(part.shape[1] for part in tap.left) == frames


def test_the_output_is_limited_and_says_by_how_much(cores: Callable[..., LiveCore], status: Status) -> None:
    core = cores(TinyCodec(), mix=0.0, output_gain_db=12.0)
    out = through(core, tone(0.5, 0.8), 64)
    assert np.abs(out).max() <= CEILING
    assert status["output_limited_db"] == pytest.approx(12 + 20 * np.log10(0.8 / CEILING), abs=0.1)
    assert np.abs(core.taps.output.latest(8000)).max() <= CEILING


def test_what_takes_over_is_heard_though_muted_and_goes_softly(cores: Callable[..., LiveCore]) -> None:
    class Speaker:
        heard, given = 0, 0

        def hear(self, block: Samples) -> None:
            self.heard += block.shape[1]

        def replace(self, out: Samples) -> Samples | None:
            self.given += out.shape[1]
            return 2.0 * tone(1.0)[:, self.given - out.shape[1] : self.given] if self.given <= 9600 else None

    core, speaker = cores(TinyCodec(), muted=True, mix=0.0), Speaker()
    through(core, tone(0.2), 64)
    core.override(speaker)
    core.change(SetLive(muted=True))
    out = through(core, tone(0.4), 64)
    assert speaker.heard == speaker.given == 6400
    assert np.abs(out).max() == pytest.approx(CEILING, rel=1e-3)
    core.override(None)
    rest = through(core, tone(0.2), 64)
    assert not rest[:, -1600:].any() and steepest(np.concatenate([out, rest], axis=1)) < 0.15
    assert speaker.given < 6400 + 640, "asked no longer than its fade"


def test_a_dry_loudspeaker_and_a_skip_do_not_click(cores: Callable[..., LiveCore], status: Status) -> None:
    core = cores(TinyCodec(), mix=0.0, max_queue_frames=2)
    sound = tone(2.0)
    out = through(core, sound, 64, work=lambda index: index % 100 < 60)
    assert status["underruns"] > 0 and status["dropped_frames"] > 0
    assert steepest(out) < 2.2 * steepest(sound), "each gap has soft edges"


def test_another_stream_takes_over_where_the_old_one_is(speech: Samples) -> None:
    codec = TinyCodec()
    request = StartLive()
    coder, whole = (StreamCoder(codec, codec.stream(start="silence"), request) for _ in range(2))
    blocks = np.split(speech, 400, axis=1)
    other = codec.stream(start="silence")
    for block in blocks[:100]:
        other.step(torch.from_numpy(block)[None])
    out, codes = [], []
    for index, block in enumerate(blocks):
        if index == 103:
            coder.take_over(other, blocks[100:103])
        coded = coder.step(block)
        out.append(coded.audio)
        codes.append(coded.codes)
    straight = [whole.step(block) for block in blocks]
    assert coder.stream is other
    assert all(torch.equal(one, two.codes) for one, two in zip(codes, straight, strict=True))  # type: ignore[arg-type]
    np.testing.assert_allclose(np.concatenate(out), np.concatenate([coded.audio for coded in straight]), atol=1e-6)


def test_a_cold_stream_is_faded_in(speech: Samples) -> None:
    codec = TinyHeld()
    coder = StreamCoder(codec, codec.stream(start="silence"), StartLive())
    usual = StreamCoder(codec, codec.stream(start="silence"), StartLive())
    hop = codec.info.hop_samples * 8
    blocks = [speech[:, at : at + hop] for at in range(0, 16_000, hop)]
    out = []
    for index, block in enumerate(blocks):
        if index % 10 == 9:
            coder.take_over(codec.stream(start="silence"), [])
        out.append(coder.step(block).audio)
    straight = np.concatenate([usual.step(block).audio for block in blocks], axis=1)
    assert steepest(np.concatenate(out, axis=1)) < 1.5 * steepest(straight)


def wait_for(change: PlanChange) -> None:
    while not change.ready:
        time.sleep(0.01)


def test_a_plan_is_built_beside_the_sound_and_brought_to_where_it_is(speech: Samples) -> None:
    codec = TinyCodec()
    change = PlanChange(3, codec, 4, 0, "float32")
    blocks = np.split(speech[:, : 256 * 100], 100, axis=1)
    for block in blocks[:50]:
        change.write(block, block, None, None, 0.0)
    wait_for(change)
    plan, missed = change.take()
    assert len(missed) <= 1, "the live thread has no time for more"
    for block in missed:
        plan.stream.step(torch.from_numpy(block)[None])
    straight = codec.stream(start="silence")
    for block in blocks[:50]:
        straight.step(torch.from_numpy(block)[None])
    following = torch.from_numpy(blocks[50])[None]
    assert torch.equal(plan.stream.step(following).audio, straight.step(following).audio)
    change.close()


def test_the_live_thread_makes_up_for_one_block_at_most(speech: Samples) -> None:
    change = PlanChange(3, TinyCodec(), 4, 0, "float32")
    wait_for(change)
    blocks = np.split(speech[:, : 256 * 10], 10, axis=1)
    for block in blocks:
        change.write(block, block, None, None, 0.0)
    _, missed = change.take()
    assert len(missed) == 1 and missed[0] is blocks[-1]


def test_a_plan_that_cannot_be_says_why() -> None:
    change = PlanChange(3, TinyCodec(), 1, 0, "bfloat16")
    wait_for(change)
    with pytest.raises(Exception, match="no bfloat16 mode"):
        change.take()
