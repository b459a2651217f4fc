"""CUDA graphs: the plain stream's step recorded once on the GPU and replayed, so that Python launches nothing.

A step on a GPU is hundreds of small kernels, and starting them takes longer than computing them. A graph needs memory
that stays: the input, the state and the results lie in tensors of their own, and the recorded step ends by copying the
new state over the old one. Until a stream's state has taken its final shape (contexts fill, first steps differ) it
steps without a graph. Encoding has one graph, decoding one for each choice of books.

PyTorch's notes on CUDA graphs (torch.cuda.graph, "Whole-network capture") say what may be captured: nothing that waits
for the GPU, and nothing whose Python values change from step to step. A stream that does either has no graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from speefeare_core.errors import SpeefeareError
from speefeare_core.plans.check import check_signal
from speefeare_core.stream import CodecStream, StreamState

if TYPE_CHECKING:
    from speefeare_core.codec import Codec

WARM_UP_STEPS = 12  # in which the state must have taken its final shape
PLAIN = (type(None), bool, int, float, str)

Outputs = tuple[Tensor | None, ...]
Replay = Callable[[], Outputs]


class Recorder(Protocol):
    """Records what a function computes."""

    def __call__(self, run: Callable[[], Outputs]) -> Replay:
        """`run` computes on tensors that stay. The replay does it again and gives its results, in memory that stays.

        Raises RuntimeError where `run` cannot be recorded.
        """


class CudaRecorder:
    """Records into a CUDA graph; the graphs of one recorder share their memory."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, run: Callable[[], Outputs]) -> Replay:
        """See `Recorder`. Kernels are chosen and libraries set up on a stream of their own first."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            results = run()

        def replay() -> Outputs:
            graph.replay()
            return results

        return replay


def graphed(codec: Codec, frames: int, depth: int | None) -> CodecStream | None:
    """The plain stream of a codec on a CUDA device as graphs; None elsewhere, and where it cannot be recorded."""
    if torch.device(codec.device).type != "cuda":
        return None
    with torch.cuda.device(codec.device):
        return recorded(codec, frames, depth, CudaRecorder(), on_a_side_stream)


def on_a_side_stream(work: Callable[[], None]) -> None:
    """As warming up before a capture wants it."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        work()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()


def recorded(
    codec: Codec,
    frames: int,
    depth: int | None,
    recorder: Recorder,
    aside: Callable[[Callable[[], None]], None] = lambda work: work(),
) -> CodecStream | None:
    """The plain stream with its steps of `frames` frames recorded; None where it cannot be."""
    plain = codec.stream(depth=depth, start="silence")
    blocks = torch.split(check_signal(codec, frames * WARM_UP_STEPS), frames * codec.info.hop_samples, dim=-1)
    told: list[Tensor] = []
    shapes: list[Any] = []

    def warm_up() -> None:
        for block in blocks:
            codes, latents = plain.encode(block)
            first = latents if codes is None else codes
            assert first is not None
            plain.decode(first)
            told[:] = [first]
            shapes[:] = [*shapes[-1:], shape_of(plain.state)]

    with torch.inference_mode():
        aside(warm_up)
        if shapes[0] != shapes[1] or shapes[1] is None:
            return None
        try:
            return GraphedStream(plain, blocks[0], told[0], recorder)
        except RuntimeError:  # something in the step waits for the GPU
            return None


