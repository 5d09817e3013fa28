"""How fast installed tables open and answer, each in a process of its own.

    PYTHONPATH=. python tests/perf/table_speed.py nb101 nb201

For every installed table of the named spaces, or of all: CPU seconds to open it and to answer 1,000 queries by
architecture, in a new process that has loaded nothing else, and the peak memory of that process beside what it had
before. CPU seconds, because other work on the machine hardly changes them. The architectures asked for are drawn and
parsed from their texts in between, as a run does it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from time import process_time

import numpy as np
from tabulate import tabulate

from estimator_bench.data.table_truth import TableTruth
from estimator_bench.registry import find_space, names

QUERIES = 1000


def megabytes() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(space_name: str, table: str) -> dict[str, object]:
    """Open one table and ask it, in this process."""
    space = find_space(space_name)
    truth = next(one for one in space.ground_truths() if isinstance(one, TableTruth) and one.table == table)
    before = megabytes()
    task = truth.tasks[0]
    started = process_time()
    population = truth.population(task)
    opened = process_time()
    places = np.random.default_rng(0).integers(len(population), size=QUERIES)
    archs = [population[int(place)] for place in places]
    asked = process_time()
    values = truth.trials(task, archs).values
    answered = process_time()
    if np.isnan(values).all(axis=1).any():
        raise SystemExit(f"{space_name}/{table} does not know architectures of its own population")
    return {
        "table": f"{space_name}/{table}",
        "rows": len(population),
        "open, s": opened - started,
        f"parse {QUERIES:,}, s": asked - opened,
        f"answer {QUERIES:,}, s": answered - asked,
        "open and answer, s": answered - asked + opened - started,
        "peak, MB": megabytes(),
        "of this the table, MB": megabytes() - before,
    }


def main(spaces: list[str]) -> None:
    rows = []
    for space_name in spaces or names("space"):
        for truth in find_space(space_name).ground_truths():
            if isinstance(truth, TableTruth) and truth.installed:
                command = [sys.executable, __file__, "--one", space_name, truth.table]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                rows.append(json.loads(done.stdout))
    sys.stdout.write(tabulate(rows, headers="keys", floatfmt=".3f") + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.stdout.write(json.dumps(measure(*sys.argv[2:])))
    else:
        main(sys.argv[1:])
