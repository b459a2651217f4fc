"""`AuditionCode`: what one code does, alone."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.blocks import pieces
from speefeare_core.codec import Codec, Encoded
from speefeare_core.errors import SpeefeareError
from workbench.engine.server.answers import Desk
from workbench.engine.server.clip import Clip
from workbench.engine.server.columns import Fitting
from workbench.engine.server.tasks import Work
from workbench.engine.topics.audition import AuditionCode, Auditioned

AROUND_S = 0.2  # before and after the code
LEAST_FRAMES = 4  # the same in frames of the slowest book
PEAK = 0.25  # what is heard is brought to this, −12 dBFS
MOST_GAIN_DB = 40.0
INAUDIBLE = 1e-6
Samples = NDArray[np.float32]


def work(desk: Desk, number: int, request: AuditionCode) -> Work:
    """Decode, and have it played. Raises `SpeefeareError` for a code that is not there or makes no sound."""
    clip = desk.clip
    codec, encoded = yield from _source(clip, number, request)
    sound, code = yield from code_alone(codec, encoded, request.book, request.frame)
    peak = float(np.abs(sound).max())
    if peak < INAUDIBLE:
        raise SpeefeareError(
            f"Code {code} of book {request.book + 1} is what {codec.info.name} writes for silence there: it makes no"
            " sound of its own."
        )
    gain_db = min(20 * np.log10(PEAK / peak), MOST_GAIN_DB)
    sound *= np.float32(10 ** (gain_db / 20))
    rate = clip.codec.info.rate_hz
    heard = np.zeros((clip.samples(0).shape[0], round(sound.shape[1] * rate / codec.info.rate_hz)), np.float32)
    fitting = Fitting(heard, codec.info.rate_hz, rate)
    fitting.write(sound)
    fitting.finish()

    def play() -> None:
        with contextlib.suppress(SpeefeareError):  # the clip was closed meanwhile
            desk.player.audition(heard)

    desk.call(play)
    length_s = heard.shape[1] / rate
    desk.emit(Auditioned(number, request.book, request.frame, request.column, code, length_s, float(gain_db)))


def _source(clip: Clip, number: int, request: AuditionCode) -> Generator[None, None, tuple[Codec, Encoded]]:
    """The codec and the codes that are meant."""
    if request.column:
        column = clip.column(request.column)
        return column.codec, column.encoded
    coded = yield from clip.codes(number)
    if request.edited and clip.edited is not None:
        return clip.codec, clip.edited.encoded
    return clip.codec, coded.encoded


def code_alone(codec: Codec, encoded: Encoded, book: int, frame: int) -> Generator[None, None, tuple[Samples, int]]:
    """What one code adds to silence: the sound `[C, n]` at the codec's rate, and the code.

    `book` from 0, `frame` of its own frames. Decoded are the codes that the codec writes for digital silence, around
    the code and without it; the difference of both is what is given. The side information (scales) is the clip's.
    Raises `SpeefeareError` for a code that is not there.
    """
    info = codec.info
    group, row = _place(codec, encoded, book)
    codes = encoded.code_groups[group]
    if not 0 <= frame < codes.shape[-1]:
        raise SpeefeareError(f"Book {book + 1} has frames 1 to {codes.shape[-1]}, not {frame + 1}.")
    slow, unit = pieces.group_slowness(info, encoded)[group], pieces.common_frames(info)
    around = pieces.round_up(max(round(AROUND_S * info.frame_rate_hz), LEAST_FRAMES * unit), unit)
    first = max(0, frame * slow // unit * unit - around)
    last = min(pieces.count_frames(info, encoded), pieces.round_up((frame + 1) * slow, unit) + around)
    length = max(1, (last - first) * info.hop_samples - info.delay_samples)
    piece = pieces.cut(info, encoded, first, last, length)
    yield
    silence = codec.encode(torch.zeros(1, info.channels, length))
    without = tuple(_fitted(have, like) for have, like in zip(silence.code_groups, piece.code_groups, strict=True))
    code = int(codes[0, row, frame])
    with_it = [part.clone() for part in without]
    with_it[group][0, row, frame - first // slow] = code
    sounds = []
    for groups in (tuple(with_it), without):
        yield
        with codec.at_frame(first):
            side = {name: value.to(codec.device) for name, value in piece.side.items()}
            stretch = Encoded(tuple(part.to(codec.device) for part in groups), None, length, side)
            sounds.append(codec.decode(stretch)[0].cpu().numpy().astype(np.float32))
    return sounds[0] - sounds[1], code


def _place(codec: Codec, encoded: Encoded, book: int) -> tuple[int, int]:
    """The group and the row in it of a book."""
    row = book
    for group, codes in enumerate(encoded.code_groups):
        if 0 <= row < codes.shape[1]:
            return group, row
        row -= codes.shape[1]
    count = sum(codes.shape[1] for codes in encoded.code_groups)
    if not count:
        raise SpeefeareError(f"{codec.info.name} has no codes, so none can be heard alone.")
    raise SpeefeareError(f"Book {book + 1} does not exist in {codec.info.name}: choose 1 to {count}.")


def _fitted(codes: Tensor, like: Tensor) -> Tensor:
    """As many frames as another piece has; the last is repeated where some are missing."""
    codes = codes[..., : like.shape[-1]].to("cpu")
    missing = like.shape[-1] - codes.shape[-1]
    return torch.cat([codes, codes[..., -1:].expand(*codes.shape[:-1], missing)], dim=-1) if missing else codes.clone()
