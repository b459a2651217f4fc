"""An LSTM over frames with a skip connection, with an exact streaming form."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speefeare_core.nn.rows import linear_rows, rows_layout
from speefeare_core.nn.streaming import ModuleState, StreamModule

PARTS = 4  # of the recurrent weights


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
        if self.in_pieces:
            rows_layout(self)

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
        frames = x.permute(2, 0, 1)  # as torch has them; of one signal in rows, as it lies
        out = frames.reshape(count * batch, width)
        after_hidden, after_cell = [], []
        for layer in range(self.layers):
            given, recurrent, bias = self._weights(layer)
            brought = linear_rows(out.view(count, batch, width), given, bias)
            out, hidden, cell = _recur(brought, recurrent, hiddens[:, layer], cells[:, layer])
            after_hidden.append(hidden)
            after_cell.append(cell)
        joined = out.view(count, batch, width).add_(frames).permute(1, 2, 0)
        return joined, (torch.stack(after_hidden, dim=1), torch.stack(after_cell, dim=1))

    def _weights(self, layer: int) -> tuple[Tensor, Tensor, Tensor]:
        """Input to gates, hidden to gates (each `[4·D, D]`), and both biases `[4·D]`."""
        lstm = self.lstm
        bias: Tensor = getattr(lstm, f"bias_ih_l{layer}") + getattr(lstm, f"bias_hh_l{layer}")
        return getattr(lstm, f"weight_ih_l{layer}"), getattr(lstm, f"weight_hh_l{layer}"), bias


def _recur(brought: Tensor, recurrent: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What frames bring `[n, B, 4·D]` (overwritten), hidden and cell before `[B, D]` → hidden of all, and both after.

    A frame has the same shape in every piece, so that plain products give the same bits. One signal alone is a
    matrix-vector product, which reads all weights for every frame at the speed of the memory: in parts, each time in
    the other direction, so that the first parts of a frame are the last ones of the frame before, still in the cache.
    """
    count, batch, width = brought.shape[0], brought.shape[1], hidden.shape[1]
    out = brought.new_empty(count, batch, width)
    parts = list(zip(recurrent.chunk(PARTS), brought.view(count, -1).chunk(PARTS, dim=1), strict=True))
    orders = [[(rows, gates.unbind()) for rows, gates in order] for order in (parts, parts[::-1])]
    let_in, forget, new, show = (gate.unbind() for gate in brought.chunk(4, dim=2))
    cell, curved, across = cell.clone(), torch.empty_like(cell), recurrent.t()
    for frame, (gates, after) in enumerate(zip(brought.unbind(), out.unbind(), strict=True)):
        if batch == 1:
            before = hidden[0]
            for rows, sums in orders[frame & 1]:
                sums[frame].addmv_(rows, before)
        else:
            gates.addmm_(hidden, across)
        torch.tanh(new[frame], out=curved)
        gates.sigmoid_()  # all, which takes less than choosing
        cell.mul_(forget[frame]).addcmul_(let_in[frame], curved)
        hidden = torch.mul(show[frame], torch.tanh(cell, out=curved), out=after)
    return out, hidden.clone(), cell
