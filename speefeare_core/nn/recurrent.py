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
        columns = x.permute(1, 2, 0).reshape(width, count * batch)  # frame by frame, each with its batch
        after_hidden, after_cell = [], []
        for layer in range(self.layers):
            given, recurrent, bias = self._weights(layer)
            brought = stable_matmul(given, columns).t().contiguous().add_(bias).view(count, batch, 4 * width)
            out, hidden, cell = _recur(brought, recurrent, hiddens[:, layer], cells[:, layer])
            columns = out.view(count * batch, width).t()
            after_hidden.append(hidden)
            after_cell.append(cell)
        joined = columns.view(width, count, batch).permute(2, 0, 1) + x
        return joined, (torch.stack(after_hidden, dim=1), torch.stack(after_cell, dim=1))

    def _weights(self, layer: int) -> tuple[Tensor, Tensor, Tensor]:
        """Input to gates, hidden to gates (each `[4·D, D]`), and both biases `[4·D]`."""
        lstm = self.lstm
        bias: Tensor = getattr(lstm, f"bias_ih_l{layer}") + getattr(lstm, f"bias_hh_l{layer}")
        return getattr(lstm, f"weight_ih_l{layer}"), getattr(lstm, f"weight_hh_l{layer}"), bias


def _recur(brought: Tensor, recurrent: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What frames bring `[n, B, 4·D]` (overwritten), hidden and cell before `[B, D]` → hidden of all, and both after.

    A frame has the same shape in every piece, so that plain products give the same bits; one signal alone is a
    matrix-vector product, which reads the weights at the speed of the memory.
    """
    count, batch, width = brought.shape[0], brought.shape[1], hidden.shape[1]
    out = brought.new_empty(count, batch, width)
    for frame in range(count):
        gates = brought[frame]
        if batch == 1:
            gates[0].addmv_(recurrent, hidden[0])
        else:
            gates.addmm_(hidden, recurrent.t())
        let_in, forget = gates[:, :width].sigmoid_(), gates[:, width : 2 * width].sigmoid_()
        new = gates[:, 2 * width : 3 * width].tanh_()
        cell = torch.addcmul(forget.mul_(cell), let_in, new)
        hidden = torch.mul(gates[:, 3 * width :].sigmoid_(), cell.tanh(), out=out[frame])
    return out, hidden.clone(), cell
