"""DNSMOS P.835, overall: what listeners would say of the decoded audio alone, guessed by Microsoft's network.

It looks at the decoded audio and not at the original: read it beside the original's own value. The network is the
file that the package `speechmos` brings (MIT; Reddy et al., arXiv 2110.01763). Windows of 9.01 s, one each second, are
scored and averaged; a shorter clip is repeated until it fills one, as in the official script. Computed at 16 kHz.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from speefeare_core.audio import Audio, Samples
from speefeare_core.evaluation.metrics.metric import Measured, Metric, is_silent, missing_package

RATE_HZ = 16_000
WINDOW = int(9.01 * RATE_HZ)
OVERALL = (-0.06766283, 1.11546468, 0.04602535)  # from the network's third output to the scale of listeners


def measure(reference: Samples, decoded: Samples, rate_hz: int) -> Measured:
    """The decoded recording `[T]` → predicted MOS, 1 to 5."""
    session = _session()
    if is_silent(decoded):
        return Measured(None, "DNSMOS is not defined for silence.")
    audio = Audio(decoded[None], rate_hz).resampled(RATE_HZ).samples[0].clip(-1.0, 1.0)
    while len(audio) < WINDOW:  # doubled, not tiled: what the official script does
        audio = np.append(audio, audio)
    hops = int(np.floor(len(audio) / RATE_HZ) - 9.01) + 1
    values = []
    for hop in range(hops):
        part = audio[hop * RATE_HZ : hop * RATE_HZ + WINDOW]
        if len(part) == WINDOW:
            raw = session.run(None, {"input_1": part[None].astype(np.float32)})[0][0][2]
            values.append(np.polyval(OVERALL, raw))
    return Measured(float(np.mean(values)))


@lru_cache(maxsize=1)
def _session() -> Any:
    found = find_spec("speechmos")
    if found is None or found.origin is None:
        raise missing_package("DNSMOS", "speechmos")
    try:
        import onnxruntime
    except ImportError as error:
        raise missing_package("DNSMOS", "onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    network = Path(found.origin).parent / "dnsmos_models" / "sig_bak_ovr.onnx"
    return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])


METRIC = Metric(
    "dnsmos", "DNSMOS", "MOS", True, measure, "ITU-T P.835; arXiv 2110.01763", "speechmos", "speechmos", first=False
)
