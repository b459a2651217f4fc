"""Lyra v2: Google's trained SoundStream (arXiv 2107.03312; google/lyra 1.3.2), from its three TFLite files.

16 kHz, 20 ms frames, 46 residual books of 16 entries: 16, 30 and 46 books are 3.2, 6 and 9.2 kbps. The two networks
run in TFLite, one frame a call on the CPU; the books are read out once and searched here, so that any depth works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.sniff import LYRA_FILES
from speefeare_core.codec import BookInfo, Codec, CodecInfo, Encoded
from speefeare_core.codecs.lyra_tflite import (
    BOOKS,
    ENTRIES,
    MEMORY_FRAMES,
    WIDTH,
    Network,
    count_weights,
    read_books,
    read_file,
)
from speefeare_core.quantizers.left_over import Left, left_over
from speefeare_core.stream import CodecStream, Start, StreamState

RATE_HZ, HOP = 16_000, 320
_CHUNK_FRAMES = 4096  # frames searched at once; keeps long files out of memory


class LyraBooks(nn.Module):
    """The codebooks as a buffer `[46, 16, 64]`, and the greedy residual search in them."""

    books: Tensor

    def __init__(self, books: Tensor) -> None:
        super().__init__()
        self.register_buffer("books", books)

    def search(self, latents: Tensor, depth: int = BOOKS) -> Tensor:
        """`[B, 64, F]` → codes `[B, depth, F]` int64, the same as the official quantiser's."""
        parts = []
        for residual in torch.split(latents.transpose(1, 2), _CHUNK_FRAMES, dim=1):
            codes = []
            for book in self.books[:depth]:
                codes.append((residual[..., None, :] - book).square().sum(-1).argmin(-1))
                residual = residual - book[codes[-1]]
            parts.append(torch.stack(codes, dim=1))
        return torch.cat(parts, dim=-1)

    def add_up(self, codes: Tensor, books: Sequence[int]) -> Tensor:
        """Codes `[B, K, F]` → latents `[B, 64, F]` of these books, summed in the official order."""
        total = self.books[books[0]][codes[:, books[0]]]
        for index in books[1:]:
            total = total + self.books[index][codes[:, index]]
        return total.transpose(1, 2)

    def entry_energies(self) -> list[Tensor]:
        """‖entry‖² of each book, `[16]` each."""
        return list(self.books.square().sum(dim=-1))

    def book_entries(self, book: int) -> Tensor:
        """What a book chooses from by distance: `[16, 64]`."""
        return self.books[book]

    def left_over(self, latents: Tensor, rows: Sequence[Tensor]) -> Iterator[Left]:
        """The rungs of latents `[B, 64, F]` under the codes `[B, F]` of the first books."""
        return left_over(latents, range(len(rows)), lambda book: self.books[book][rows[book]].transpose(1, 2))

    def sum_books(self, rows: Sequence[Tensor], books: Sequence[int]) -> Tensor:
        """What just these books add: codes `[B, F]` of each book → `[B, 64, F]`."""
        return self.add_up(torch.stack(list(rows), dim=1), books)


@dataclass(frozen=True)
class LyraFiles:
    """The bytes of the two networks; each stream makes its own interpreters from them."""

    encoder: bytes
    decoder: bytes

    def new_encoder(self) -> Network:
        """Samples `[n, 320]` → latents `[n, 64]`, in the initial state."""
        return Network(self.encoder, LYRA_FILES[0], (1, HOP), WIDTH)

    def new_decoder(self) -> Network:
        """Latents `[n, 64]` → samples `[n, 320]`, in the initial state."""
        return Network(self.decoder, LYRA_FILES[2], (1, 1, WIDTH), HOP)


