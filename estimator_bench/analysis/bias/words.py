"""The findings about bias as sentences, each with its test."""

from __future__ import annotations

from collections.abc import Iterator

from estimator_bench.analysis.bias.bias import Bias
from estimator_bench.analysis.bias.complexity import ComplexityBias
from estimator_bench.analysis.bias.ops import Replacement
from estimator_bench.analysis.bias.trends import Trend
from estimator_bench.analysis.significance import SIGNIFICANT, p_text

NAMED = 3
"""How many features of structure are named, the strongest."""


def sentences(bias: Bias) -> Iterator[str]:
    """What each level of bias says, in the order complexity, operations, structure, architectures."""
    by_feature = {trend.feature: trend for trend in bias.trends}
    for one in bias.complexity:
        yield _complexity(one, by_feature[one.measure], bias.architectures)
    yield from _choices(bias)
    yield _structure(bias)
    yield _selected(bias)


def rank_text(rank: float) -> str:
    """A rank in full; ties share their mean rank, which may end in a half."""
    return f"{rank:,.10g}"


def shift_text(shift: float) -> str:
    """How far from the true place, such as `5.8% of the population too high`."""
    if round(shift, 3) == 0:
        return "in the right place"
    return f"{abs(shift):.1%} of the population too {'high' if shift > 0 else 'low'}"


def _complexity(one: ComplexityBias, trend: Trend, architectures: int) -> str:
    low, high = one.groups[0], one.groups[-1]
    if len(one.groups) == 1:
        return f"By {one.measure}, all networks are equal."
    places = (
        f"By {one.measure}, the smallest networks rank {shift_text(low.mean)} and the largest {shift_text(high.mean)} "
        f"on average, where a score as good but blind to {one.measure} would have them {shift_text(low.blind)} and "
        f"{shift_text(high.blind)}"
    )
    if trend.lean is None:
        return places + "."
    lean = f"lean {trend.lean:+.2f}, {p_text(trend.adjusted)}"
    if not _significant(trend):
        return (
            f"{places}; of equally good networks it shows no significant preference ({lean}, {architectures:,} "
            "architectures)."
        )
    return f"{places}; of equally good networks it prefers the {'larger' if trend.lean > 0 else 'smaller'} ({lean})."


def _choices(bias: Bias) -> Iterator[str]:
    """A sentence for each over-estimated choice, the one that is so against most others first."""
    tested = sum(one.p is not None for one in bias.replacements)
    found: dict[str, list[Replacement]] = {}
    for one in bias.replacements:
        if one.overestimated:
            found.setdefault(one.overestimated, []).append(one)
    for name, ones in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        others = {one.removed if one.added == name else one.added: one for one in ones}
        test = f"{p_text(max(one.p or 0.0 for one in ones))} with Holm's correction over {tested} replacements"
        beyond, untested = (
            ", ".join(other for other, one in others.items() if one.like_noise is answer) for answer in (False, None)
        )
        noise = "noise alone could do so"
        if untested:
            noise = f"whether noise alone could do so against {untested} cannot be tested"
        if beyond:
            noise = f"noise alone could not do so against {beyond}"
        yield f"{name} is over-estimated against {', '.join(others)} ({test}); {noise}."
    if not found:
        yield f"No choice is significantly over-estimated against another ({tested} replacements tested)."


def _structure(bias: Bias) -> str:
    measures = {one.measure for one in bias.complexity}
    tested = [one for one in bias.trends if one.lean is not None and one.feature not in measures]
    if not tested:
        return "Whether of equally good architectures the score prefers a structure cannot be tested."
    leaning = [(one.lean, one.feature) for one in tested if one.lean is not None and _significant(one)]
    if not leaning:
        return (
            "Of equally good architectures the score shows no significant preference for a structure "
            f"({len(tested)} features tested on {bias.architectures:,} architectures)."
        )
    strongest = sorted(leaning, key=lambda one: -abs(one[0]))[:NAMED]
    named = ", ".join(f"{'more' if lean > 0 else 'fewer'} {feature} ({lean:+.2f})" for lean, feature in strongest)
    return (
        f"Of equally good architectures the score prefers those with {named}, of {len(leaning)} features it leans to."
    )


def _selected(bias: Bias) -> str:
    """Where the best scores truly rank; ties at the cut are all of them, since no order of theirs is the score's."""
    one = bias.individuals
    which = f"The top {len(one.top)} by score"
    if one.reaching > len(one.top):
        which += f" and all tied with the last of them, {one.reaching:,} together,"
    return f"{which} truly rank {rank_text(one.best_rank)} to {rank_text(one.worst_rank)} of {bias.architectures:,}."


def _significant(trend: Trend) -> bool:
    return trend.adjusted is not None and trend.adjusted < SIGNIFICANT
