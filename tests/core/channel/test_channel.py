"""The channel: rates, determinism over chunkings, frozen books, and settings that cannot be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from speefeare_core.channel.channel import Channel
from speefeare_core.channel.loss import PacketLoss, transitions
from speefeare_core.channel.settings import CLEAN, ChannelSettings
from speefeare_core.codec import BookInfo, CodecInfo, Encoded
from speefeare_core.codecs.identity import IdentityCodec
from speefeare_core.errors import SpeefeareError
from tests.core.tiny_codec import TinyCodec

TINY = TinyCodec().info  # 4 books of 16 entries


def info_of(*sizes: int) -> CodecInfo:
    return dataclasses.replace(TINY, books=tuple(BookInfo(size, TINY.frame_rate_hz) for size in sizes))


def draw(sizes: tuple[int, ...], frames: int, batch: int = 1) -> Tensor:
    random = torch.Generator().manual_seed(3)
    return torch.stack([torch.randint(size, (batch, frames), generator=random) for size in sizes], dim=1)


def runs(lost: np.ndarray) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost.astype(int), [0]])))
    return list(edges[1::2] - edges[::2])


@pytest.mark.parametrize(("loss", "burst"), [(0.05, 1.0), (0.3, 1.0), (0.05, 4.0), (0.2, 10.0), (0.7, 1.0)])
def test_losses_have_the_rate_and_the_runs_that_were_asked_for(loss: float, burst: float) -> None:
    frames = 400_000
    lost, packets = PacketLoss(1).draw(frames, ChannelSettings(loss=loss, burst_packets=burst))
    expected = max(burst, 1 / (1 - loss))
    assert packets == lost.sum()
    assert lost.mean() == pytest.approx(loss, abs=6 * np.sqrt(loss * (1 - loss) * 2 * expected / frames))
    assert np.mean(runs(lost)) == pytest.approx(expected, rel=0.05)


def test_a_run_of_one_packet_means_independent_losses() -> None:
    assert transitions(0.3, 1.0) == pytest.approx((0.3, 0.7))
    lost, _ = PacketLoss(2).draw(200_000, ChannelSettings(loss=0.3))
    assert lost[1:][lost[:-1]].mean() == pytest.approx(0.3, abs=0.01)


def test_whole_packets_are_lost() -> None:
    lost, packets = PacketLoss(5).draw(4 * 5_000, ChannelSettings(loss=0.25, packet_frames=4))
    assert (lost.reshape(-1, 4).sum(1) % 4 == 0).all()
    assert packets == lost.sum() // 4


def test_everything_or_nothing_may_be_lost() -> None:
    assert PacketLoss(0).draw(100, ChannelSettings(loss=1.0, burst_packets=3))[0].all()
    assert not PacketLoss(0).draw(100, CLEAN)[0].any()


@pytest.mark.parametrize("share", [0.001, 0.02, 0.5])
def test_bits_flip_at_the_rate_that_was_asked_for_and_are_counted(share: float) -> None:
    codes = draw((16, 16, 16, 16), 20_000)
    received = Channel(TINY, ChannelSettings(bit_errors=share)).send(codes)
    changed = (codes ^ received.codes).numpy()
    flipped = sum(int(((changed >> bit) & 1).sum()) for bit in range(4))
    bits = codes.numel() * 4
    assert received.flipped_bits == flipped
    assert flipped / bits == pytest.approx(share, abs=6 * np.sqrt(share * (1 - share) / bits))


def test_codes_of_books_that_are_no_power_of_two_stay_in_their_books() -> None:
    sizes = (5, 1000, 1, 3)
    codes = draw(sizes, 3_000)
    received = Channel(info_of(*sizes), ChannelSettings(bit_errors=0.5)).send(codes)
    for row, size in enumerate(sizes):
        assert 0 <= int(received.codes[:, row].min()) and int(received.codes[:, row].max()) < size
    assert not torch.equal(received.codes[:, 1], codes[:, 1])


SETTINGS = ChannelSettings(
    loss=0.3, burst_packets=2.5, packet_frames=3, bit_errors=0.05, frozen_books=(2,), conceal=True, seed=11
)


@pytest.mark.parametrize("pieces", [(1,) * 60, (7, 1, 22, 30), (60,), (0, 59, 1)])
def test_the_chunking_does_not_matter(pieces: tuple[int, ...]) -> None:
    codes = draw((16, 16, 16, 16), 60, batch=2)
    whole = Channel(TINY, SETTINGS).send(codes)
    channel = Channel(TINY, SETTINGS)
    received = [channel.send(part) for part in torch.split(codes, pieces, dim=-1)]
    assert torch.equal(torch.cat([part.codes for part in received], dim=-1), whole.codes)
    assert np.array_equal(np.concatenate([part.lost for part in received]), whole.lost)
    assert sum(part.flipped_bits for part in received) == whole.flipped_bits > 0
    assert sum(part.lost_packets for part in received) == whole.lost_packets > 0


def test_another_seed_is_another_channel() -> None:
    codes = draw((16, 16, 16, 16), 60)
    other = Channel(TINY, dataclasses.replace(SETTINGS, seed=12)).send(codes)
    assert not np.array_equal(other.lost, Channel(TINY, SETTINGS).send(codes).lost)


def test_the_state_goes_on_elsewhere_and_a_reset_begins_again() -> None:
    codes = draw((16, 16, 16, 16), 80)
    channel = Channel(TINY, SETTINGS)
    first = channel.send(codes[..., :33])
    state = channel.get_state()
    rest = channel.send(codes[..., 33:])
    other = Channel(TINY, SETTINGS)
    other.set_state(state)
    again = other.send(codes[..., 33:])
    assert torch.equal(again.codes, rest.codes) and np.array_equal(again.lost, rest.lost)
    channel.reset()
    assert torch.equal(channel.send(codes[..., :33]).codes, first.codes)


def test_what_arrived_last_stands_in_for_what_is_lost() -> None:
    codes = draw((16, 16, 16, 16), 500)
    received = Channel(TINY, ChannelSettings(loss=0.4, seed=4)).send(codes)
    last = torch.zeros(4, dtype=torch.int64)
    for frame, lost in enumerate(received.lost):
        last = last if lost else codes[0, :, frame]
        assert torch.equal(received.codes[0, :, frame], last)


def test_a_clean_channel_changes_nothing() -> None:
    codes = draw((16, 16, 16, 16), 50)
    received = Channel(TINY).send(codes)
    assert received.codes is codes
    assert not received.lost.any() and received.flipped_bits == received.lost_packets == 0


def test_a_book_freezes_at_the_entry_that_it_has_and_thaws() -> None:
    codes = draw((16, 16, 16, 16), 40)
    channel = Channel(TINY)
    channel.send(codes[..., :10])
    channel.settings = ChannelSettings(frozen_books=(1,))
    one = channel.send(codes[..., 10:20]).codes
    channel.settings = ChannelSettings(frozen_books=(1, 3))
    two = channel.send(codes[..., 20:30]).codes
    channel.settings = CLEAN
    assert torch.equal(channel.send(codes[..., 30:]).codes, codes[..., 30:])
    assert (one[:, 1] == codes[0, 1, 9]).all() and (two[:, 1] == codes[0, 1, 9]).all()
    assert (two[:, 3] == codes[0, 3, 19]).all()
    assert torch.equal(one[:, [0, 2, 3]], codes[:, [0, 2, 3], 10:20])
    assert torch.equal(two[:, [0, 2]], codes[:, [0, 2], 20:30])


def test_what_the_encoder_writes_over_its_buffer_does_not_thaw_a_book() -> None:
    buffer = torch.full((1, 4, 1), 7)
    channel = Channel(TINY)
    channel.send(buffer)
    buffer[:] = 3
    channel.settings = ChannelSettings(frozen_books=(0,))
    assert channel.send(buffer).codes[0, :, 0].tolist() == [7, 3, 3, 3]


def test_latents_are_lost_and_nothing_else() -> None:
    info = IdentityCodec(8_000).info
    latents = torch.arange(1.0, 41.0).repeat(1, info.latent_dim, 1)
    received = Channel(info, ChannelSettings(loss=0.5, seed=1)).send(latents)
    assert received.lost.any() and received.codes.shape == latents.shape
    kept = ~torch.from_numpy(received.lost)
    assert torch.equal(received.codes[..., kept], latents[..., kept])


def test_books_of_several_rates_lose_the_same_packets() -> None:
    slow = (BookInfo(16, TINY.frame_rate_hz / 4), BookInfo(16, TINY.frame_rate_hz))
    info = dataclasses.replace(TINY, books=slow)
    groups = (draw((16,), 50), draw((16,), 200))
    whole, received = Channel(info, ChannelSettings(loss=0.4, packet_frames=4)).send_encoded(Encoded(groups, None, 0))
    lost = received.lost.reshape(50, 4)
    arrived = torch.from_numpy(~lost[:, 0])
    assert (lost == lost[:, :1]).all() and lost.any()
    assert torch.equal(whole.code_groups[0][..., arrived], groups[0][..., arrived])
    assert torch.equal(whole.code_groups[1].view(50, 4)[arrived], groups[1].view(50, 4)[arrived])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ChannelSettings(loss=1.5), "share from 0 to 1, not 1.5"),
        (ChannelSettings(loss=float("nan")), "share from 0 to 1, not nan"),
        (ChannelSettings(bit_errors=-0.1), "share from 0 to 1, not -0.1"),
        (ChannelSettings(burst_packets=0.5), "1 packet or more, not 0.5"),
        (ChannelSettings(packet_frames=0), "1 frame or more, not 0"),
        (ChannelSettings(seed=-1), "0 or more, not -1"),
        (ChannelSettings(frozen_books=(4,)), "Book 5 cannot be frozen: tiny has books 1 to 4"),
    ],
)
def test_settings_that_cannot_be_are_one_sentence(settings: ChannelSettings, words: str) -> None:
    channel = Channel(TINY)
    with pytest.raises(SpeefeareError, match=words):
        channel.settings = settings
    assert channel.settings == CLEAN


def test_continuous_codecs_have_no_bits() -> None:
    for settings in (ChannelSettings(bit_errors=0.1), ChannelSettings(frozen_books=(0,))):
        with pytest.raises(SpeefeareError, match="continuous latents"):
            Channel(IdentityCodec(8_000).info, settings)
