"""Numbers of the whole of NAS-Bench-101, mean test accuracy after 108 epochs, to the four decimals that are known.

In the fifth, tau depends on which means of three trials are held to be equal: with those of the file, that of the
parameters is .30663; with ties of accuracy broken at random, .30656.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from nb101_cells import SPACE
from nb101_rows import row_of, rows
from numpy.typing import NDArray

from estimator_bench.metrics.correlation import spearman
from estimator_bench.metrics.kendall import tau

OFFICIAL = SPACE.recipes["official"]


class Everything(NamedTuple):
    rows: pd.DataFrame
    params: NDArray[np.float64]
    test: NDArray[np.float64]


@pytest.fixture(scope="module")
def everything(shared_data: Path) -> Everything:
    """The whole file, every field as it is written."""
    rows = pd.read_csv(shared_data / "nb101" / "accuracies.csv.gz", dtype=str, keep_default_na=False)
    return Everything(rows, rows["params"].to_numpy(float), rows.iloc[:, -1].to_numpy(float))


def test_the_best_the_mean_and_the_median_are_known(everything: Everything) -> None:
    order = np.argsort(-everything.test)
    assert everything.test[order[:2]].tolist() == pytest.approx([94.3176, 94.2341], abs=5e-5)
    assert everything.rows["hash"][order[0]].startswith("02e5a0247bbd")
    assert everything.test.mean() == pytest.approx(89.6798, abs=5e-5)
    assert np.median(everything.test) == pytest.approx(90.6384, abs=5e-5)


def test_vertices_and_edges_are_counted(everything: Everything) -> None:
    vertices = {"2": 1, "3": 6, "4": 84, "5": 2_441, "6": 62_010, "7": 359_082}
    assert everything.rows["vertices"].value_counts().to_dict() == vertices
    edges = everything.rows["edges"].str.count("1").value_counts()
    assert (edges[9], edges[8]) == (328_269, 78_822)


def test_parameters_correlate_with_accuracy_as_known(everything: Everything) -> None:
    """Hash and parameters of these rows are compared with ours elsewhere, here are those of the file."""
    assert len(np.unique(everything.params)) == 3_336
    assert spearman(everything.test, everything.params) == pytest.approx(0.4350, abs=5e-5)
    assert tau(everything.test, everything.params) == pytest.approx(0.3066, abs=5e-5)


def test_the_one_cell_of_the_size_of_a_known_naslib_key_has_its_flops(everything: Everything) -> None:
    (line,) = everything.rows[everything.params == 4_095_778].to_numpy().tolist()
    cell = row_of(*line).cell
    assert SPACE.flops(cell, OFFICIAL) == 613_646_336
    assert SPACE.flops(cell, OFFICIAL, "naslib") == 624_558_080


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_multiply_adds_correlate_with_accuracy_as_known(shared_data: Path) -> None:
    pairs = np.array([(row.test, SPACE.flops(row.cell, OFFICIAL)) for row in rows(shared_data)], float)
    assert spearman(pairs[:, 0], pairs[:, 1]) == pytest.approx(0.43425, abs=5e-5)
    assert tau(pairs[:, 0], pairs[:, 1]) == pytest.approx(0.3058, abs=5e-5)
