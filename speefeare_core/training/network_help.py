"""What the entries of the families' network configurations mean, in one sentence each. Without torch.

The configurations themselves (`speefeare_core.nn`) refuse values that cannot work together.
"""

from __future__ import annotations

from speefeare_core.training.recipe_entry import EntryHelp

_STRIDES = "their product is the hop, the samples of a frame."


def _told(help: str, low: float | None = None, high: float | None = None, unit: str = "") -> EntryHelp:
    return EntryHelp(help, low=low, high=high, unit=unit)


def _wide(help: str) -> EntryHelp:
    return EntryHelp(help, low=1, high=16384)


def _layers(help: str) -> EntryHelp:
    return EntryHelp(help, low=0, high=64)


HELP: dict[str, EntryHelp] = {
    "rate_hz": _told("Sample rate of the codec; speech is resampled to it.", 8000, 96_000, "Hz"),
    "out_rate_hz": _told("Sample rate that the decoder gives.", 8000, 96_000, "Hz"),
    "strides": _told(f"Samples per step of each stage, in the order of the encoder; {_STRIDES}", 1, 64),
    "ratios": _told(f"Strides of the stages in the order of the decoder; {_STRIDES}", 1, 64),
    "decoder_strides": _told("Strides of the decoder's stages; their product is the same hop.", 1, 64),
    "hop_samples": _told("Samples of a frame.", 1, 16384, "samples"),
    "channels": _wide("Width of the encoder's first layer; each stage doubles it."),
    "n_filters": _wide("Width next to the audio; each stage doubles it."),
    "decoder_channels": _wide("Width of the decoder where the family's paper counts it."),
    "latent_dim": _wide("Dimensions of a latent, the vector of a frame."),
    "dimension": _wide("Dimensions of a latent, the vector of a frame."),
    "acoustic_dim": _wide("Dimensions that the acoustic encoder gives, before the fusion."),
    "books": _told("Codebooks one after the other; each takes log2 of its size in bits a frame.", 1, 64),
    "semantic_books": _told("Books at the front that learn from the teacher.", 0, 64),
    "book_size": _told("Entries of a codebook.", 2, 1 << 20, "entries"),
    "book_dim": _wide("Dimensions in which a book compares its entries."),
    "dim": _wide("Width of the network's frames."),
    "inner_dim": _wide("Width inside a block."),
    "input_dim": _wide("Width of what comes in."),
    "hidden": _wide("Width inside a block."),
    "width": _wide("Width of the frame blocks."),
    "kernel": _told("Frames that a convolution sees.", 1, 255, "frames"),
    "kernel_size": _told("Length of the first convolution.", 1, 255),
    "last_kernel_size": _told("Length of the last convolution.", 1, 255),
    "residual_kernel_size": _told("Length of the convolutions of a residual layer.", 1, 255),
    "dilation_base": _told("Residual layer j of a stage is dilated by this to the power of j.", 1, 16),
    "n_residual_layers": _layers("Residual layers of a stage."),
    "compress": _told("How much narrower a residual layer is inside.", 1, 64),
    "true_skip": _told("No convolution beside the residual layers."),
    "causal": _told("No look-ahead, so that it can stream."),
    "pad_mode": EntryHelp("What lies beyond the edges of a recording.", choices=("reflect", "constant", "replicate")),
    "norm": _told("How layers are normalised while they learn."),
    "lstm": _layers("Recurrent layers; 0: none."),
    "lstm_layers": _layers("Recurrent layers; 0: none."),
    "bidirectional": _told("The encoder's recurrent layers read both ways, and need the whole recording."),
    "activation": _told("Name of the non-linearity, a class of torch.nn."),
    "final_activation": _told("Non-linearity of the decoder's last layer, or none."),
    "trim_right_ratio": _told("Share of a transposed convolution's extra samples that is cut at the end.", 0, 1),
    "normalize": _told("Divide audio by its level before coding, and multiply by it after."),
    "segment_samples": _told("Recordings are cut into segments of this length, each coded alone.", 1, None, "samples"),
    "segment_stride": _told("From one such segment to the next.", 1, None, "samples"),
    "layers": _layers("Blocks of the network."),
    "heads": _told("Heads of an attention layer.", 1, 256),
    "feedforward": _wide("Width inside a transformer's block."),
    "context": _told("Steps that one step of a transformer sees, itself among them.", 1, 100_000, "steps"),
    "max_period": _told("Longest period of the rotary positions.", 1, None),
    "frame_stride": _told("Stride of the convolution between the transformers and the quantiser.", 1, 64),
    "layer_scale": _told("First value of the factors behind each transformer layer.", 0, 1),
    "attention": _told("An attention layer over all frames among the blocks."),
    "attention_window": _told("Frames that attention sees; 0: no attention.", 0, 100_000, "frames"),
    "book_strides": _told("Frames for each code of a book, coarse first.", 1, 64),
    "depthwise": _told("Convolutions work on each channel alone, and are cheaper for it."),
    "noise": _told("The decoder adds noise that it has learnt to scale."),
    "late": _told("The encoder lags by a sample at each odd stride, as in version 1."),
    "condition": _told("How the decoder is told its rate."),
    "condition_bounds_hz": _told("Rates between which the decoder has conditions of their own.", 0, 192_000, "Hz"),
    "condition_dim": _wide("Width of that condition."),
    "condition_out_layer": _told("The last layer hears the condition too."),
    "conditions": _told("Rows of the adaptive norms, one a bandwidth; 0: plain norms.", 0, 64),
    "n_fft": _told("Samples of the inverse short-time Fourier transform.", 16, 16384, "samples"),
    "padding": EntryHelp("How the inverse transform treats its edges.", choices=("same", "center")),
    "power": _told("Of the companding; 1 is none.", 0.01, 1),
    "encoder_network": _told("Off: the encoder stays linear, and its codes are the linear codec's."),
    "encoder_dilations": _told("Dilation of each block of the encoder.", 1, 1024),
    "decoder_dilations": _told("Dilation of each block of the decoder.", 1, 1024),
    "subframes": _told("Parts of a frame that have a spectrum each, in the encoder and in the decoder.", 1, 64),
    "encoder_width": _wide("Width of the encoder's blocks."),
    "encoder_hidden": _wide("Width inside a block of the encoder."),
    "decoder_width": _wide("Width of the decoder's blocks at the frame rate."),
    "decoder_hidden": _wide("Width inside such a block."),
    "fine_width": _wide("Width of the decoder's blocks at the rate of the sub-frames."),
    "fine_hidden": _wide("Width inside such a block."),
    "fine_dilations": _told("Dilation of each block at the rate of the sub-frames.", 1, 1024),
    "repair_strength": _told("Share of the repair that is used at depth 1, 2, …; then all of it.", 0, 1),
    "denoise_switch": _told("A layer on the latents that turns denoising on and off."),
    "dropout": _told("Share of values that are left out while it learns.", 0, 0.99),
    "semantic_dimension": _told("Dimensions of the teacher's features that the first book learns.", 1, 16384),
    "semantic_strides": _told("Strides of the semantic encoder.", 1, 64),
    "semantic_widths": _wide("Widths of the semantic encoder, stage by stage."),
    "units": _told("Residual units of a semantic block.", 0, 64),
    "teacher": _told("The teacher that the codec needs to encode, and keeps."),
    "teacher_options": _told("What that teacher is made of."),
}


def network_help(name: str) -> EntryHelp:
    """Of an entry of `network`; one that is not known here is named, without bounds."""
    return HELP.get(name, EntryHelp(f"The network's {name.replace('_', ' ')}; its family says what it does."))