class LyraCodec(Codec):
    """A folder with the three files as a codec."""

    module: LyraBooks

    def __init__(self, files: LyraFiles, books: Tensor, source: str = "") -> None:
        self.files = files
        self.module = LyraBooks(books).eval()
        rate = RATE_HZ / HOP
        self.info = CodecInfo(
            name="lyra-v2",
            family="lyra",
            rate_hz=RATE_HZ,
            channels=1,
            hop_samples=HOP,
            frame_rate_hz=rate,
            books=(BookInfo(ENTRIES, rate),) * BOOKS,
            depth_mode="residual",
            latent_dim=WIDTH,
            causal=True,
            streamable=True,
            delay_samples=0,
            stream_delay_samples=0,
            licence="Apache-2.0",
            parameters=books.numel() + count_weights(files.encoder) + count_weights(files.decoder),
            source=source,
            notes=(
                "Official packets hold 16, 30 or 46 books: 3.2, 6 and 9.2 kbps.",
                "The networks run in TFLite on the CPU, whatever the device.",
            ),
        )

    @classmethod
    def from_folder(cls, path: Path) -> LyraCodec:
        """Read the official files. Raises `SpeefeareError` where one is damaged or the TFLite runtime is missing."""
        encoder, quantizer, decoder = (read_file(path / name) for name in LYRA_FILES)
        books = torch.from_numpy(read_books(quantizer, str(path / LYRA_FILES[1])))
        files = LyraFiles(encoder, decoder)
        files.new_encoder(), files.new_decoder()  # a damaged file is found now, not in the first frame
        return cls(files, books, str(path))

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        rows = audio.cpu().numpy().reshape(audio.shape[0], -1, HOP)
        found = [torch.from_numpy(self.files.new_encoder().run(row).T) for row in rows]
        latents = torch.stack(found).to(self.device)
        return Encoded((self.module.search(latents, depth),), latents, audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        return self._decode_latents(self.module.add_up(encoded.code_groups[0].to(self.device), books), 0, {})

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        given = latents.transpose(1, 2).cpu().numpy()
        rows = [torch.from_numpy(self.files.new_decoder().run(row).reshape(1, -1)) for row in given]
        return torch.stack(rows).to(self.device)

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor:
        """`[B, 64, F]`: what the decoder network is given."""
        codes = encoded.code_groups[0].to(self.device)
        return self.module.add_up(codes, range(min(self.info.check_depth(depth), codes.shape[1])))

    def entry_energies(self) -> list[Tensor]:
        """‖entry‖² of each book."""
        return self.module.entry_energies()

    @property
    def _quantizer(self) -> LyraBooks:
        return self.module

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> CodecStream:
        """A fresh stream with interpreters of its own, one a row."""
        return LyraStream(self, batch, depth)


class LyraStream(CodecStream):
    """TFLite shows nobody its state, but the state is a function of the last frames: they are what `state` carries.

    `state["encoder"]` `[B, n ≤ 32, 320]` and `state["decoder"]` `[B, n ≤ 32, 64]` are plain tensors; `set_state`
    rebuilds the interpreters by running them again, exact to the bit, in about 20 ms a row.
    """

    def __init__(self, codec: LyraCodec, batch: int = 1, depth: int | None = None) -> None:
        super().__init__(codec.info, batch, depth)
        self._codec = codec
        self._books: tuple[int, ...] | None = None
        self.reset()

    def choose_books(self, books: Sequence[int] | None) -> None:
        """Decode with just these books, counted from 0 (None: the first `depth`)."""
        self._books = None if books is None else self._codec._check_books(books, self.info.depth)

    def reset(self) -> None:
        """Back to silence before the first sample."""
        self.state = {}
        self._encoders = [self._codec.files.new_encoder() for _ in range(self.batch)]
        self._decoders = [self._codec.files.new_decoder() for _ in range(self.batch)]

    def set_state(self, state: StreamState) -> None:
        """Go on from a state that `get_state` gave."""
        self.reset()
        for key, networks in (("encoder", self._encoders), ("decoder", self._decoders)):
            if key in state:
                self._run(networks, state[key], key)

    def _run(self, networks: list[Network], frames: Tensor, key: str) -> Tensor:
        """`[B, n, size]` → `[B, n, size]` through one network a row; remembers the last frames."""
        out = [torch.from_numpy(net.run(row.numpy())) for net, row in zip(networks, frames, strict=True)]
        before = self.state.get(key, frames[:, :0])
        self.state[key] = torch.cat([before, frames], dim=1)[:, -MEMORY_FRAMES:].clone()
        return torch.stack(out)

    def encode(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, 1, n·320]` → codes `[B, 46, n]`, latents `[B, 64, n]`."""
        frames = audio.to("cpu", torch.float32).reshape(self.batch, -1, HOP)
        latents = self._run(self._encoders, frames, "encoder").transpose(1, 2).to(self._codec.device)
        return self._codec.module.search(latents), latents

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, K, n]` → `[B, 1, n·320]`."""
        first = range(self.depth) if self._books is None else self._books
        books = [book for book in first if book < codes.shape[1]]
        return self.decode_latents(self._codec.module.add_up(codes.to(self._codec.device), books))

    def decode_latents(self, latents: Tensor, depth: int | None = None) -> Tensor:
        """Summed entries `[B, 64, n]` → `[B, 1, n·320]`; the decoder needs no `depth`."""
        audio = self._run(self._decoders, latents.transpose(1, 2).cpu().contiguous(), "decoder")
        return audio.reshape(self.batch, 1, -1).to(self._codec.device)
