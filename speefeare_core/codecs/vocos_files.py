"""The files of Vocos: names and sizes of its own tensors, and the EnCodec that it decodes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import renamed
from speefeare_core.codecs.encodec import EncodecCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.vocos import VocosConfig

if TYPE_CHECKING:
    from torch import Tensor

_INSIDE = "feature_extractor.encodec."
_RULES = (
    (r"^feature_extractor\.codebook_weights$", "codebooks"),
    (r"^(backbone|head)\.", r"decoder.\1."),
    (r"^(?!codebooks$|decoder\.).*", ""),  # EnCodec itself; discriminators and losses of the training
)
_BANDWIDTHS_KBPS = (1.5, 3.0, 6.0, 12.0)
_FRAME_RATE_HZ = 75
BOOK_SIZE = 1024  # of the published EnCodec
_WEIGHTS = (".th", ".pt", ".pth", ".bin", ".safetensors")


@dataclass(frozen=True)
class Parts:
    """Vocos' own tensors under our names, and its sizes."""

    config: VocosConfig
    tensors: dict[str, Tensor]
    books: int
    book_size: int
    condition_books: tuple[int, ...]


def interpret(found: Official, book_size: int = BOOK_SIZE) -> Parts:
    """Raises `SpeefeareError` for the vocoder of mel spectra, for another EnCodec, and where tensors are missing."""
    if any(name.startswith("feature_extractor.mel_spec.") for name in found.tensors) or "mel" in _class(found.config):
        raise SpeefeareError(
            f"{found.path} is Vocos for mel spectra, a vocoder without codes; choose vocos-encodec-24khz."
        )
    told = _arguments(found.config.get("feature_extractor"))
    if told.get("encodec_model", "encodec_24khz") != "encodec_24khz":
        raise SpeefeareError(f"{found.path} decodes {told['encodec_model']}; Vocos is known for encodec_24khz only.")
    tensors = renamed(found.tensors, _RULES)
    head = _arguments(found.config.get("head"))
    try:
        rows, input_dim = tensors["codebooks"].shape
        inner_dim, dim = tensors["decoder.backbone.convnext.0.pwconv1.weight"].shape
        conditioned = tensors.get("decoder.backbone.norm.scale.weight")
        n_fft = tensors["decoder.head.istft.window"].shape[0]
        config = VocosConfig(
            input_dim=input_dim,
            dim=dim,
            inner_dim=inner_dim,
            layers=sum(name.startswith("decoder.backbone.convnext.") and name.endswith(".gamma") for name in tensors),
            conditions=0 if conditioned is None else conditioned.shape[0],
            n_fft=n_fft,
            hop_samples=head.get("hop_length", n_fft // 4),
            padding=head.get("padding", "same"),
        )
        bits = math.log2(book_size)
        rates = [float(kbps) * 1000 for kbps in told.get("bandwidths", _BANDWIDTHS_KBPS)]
        counts = tuple(int(rate // (bits * _FRAME_RATE_HZ)) for rate in rates)
        books = rows // book_size
        if rows % book_size or books < 1:
            raise ValueError(f"{rows} entries are no whole number of books of {book_size}")
        tensors["codebooks"] = tensors["codebooks"].reshape(books, book_size, input_dim)
        conditions = counts if conditioned is not None else (books,)
        if len(conditions) != max(1, config.conditions):
            raise ValueError(f"its {config.conditions} conditions do not fit the bandwidths {list(rates)}")
    except KeyError as error:
        raise SpeefeareError(f"{found.path} lacks {error.args[0]}; it may be cut off, so download it again.") from error
    except (ValueError, TypeError) as error:
        raise SpeefeareError(f"{found.path} holds no Vocos that can work: {error}.") from error
    return Parts(config, tensors, books, book_size, conditions)


def encodec_for(found: Official) -> tuple[EncodecCodec | None, tuple[str, ...]]:
    """The EnCodec inside the checkpoint, beside it, or next to its folder (told by its name); and notes for the card.

    Raises `SpeefeareError` where there is one that cannot be read.
    """
    from speefeare_core.checkpoints.reading import read_official
    from speefeare_core.checkpoints.sniff import sniff

    inside = {name.removeprefix(_INSIDE): t for name, t in found.tensors.items() if name.startswith(_INSIDE)}
    if inside:
        return EncodecCodec.from_official(Official(found.path, "encodec", "official", inside)), ()
    folder = found.path if found.path.is_dir() else found.path.parent
    for candidate in _named_encodec(folder, found.path):
        if sniff(candidate).family == "encodec":
            codec = EncodecCodec.from_official(read_official(candidate))
            return codec, (f"Its codes come from EnCodec in {candidate.name}.",)
    # Of the catalog each checkpoint has a folder of its own, next to the others.
    for candidate in _named_encodec(folder.parent, found.path) if found.path.is_dir() else []:
        try:
            codec = EncodecCodec.from_official(read_official(candidate))
        except SpeefeareError:  # a folder nearby need not be meant
            continue
        if (codec.info.rate_hz, codec.info.causal) == (24_000, True):
            return codec, (f"Its codes come from EnCodec in {candidate.name}, next to its own folder.",)
    return None, ()


def _named_encodec(folder: Path, own: Path) -> list[Path]:
    """The folders and weights files in it whose name says EnCodec, without what was given itself."""
    found = []
    try:
        paths = sorted(folder.iterdir())
    except OSError:  # a folder that may not be listed holds none for us
        return []
    for path in paths:
        named = "encodec" in path.name.lower() or path.suffix == ".th"
        if named and path != own and (path.is_dir() or path.suffix in _WEIGHTS):
            found.append(path)
    return found


def _class(config: Mapping[str, Any]) -> str:
    part = config.get("feature_extractor")
    return str(part.get("class_path", "")).lower() if isinstance(part, Mapping) else ""


def _arguments(part: Any) -> Mapping[str, Any]:
    inner = part.get("init_args", {}) if isinstance(part, Mapping) else {}
    return inner if isinstance(inner, Mapping) else {}
