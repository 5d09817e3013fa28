"""What pages say of each stored run they tell of."""

from __future__ import annotations

from estimator_bench.analysis.each_run import StoredRun

from .content import named
from .text import direction, share, source_text


def facts_of(one: StoredRun, what: str, architectures: int | None) -> list[tuple[str, str]]:
    """What must be known to compare with another page.

    Args:
        one: the run.
        what: the findings, such as `Bias`.
        architectures: how many these are of; None where there are none.
    """
    shown = [] if architectures is None else [(f"{what} of", f"{architectures:,} of these")]
    scores = one.evaluation
    return [
        ("Run", one.run),
        ("Truth", f"{one.task.description}; {one.task.unit}, {direction(one.task)}"),
        ("Source", source_text(one.task)),
        ("Networks", str(one.task.recipe)),
        ("Architectures scored", f"{one.population:,}"),
        *shown,
        (
            "Coverage",
            f"{share(scores.coverage)} of {scores.architectures:,} have a finite score; {scores.nan:,} NaN, "
            f"{scores.positive_infinite:,} +inf, {scores.negative_infinite:,} -inf",
        ),
        ("Protocol", named(one.protocol)),
    ]


def partial_of(one: StoredRun) -> str:
    """What an estimator without all of its scores must say; empty for one that has them."""
    if not one.partial:
        return ""
    return (
        f"PARTIAL: {one.missing} scores are missing and {one.failed} failed. They rank last, so nothing here is final."
    )
