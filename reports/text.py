"""Numbers and sentences as every report writes them."""

from __future__ import annotations

import math

from estimator_bench.analysis.ceiling import Ceiling
from estimator_bench.analysis.evaluation import MetricResult
from estimator_bench.analysis.findings import Section
from estimator_bench.analysis.resampling import MINIMUM_ARCHITECTURES, SUBSAMPLED_SHARE
from estimator_bench.analysis.significance import LEVEL
from estimator_bench.ground_truth import Task
from estimator_bench.metrics.metric import Metric
from estimator_bench.protocol import what_counts

NOTHING = "-"
"""Stands where there is no number to give."""

HOW_TO_READ = (
    (
        "Sections",
        "Rows of one table share task, network recipe, table of ground truth, protocol, library versions and scored "
        "architectures. Numbers of different sections are not comparable.",
    ),
    (
        "Ties",
        "Where several scores are equal at the cut of a top-K metric, the value is the expectation over all ways of "
        "breaking the tie at random, so it does not depend on the order of the rows, and a constant score gets what "
        "chance gets. '20 tied' beside a value says that so many scores are equal to the last one selected. "
        "Correlations of a constant score are undefined, not 0.",
    ),
    (
        "NaN and infinities",
        "A score that is NaN, missing or failed ranks last, together with -inf; +inf ranks first. Pearson's r leaves "
        "all of them out. Coverage is the share of architectures with a finite score.",
    ),
    (
        "Sign",
        "No absolute value is taken anywhere: a score that points the wrong way has a negative correlation. Where "
        "lower is better, the task's values are turned before they are compared, and 'top' means the lowest values.",
    ),
    (
        "[low, high]",
        f"A {LEVEL:.0%} confidence interval over architectures, from metrics on random parts of the population drawn "
        "without replacement, re-centred on the value. It says how far the value would move on other architectures of "
        "the same kind, not on other seeds. For metrics that rest on a single architecture (BR, WR, best, regret) it "
        f"is conservative: rather too wide. There is none below {MINIMUM_ARCHITECTURES} architectures, "
        f"{MINIMUM_ARCHITECTURES * SUBSAMPLED_SHARE} for these, and where all parts agree; the note above the table "
        "says which of these it is.",
    ),
    (
        "Ceiling",
        "What a score that knows the true quality could reach against trials this noisy, ± one standard deviation over "
        "simulated trials; the method stands with the noise of each section. It is unknown where the ground truth does "
        "not tell its noise.",
    ),
    (
        "Three kinds of chance",
        "Other architectures, other trials of the same architectures, and other replicates of the estimator are kept "
        "apart. The headline shows the first; the other two stand in tables of their own where they are known.",
    ),
    (
        "Bold",
        "A value is bold only where it is significantly better than that of every other row: in paired tests, both "
        "rows seen on the same parts of the population, with Holm's correction over all pairs of rows under the "
        "metric. Without such a winner nothing is bold.",
    ),
    (
        "Labels",
        "Architectures whose ground truth any estimator of a section saw are left out for all of its rows. The metrics "
        "with them stand in a table of their own.",
    ),
)
"""How the numbers are made: (term, explanation), written once per report."""


def value_text(result: MetricResult, metric: Metric) -> str:
    """The value, or why there is none."""
    return f"undefined ({result.reason})" if result.value is None else metric.text(result.value)


def interval_text(result: MetricResult, metric: Metric) -> str:
    """`[low, high]`; empty without an interval."""
    return ends_text(result.low, result.high, metric)


def ends_text(low: float | None, high: float | None, metric: Metric) -> str:
    """An interval of a metric's values; empty without one."""
    return "" if low is None or high is None else f"[{metric.text(low)}, {metric.text(high)}]"


def result_text(result: MetricResult, metric: Metric) -> str:
    """`value [low, high]`, or why there is none."""
    return f"{value_text(result, metric)} {interval_text(result, metric)}".strip()


def ceiling_text(ceiling: Ceiling | str, metric: Metric) -> str:
    """What a perfect score could reach, or `unknown (reason)`."""
    if isinstance(ceiling, str):
        return f"unknown ({ceiling.removeprefix('unknown: ')})"
    return f"{metric.text(ceiling.value)} ± {metric.text(ceiling.sd)}"


def unit_text(metric: Metric, task: Task) -> str:
    """The unit of the metric's values; empty for a pure number."""
    return metric.unit_for(task.unit)


def metric_label(metric: Metric, task: Task) -> str:
    """The name for a table's header, with the unit and direction where they are not the usual ones."""
    unit = f" ({unit_text(metric, task)})" if metric.unit else ""
    # best@K is turned back to the direction of the task.
    return metric.name + unit + " ↓" * (not metric.higher_is_better_for(task.higher_is_better))


def direction(task: Task) -> str:
    """Which values of the task are better."""
    return "higher is better" if task.higher_is_better else "lower is better"


def source_text(task: Task) -> str:
    """Where the task's values come from."""
    if task.source == "surrogate":
        return "SURROGATE: predictions of a model, not measurements"
    return "table of measured values"


def population_text(section: Section) -> str:
    """Which architectures the metrics are of, and which are left out."""
    every = "" if section.available is None else f" of {section.available:,}"
    parts = [f"{section.population:,}{every} {counted_text(section)} scored"]
    if section.seen:
        parts.append(f"{section.seen:,} whose labels some estimator saw are left out")
    if section.without_truth:
        parts.append(f"{section.without_truth:,} without a value are left out")
    if section.seen or section.without_truth:
        parts.append(f"metrics are of {section.headline:,}")
    return "; ".join(parts)


def counted_text(section: Section) -> str:
    """What counts once: architectures, or classes of one kind."""
    kind: str = section.protocol.get("population", "all")
    return what_counts(kind) + ", each by its representative," * (kind != "all")


def partial_text(section: Section) -> str:
    """What a section that is not complete must say; empty for a complete one."""
    if section.complete:
        return ""
    rows = [row.spec for row in section.rows if row.missing or row.failed]
    return (
        f"PARTIAL: scores are missing or failed for {', '.join(rows)}. They rank last, so these values are not final "
        "and no basis for a comparison."
    )


def share(value: float) -> str:
    """A share in percent, rounded down, so that 100% means all."""
    # The small addend keeps .967 at 96.7, although .967 * 1000 is 966.999... in floating point.
    return NOTHING if math.isnan(value) else f"{math.floor(value * 1000 + 1e-6) / 10:.1f}%"


def seconds(value: float | None) -> str:
    """A duration with three digits, in the unit that fits."""
    if value is None or math.isnan(value):
        return NOTHING
    for factor, unit in ((1e6, "µs"), (1e3, "ms"), (1.0, "s")):
        if value * factor < 999.5:
            return f"{value * factor:.3g} {unit}"
    return f"{value / 60:.1f} min" if value < 7200 else f"{value / 3600:.1f} h"


def memory(size: int) -> str:
    """Bytes as MiB or GiB."""
    if not size:
        return NOTHING
    return f"{size / 2**20:.0f} MiB" if size < 2**30 else f"{size / 2**30:.1f} GiB"
