"""Edited tokens made heard, and after a further edit only the stretch that it touched, where that gives the same sound.

Codecs that stream are decoded with carried state, which is kept every now and then: a later edit goes on from the last
state before it, and stops where the state is again what it was there before. Codecs whose blocks are exact are decoded
as far as the edit reaches. All others are decoded as a whole each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from speefeare_core import blocks
from speefeare_core.blocks.carried import step_frames
from speefeare_core.blocks.pieces import common_frames, round_up
from speefeare_core.codec import Encoded
from speefeare_core.editing.edited import Edited, first_difference
from speefeare_core.editing.kept_states import KeptStates
from speefeare_core.editing.latent_codec import LatentCodec
from speefeare_core.editing.sums import summed
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.codec import BlockContext, Codec
    from speefeare_core.stream import CodecStream

Span = tuple[int, Tensor]  # from which sample, and the audio [1, C, n] there


def decode(codec: Codec, edited: Edited, depth: int | None = None, *, books: Sequence[int] | None = None) -> Tensor:
    """All of it, `[1, C, T]`, with the first `depth` books (None: all) or with just `books`, from 0.

    What `Codec.decode` gives of codes that nobody edited. Raises `SpeefeareError` where the codec cannot do what was
    edited.
    """
    audio = torch.zeros(1, codec.info.channels, edited.encoded.length_samples)
    for start, span in Rendering(codec, depth, books, keep_states=False).update(edited):
        audio[..., start : start + span.shape[-1]] = span
    return audio


class Rendering:
    """The decode of one clip's edited tokens with one choice of books, as it is after the last `update`."""

    def __init__(
        self,
        codec: Codec,
        depth: int | None = None,
        books: Sequence[int] | None = None,
        *,
        keep_states: bool = True,
    ) -> None:
        self._codec = codec
        count = codec.info.check_depth(depth)
        self.books = tuple(range(count)) if books is None else tuple(sorted(set(books)))
        self._told_depth = (self.books[-1] + 1) if self.books else 0
        self._sums = codec.can_decode_latents
        self._decoder: Codec = LatentCodec(codec, self._told_depth) if self._sums and codec.info.books else codec
        self._heard: Edited | None = None
        self._states = KeptStates() if keep_states else None

    def update(self, edited: Edited) -> Iterator[Span]:
        """The spans that sound different from the last `update`, in order; at first, everything.

        A generator that may be left early: the next `update` then begins with everything again.
        """
        before, self._heard = self._heard, None
        touched = (0, edited.frames) if before is None else first_difference(before, edited)
        if touched is not None:
            self._check(edited)
            way = blocks.way_of(self._decoder)
            context = self._decoder.block_context
            if way == "stream":
                yield from self._carried(edited, *touched)
            elif way == "blocks" and context is not None and context.exact:
                yield from self._around(edited, context, *touched)
            else:
                yield from self._whole(edited)
        self._heard = edited

    # -- the three ways -----------------------------------------------------------------------------------------
    def _carried(self, edited: Edited, first: int, stop: int) -> Iterator[Span]:
        """From the last kept state before `first`, at least up to `stop`, in steps that begin where they always do."""
        codec, info = self._codec, self._codec.info
        stream = self._stream(edited)
        frame, at, state = self._states.before(first) if self._states is not None else (0, 0, None)
        if state is not None:
            stream.set_state(state)
        step, frames, length = step_frames(codec), edited.frames, edited.encoded.length_samples
        while frame < frames:
            size = min(step, frames - frame)
            piece = edited.piece(frame, frame + size, 0)
            with torch.inference_mode():
                raw = stream.decode(self._given(piece))
            yield from _span(at - info.stream_delay_samples, raw, length)
            frame, at = frame + size, at + raw.shape[-1]
            if self._states is not None:
                now = stream.get_state()
                if frame >= stop and self._states.is_known(frame, at, now):
                    return  # from here on it is as before
                self._states.keep(frame, at, now)
        with torch.inference_mode():
            rest = stream.finish_decode()
        if rest is not None:
            yield from _span(at - info.stream_delay_samples, rest, length)
            at += rest.shape[-1]
        missing = length - max(0, at - info.stream_delay_samples)
        if missing > 0:  # some decoders give a few samples less than they were given
            yield length - missing, torch.zeros(1, info.channels, missing)

    def _around(self, edited: Edited, context: BlockContext, first: int, stop: int) -> Iterator[Span]:
        """Every frame that hears one of [first, stop), with all the frames that it hears."""
        info = self._codec.info
        unit, frames, length = common_frames(info), edited.frames, edited.encoded.length_samples
        before, after = (round_up(count, unit) for count in context.decode)
        frame = max(0, first - after) // unit * unit
        end = min(frames, round_up(stop + before, unit))
        block = round_up(max(1, context.frames), unit)
        while frame < end:
            last = min(end, frame + block)
            lead, reach = max(0, frame - before), min(frames, last + after)
            upto = length if last == frames else min(length, last * info.hop_samples - info.delay_samples)
            begin = max(0, frame * info.hop_samples - info.delay_samples)
            known = length - lead * info.hop_samples if reach == frames else (reach - lead) * info.hop_samples
            piece = edited.piece(lead, reach, max(1, known - (0 if reach == frames else info.delay_samples)))
            with self._decoder.at_frame(lead):
                audio = self._call(piece)
            if upto > begin:
                shift = lead * info.hop_samples
                yield begin, audio[..., begin - shift : upto - shift].to("cpu")
            frame = last

    def _whole(self, edited: Edited) -> Iterator[Span]:
        info, length = self._codec.info, edited.encoded.length_samples
        depth, books = (None, None) if self._sums else self._choice(edited)
        decoder = blocks.decoder(self._decoder, depth, books=books, length_samples=length)
        unit, at, told = common_frames(info), 0, 0
        size = round_up(max(1, step_frames(self._codec)), unit)
        for frame in range(0, edited.frames, size):
            stop = min(frame + size, edited.frames)
            upto = length if stop == edited.frames else min(length, stop * info.hop_samples)
            piece = edited.piece(frame, stop, upto - told)
            given = Encoded((), self._latents(piece), upto - told, piece.encoded.side) if self._sums else piece.encoded
            told = upto
            audio = decoder.push(given).to("cpu")
            yield at, audio
            at += audio.shape[-1]
        yield at, decoder.finish().to("cpu")

    # -- what the decoder is given ------------------------------------------------------------------------------
    def _given(self, piece: Edited) -> Tensor:
        """Latents, or codes where the codec takes nothing else, of one group, as streams have it."""
        return self._latents(piece) if self._sums else piece.encoded.code_groups[0].to(self._codec.device)

    def _latents(self, piece: Edited) -> Tensor:
        return summed(self._codec, piece, self.books)

    def _call(self, piece: Edited) -> Tensor:
        if self._sums:
            given = Encoded((), self._latents(piece), piece.encoded.length_samples, piece.encoded.side)
            return self._decoder.decode(given)
        depth, books = self._choice(piece)
        return self._codec.decode(piece.encoded, depth, books=books)

    def _stream(self, edited: Edited) -> CodecStream:
        if self._sums:
            return self._decoder.stream(1)
        depth, books = self._choice(edited)
        stream = self._codec.stream(1, depth)
        stream.choose_books(books)
        return stream

    def _choice(self, edited: Edited) -> tuple[int | None, tuple[int, ...] | None]:
        """Depth or books, for a decoder of codes: many decode the first books only."""
        spoken = self._spoken(edited)
        return (len(spoken) or None, None) if spoken == tuple(range(len(spoken))) else (None, spoken)

    def _spoken(self, edited: Edited) -> tuple[int, ...]:
        """The books that are not silent."""
        return tuple(book for book in self.books if not edited.silent[book].all())

    def _check(self, edited: Edited) -> None:
        """Raise `SpeefeareError` for what needs the latents of a codec that does not take any."""
        name = self._codec.info.name
        if self._sums:
            return
        if edited.needs_latents:
            raise SpeefeareError(f"{name} decodes codes only, so none of its books can be continuous.")
        if any(edited.silent[book].any() and not edited.silent[book].all() for book in self.books):
            raise SpeefeareError(
                f"{name} decodes codes only, so a book can be zeroed over the whole clip, but not for a while; set its"
                " cells to an index instead."
            )
        if not self._spoken(edited):
            raise SpeefeareError(f"{name} decodes codes only, so one of its books at least must be left.")


def _span(start: int, audio: Tensor, length: int) -> Iterator[Span]:
    """What of `audio`, which begins at the sample `start` (negative: the stream's delay), lies within the clip."""
    cut = max(0, -start)
    kept = audio[..., cut : max(cut, length - start)].to("cpu")
    if kept.shape[-1]:
        yield start + cut, kept
