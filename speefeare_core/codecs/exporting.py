"""Writing a codec in another form, and measuring the written one against it."""

from __future__ import annotations

import dataclasses
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from speefeare_core.checkpoints import native
from speefeare_core.codec import Codec
from speefeare_core.codecs.export_parts import parts_of
from speefeare_core.codecs.exported import FILE
from speefeare_core.errors import SpeefeareError

OPSET = 17
_EXAMPLE_FRAMES = 24
_ENDS = {"encodec": ("A last frame that is not whole is filled with zeros; EnCodec itself mirrors the end there.",)}


@dataclass(frozen=True)
class Parity:
    """How far the written codec is from the one it was made of, on one recording."""

    largest_audio_error: float  # of the sound decoded from the same codes, over all depths
    largest_latent_error: float | None  # None where the written one tells no latents
    token_agreement: float  # share of equal codes, 0 to 1
    tokens: int
    depths: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return dataclasses.asdict(self) | {"depths": list(self.depths)}


def write_native(codec: Codec, path: Path, half: bool = False) -> Path:
    """The project's own file; with `half`, numbers in 16 bits (float16), which is half the size and rounds them.

    Raises `SpeefeareError` where a codec has no weights to write.
    """
    if not hasattr(codec, "to_native"):
        raise SpeefeareError(f"{codec.info.name} has no weights of its own to write.")
    written: native.NativeFile = codec.to_native()
    if half:
        tensors = {name: _halved(tensor) for name, tensor in written.tensors.items()}
        written = dataclasses.replace(written, tensors=tensors)
    native.save(written, path)
    return path


def _halved(tensor: torch.Tensor) -> torch.Tensor:
    """In float16, where that is shorter and holds the values."""
    fits = tensor.dtype == torch.float32 and bool((tensor.abs() < torch.finfo(torch.float16).max).all())
    return tensor.half() if fits else tensor


def write_onnx(codec: Codec, folder: Path) -> Path:
    """encoder.onnx, decoder.onnx and codec.yaml in `folder`, which is made; the time axis is free.

    Raises `SpeefeareError` for a family without such a form, or where the package onnx is missing.
    """
    parts = parts_of(codec)
    try:
        import onnx  # noqa: F401  (torch asks for it in the middle of its work)
    except ImportError as error:
        raise SpeefeareError('Exporting needs onnx: pip install "speefeare-workbench[onnx]".') from error
    info = codec.info
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpeefeareError(f"{folder} cannot be made: {error.strerror or error}.") from error
    audio = torch.zeros(1, info.channels, _EXAMPLE_FRAMES * info.hop_samples)
    codes = torch.zeros(1, info.depth, _EXAMPLE_FRAMES, dtype=torch.int64)
    _export(
        parts.encoder, audio, folder / "encoder.onnx", ("audio", "samples"), {"codes": "frames", "latents": "frames"}
    )
    _export(parts.decoder, codes, folder / "decoder.onnx", ("codes", "frames"), {"audio": "samples"})
    told = {
        "name": info.name,
        "rate_hz": info.rate_hz,
        "hop_samples": info.hop_samples,
        "channels": info.channels,
        "books": [book.size for book in info.books],
        "encoder": {"file": "encoder.onnx", "input": "audio", "codes": "codes", "latents": "latents"},
        "decoder": {"file": "decoder.onnx", "input": "codes", "output": "audio"},
        "delay_samples": info.delay_samples,
        "latent_dim": info.latent_dim,
        "depth": "absent",
        "licence": info.licence,
        "notes": [f"Exported from {info.name} ({info.family}).", *_ENDS.get(info.family, ())],
    }
    (folder / FILE).write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    return folder


def _export(network: torch.nn.Module, example: Any, path: Path, given: tuple[str, str], made: dict[str, str]) -> None:
    axes = {given[0]: {2: given[1]}, **{name: {2: axis} for name, axis in made.items()}}
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        # Gradients on: without them networks run in blocks, whose number would be frozen into the graph.
        with warnings.catch_warnings(), torch.enable_grad():
            warnings.simplefilter("ignore")  # the tracer warns of every shape that Python sees
            torch.onnx.export(
                network.eval(),
                (example,),
                str(path),
                input_names=[given[0]],
                output_names=list(made),
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,  # the other exporter freezes the padding to the example's length
            )
    except (RuntimeError, ValueError, TypeError, OSError) as error:  # torch.onnx's own errors are RuntimeErrors
        path.unlink(missing_ok=True)
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise SpeefeareError(f"{path.name} cannot be exported: {reason}.") from error
    finally:
        logging.getLogger("torch.onnx").setLevel(level)


def parity(codec: Codec, written: Codec, audio: torch.Tensor) -> Parity:
    """On `audio` `[1, C, T]`: codes, latents, and the sound of the same codes at depth 1, middle and full."""
    ours, theirs = codec.encode(audio), written.encode(audio)
    agreement, tokens = 1.0, 0
    if ours.code_groups:
        a, b = ours.codes.cpu(), theirs.codes.cpu()
        frames = min(a.shape[-1], b.shape[-1])
        tokens = a.numel()
        agreement = float((a[..., :frames] == b[..., :frames]).sum()) / tokens
    latents = None
    if ours.latents is not None and theirs.latents is not None:
        frames = min(ours.latents.shape[-1], theirs.latents.shape[-1])
        latents = float((ours.latents.cpu()[..., :frames] - theirs.latents.cpu()[..., :frames]).abs().max())
    depths = sorted({1, max(1, codec.info.depth // 2), codec.info.depth}) if codec.info.books else [0]
    errors = [
        float((codec.decode(ours, depth or None).cpu() - written.decode(ours, depth or None).cpu()).abs().max())
        for depth in depths
    ]
    return Parity(max(errors), latents, agreement, tokens, tuple(depths))
