"""DAC's official files: from their names and shapes to the network's.

The state dict of descript-audio-codec has the network's own names once weight norm is folded. transformers names the
parts of a block one by one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import fold_weight_norm, renamed
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.dac_model import DacConfig

if TYPE_CHECKING:
    from torch import Tensor

# The published models, for files that do not say their rate: hop and number of books → rate.
_RATES = {(512, 9): 44100, (512, 18): 44100, (320, 32): 24000, (320, 12): 16000}
_UNIT = {"snake1": 0, "conv1": 1, "snake2": 2, "conv2": 3}


def interpret(found: Official) -> tuple[DacConfig, dict[str, Tensor], tuple[str, ...]]:
    """The configuration, the tensors under the network's names, and sentences for the card.

    Raises `SpeefeareError` where layers are missing or do not fit each other.
    """
    tensors = fold_weight_norm(found.tensors)
    if found.layout == "transformers":
        tensors = from_transformers(tensors)
    kwargs = _told(found)
    rate_hz = kwargs.get("sample_rate", kwargs.get("sampling_rate"))
    notes: tuple[str, ...] = ()
    try:
        sizes = trunk_sizes(tensors)
        books = 1 + max(int(m[1]) for name in tensors if (m := re.match(r"quantizer\.quantizers\.(\d+)\.", name)))
        book_size, book_dim = tensors["quantizer.quantizers.0.codebook.weight"].shape
        if not isinstance(rate_hz, int) or isinstance(rate_hz, bool):
            rate_hz = _RATES[sizes["hop"], books]
            notes = (f"The file does not say its rate; {rate_hz} Hz is that of the published model of its sizes.",)
        config = DacConfig(
            rate_hz=rate_hz,
            channels=sizes["channels"],
            strides=sizes["strides"],
            latent_dim=sizes["latent_dim"],
            decoder_channels=sizes["decoder_channels"],
            decoder_strides=sizes["decoder_strides"],
            books=books,
            book_size=book_size,
            book_dim=book_dim,
        )
    except (KeyError, ValueError, IndexError) as error:
        raise SpeefeareError(
            f"{found.path} looks like DAC, but its layers do not fit together or do not tell its rate ({error}); it may"
            " be cut off, or of another version."
        ) from error
    return config, tensors, notes


def trunk_sizes(tensors: Mapping[str, Tensor], encoder: str = "encoder.", decoder: str = "decoder.") -> dict[str, Any]:
    """Widths and strides of an encoder and a decoder from their weights' shapes. Raises KeyError or ValueError."""
    first, last = tensors[f"{encoder}block.0.weight"], _last(tensors, rf"{re.escape(encoder)}block\.(\d+)\.weight")
    strides = strides_of(tensors, rf"{re.escape(encoder)}block\.(\d+)\.block\.4\.weight")
    hop = 1
    for stride in strides:
        hop *= stride
    return {
        "channels": first.shape[0],
        "strides": strides,
        "hop": hop,
        "latent_dim": last.shape[0],
        "decoder_channels": tensors[f"{decoder}model.0.weight"].shape[0],
        "decoder_strides": strides_of(tensors, rf"{re.escape(decoder)}model\.(\d+)\.block\.1\.weight"),
    }


def from_transformers(
    tensors: Mapping[str, Tensor], encoder: str = "encoder.", decoder: str = "decoder."
) -> dict[str, Tensor]:
    """transformers' names of a DAC encoder and decoder → the official ones, under the same prefixes.

    Everything else passes.
    """
    e, d = re.escape(encoder), re.escape(decoder)
    down = 1 + max((int(m[1]) for name in tensors if (m := re.match(rf"{e}block\.(\d+)\.", name))), default=-1)
    up = 1 + max((int(m[1]) for name in tensors if (m := re.match(rf"{d}block\.(\d+)\.", name))), default=-1)
    rules = [
        (rf"^{e}conv1\.", f"{encoder}block.0."),
        (rf"^{e}snake1\.", f"{encoder}block.{down + 1}."),
        (rf"^{e}conv2\.", f"{encoder}block.{down + 2}."),
        (rf"^{d}conv1\.", f"{decoder}model.0."),
        (rf"^{d}snake1\.", f"{decoder}model.{up + 1}."),
        (rf"^{d}conv2\.", f"{decoder}model.{up + 2}."),
    ]
    for index in reversed(range(down)):  # from the last on, so that no new name is an old one
        old, new = rf"^{e}block\.{index}\.", f"{encoder}block.{index + 1}.block."
        rules += [(rf"{old}snake1\.", f"{new}3."), (rf"{old}conv1\.", f"{new}4.")]
        rules += _unit_rules(old, new, 0)
    for index in reversed(range(up)):
        old, new = rf"^{d}block\.{index}\.", f"{decoder}model.{index + 1}.block."
        rules += [(rf"{old}snake1\.", f"{new}0."), (rf"{old}conv_t1\.", f"{new}1.")]
        rules += _unit_rules(old, new, 2)
    return renamed(tensors, rules)


def _unit_rules(old: str, new: str, first: int) -> list[tuple[str, str]]:
    return [
        (rf"{old}res_unit{unit + 1}\.{part}\.", f"{new}{first + unit}.block.{place}.")
        for unit in range(3)
        for part, place in _UNIT.items()
    ]


def strides_of(tensors: Mapping[str, Tensor], pattern: str) -> tuple[int, ...]:
    """Half of the kernels, in the order of the blocks."""
    found = {int(m[1]): tensor.shape[-1] // 2 for name, tensor in tensors.items() if (m := re.fullmatch(pattern, name))}
    return tuple(found[index] for index in sorted(found))


def _last(tensors: Mapping[str, Tensor], pattern: str) -> Tensor:
    found = {int(m[1]): tensor for name, tensor in tensors.items() if (m := re.fullmatch(pattern, name))}
    return found[max(found)]


def _told(found: Official) -> dict[str, Any]:
    """What the file or its config.json says of the model's sizes."""
    metadata = found.extra.get("metadata", found.extra)
    kwargs = metadata.get("kwargs", metadata) if isinstance(metadata, dict) else {}
    return {**(kwargs if isinstance(kwargs, dict) else {}), **found.config}
