"""X-Codec as something to train: sound and a frozen teacher's features fused before the books, and both made again."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codecs.xcodec import XCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.xcodec import XCodecConfig, XCodecModel
from speefeare_core.teachers import open_teacher
from speefeare_core.teachers.build import build_teacher, options_of_teacher
from speefeare_core.teachers.teacher import Teacher
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.trainable import Reconstruction, Trainable, used_codes, whole_weights

if TYPE_CHECKING:
    from speefeare_core.training.recipe import Recipe


class TrainableXCodec(Trainable):
    """The teacher is part of the network: it hears every example itself, never learns, and stays in the codec's file.

    Its kind, sizes and weights come with the recipe's teacher; where that is empty, from the codec that is the start.
    """

    module: XCodecModel
    hears_itself = True
    frozen = ("teacher.",)

    def __init__(self, network: dict[str, Any]) -> None:
        config = XCodecConfig.from_dict(network)
        teacher = build_teacher(config.teacher, _plain(config))
        self._set(XCodecModel(config, teacher, teacher.width))

    def prepare(self, recipe: Recipe) -> None:
        """Take the recipe's teacher in. Raises `SpeefeareError` where there is none, or none that can be kept."""
        if recipe.teacher.key:
            teacher = open_teacher(recipe.teacher.key, recipe.teacher.source)
            options = options_of_teacher(teacher)
            config = dataclasses.replace(
                self.module.config, teacher=teacher.key, teacher_options=tuple(sorted(_tuples(options).items()))
            )
            self._set(XCodecModel(config, teacher, teacher.width))
            weights = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
            super().prepare(recipe)
            self.module.teacher.load_state_dict(weights)  # initial weights are for what learns
            return
        if not recipe.start_from:
            raise SpeefeareError(
                f"The recipe {recipe.name} names no teacher, which X-Codec needs to encode; set teacher.key to phones,"
                " or to hubert or wavlm with a source."
            )
        super().prepare(recipe)

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """The teacher hears the examples as they are, noise and all, as it will when the codec encodes."""
        depths = draw.depths(self.module.quantizer.books, audio.shape[0], audio.device)
        with whole_weights():
            out = self.module(audio, depths, features, draw.unquantised(audio.shape[0], audio.device))
        own = {"commitment": out.quantized.commitment_loss}
        taught, heard = out.semantic.transpose(1, 2), out.heard.detach().transpose(1, 2)
        return Reconstruction(out.audio, audio, own, used_codes(out.quantized), taught, heard)

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents, its teacher in it."""
        return self.native_of(XCodec, name, licence, notes)

    def _set(self, module: XCodecModel) -> None:
        self.module = module
        module.teacher.requires_grad_(False)
        config, teacher = module.config, module.teacher
        if isinstance(teacher, Teacher):
            hop = teacher.hop_samples * math.prod(config.semantic_strides)
            if (config.rate_hz, config.hop_samples) != (teacher.rate_hz, hop):
                raise ValueError(
                    f"its frames should be the teacher's: rate_hz {teacher.rate_hz} and strides whose product is {hop}"
                )
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.book_sizes = (config.book_size,) * config.books


def _plain(config: XCodecConfig) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in config.teacher_options}


def _tuples(options: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
