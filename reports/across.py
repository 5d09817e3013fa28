"""The page about several tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from estimator_bench.analysis.across.across import Across
from estimator_bench.analysis.across.interquartile import REDRAWS
from estimator_bench.analysis.across.pairs import PAIR_DRAWS, PairResult
from estimator_bench.analysis.across.stored import AcrossFindings, UsedTable
from estimator_bench.analysis.across.words import (
    counted,
    middle_text,
    scope,
    sentences,
    signed_text,
    undecidable_text,
)
from estimator_bench.analysis.family import Family
from estimator_bench.analysis.significance import p_text, reasons_text
from estimator_bench.metrics.metric import Metric

from .across_figures import critical_difference, forest, profiles
from .across_sources import gaps, headers_of, sources_text, used_tables
from .page import Figure, Page, Part
from .table import Cell, Line, Table
from .text import NOTHING, ends_text, interval_text, share, value_text

HOW_TO_READ = (
    (
        "Tasks",
        "For each task the table with the most of the estimators is used; of equal ones the one with the most "
        "architectures, of these a complete one, and of these the one asked for last. Estimators are matched by their "
        "spec. All statistics are of one block without gaps, the tasks and estimators with the most values together; "
        "what is outside it is named.",
    ),
    (
        "Interquartile mean",
        "The mean without a quarter of the tasks, rounded down, at either end. [low, high]: 95% over architectures of "
        "the same kind, the tasks as they are; parts are drawn jointly for tasks that share architectures, and "
        "independently for different spaces. Other tasks: 95% over the choice of tasks, the architectures as they are: "
        f"Student's t from {REDRAWS:,} draws of tasks, of whole spaces where there are five or more. Bold: "
        "significantly better than every other estimator, by paired tests on joint parts with Holm's correction over "
        "all pairs.",
    ),
    (
        "Probability of improvement",
        "That one is better than the other on a task of these, both measured on a random sample of architectures of "
        "the size scored: the mean over tasks of the Mann-Whitney probability (Agarwal et al., NeurIPS 2021). Wins "
        "are tasks; a tie is half a win.",
    ),
    (
        "Profile",
        "The share of the tasks on which an estimator is at least as good as the value below; the band is a pointwise "
        "95% interval over architectures.",
    ),
    (
        "Ranks",
        "Each task ranks the estimators. Friedman's test with Iman and Davenport's correction asks whether they differ "
        "at all; Nemenyi's critical difference is what mean ranks must differ by (Demšar, JMLR 2006). Whether two "
        "estimators differ depends there on which others stand in the table, so Wilcoxon's signed-rank test with "
        "Holm's correction is given too (Benavoli et al., JMLR 2016). They take the tasks for independent draws, and "
        "say nothing of how much better one is.",
    ),
    (
        "Pairs",
        "The mean of the ranks by two estimators, against the better one of the two. p is the larger one of two "
        "one-sided tests, against each member, with Holm's correction over all pairs; "
        f"{PAIR_DRAWS} parts per task, for extremes all there are. random and constant are combined only if --est "
        "names them.",
    ),
)
"""How the numbers are made: (term, explanation), written once per page."""


def page(found: AcrossFindings) -> Page:
    """What there is to say about estimators over tasks."""
    across, metric = found.across, found.metric
    figures = [
        Figure("Share of the tasks on which an estimator reaches a value", profiles(across, metric, "profiles")),
        Figure(f"{metric} over {middle_text(len(across.tasks))}, with 95% intervals", forest(across, metric, "forest")),
    ]
    if across.ranks.critical_difference is not None:
        caption = "Mean ranks, 1 the best; bars join what Nemenyi's critical difference does not part"
        figures.append(Figure(caption, critical_difference(across, "ranks")))
    part = Part(
        title=f"By {metric}",
        facts=_facts(found),
        sentences=list(sentences(across, metric)),
        tables=_tables(across, metric, headers_of(found.used)),
        figures=figures,
        partial=_partial(found.used),
    )
    about = Part(title="Tasks and gaps", tables=[*used_tables(found.used), *gaps(across, found.left_out)])
    return Page(f"Estimators across {counted(len(across.tasks), 'task')}", [part, about], found.notes, HOW_TO_READ)


def _facts(found: AcrossFindings) -> list[tuple[str, str]]:
    across, metric = found.across, found.metric
    ranks = across.ranks
    friedman = ranks.friedman
    tested = (
        friedman
        if isinstance(friedman, str)
        else f"chi2 {friedman.chi2:.3g} ({p_text(friedman.chi2_p)}), F {friedman.f:.3g} ({p_text(friedman.p)})"
    )
    reach = ranks.critical_difference
    nemenyi = "" if reach is None else f"; Nemenyi's critical difference {reach:.3f}"
    smallest = f"; smallest p of Wilcoxon's test that can be reached, Holm's correction applied: {ranks.smallest:.2g}"
    return [
        ("Scope", scope(across)),
        ("Estimators", ", ".join(across.specs)),
        ("Metric", f"{metric}: {metric.title}; {'higher' if metric.higher_is_better else 'lower'} is better"),
        ("Source", sources_text(found.used)),
        ("Ranks", f"Friedman {tested}{nemenyi}{smallest}"),
    ]


def _partial(used: Sequence[UsedTable]) -> str:
    parts = [f"{', '.join(one.incomplete)} on {one.task}" for one in used if one.incomplete]
    if not parts:
        return ""
    return f"PARTIAL: scores are missing or failed for {'; '.join(parts)}. They rank last, so nothing here is final."


def _tables(across: Across, metric: Metric, headers: Mapping[str, str]) -> list[Table]:
    found = [_over_tasks(across, metric), _by_task(across, metric, headers), _every_two(across, metric)]
    if isinstance(across.pairs, str):
        return found
    by_task = {task: headers[task] for task in across.tasks}
    return [*found, *_pairs(across.pairs, by_task, metric, _nothing(across.pair_family))]


def _nothing(family: Family) -> str:
    """What must be said where no test can come out significant."""
    return f" Nothing can be significant: {undecidable_text(family)}." if family.undecidable else ""


def _over_tasks(across: Across, metric: Metric) -> Table:
    lines = []
    for one in across.aggregates:
        rivals = [each for each in across.differences if one.spec in (each.one, each.other)]
        best = bool(rivals) and all(each.better == one.spec for each in rivals)
        value = Cell(metric.text(one.value), ends_text(one.low, one.high, metric), best)
        others = ends_text(one.task_low, one.task_high, metric) or "unknown"
        lines.append(Line([Cell(one.spec), value, Cell(others), Cell(f"{across.ranks.ranks[one.spec]:.3f}")]))
    note = f"Over {middle_text(len(across.tasks))}."
    if reasons := reasons_text(one.reason for one in across.aggregates if one.reason):
        note += f" Without an interval: {reasons}."
    return Table(
        "Over tasks", note, ("estimator", f"interquartile mean of {metric}", "other tasks", "mean rank"), lines
    )


def _by_task(across: Across, metric: Metric, headers: Mapping[str, str]) -> Table:
    everyone = sorted({spec for row in across.results.values() for spec in row})
    lines = [Line([Cell(spec), *(_cell(across, task, spec, metric) for task in across.results)]) for spec in everyone]
    note = (
        "Value and 95% interval over architectures, of everything that was scored, and coverage, the share of the "
        "architectures with a finite score, where that is below 100%; the others rank last."
    )
    return Table(f"{metric} by task", note, ("estimator", *(headers[task] for task in across.results)), lines)


def _cell(across: Across, task: str, spec: str, metric: Metric) -> Cell:
    if absence := across.absence(task, spec):
        return Cell(absence)
    result = across.results[task][spec]
    covered = across.coverage[task][spec]
    covers = f"covers {share(covered)}" if covered < 1 else ""
    return Cell(value_text(result, metric), " ".join(filter(None, (interval_text(result, metric), covers))))


def _every_two(across: Across, metric: Metric) -> Table:
    lines = []
    compared = zip(across.differences, across.improvements, across.ranks.signed, strict=True)
    for difference, improvement, signed in compared:
        tested = difference.difference
        by = Cell(NOTHING)
        if not isinstance(tested, str):
            by = Cell(metric.text(tested.value), ends_text(tested.low, tested.high, metric))
        likely = Cell(NOTHING)
        if improvement.probability is not None:
            likely = Cell(f"{improvement.probability:.3f}", f"[{improvement.low:.3f}, {improvement.high:.3f}]")
        wins = Cell(f"{improvement.wins:g} of {len(across.tasks)}")
        names = Cell(difference.one), Cell(difference.other)
        lines.append(Line([*names, by, Cell(p_text(difference.adjusted)), likely, wins, Cell(p_text(signed.adjusted))]))
    headers = ("one", "other", "difference of the means", "p", "probability of improvement", "wins", "p by ranks")
    note = "p: on these tasks, other architectures. p by ranks: Wilcoxon, over tasks. Both with Holm's correction."
    note += _nothing(across.family)
    return Table("Every two estimators", note, headers, lines)


def _pairs(found: Sequence[PairResult], tasks: Mapping[str, str], metric: Metric, nothing: str) -> list[Table]:
    lines, by_task = [], []
    for one in found:
        name, average = f"{one.one} + {one.other}", one.average
        gain = Cell(_signed(average.gain, metric), ends_text(average.low, average.high, metric), average.significant)
        better = sum(each.gain > 0 for each in one.on.values())
        tested = [each.significant for each in one.on.values() if each.adjusted is not None]
        significantly = f"{sum(tested)} of {len(tested)}" if tested else p_text(None)
        texts = p_text(average.adjusted), f"{better} of {len(tasks)}", significantly
        value = "undefined" if math.isnan(average.value) else metric.text(average.value)
        start = Cell(name), Cell(value), Cell(average.better)
        lines.append(Line([*start, gain, *map(Cell, texts)]))
        cells = [Cell(_signed(one.on[task].gain, metric), "", one.on[task].significant) for task in tasks]
        by_task.append(Line([Cell(name), *cells]))
    headers = ("pair", f"mean {metric}", "better one", "gain", "p", "better than both on", "significantly on")
    note = "Gain over the better of the two, on average over the tasks; positive is better. Bold: better than both."
    return [
        Table("What pairs add", note + nothing, headers, lines),
        Table("What pairs add, by task", "Bold: significantly better than both.", ("pair", *tasks.values()), by_task),
    ]


def _signed(gain: float, metric: Metric) -> str:
    return "undefined" if math.isnan(gain) else signed_text(gain, metric)
