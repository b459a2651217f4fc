"""What a file seems to be that is no codec, and what would work instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from speefeare_core.checkpoints.layouts import LAYOUTS, Layout
from speefeare_core.checkpoints.wrappers import Contents
from speefeare_core.errors import SpeefeareError

# (what it seems to be and what to do, names of tensors that tell it); see Layout.has for the patterns.
_NO_CONFIG = (
    "is {} as transformers saves it, but the config.json that says its sizes is not there; put it into the same folder"
)
_OTHERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_NO_CONFIG.format("a Mimi model"), ("quantizer.semantic_residual_vector_quantizer.*", "downsample.*")),
    (_NO_CONFIG.format("an X-Codec model"), ("acoustic_encoder.*", "semantic_model.*", "quantizer.*")),
    (_NO_CONFIG.format("a DAC model"), ("quantizer.quantizers.0.in_proj.*", "encoder.block.0.*", "decoder.block.0.*")),
    (_NO_CONFIG.format("an EnCodec model"), ("quantizer.layers.0.codebook.embed", "encoder.layers.0.conv.*")),
    (
        "is the language model that EnCodec packs its codes with, not EnCodec itself; choose the encodec_… file",
        ("transformer.layers.0.*", "emb.0.weight", "linears.0.weight"),
    ),
    (
        "is the language model of VoxCPM without its AudioVAE; choose audiovae.pth, or the folder that holds it",
        ("*base_lm.*", "*feat_encoder.*"),
    ),
    (
        "is an X-Codec2 model, which this version does not know; X-Codec (1) would load",
        ("CodecEnc.*", "SemanticEncoder_module.*"),
    ),
    ("is a VibeVoice model, whose tokenizer this version does not know", ("*acoustic_tokenizer.*",)),
    (
        "is a HuBERT or WavLM model alone, which makes features and no sound; choose the codec that uses it",
        ("*feature_extractor.conv_layers.0.*", "*encoder.layers.0.*"),
    ),
    (
        "is a HiFT vocoder of CosyVoice, no codec; this version does not load CosyVoice",
        ("*m_source.l_linear.*", "*conv_pre.*"),
    ),
    ("is the flow-matching part of CosyVoice, no codec; this version does not load CosyVoice", ("*estimator.*",)),
    ("is a language model of CosyVoice, no codec; this version does not load CosyVoice", ("*llm_decoder.*",)),
    (
        "is a UnivNet or HiFi-GAN vocoder, which turns spectrograms into sound and has no codes",
        ("*conv_pre.*", "*ups.0*"),
    ),
    (
        "is a Vocos vocoder for mel spectrograms, which has no codes; choose the Vocos for EnCodec codes",
        ("feature_extractor.mel_spec.*", "backbone.*"),
    ),
    (
        "holds discriminators of a training, which judge sound and make none; choose the file with the generator",
        ("*discriminators.*",),
    ),
    ("is a token file, which speefeare decode reads; choose the codec that made it", ("codes",)),
    ("holds adapters (LoRA) of a language model, no codec", ("*lora_A.*",)),
)
_COSYVOICE = ("cosyvoice.yaml", "cosyvoice2.yaml", "cosyvoice3.yaml", "flow.pt", "hift.pt")


def unknown_tensors(path: Path, contents: Contents, config: dict[str, Any]) -> SpeefeareError:
    """For a file whose tensors fit no layout."""
    names = contents.tensors.keys()
    for words, has in _OTHERS:
        if Layout("", "", "", has).fits(names):
            return SpeefeareError(f"{path} {words}.")
    if "auto_map" in config:
        return SpeefeareError(
            f"{path} belongs to a transformers folder that brings Python code (auto_map), which is never run;"
            " use the weights as their authors published them, or an ONNX pair with a codec.yaml."
        )
    model_type = config.get("model_type")
    if isinstance(model_type, str):
        return SpeefeareError(
            f"{path} is a transformers model of the type {model_type[:60]}, and no codec that this version knows."
        )
    close = _closest(names)
    if close is not None:
        row, missing = close
        return SpeefeareError(
            f"{path} looks like a {row.title} checkpoint, but it lacks {', '.join(missing)}; it may be a part of one,"
            " or of another version."
        )
    some = ", ".join(list(names)[:3])
    return SpeefeareError(f"{path} holds plain tensors ({some} …), but of no codec that this version knows.")


def _closest(names: Any) -> tuple[Layout, list[str]] | None:
    rows = [(row, row.missing(names)) for row in LAYOUTS if row.has]
    rows = [(row, missing) for row, missing in rows if 0 < len(missing) < len(row.has)]
    return min(rows, key=lambda entry: len(entry[1]) / len(entry[0].has), default=None)


def unknown_folder(path: Path, weights: list[Path]) -> SpeefeareError:
    """For a folder in which no file is a codec."""
    if sum((path / name).is_file() for name in _COSYVOICE) >= 2:
        return SpeefeareError(
            f"{path} is a CosyVoice folder; its yaml names Python code to run (HyperPyYAML), so it is not loaded."
            " Export its tokenizer to ONNX and describe it in a codec.yaml."
        )
    if (error := described_by_code(path)) is not None:
        return error
    if not weights:
        if (path / "config.json").is_file():
            return SpeefeareError(
                f"The folder {path} has a config.json, but no weights; download model.safetensors or pytorch_model.bin"
                " into it."
            )
        return SpeefeareError(f"The folder {path} holds no codec: no weights file and no Lyra files.")
    return SpeefeareError(
        f"The folder {path} holds no codec that this version knows; looked into"
        f" {', '.join(file.name for file in weights[:5])}."
    )


def described_by_code(folder: Path) -> SpeefeareError | None:
    """For a folder with a yaml whose tags HyperPyYAML would act upon."""
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])[:20]:
        if names_code(path):
            return SpeefeareError(
                f"{folder} is described by {path.name}, a HyperPyYAML file that names code to run; it is not loaded:"
                " convert the codec to .safetensors, or to an ONNX pair with a codec.yaml."
            )
    return None


def names_code(yaml: Path) -> bool:
    """Whether it has tags that HyperPyYAML would act upon."""
    with yaml.open("rb") as file:
        text = file.read(1 << 20)
    return any(tag in text for tag in (b"!new:", b"!name:", b"!apply:", b"!module:"))
