"""Exported pairs: an encoder and a decoder as ONNX files, described by a codec.yaml, as a codec.

    name: my-codec
    rate_hz: 16000
    hop_samples: 320
    channels: 1
    books: [1024, 1024]          # entries of each book
    encoder: {file: encoder.onnx, input: audio, codes: codes, latents: latents}   # latents may be left out
    decoder: {file: decoder.onnx, input: codes, output: audio}
    delay_samples: 0
    depth: absent                # absent: −1 leaves a book out; fewer: codes of the first books alone; full: all books

Both run one recording `[1, …]` at a time. ONNX files hold no code; those with operators of their own, or with tensors
in files elsewhere, are refused. So are programs of torch.export (.pt2): `torch.export.load` unpickles weights and
constants without restriction (torch 2.13, export/pt2_archive/_package.py: `torch.load(…, weights_only=False)`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from speefeare_core.checkpoints.plain_text import read_config
from speefeare_core.codec import BookInfo, Codec, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError

FILE = "codec.yaml"
DEPTHS = ("absent", "fewer", "full")


@dataclass(frozen=True)
class Description:
    """A codec.yaml, checked."""

    folder: Path
    name: str
    rate_hz: int
    hop_samples: int
    channels: int
    books: tuple[int, ...]
    encoder: dict[str, str]
    decoder: dict[str, str]
    delay_samples: int
    depth: str
    latent_dim: int
    licence: str
    notes: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Description:
        """Raises `SpeefeareError` that names the entry that is wrong."""
        told = read_config(path)

        def need(good: bool, words: str) -> None:
            if not good:
                raise SpeefeareError(f"{path} describes no exported codec: {words}.")

        for key, least, most in (("rate_hz", 1000, 384_000), ("hop_samples", 1, 1 << 20), ("channels", 1, 8)):
            told.setdefault("channels", 1)
            need(type(told.get(key)) is int and least <= told[key] <= most, f"{key} should be from {least} to {most}")
        books = told.get("books")
        good = isinstance(books, list) and 0 < len(books) <= 256
        need(good and all(type(n) is int and 2 <= n <= 1 << 24 for n in books or ()), "books should list their entries")
        parts: dict[str, dict[str, str]] = {}
        for part, names in (("encoder", ("file", "input", "codes")), ("decoder", ("file", "input", "output"))):
            rows = told.get(part)
            need(isinstance(rows, dict), f"{part} is missing")
            found = {str(key): str(value) for key, value in (rows or {}).items()}
            need(all(found.get(name) for name in names), f"{part} needs {', '.join(names)}")
            need(Path(found["file"]).name == found["file"], f"the file of {part} should lie beside it")
            parts[part] = found
        numbers = {key: told.get(key, 0) for key in ("delay_samples", "latent_dim")}
        for key, number in numbers.items():
            need(type(number) is int and 0 <= number < 1 << 24, f"{key} should be a whole number")
        need(told.get("depth", "full") in DEPTHS, f"depth should be {', '.join(DEPTHS)}")
        notes = told.get("notes") or []
        return cls(
            folder=path.parent,
            name=str(told.get("name") or path.parent.name)[:80],
            rate_hz=told["rate_hz"],
            hop_samples=told["hop_samples"],
            channels=told["channels"],
            books=tuple(books or ()),
            encoder=parts["encoder"],
            decoder=parts["decoder"],
            delay_samples=numbers["delay_samples"],
            depth=told.get("depth", "full"),
            latent_dim=numbers["latent_dim"],
            licence=str(told.get("licence", "unknown"))[:80],
            notes=tuple(str(note) for note in notes) if isinstance(notes, list) else (),
        )


class ExportedCodec(Codec):
    """A pair of ONNX files. It runs on the CPU, whatever the device, and cannot stream or be trained."""

    def __init__(self, description: Description) -> None:
        told = description
        self._told = told
        self._encoder = _session(told.folder / told.encoder["file"], (told.encoder["input"],))
        self._decoder = _session(told.folder / told.decoder["file"], (told.decoder["input"],))
        self.module = nn.Module()
        rate = told.rate_hz / told.hop_samples
        self.info = CodecInfo(
            name=told.name,
            family="exported",
            rate_hz=told.rate_hz,
            channels=told.channels,
            hop_samples=told.hop_samples,
            frame_rate_hz=rate,
            books=tuple(BookInfo(size, rate) for size in told.books),
            depth_mode="none" if told.depth == "full" else "residual",
            latent_dim=told.latent_dim,
            causal=False,
            streamable=False,
            delay_samples=told.delay_samples,
            stream_delay_samples=told.delay_samples,
            look_ahead_samples=None,
            licence=told.licence,
            source=str(told.folder),
            notes=(*told.notes, "Runs in ONNX Runtime on the CPU; its weights cannot be inspected or trained here."),
        )

    @classmethod
    def from_folder(cls, path: Path) -> ExportedCodec:
        """From a codec.yaml, or the folder that holds it. Raises `SpeefeareError`."""
        return cls(Description.read(path / FILE if path.is_dir() else path))

    @property
    def can_decode_books(self) -> bool:
        """Only where the file says how a book is left out."""
        return self._told.depth == "absent"

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        wanted = [self._told.encoder["codes"]]
        if "latents" in self._told.encoder:
            wanted.append(self._told.encoder["latents"])
        rows = [_run(self._encoder, wanted, self._told.encoder["input"], row[None].numpy()) for row in audio.cpu()]
        codes = torch.from_numpy(np.concatenate([row[0] for row in rows])).long()
        frames, books = audio.shape[-1] // self.info.hop_samples, self.info.depth
        if codes.ndim != 3 or codes.shape[1] != books or not frames - 1 <= codes.shape[-1] <= frames + 1:
            raise SpeefeareError(
                f"{self._told.folder / self._told.encoder['file']} gives codes {list(codes.shape)}, where"
                f" {FILE} says {books} books and {frames} frames; correct {FILE}."
            )
        latents = torch.from_numpy(np.concatenate([row[1] for row in rows])) if len(wanted) == 2 else None
        return Encoded((codes[:, :depth],), latents, audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        codes = encoded.code_groups[0].cpu()
        first = books == tuple(range(len(books)))
        if self._told.depth == "absent":
            given = torch.full((codes.shape[0], self.info.depth, codes.shape[-1]), -1, dtype=torch.int64)
            given[:, list(books)] = codes[:, list(books)].long()
        elif first and (self._told.depth == "fewer" or len(books) == self.info.depth):
            given = codes[:, : len(books)].long()
        else:
            raise SpeefeareError(f"{self.info.name} decodes all of its {self.info.depth} books together only.")
        told = self._told.decoder
        rows = [_run(self._decoder, [told["output"]], told["input"], row[None].numpy())[0] for row in given]
        return torch.from_numpy(np.concatenate(rows)).float()


def _session(path: Path, inputs: tuple[str, ...]) -> Any:
    """An ONNX Runtime session with one thread. Raises `SpeefeareError`."""
    try:
        import onnxruntime
    except ImportError as error:
        raise SpeefeareError(
            'Exported codecs need ONNX Runtime, which is not installed: pip install "speefeare-workbench[onnx]".'
        ) from error
    if path.suffix.lower() != ".onnx":
        raise SpeefeareError(
            f"{path} is no .onnx file; programs of torch.export (.pt2) are not loaded, as opening them may unpickle."
        )
    if not path.is_file():
        raise SpeefeareError(f"There is no file {path}, which {FILE} names.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        # From bytes, so that tensors in files elsewhere cannot be named.
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own, without a common one
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise SpeefeareError(f"{path} is no ONNX file that can be run ({reason}); export it again.") from error
    there = {entry.name for entry in session.get_inputs()}
    if missing := [name for name in inputs if name not in there]:
        raise SpeefeareError(f"{path} has no input {missing[0]}, but {', '.join(sorted(there))}; correct {FILE}.")
    return session


def _run(session: Any, wanted: list[str], name: str, value: NDArray[Any]) -> list[NDArray[Any]]:
    try:
        found: list[NDArray[Any]] = session.run(wanted, {name: value})
    except Exception as error:  # as above
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise SpeefeareError(f"The exported codec cannot compute this ({reason}); check its {FILE}.") from error
    return found
