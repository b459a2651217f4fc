"""The streams of a session, begun again where they began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from speefeare_core.sessions import states
from speefeare_core.sessions.format import StreamStart
from speefeare_core.sessions.reader import Session

if TYPE_CHECKING:
    from speefeare_core.codec import Codec
    from speefeare_core.stream import CodecStream, StreamState


class Streams:
    """Makes each kind once. What could not be had is said in `notes`."""

    def __init__(self, session: Session, codec: Codec, notes: list[str]) -> None:
        self._session, self._codec, self._notes = session, codec, notes
        self._made: dict[tuple[int, str, bool], CodecStream] = {}
        self._with_books: set[int] = set()  # streams that were told books of their own

    def start(self, row: StreamStart) -> tuple[CodecStream | None, str]:
        """The stream in the state that the row names; None and the reason where that cannot be had."""
        if not row.known:
            blocks = row.frames == 0
            return None, "it was coded in blocks" if blocks else "the stream was changing, and nobody kept its state"
        stream = self._stream(row)
        if not row.state:
            stream.reset()
            return stream, ""
        if row.kind != type(stream).__name__:
            stream = self._plain()
        if row.kind != type(stream).__name__:
            self._note(f"The recorded state is of {row.kind}, and this version has {type(stream).__name__}.")
            return None, "the state is of another version's stream"
        try:
            stream.set_state(self._state(row, stream))
        except (KeyError, IndexError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            self._note(f"The recorded state {row.state} does not fit this version ({error}).")
            return None, "the state is of another version's stream"
        return stream, ""

    def apply(self, stream: CodecStream, settings: dict[str, Any]) -> None:
        """Depth and books."""
        depth = settings.get("depth") or None
        if depth != stream.depth and self._codec.info.books:
            stream.depth = depth
        if "books" in settings and self._codec.info.books:
            books = tuple(settings["books"] or ())
            if books or id(stream) in self._with_books:  # who decodes the first books only refuses the call
                stream.choose_books(books or None)
                self._with_books.add(id(stream))

    def _stream(self, row: StreamStart) -> CodecStream:
        from speefeare_core.plans import make_plan

        key = (row.frames, row.mode, row.compiled)
        if key not in self._made:
            if row.compiled:
                plan = make_plan(self._codec, row.frames, None, row.mode)
                if not plan.report.compiled:
                    self._note(plan.report.note)
                self._made[key] = plan.stream
            else:
                self._made[key] = self._plain()
        return self._made[key]

    def _plain(self) -> CodecStream:
        key = (0, "", False)
        if key not in self._made:
            self._made[key] = self._codec.stream(start="silence")
        return self._made[key]

    def _state(self, row: StreamStart, stream: CodecStream) -> StreamState:
        import torch

        info = self._codec.info
        silence = torch.zeros(1, info.channels, info.hop_samples * max(1, row.frames), device=self._codec.device)
        return states.load(self._session.folder / row.state, stream, silence)

    def _note(self, words: str) -> None:
        if words not in self._notes:
            self._notes.append(words)
