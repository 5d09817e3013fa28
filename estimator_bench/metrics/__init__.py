"""Metrics: pure functions of (ground truth, scores). No I/O, no torch."""

from estimator_bench.metrics.catalogue import DEFAULT_METRICS, METRICS
from estimator_bench.metrics.metric import Cutoff, Metric, MetricFamily
from estimator_bench.metrics.names import parse_metric

__all__ = ["DEFAULT_METRICS", "METRICS", "Cutoff", "Metric", "MetricFamily", "parse_metric"]
