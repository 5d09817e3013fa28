"""How far this project's proxies agree with those of NAS-Bench-Suite-Zero on its 725 cells of NAS-Bench-201.

    python tests/checks/reference_agreement.py TABLE --cells > cells.txt
    estimator-bench run --space nb201 --task cifar10 --inputs cifar10 --batch-size 32 --only cells.txt --est ...
    python tests/checks/reference_agreement.py TABLE RESULTS [RESULTS_OF_ANOTHER_SEED] [--data-set NAME]

TABLE is the file nas_bench_suite_zero_724.json, RESULTS the output folder of the run. For each proxy the program
prints Spearman's correlation of our scores with the reference's on a data set, CIFAR-10 by default, and with its
accuracy for both; given a second folder also that between our two seeds, which is what initialisation and batch alone
leave.
"""

from __future__ import annotations

import argparse
import ast
import json
from pathlib import Path

import numpy as np
import pandas as pd
from tabulate import tabulate

from estimator_bench.guard import Failure
from estimator_bench.metrics import parse_metric
from estimator_bench.registry import find_task
from estimator_bench.runs.combine import Combiner
from estimator_bench.runs.store import Store

OPS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
NAMES = {"nwot": "relu_logdet"}
"""The reference's names that are not ours."""


def cell_text(key: str) -> str:
    """The text of a cell from the reference's key, six operation indices in the order of `EDGES`."""
    ops = dict(zip(EDGES, ast.literal_eval(key), strict=True))
    nodes = ("|".join(f"{OPS[ops[source, node]]}~{source}" for source in range(node)) for node in (1, 2, 3))
    return "+".join(f"|{node}|" for node in nodes)


def reference_scores(table: Path, dataset: str) -> pd.DataFrame:
    """Scores and accuracy of the reference, a row per cell and a column per proxy."""
    rows = json.loads(table.read_text())[dataset]
    scores = {
        cell_text(key): {
            NAMES.get(name, name): float(entry["score"] if isinstance(entry, dict) else entry)
            for name, entry in row.items()
            if name not in {"idx", "arch"}
        }
        for key, row in rows.items()
    }
    return pd.DataFrame.from_dict(scores, orient="index")


def our_scores(results: Path) -> pd.DataFrame:
    """Scores of the last request of a results folder, a row per cell and a column per estimator."""
    with Store(results, write=False) as store:
        request, records = store.invocations()[-1], store.runs()
        space, _, task = find_task(request.task)
        cells = store.population(request.population)
        combiner = Combiner(store, space, task, [space.parse(text) for text in cells])
        columns = {
            records[run].spec: combined[:, 0]
            for run in request.runs
            if not isinstance(combined := combiner.of(run), Failure)
        }
        return pd.DataFrame(columns, index=cells)


def main() -> None:
    """Print the cells, or the table of agreements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("results", type=Path, nargs="*")
    parser.add_argument("--cells", action="store_true", help="print the cells of all three data sets and end")
    parser.add_argument(
        "--data-set", default="cifar10", choices=["cifar10", "cifar100", "ImageNet16-120"], help="of the reference"
    )
    arguments = parser.parse_args()
    if arguments.cells:
        keys = {key for rows in json.loads(arguments.table.read_text()).values() for key in rows}
        print(*sorted(map(cell_text, keys)), sep="\n")  # noqa: T201 - what the program is for
        return
    reference = reference_scores(arguments.table, arguments.data_set)
    ours = [our_scores(folder).reindex(reference.index) for folder in arguments.results]
    spearman = parse_metric("spearman")
    rows = []
    for name in sorted(ours[0].columns.intersection(reference.columns)):
        columns = [reference[name], *(scores[name] for scores in ours if name in scores)]
        known = np.logical_and.reduce([column.notna() for column in columns])
        # Infinities as the reference stores them, so that both sides rank them last.
        theirs, mine, *others = (np.nan_to_num(column[known], neginf=-1e9) for column in columns)
        accuracy = reference["val_accuracy"][known].to_numpy()
        rows.append(
            {
                "proxy": name,
                "cells": int(known.sum()),
                "with theirs": spearman(theirs, mine),
                "between our seeds": spearman(mine, others[0]) if others else None,
                "accuracy: ours": spearman(accuracy, mine),
                "accuracy: theirs": spearman(accuracy, theirs),
            }
        )
    print(tabulate(rows, headers="keys", floatfmt=".4f"))  # noqa: T201


if __name__ == "__main__":
    main()
