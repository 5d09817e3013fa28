"""Answers for one of NAS-Bench-301's own ensembles; run by an interpreter that has the package `nasbench301`.

    python ensemble_child.py FOLDER_OF_THE_ENSEMBLE

One JSON object per line. First this program writes {"ready": true} or {"failed": "package" or "models", "reason": ...}.
Then it reads {"normal": [[op, input] x 8], "reduce": [...]} from standard input and writes {"value": prediction} or
{"failed": "prediction", "reason": ...} for each, until the input ends. Predictions are the means of the ensemble,
without the noise that the package can add.

It imports nothing of this project and runs on Python 3.7, for the package's pins are old.
"""

from __future__ import annotations

import json
import os
import sys
from collections import namedtuple
from importlib import import_module
from pathlib import Path
from typing import Any

# The package reads these four fields.
Genotype = namedtuple("Genotype", "normal normal_concat reduce reduce_concat")

CONCAT = [2, 3, 4, 5]


def main() -> None:
    """Load the ensemble and answer until standard input ends."""
    # Whatever the package prints must not come between the lines of the protocol.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # The folder of this file holds modules of this project that must not stand in for others.
    sys.path[:] = [folder for folder in sys.path if folder != str(Path(__file__).parent)]

    def say(**line: Any) -> None:
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    try:
        package: Any = import_module("nasbench301")
    except Exception as error:  # noqa: BLE001 - the package's own dependencies raise anything
        say(failed="package", reason=_words(error))
        return
    try:
        ensemble = package.load_ensemble(sys.argv[1])
    except Exception as error:  # noqa: BLE001 - as above
        say(failed="models", reason=_words(error))
        return
    say(ready=True)
    for line in sys.stdin:
        try:
            asked = json.loads(line)
            normal, reduce = ([(op, source) for op, source in asked[cell]] for cell in ("normal", "reduce"))
            genotype = Genotype(normal, CONCAT, reduce, CONCAT)
            say(value=float(ensemble.predict(config=genotype, representation="genotype", with_noise=False)))
        except Exception as error:  # noqa: BLE001 - as above
            say(failed="prediction", reason=_words(error))


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
