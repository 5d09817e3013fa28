"""Metrics: pure functions of (ground truth, scores). No I/O, no torch."""

from estimator_bench.metrics.catalogue import DEFAULT_METRICS, METRICS, parse_metric
from estimator_bench.metrics.metric import Cutoff, Metric, MetricFamily

__all__ = ["DEFAULT_METRICS", "METRICS", "Cutoff", "Metric", "MetricFamily", "parse_metric"]
