"""SpeechTokenizer as something to train: a residual quantiser whose first book learns from a teacher."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codec import Codec
from speefeare_core.codecs.speechtokenizer import SpeechTokenizerCodec
from speefeare_core.nn.speechtokenizer import SpeechTokenizerConfig, SpeechTokenizerModel
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.listening import at_frames
from speefeare_core.training.taught import adopt_books, load_but_transform
from speefeare_core.training.trainable import Reconstruction, Trainable, used_codes, whole_weights


class TrainableSpeechTokenizer(Trainable):
    """Starts at random; what is taught is the quantised output of the first book, projected to the teacher's width."""

    module: SpeechTokenizerModel

    def __init__(self, network: dict[str, Any]) -> None:
        config = SpeechTokenizerConfig.from_dict(network)
        if config.channels != 1:
            raise ValueError("training is for one channel; set channels to 1")
        self.module = SpeechTokenizerModel(config)
        self.rate_hz, self.frame_samples = config.rate_hz, config.hop_samples
        self.book_sizes = (config.book_size,) * config.books
        self.taught_width = config.semantic_dimension

    def take_over(self, codec: Codec) -> None:
        """Start from the weights of a codec, whose layer to another teacher's width is left out."""
        load_but_transform(self.module, codec)
        adopt_books(self.module)

    def reconstruct(self, audio: Tensor, draw: DepthDraw, features: Tensor | None = None) -> Reconstruction:
        """Without features nothing is taught."""
        depths = draw.depths(self.module.quantizer.books, audio.shape[0], audio.device)
        with whole_weights():
            out = self.module(audio, depths, draw.unquantised(audio.shape[0], audio.device))
        own = {"commitment": out.quantized.commitment_loss}
        if features is None or out.semantic is None:
            return Reconstruction(out.audio, audio, own, used_codes(out.quantized))
        heard = at_frames(features, out.latents.shape[-1])
        return Reconstruction(out.audio, audio, own, used_codes(out.quantized), out.semantic, heard)

    def to_native(self, name: str, licence: str, notes: tuple[str, ...]) -> NativeFile:
        """The codec as a file's contents, the layer to the teacher's width in it."""
        return self.native_of(SpeechTokenizerCodec, name, licence, notes)
