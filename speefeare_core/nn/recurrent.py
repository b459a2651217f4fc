"""An LSTM over frames with a skip connection, with an exact streaming form."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speefeare_core.nn.stable_matmul import stable_matmul
from speefeare_core.nn.streaming import ModuleState, StreamModule


class ResidualLstm(StreamModule):
    """x + LSTM(x) on `[B, D, F]` (encodec/modules/lstm.py); with `bidirectional`, `[B, 2·D, F]` and x twice.

    The weights are those of `nn.LSTM`, named `lstm`. The state is (hidden, cell), each `[B, layers, D]`. A
    bidirectional one cannot stream: `initial_state` raises ValueError.
    """

    def __init__(self, width: int, layers: int, *, bidirectional: bool = False) -> None:
        super().__init__()
        self.width, self.layers, self.bidirectional = width, layers, bidirectional
        self.in_pieces = self.causal = not bidirectional
        self.lstm = nn.LSTM(width, width, layers, bidirectional=bidirectional)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, D, F]` → `[B, D, F]` (bidirectional: `[B, 2·D, F]`)."""
        frames = x.permute(2, 0, 1)
        out, _ = self.lstm(frames)
        skipped = torch.cat([frames, frames], dim=-1) if self.bidirectional else frames
        joined: Tensor = (out + skipped).permute(1, 2, 0)
        return joined

    def initial_state(self, batch: int) -> ModuleState:
        """Zeros."""
        if self.bidirectional:
            raise ValueError("a bidirectional LSTM needs the whole recording and cannot stream")
        zeros = self._weights(0)[2].new_zeros(batch, self.layers, self.width)
        return zeros, zeros

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, D, n]` → `[B, D, n]` and the state after it.

        One product for what all frames bring to the gates, then one product a frame: `nn.LSTM` repacks its weights at
        every call, which costs more than a short piece itself.
        """
        batch, width, count = x.shape
        hiddens, cells = state
        layer_in = x.permute(1, 2, 0).reshape(width, count * batch)  # frame by frame, each with its batch
        after_hidden, after_cell = [], []
        for layer in range(self.layers):
            given, recurrent, bias = self._weights(layer)
            brought = stable_matmul(given, layer_in).add_(bias[:, None]).view(4 * width, count, batch)
            hidden, cell = hiddens[:, layer].t(), cells[:, layer].t()  # [D, B]
            out = x.new_empty(width, count, batch)
            for frame in range(count):
                gates = stable_matmul(recurrent, hidden).add_(brought[:, frame])
                let_in, forget = gates[: 2 * width].sigmoid_().chunk(2)
                cell = forget * cell + let_in * gates[2 * width : 3 * width].tanh_()
                hidden = gates[3 * width :].sigmoid_() * cell.tanh()
                out[:, frame] = hidden
            layer_in = out.view(width, count * batch)
            after_hidden.append(hidden.t())
            after_cell.append(cell.t())
        joined = layer_in.view(width, count, batch).permute(2, 0, 1) + x
        return joined, (torch.stack(after_hidden, dim=1), torch.stack(after_cell, dim=1))

    def _weights(self, layer: int) -> tuple[Tensor, Tensor, Tensor]:
        """Input to gates, hidden to gates (each `[4·D, D]`), and both biases `[4·D]`."""
        lstm = self.lstm
        bias: Tensor = getattr(lstm, f"bias_ih_l{layer}") + getattr(lstm, f"bias_hh_l{layer}")
        return getattr(lstm, f"weight_ih_l{layer}"), getattr(lstm, f"weight_hh_l{layer}"), bias
