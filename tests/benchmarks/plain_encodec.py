"""The encodec package's modules with carried state, as one writes it in plain torch: the peer of EnCodec's stream.

The package computes whole files only. Here each convolution keeps the samples that it still needs, each transposed one
the overlap that it still owes, each LSTM its state; everything else is the package's own. Weight norm is folded.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose1d


class PlainStream:
    """One signal through a causal `EncodecModel`, piece by piece, with every book."""

    def __init__(self, model: Any, silence_samples: int) -> None:
        self._model = model
        self._state: dict[nn.Module, Any] = {}
        for part in model.modules():
            if hasattr(part, "weight_g"):
                nn.utils.remove_weight_norm(part)
        with torch.inference_mode():  # as ours: it goes on from silence
            self.decode(self.encode(torch.zeros(1, 1, silence_samples)))

    def encode(self, audio: Tensor) -> Tensor:
        """`[1, 1, n·hop]` → codes `[1, K, n]`."""
        latents = self._run(self._model.encoder.model, audio)
        codes: Tensor = self._model.quantizer.encode(latents, self._model.frame_rate, self._model.bandwidth)
        return codes.transpose(0, 1)

    def decode(self, codes: Tensor) -> Tensor:
        """Back to `[1, 1, n·hop]`."""
        return self._run(self._model.decoder.model, self._model.quantizer.decode(codes.transpose(0, 1)))

    def _run(self, part: Any, x: Tensor) -> Tensor:
        kind = type(part).__name__
        if kind == "Sequential":
            for inner in part:
                x = self._run(inner, x)
            return x
        if kind == "SEANetResnetBlock":
            return self._run(part.shortcut, x) + self._run(part.block, x)
        if kind == "SConv1d":
            return self._convolve(part.conv.conv, x)
        if kind == "SConvTranspose1d":
            return self._spread(part.convtr.convtr, x)
        if kind == "SLSTM":
            rows = x.permute(2, 0, 1)
            found, self._state[part] = part.lstm(rows, self._state.get(part))
            return (found + rows).permute(1, 2, 0)
        out: Tensor = part(x)
        return out

    def _convolve(self, conv: nn.Conv1d, x: Tensor) -> Tensor:
        held = (conv.kernel_size[0] - 1) * conv.dilation[0] - (conv.stride[0] - 1)
        before = self._state.get(conv)
        joined = torch.cat([x.new_zeros(*x.shape[:2], held) if before is None else before, x], dim=-1)
        self._state[conv] = joined[..., joined.shape[-1] - held :]
        out: Tensor = conv(joined)
        return out

    def _spread(self, conv: nn.ConvTranspose1d, x: Tensor) -> Tensor:
        out = conv_transpose1d(x, conv.weight, None, conv.stride)
        owed = conv.kernel_size[0] - conv.stride[0]
        before = self._state.get(conv)
        if before is not None:
            out[..., :owed] += before
        whole = x.shape[-1] * conv.stride[0]
        self._state[conv] = out[..., whole:].clone()
        assert conv.bias is not None
        return out[..., :whole] + conv.bias[:, None]
