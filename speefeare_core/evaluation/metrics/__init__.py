"""The table of metrics. To add one: a file here and a row."""

from speefeare_core.evaluation.metrics import dnsmos, mel_distance, pesq_wb, si_sdr, stoi, visqol
from speefeare_core.evaluation.metrics.metric import Measured, Metric

METRICS: dict[str, Metric] = {
    part.METRIC.key: part.METRIC for part in (pesq_wb, stoi, si_sdr, mel_distance, visqol, dnsmos)
}
FIRST_METRICS = tuple(key for key, metric in METRICS.items() if metric.first)

__all__ = ["FIRST_METRICS", "METRICS", "Measured", "Metric"]
