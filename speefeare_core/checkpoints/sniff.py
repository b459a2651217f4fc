"""What is this file or folder? Decided by content, never by name alone, without executing or reading all of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speefeare_core.checkpoints.containers import open_container
from speefeare_core.checkpoints.folders import config_beside, only_subfolder, weights_in
from speefeare_core.checkpoints.layouts import LAYOUTS, Layout
from speefeare_core.checkpoints.near_misses import described_by_code, names_code, unknown_folder, unknown_tensors
from speefeare_core.checkpoints.plain_text import read_config
from speefeare_core.checkpoints.stored import Stored
from speefeare_core.checkpoints.wrappers import Contents, unwrap
from speefeare_core.errors import SpeefeareError

LYRA_FILES = ("soundstream_encoder.tflite", "quantizer.tflite", "lyragan.tflite")
# A codec inside a larger model: VoxCPM's merged files, a codec saved as part of a language model.
_WITH_ANOTHER = ("vocos",)
_JUDGES = ("discriminator", "disc.", "multiperioddisc", "multiresddisc", "mpd.", "msd.", "mrd.")  # of a training
_PREFIXES = ("audio_vae.", "audio_tokenizer.", "codec.", "codec_model.", "mimi.", "model.", "generator.")


@dataclass(frozen=True)
class Found:
    """What a checkpoint is, and how that was told."""

    path: Path  # the file or folder that was given
    family: str  # key of codecs.FAMILIES
    layout: str  # "native", a key of checkpoints.layouts, or a container that a family names ("lyra")
    title: str  # for people
    file: Path  # the file with the weights; a folder where there are several
    evidence: tuple[str, ...] = ()  # plain sentences


@dataclass(frozen=True)
class Sniffed:
    """`Found`, and the tensors that were looked at, still in their file."""

    found: Found
    tensors: dict[str, Stored]
    config: dict[str, Any]
    extra: dict[str, Any]
    inside: bool = False  # a part of a larger model


def sniff(path: str | Path) -> Found:
    """What the file or folder is. Raises `SpeefeareError` that says what it seems to be and what would work."""
    return examine(path).found


def examine(path: str | Path) -> Sniffed:
    """`sniff`, with the names and places of the tensors."""
    path = Path(path)
    if not path.exists():
        raise SpeefeareError(f"There is no codec file or folder {path}.")
    pair = path / "codec.yaml" if path.is_dir() else path
    if pair.suffix.lower() in (".yaml", ".yml") and pair.is_file():
        return _exported(pair, path)
    return _folder(path) if path.is_dir() else _file(path, path)


def _exported(path: Path, given: Path) -> Sniffed:
    """A codec.yaml that describes an exported pair."""
    if {"encoder", "decoder"} <= read_config(path).keys():
        reason = (f"{path.name} describes an encoder and a decoder.",)
        return Sniffed(Found(given, "exported", "exported", "an exported pair", path, reason), {}, {}, {})
    if names_code(path):
        raise SpeefeareError(
            f"{path} is a HyperPyYAML file that names code to run; it is not loaded: choose the weights beside it as"
            " .safetensors, or an ONNX pair with a codec.yaml."
        )
    raise SpeefeareError(
        f"{path} is a configuration without the weights that it belongs to; choose the weights file beside it."
    )


def _file(path: Path, given: Path) -> Sniffed:
    container = open_container(path)
    if "speefeare" in container.metadata:
        family = container.metadata.get("family", "")
        reason = ("The metadata of the safetensors file say that this program wrote it.",)
        return Sniffed(Found(given, family, "native", "native", path, reason), container.tree, {}, {})
    contents = unwrap(container)
    config, config_path = contents.config, None
    candidates: tuple[Path, ...] = ()
    unreadable: SpeefeareError | None = None
    if not config:
        try:
            config, config_path, candidates = config_beside(path)
        except SpeefeareError as error:  # matters only where the layout needs it
            unreadable = error
    row, prefix = _match(contents, config)
    if unreadable is not None and (row is None or row.needs_config):
        raise unreadable
    if row is None:
        raise unknown_tensors(path, contents, config)
    if row.needs_config and not config:
        raise SpeefeareError(_lacks_config(path, row, candidates))
    tensors = {
        name.removeprefix(prefix): tensor for name, tensor in contents.tensors.items() if name.startswith(prefix)
    }
    evidence = [f"{path.name}: {container.kind}" + (f", {contents.wrapper}" if contents.wrapper else "") + "."]
    if row.model_type:
        evidence.append(f"{config_path.name if config_path else 'The configuration'} says model_type {row.model_type}.")
    else:
        evidence.append(f"It holds {', '.join(row.has)}.")
    if config_path is not None:
        evidence.append(f"Configuration: {config_path.name}.")
    if prefix:
        evidence.append(f"The codec is the part {prefix.rstrip('.')} of a larger model.")
    kept = {
        name: tensor
        for name, tensor in tensors.items()
        if (name.startswith(row.keep) if row.keep else not name.startswith(_JUDGES))
    }
    left_out = sorted({name.split(".")[0] for name in tensors if name not in kept})
    if left_out:
        evidence.append(f"Left in the file, as they belong to training: {', '.join(left_out[:6])}.")
    evidence.extend(contents.notes)
    found = Found(given, row.family, row.key, row.title, path, tuple(evidence))
    return Sniffed(found, kept, config, contents.extra, bool(prefix))


def _match(contents: Contents, config: dict[str, Any]) -> tuple[Layout | None, str]:
    """The first row that fits the tensors, then the model_type; and the prefix under which the codec lies."""
    names = contents.tensors.keys()
    for prefix in ("", *_PREFIXES):
        inner = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
        for row in LAYOUTS if inner else ():
            if row.fits(inner, contents.wrapper):
                return row, prefix
    for row in LAYOUTS:
        if row.model_type and row.model_type == config.get("model_type"):
            return row, ""
    from speefeare_core.codecs.plugins import plugins

    for row in (row for family in plugins().families.values() for row in family.layouts):
        if row.fits(names, contents.wrapper) or (row.model_type and row.model_type == config.get("model_type")):
            return row, ""
    return None, ""


def _lacks_config(path: Path, row: Layout, candidates: tuple[Path, ...]) -> str:
    if candidates:
        return (
            f"{path} is a checkpoint of {row.title}, and it is not clear which configuration belongs to it:"
            f" {', '.join(candidate.name for candidate in candidates[:5])}; copy the right one beside it as"
            f" {path.stem}{candidates[0].suffix}."
        )
    return (
        f"{path} is a checkpoint of {row.title}, but its configuration is not there; put the config.json or .yaml that"
        " was published with it into the same folder."
    )


def _folder(path: Path) -> Sniffed:
    if all((path / name).is_file() for name in LYRA_FILES):
        reason = (f"It holds {', '.join(LYRA_FILES)}.",)
        return Sniffed(Found(path, "lyra", "lyra", "Lyra v2", path, reason), {}, {}, {})
    missing = [name for name in LYRA_FILES if not (path / name).is_file()]
    if len(missing) < len(LYRA_FILES):
        raise SpeefeareError(f"The Lyra folder {path} lacks {', '.join(missing)}.")
    files = weights_in(path)
    if not files and (below := only_subfolder(path)) is not None:
        return _folder(below)
    sniffed: list[Sniffed] = []
    errors: list[SpeefeareError] = []
    for file in files:
        try:
            sniffed.append(_file(file, path))
        except SpeefeareError as error:
            errors.append(error)
    if len(sniffed) > 1:  # a codec by itself rather than the same inside a language model
        sniffed = [one for one in sniffed if not one.inside] or sniffed
    if len(sniffed) > 1:
        sniffed = _same_twice(sniffed)
    if len(sniffed) > 1:  # a decoder for another codec's codes, with that codec beside it
        sniffed = [one for one in sniffed if one.found.family in _WITH_ANOTHER] or sniffed
    if len(sniffed) > 1:
        names = ", ".join(one.found.file.name for one in sniffed[:6])
        raise SpeefeareError(f"The folder {path} holds several codecs ({names}); choose one of these files.")
    if sniffed:
        return sniffed[0]
    if len(errors) == 1:
        raise described_by_code(path) or errors[0]
    raise unknown_folder(path, files)


def _same_twice(sniffed: list[Sniffed]) -> list[Sniffed]:
    """One checkpoint as .safetensors and as .bin beside it: the .safetensors."""
    shapes = [{name: tensor.shape for name, tensor in one.tensors.items()} for one in sniffed]
    if any(shape != shapes[0] for shape in shapes):
        return sniffed
    safe = [one for one in sniffed if one.found.file.suffix == ".safetensors"]
    return safe if len(safe) == 1 else sniffed
