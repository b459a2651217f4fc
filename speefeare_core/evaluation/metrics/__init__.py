"""The table of metrics. To add one: a file here and a row."""

from speefeare_core.evaluation.metrics import mel_distance, pesq_wb, si_sdr, stoi
from speefeare_core.evaluation.metrics.metric import Measured, Metric

METRICS: dict[str, Metric] = {part.METRIC.key: part.METRIC for part in (pesq_wb, stoi, si_sdr, mel_distance)}

__all__ = ["METRICS", "Measured", "Metric"]
