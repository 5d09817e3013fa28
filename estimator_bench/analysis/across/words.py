"""The findings across tasks as sentences, each with its test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from estimator_bench.analysis.across.across import Across
from estimator_bench.analysis.across.interquartile import TASKS_FOR_AN_INTERVAL, AggregateDifference, middle
from estimator_bench.analysis.across.pairs import PairResult
from estimator_bench.analysis.across.ranks import ENOUGH_TASKS
from estimator_bench.analysis.family import Family
from estimator_bench.analysis.significance import SIGNIFICANT, p_text, reasons_text
from estimator_bench.metrics.metric import Metric


def sentences(found: Across, metric: Metric) -> Iterator[str]:
    """What the statistics say, from the best estimator to pairs."""
    yield from _best(found, metric)
    yield _ranks(found)
    yield from _pairs(found, metric)


def scope(found: Across) -> str:
    """`6 tasks of 2 spaces`, with what that means."""
    spaces = dict.fromkeys(found.spaces)
    text = f"{counted(len(found.tasks), 'task')} of {counted(len(spaces), 'space')} ({', '.join(spaces)})"
    if len(spaces) < len(found.tasks):
        text += "; tasks of one space share architectures and are no independent sample"
    return text


def counted(number: int, what: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {what}" + "s" * (number != 1)


def signed_text(value: float, metric: Metric) -> str:
    """A difference of values of the metric, with its sign."""
    return "+" * (value >= 0) + metric.text(value)


def holm_text(family: Family) -> str:
    """The family of tests that p belongs to."""
    return f"Holm's correction over {counted(family.tests, 'pair')}"


def undecidable_text(family: Family) -> str:
    """Why nothing can be significant; empty where something can."""
    if not family.undecidable:
        return ""
    return f"with {family.parts} parts of each task no p can be below {family.smallest:.2g} after {holm_text(family)}"


def middle_text(tasks: int) -> str:
    """Which tasks an interquartile mean is of."""
    kept = middle(tasks)
    return f"all {tasks} tasks" if kept == tasks else f"the middle {kept} of {tasks} tasks"


def _best(found: Across, metric: Metric) -> Iterator[str]:
    best = found.aggregates[0]
    which = "highest" if metric.higher_is_better else "lowest"
    mean = metric.text(best.value)
    if best.low is not None and best.high is not None:
        mean += f" [{metric.text(best.low)}, {metric.text(best.high)}]"
    start = f"{best.spec} has the {which} mean {metric} over {middle_text(len(found.tasks))}, {mean}"
    against = {
        one.other if one.one == best.spec else one.one: one
        for one in found.differences
        if best.spec in (one.one, one.other)
    }
    if not against:
        yield f"{start}; there is no other estimator to compare it with."
        return
    yield f"{start}; {_told_apart(found, against)}."
    yield _other_tasks(found, metric)
    runner_up = found.aggregates[1].spec
    for one in found.improvements:
        if {one.one, one.other} == {best.spec, runner_up} and one.probability is not None:
            value, low, high = one.probability, one.low or 0.0, one.high or 0.0
            if one.one != best.spec:
                value, low, high = 1 - value, 1 - high, 1 - low
            yield (
                f"On one of these tasks, {best.spec} is better than the next, {runner_up}, with probability "
                f"{value:.2f} [{low:.2f}, {high:.2f}]."
            )


def _told_apart(found: Across, against: Mapping[str, AggregateDifference]) -> str:
    """What the tests say of the best estimator against each of the others."""
    untested = {spec: one.difference for spec, one in against.items() if isinstance(one.difference, str)}
    why = reasons_text(untested.values())
    if len(untested) == len(against):
        return f"whether it is better than any other is not tested ({why})"
    beaten = {spec: one.adjusted for spec, one in against.items() if one.better and one.adjusted is not None}
    others = [spec for spec in against if spec not in beaten and spec not in untested]
    family, any_other = holm_text(found.family), ", ".join(others) if untested else "any other"
    if beaten:
        every = "" if others or untested else "every other estimator, "
        text = (
            f"on these tasks it is significantly better than {every}{', '.join(beaten)} ({family}, largest "
            f"{p_text(max(beaten.values()))})"
        )
        text += f", and not told apart from {', '.join(others)}" if others else ""
    elif nothing := undecidable_text(found.family):
        text = f"whether it is significantly better than {any_other} cannot be told, since {nothing}"
    else:
        text = f"on these tasks it is not significantly better than {any_other} ({family})"
    return text + (f"; not tested against {', '.join(untested)} ({why})" if untested else "")


def _other_tasks(found: Across, metric: Metric) -> str:
    best = found.aggregates[0]
    if best.task_low is None or best.task_high is None:
        return (
            f"How far other tasks would move this is unknown: {len(found.tasks)} tasks are too few, at least "
            f"{TASKS_FOR_AN_INTERVAL} are needed."
        )
    return (
        f"Had other tasks of this kind been chosen, the mean of {best.spec} could lie anywhere in "
        f"[{metric.text(best.task_low)}, {metric.text(best.task_high)}]."
    )


def _ranks(found: Across) -> str:
    tests = found.ranks
    if isinstance(tests.friedman, str):
        return f"Ranks are not tested ({tests.friedman})."
    weak = f"; {len(found.tasks)} tasks are few for this test" if len(found.tasks) <= ENOUGH_TASKS else ""
    verdict = "differ" if tests.friedman.p < SIGNIFICANT else "do not differ significantly"
    start = f"Over tasks, the estimators' ranks {verdict} (Friedman, Iman-Davenport: {p_text(tests.friedman.p)}{weak})"
    if tests.smallest >= SIGNIFICANT:
        return (
            f"{start}; which of them differ cannot be told, since with {counted(len(found.tasks), 'task')} and "
            f"{counted(len(tests.signed), 'pair')} the smallest p of Wilcoxon's test after Holm's correction is "
            f"{tests.smallest:.2g}."
        )
    apart = [one for one in tests.signed if one.adjusted < SIGNIFICANT]
    pairs = counted(len(tests.signed), "pair")
    return f"{start}; Wilcoxon's test tells {len(apart)} of {pairs} apart (Holm's correction)."


def _pairs(found: Across, metric: Metric) -> Iterator[str]:
    if isinstance(found.pairs, str):
        yield f"Pairs were not made: {found.pairs}."
        return
    tested = [one for one in found.pairs if one.average.adjusted is not None]
    why = reasons_text(one.average.reason for one in found.pairs if one.average.adjusted is None)
    best = (tested or found.pairs)[0]
    if math.isnan(best.average.gain):
        yield f"No pair of estimators has {metric} on every task."
        return
    pairs = counted(len(found.pairs), "pair")
    worse = f"{sum(one.average.gain < 0 for one in found.pairs)} are worse than the better of the two"
    gain = f"that of {_pair(best)}, {signed_text(best.average.gain, metric)} on average"
    if not tested:
        yield f"Whether a pair is better than the better of the two is not tested ({why}); the largest gain is {gain}."
        yield f"Of {pairs}, {worse}."
        return
    adding = [one for one in tested if one.average.significant]
    family = holm_text(found.pair_family)
    if not adding:
        start = "No pair of estimators is significantly better than the better of the two"
        if nothing := undecidable_text(found.pair_family):
            start = f"Whether a pair is significantly better than the better of the two cannot be told, since {nothing}"
        yield (
            f"{start}; the largest gain{' of those tested' if why else ''} is {gain} "
            f"({p_text(best.average.adjusted)}, {family})."
        )
    else:
        best = adding[0]
        low, high = best.average.low, best.average.high
        gain = signed_text(best.average.gain, metric)
        if low is not None and high is not None:
            gain += f" [{signed_text(low, metric)}, {signed_text(high, metric)}]"
        each = sum(one.significant for one in best.on.values())
        yield (
            f"The mean rank of {_pair(best)} adds most to the better of the two, {gain} on "
            f"average over the tasks ({p_text(best.average.adjusted)}, {family}), and significantly on {each} of them."
        )
    missing = f", {len(found.pairs) - len(tested)} are not tested ({why})" if why else ""
    yield f"Of {pairs}, {len(adding)} add significantly on average{missing}, and {worse}."


def _pair(one: PairResult) -> str:
    return f"{one.one} and {one.other}"
