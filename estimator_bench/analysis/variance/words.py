"""The findings about variance as sentences; whatever is called a difference has its test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from estimator_bench.analysis.intervals import PairedDifference
from estimator_bench.analysis.significance import SIGNIFICANT, p_text
from estimator_bench.analysis.variance.averaging import Averaging
from estimator_bench.analysis.variance.checkpoints import Stability
from estimator_bench.analysis.variance.forgetting import Forgotten
from estimator_bench.analysis.variance.levels import LevelDifference
from estimator_bench.analysis.variance.stored import StoredVariance
from estimator_bench.analysis.variance.variance import AxisVariance, Criterion, Variance
from estimator_bench.metrics import parse_metric

LEADING = "tau"


def sentences(one: StoredVariance) -> Iterator[str]:
    """What is to be said about one estimator: repeats, what averaging buys, checkpoints, forgetting."""
    if isinstance(one.variance, str):
        yield f"From repeat to repeat: undefined ({one.variance})."
    else:
        yield from _repeats(one.variance)
    if isinstance(one.stability, str):
        yield f"From checkpoint to checkpoint: undefined ({one.stability})."
    elif one.stability is not None:
        yield _stability(one.stability)
    if one.forgotten:
        yield _forgetting(one.forgotten)


def gain_text(found: PairedDifference | str) -> str:
    """`+0.012 [0.003, 0.021]`, or why it is unknown."""
    if isinstance(found, str):
        return f"unknown ({found.removeprefix('no interval: ')})"
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _repeats(found: Variance) -> Iterator[str]:
    for axis in found.axes:
        yield _axis(axis, next(one for one in found.criteria if one.metric == LEADING))
    if found.shares is None:
        yield "The ranks do not vary."
    else:
        parts = [f"{share:.1%} come with the {title}" for title, share in found.shares.axes.items()]
        rest = [f"{found.shares.rest:.1%} with combinations of these alone"] if len(found.axes) > 1 else []
        yield (
            f"Of the variance of ranks {found.shares.architecture:.1%} lie between the architectures, whatever the "
            f"repeat; {', '.join([*parts, *rest])}."
        )
    last = found.averaging[-1].over
    for one in found.averaging:
        if one.metric == LEADING or (one.over == last and one.better is not None):
            yield _bought(one)
    for level in found.levels:
        if level.metric == LEADING or level.better is not None:
            yield _level(level)


def _axis(axis: AxisVariance, criterion: Criterion) -> str:
    alike = "an undefined tau" if axis.agreement.tau is None else f"a tau of {axis.agreement.tau:.3f}"
    text = (
        f"Two repeats that differ in {axis.title} alone have {alike} with each other on average, and order "
        f"{axis.agreement.turned:.1%} of the pairs of architectures in opposite ways"
    )
    if axis.agreement.tied:
        text += f" ({axis.agreement.tied:.1%} are tied in one of them)"
    spread = criterion.spread.get(axis.title)
    return text + (
        "." if spread is None else f"; {LEADING} with the truth varies by {spread:.3f} (standard deviation)."
    )


def _bought(one: Averaging) -> str:
    single, mean = one.values[0], one.values[-1]
    which = f"the mean of all {len(one.values)} repeats"
    if one.over != "all repeats":
        which = f"the mean over {len(one.values)} levels of {one.over}"
    if isinstance(single, str) or isinstance(mean, str) or isinstance(one.gain, str):
        return f"What {which} has above a single repeat in {one.metric} is {gain_text(one.gain)}."
    verdict = "no significant difference" if one.better is None else f"averaging {'helps' if one.better else 'hurts'}"
    return (
        f"{which[0].upper()}{which[1:]} has {one.metric} {mean:.3f}, a single one {single:.3f} on average: "
        f"{gain_text(one.gain)}, {p_text(one.adjusted)}; {verdict}."
    )


def _level(one: LevelDifference) -> str:
    if isinstance(one.value, str) or isinstance(one.reference, str) or isinstance(one.difference, str):
        return f"Whether {one.level} differs from {one.first} in {one.metric} is {gain_text(one.difference)}."
    verdict = (
        "no significant difference" if one.better is None else f"{one.level} is {'better' if one.better else 'worse'}"
    )
    return (
        f"With {one.level} {one.metric} is {one.value:.3f}, with {one.first} {one.reference:.3f}: "
        f"{gain_text(one.difference)}, {p_text(one.adjusted)}; {verdict}."
    )


def _stability(found: Stability) -> str:
    """The first and the last step of the training."""
    first, last = found.steps[0], found.steps[-1]
    metric = parse_metric(LEADING)
    late, early, growth = last.values[metric.name], first.values[metric.name], found.growth[metric.name]
    text = f"Between {last.before} and {last.after} the ranking keeps {_tau(late)}"
    if first is last:
        return text + "."
    text += f", between {first.before} and {first.after} {_tau(early)}"
    if isinstance(growth, str):
        return f"{text}; whether they differ is {gain_text(growth)}."
    verdict = "the ranking becomes more stable" if growth.value > 0 else "the ranking becomes less stable"
    if growth.p >= SIGNIFICANT:
        verdict = "no significant difference"
    return f"{text} ({gain_text(growth)}, {p_text(growth.p)}): {verdict}."


def _forgetting(found: Sequence[Forgotten]) -> str:
    told = ", ".join(f"{one.mean:+.1f} at {one.checkpoint} ({p_text(one.adjusted)})" for one in found)
    lost = [one.checkpoint for one in found if _significant(one) and one.mean < 0]
    won = [one.checkpoint for one in found if _significant(one) and one.mean > 0]
    verdicts = [f"architectures are forgotten at {', '.join(lost)}"] * bool(lost)
    verdicts += [f"they gain from the training of others at {', '.join(won)}"] * bool(won)
    return (
        f"One epoch after its own step the accuracy of an architecture has changed by {told} points: "
        f"{'; '.join(verdicts) or 'no significant forgetting or gain'}."
    )


def _significant(one: Forgotten) -> bool:
    return one.adjusted is not None and one.adjusted < SIGNIFICANT


def _tau(value: float | str) -> str:
    return f"an undefined tau ({value})" if isinstance(value, str) else f"a tau of {value:.3f}"
