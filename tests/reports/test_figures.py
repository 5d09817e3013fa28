import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from estimator_bench.reports.figures import best_rank_curves, forest, p_top_curves, scale_of, score_against_truth
from hypothesis import example, given, settings
from hypothesis import strategies as st
from synthetic_findings import ACCURACY, LATENCY, noisy, row, section, truth_of

TRUTH = truth_of()
GOOD = row("synflow", TRUTH, noisy(TRUTH, 0.3))


def texts(figure: str | None) -> list[str]:
    assert figure is not None
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure)


def test_ordinary_scores_are_drawn_as_they_are() -> None:
    assert scale_of(noisy(TRUTH, 1.0)) == "linear"
    assert scale_of(np.zeros(5)) == "linear"
    assert scale_of(np.array([])) == "linear"


def test_scores_over_many_orders_of_magnitude_get_another_axis() -> None:
    huge = np.geomspace(1e3, 1e40, 50)
    assert scale_of(huge) == "log"
    assert scale_of(np.append(huge, 0.0)) == "rank"
    assert scale_of(np.append(huge, -huge)) == "rank"


def test_many_equal_scores_alone_are_not_extreme() -> None:
    assert scale_of(np.append(np.zeros(1000), np.linspace(0, 1, 20))) == "linear"


@pytest.mark.parametrize(
    ("scores", "label"),
    [
        (np.geomspace(1e3, 1e40, 40), "score, log scale"),
        (np.append(0.0, np.geomspace(1e3, 1e40, 39)), "(0 to 1e+40)"),
        (np.linspace(0, 1, 40), "score"),
    ],
)
def test_the_axis_says_how_scores_are_shown(scores: np.ndarray, label: str) -> None:
    drawn = row("synflow", TRUTH, scores)
    assert label in texts(score_against_truth(drawn, section([drawn]), "key"))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(), min_size=12, max_size=12))
@example([sys.float_info.max, -sys.float_info.max] * 6)
@example(np.geomspace(1e-300, 1e308, 12).tolist())
@example([5e-324, 0.0] * 6)
@example(np.geomspace(1e-323, 1e300, 12).tolist())
@example([sys.float_info.max] * 11 + [1.0])
def test_any_scores_can_be_drawn(scores: list[float]) -> None:
    drawn = replace(GOOD, truth=TRUTH[:12], scores=np.array(scores))
    assert score_against_truth(drawn, section([GOOD]), "key") is not None


def test_scores_that_are_not_finite_stand_at_the_margins() -> None:
    scores = noisy(TRUTH, 0.3)
    plain = score_against_truth(replace(GOOD, scores=scores), section([GOOD]), "key")
    scores[:3], scores[3], scores[4:6] = np.nan, np.inf, -np.inf
    marked = score_against_truth(replace(GOOD, scores=scores), section([GOOD]), "key")
    assert plain is not None
    assert marked is not None
    assert "var(--series-1)" not in plain
    assert len(re.findall(r"<use[^>]*var\(--series-1\)", marked)) == 6


def test_the_axis_of_the_truth_has_its_unit_and_the_label_its_direction() -> None:
    figure = score_against_truth(GOOD, section([GOOD], task=LATENCY), "key")
    assert "latency, ms" in texts(figure)
    assert "lower is better" in str(figure)


def test_a_cloud_of_thousands_of_points_stays_small() -> None:
    truth = truth_of(15_625)
    many = replace(GOOD, truth=truth, scores=noisy(truth, 1.0))
    assert len(str(score_against_truth(many, section([GOOD]), "key"))) < 100_000


def test_the_curves_name_every_row_and_chance() -> None:
    random = row("random", TRUTH, noisy(TRUTH, 9.0), baseline=True)
    for curves in (p_top_curves, best_rank_curves):
        named = texts(curves(section([random, GOOD]), "key"))
        assert [name for name in named if name in ("chance", "synflow", "random")] == ["chance", "synflow", "random"]


def test_the_forest_leaves_out_what_is_undefined_and_shows_a_known_ceiling() -> None:
    rows = [GOOD, row("constant", TRUTH, np.zeros(40), baseline=True)]
    known = section(rows)
    named = texts(forest(known, "key"))
    assert "synflow" in named
    assert "ceiling" in named
    assert "constant" not in named
    assert "ceiling" not in texts(
        forest(replace(known, ceilings=dict.fromkeys(known.ceilings, "unknown: means only")), "key")
    )


def test_without_tau_the_first_metric_is_drawn() -> None:
    names = ("best@5", "p@top10%")
    only = row("synflow", TRUTH, TRUTH, metrics=names)
    assert "best@5, %" in texts(forest(section([only], metrics=names), "key"))


def test_nothing_to_draw_gives_no_figure() -> None:
    constant = row("constant", TRUTH, np.zeros(40))
    assert forest(section([constant]), "key") is None
    for curves in (p_top_curves, best_rank_curves):
        assert curves(section([]), "key") is None
        assert curves(section([GOOD], headline=0), "key") is None
    assert score_against_truth(replace(GOOD, truth=TRUTH * np.nan), section([GOOD]), "key") is None


def test_colours_come_from_the_page() -> None:
    figure = str(forest(section([GOOD], task=ACCURACY), "key"))
    assert "var(--accent)" in figure
    assert "#0101" not in figure
