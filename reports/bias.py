"""The page about bias."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from estimator_bench.analysis.bias.bias import Bias
from estimator_bench.analysis.bias.complexity import ComplexityBias, ComplexityGroup
from estimator_bench.analysis.bias.individuals import Individuals, Judged
from estimator_bench.analysis.bias.ops import Replacement
from estimator_bench.analysis.bias.stored import BiasFindings, StoredBias
from estimator_bench.analysis.bias.trends import Trend
from estimator_bench.analysis.bias.words import rank_text, sentences
from estimator_bench.analysis.significance import p_text
from estimator_bench.metrics.metric import digits

from .drawing import drawing
from .page import Figure, Page, Part
from .stored_run import facts_of, partial_of
from .table import Line, Table
from .text import NOTHING

TITLE = "Bias of the estimators"

HOW_TO_READ = (
    (
        "RD",
        "The true rank minus the estimated one, 1 the best: positive is over-estimated. RD/N is its share of all "
        "architectures. NaN and -inf rank last together, +inf first.",
    ),
    (
        "Blind",
        "What is expected of a score that is as good but whose errors ignore the feature. Noise alone puts good "
        "architectures too low and bad ones too high, and so under-estimates whatever good ones have; only what "
        "differs from the blind score is a preference of the estimator.",
    ),
    (
        "Lean",
        "The partial correlation of score and feature, as ranks, among architectures of nearly equal truth, truth held "
        "fixed: positive where the score prefers more of it. p by Mantel's stratified test, Holm's correction over all "
        "features.",
    ),
    (
        "Replacements",
        "All pairs of scored architectures that differ in one decision. Difference: share of rises in score minus that "
        "in truth, half of the zero changes counted as rises. p by a test that allows for pairs sharing architectures "
        "(dyadic cluster-robust), Holm's correction over all replacements. 'Like noise': noise takes the score's share "
        "from the truth's towards one half; 'no' where the score significantly goes further or to the other side, "
        "'-' where that is not tested.",
    ),
    (
        "Tests",
        "They take the architectures for a sample of a larger space of the same kind, as the report's intervals do.",
    ),
)
"""How the numbers are made: (term, explanation), written once per page."""


def page(found: BiasFindings) -> Page:
    """What there is to say about every estimator."""
    parts = [_part(one, f"part-{place}") for place, one in enumerate(found.estimators, 1)]
    return Page(TITLE, parts, found.notes, HOW_TO_READ)


def _part(one: StoredBias, key: str) -> Part:
    """What there is to say about one; `key` sets its drawings apart from those of others."""
    title = f"{one.spec} on {one.task}"
    if isinstance(one.bias, str):
        return Part(title, facts_of(one, "Bias", None), [f"undefined ({one.bias})"], partial=partial_of(one))
    return Part(
        title,
        facts_of(one, "Bias", one.bias.architectures),
        list(sentences(one.bias)),
        _tables(one.bias, one),
        gallery=list(_drawings(one.bias.individuals, key)),
        partial=partial_of(one),
    )


def _drawings(lists: Individuals, key: str) -> Iterator[Figure]:
    """What is selected and what should not be, as far as it can be drawn."""
    for title, found in (("Top", lists.top), ("Over-estimated", lists.over)):
        for place, each in enumerate(found, 1):
            if each.graph is not None:
                true, estimated = rank_text(each.true_rank), rank_text(each.estimated_rank)
                caption = f"{title} {place}: true rank {true}, estimated {estimated}"
                element = drawing(each.graph, f"{caption}: {each.arch}", f"{key}-{title}-{place}")
                yield Figure(caption, element)


def _tables(bias: Bias, one: StoredBias) -> list[Table]:
    """All levels, from the sizes to single architectures."""
    lists = bias.individuals
    return [
        *(_complexity(each) for each in bias.complexity),
        _replacements(bias.replacements),
        _trends(bias.trends),
        _judged("Top by score", lists.top, one),
        _judged("Most over-estimated", lists.over, one),
        _judged("Most under-estimated", lists.under, one),
    ]


def _complexity(one: ComplexityBias) -> Table:
    note = (
        f"tau over the {one.equal_pairs:,} pairs of equal {one.measure}: {_signed(one.tau_equal)}; Kendall's partial "
        f"tau with {one.measure} held fixed: {_signed(one.tau_partial)}."
    )
    headers = (one.measure, "architectures", "mean RD/N", "blind", "median RD/N", "tau inside")
    return Table(f"By {one.measure}", note, headers, [_group(group) for group in one.groups])


def _group(group: ComplexityGroup) -> Line:
    shifts = (_signed(value) for value in (group.mean, group.blind, group.median, group.tau))
    return Line.of(f"{group.lowest:,.0f} to {group.highest:,.0f}", f"{group.size:,}", *shifts)


def _replacements(found: Sequence[Replacement]) -> Table:
    headers = (
        *("replacement", "pairs", "score rises", "score same", "truth rises", "truth same"),
        *("difference", "p", "over-estimated", "like noise"),
    )
    lines = [
        Line.of(
            f"{one.removed} by {one.added}",
            f"{one.pairs:,}",
            *(f"{share:.4f}" for side in (one.score, one.truth) for share in (side.rise, side.same)),
            _signed(one.difference),
            p_text(one.p),
            one.overestimated or NOTHING,
            {True: "yes", False: "no", None: NOTHING}[one.like_noise],
        )
        for one in found
    ]
    note = "" if lines else "No two scored architectures are one edit apart."
    return Table("By operation", note, headers, lines)


def _trends(found: Sequence[Trend]) -> Table:
    lines = [Line.of(one.feature, _signed(one.rho), _signed(one.lean), p_text(one.adjusted)) for one in found]
    headers = ("feature", "Spearman of RD with it", "lean at equal truth", "p of the lean")
    return Table("By structure", "", headers, lines)


def _judged(title: str, found: Sequence[Judged], one: StoredBias) -> Table:
    lines = [
        Line.of(
            each.arch,
            f"{each.score:.5g}",
            digits(each.truth),
            rank_text(each.true_rank),
            rank_text(each.estimated_rank),
            f"{each.difference:+,.10g}",
            ", ".join(f"{name} {value:.3g}" for name, value in each.structure.items() if value),
        )
        for each in found
    ]
    headers = ("architecture", "score", f"truth ({one.task.unit})", "true rank", "estimated rank", "RD", "structure")
    return Table(title, "", headers, lines)


def _signed(value: float | None) -> str:
    return NOTHING if value is None else f"{value:+.4f}"