class GraphedStream(CodecStream):
    """A plain stream, replayed. Raises `SpeefeareError` for blocks of another size than it was made for."""

    def __init__(self, plain: CodecStream, block: Tensor, told: Tensor, recorder: Recorder) -> None:
        self._plain, self._recorder = plain, recorder
        super().__init__(plain.info, 1, plain.depth or None, "silence")
        self._audio, self._told = block.clone(), told.clone()
        self._kept: StreamState = copied(plain.state)
        self._shape = shape_of(self._kept)
        self._books: tuple[int, ...] | None = None
        self._encode = self._record(lambda: plain.encode(self._audio))
        self._decoders: dict[Any, Replay] = {}
        self._decoder()
        self.reset()

    @property
    def replaying(self) -> bool:
        """Whether the state lies where the graphs want it; else the next step is a plain one."""
        return self._plain.state is self._kept

    def encode(self, audio: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """`[1, C, n·hop]` → codes `[1, K, n]`, latents `[1, D, n]`."""
        self._check(audio, self._audio)
        with torch.inference_mode():
            if not self.replaying:
                found = self._plain.encode(audio)
                self._settle()
                return found
            self._audio.copy_(audio)
            codes, latents = self._encode()
            return None if codes is None else codes.clone(), None if latents is None else latents.clone()

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[1, K, n]` (or latents) → audio `[1, C, n·hop]`, with the first `depth` books."""
        self._plain.depth = self.depth or None
        with torch.inference_mode():
            if not self.replaying or codes.shape != self._told.shape:
                audio = self._plain.decode(codes)
                self._settle()
                return audio
            replay = self._decoder()
            self._told.copy_(codes)
            (found,) = replay()
            assert found is not None
            return found.clone()

    def choose_books(self, books: Sequence[int] | None) -> None:
        """As of the plain stream."""
        self._plain.choose_books(books)
        self._books = None if books is None else tuple(books)

    def get_state(self) -> StreamState:
        """As of the plain stream."""
        with torch.inference_mode():
            state: StreamState = copied(self._plain.state)
            return state

    def set_state(self, state: StreamState) -> None:
        """From a state of this or the plain stream."""
        with torch.inference_mode():
            self._plain.state = copied(state)
            self._settle()

    def reset(self) -> None:
        """Back to silence."""
        with torch.inference_mode():
            self._plain.state = {}
            self._plain.reset()
            self._settle()

    def _settle(self) -> None:
        """Take the state over into the memory of the graphs, once it has its final shape."""
        if shape_of(self._plain.state) == self._shape:
            overwrite(self._kept, self._plain.state)
            self._plain.state = self._kept

    def _decoder(self) -> Replay:
        key = (self.depth, self._books)
        if key not in self._decoders:
            self._plain.depth = self.depth or None
            self._decoders[key] = self._record(lambda: (self._plain.decode(self._told),))
        return self._decoders[key]

    def _record(self, run: Callable[[], Outputs]) -> Replay:
        """A step that ends with its state where it began. What is recorded is not computed now."""

        def step() -> Outputs:
            self._plain.state = copied_containers(self._kept)
            found = run()
            if shape_of(self._plain.state) != self._shape:
                raise RuntimeError("the state changes its shape")
            overwrite(self._kept, self._plain.state)
            self._plain.state = self._kept
            return found

        return self._recorder(step)

    def _check(self, given: Tensor, made_for: Tensor) -> None:
        if given.shape != made_for.shape:
            raise SpeefeareError(
                f"This plan of {self.info.name} takes {list(made_for.shape)} samples a step, not {list(given.shape)};"
                " make one for that size."
            )


def mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    """The same containers (dict, list, tuple, named tuple) around changed leaves."""
    if isinstance(tree, dict):
        return {key: mapped(value, change) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(value, change) for value in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(mapped(value, change) for value in tree)
    return change(tree)


def leaves(tree: Any) -> list[Any]:
    """All leaves in their order."""
    found: list[Any] = []
    mapped(tree, found.append)
    return found


def copied(tree: Any) -> Any:
    """With tensors of its own."""
    return mapped(tree, lambda leaf: leaf.clone() if isinstance(leaf, Tensor) else leaf)


def copied_containers(tree: Any) -> Any:
    """With the same tensors, in containers that a step may change."""
    return mapped(tree, lambda leaf: leaf)


def shape_of(tree: Any) -> Any:
    """What must stay the same from step to step; None where a leaf is neither a tensor nor a plain value."""
    if any(not isinstance(leaf, (Tensor, *PLAIN)) for leaf in leaves(tree)):
        return None
    described = mapped(
        tree, lambda leaf: (tuple(leaf.shape), leaf.dtype, str(leaf.device)) if isinstance(leaf, Tensor) else leaf
    )
    return repr(described)


def overwrite(kept: Any, new: Any) -> None:
    """The values of `new` into the tensors of `kept`. Where both share memory the new values are read first."""
    pairs = [
        (old, now)
        for old, now in zip(leaves(kept), leaves(new), strict=True)
        if isinstance(old, Tensor) and old is not now
    ]
    memory = {old.untyped_storage().data_ptr() for old, _ in pairs}
    values = [now.clone() if now.untyped_storage().data_ptr() in memory else now for _, now in pairs]
    for (old, _), value in zip(pairs, values, strict=True):
        old.copy_(value)
