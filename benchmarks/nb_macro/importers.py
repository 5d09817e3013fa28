"""How the official file of NAS-Bench-Macro becomes a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from estimator_bench.data.compressed import read_compressed
from estimator_bench.data.csv_importer import KEY_COLUMNS
from estimator_bench.data.download import Download
from estimator_bench.data.importer import Importer
from estimator_bench.data.json_file import parse_json
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError
from estimator_bench.space import NetworkRecipe

from . import complexity
from .layers import CITATION, Layers, networks

TRIALS = 3
SIZE_LIMIT = 1 << 24
"""Most bytes that are read; the file has 1.2 million."""

_FIELDS = {"test_acc", "mean_acc", "std", "params", "flops"}
_ROUNDING = 1e-6


class OfficialTrials(Importer):
    """The accuracies of three trainings of every network, from JSON.

    What the file says twice must agree: mean and standard deviation with the trials, parameters and FLOPs with the
    network that the key stands for.
    """

    space = "nb-macro"
    table = "official"
    expects = "nas-bench-macro_cifar10.json"
    source = "https://github.com/xiusu/NAS-Bench-Macro @ 61a2bfc2ca"
    licence = "Apache-2.0"
    citation = CITATION
    downloads = (
        Download(
            file="nas-bench-macro_cifar10.json",
            urls=("https://raw.githubusercontent.com/xiusu/NAS-Bench-Macro/master/data/nas-bench-macro_cifar10.json",),
            sha256="686dee8363cc21cca8c1f321ad5749454f2d9b9ca5972682e137e539bc522297",
            size=1_178_821,
        ),
    )

    def read(self, path: Path) -> Table:
        """The table, one row of trials per network in the order of the space."""
        content = read_compressed(path, SIZE_LIMIT)
        found = _parsed(path, content)
        everything = networks()
        if found.keys() != (expected := set(map(str, everything))):
            odd = sorted(found.keys() ^ expected)
            raise CorruptDataError(
                f"{path} is about {len(found):,} networks, not about all {len(expected):,}: '{odd[0]}' is in only one "
                "of the two; get the file again"
            )
        trials = np.array([_trials(path, network, found[str(network)]) for network in everything])
        descriptions = {"index": KEY_COLUMNS["index"], "cifar10_test": "% of the test images, by trial"}
        columns = {"index": np.arange(len(everything), dtype=np.int32), "cifar10_test": trials}
        return Table(self.manifest(descriptions, path), columns)


def _parsed(path: Path, content: bytes) -> Mapping[str, Any]:
    """The object that the file holds.

    Raises:
        CorruptDataError: it holds none, or JSON that says one thing twice, or a number that JSON does not know.
    """
    found = parse_json(path, content)
    if not isinstance(found, dict):
        raise CorruptDataError(f"{path} holds a {type(found).__name__}, not an object; get the file again")
    return found


def _trials(path: Path, network: Layers, entry: Any) -> list[float]:
    """The accuracies of one network, after everything said of it was checked."""
    if problem := _problem_of(network, entry):
        raise CorruptDataError(f"{path}, network {network}: {problem}; get the file again")
    return [float(accuracy) for accuracy in entry["test_acc"]]


def _problem_of(network: Layers, entry: Any) -> str:
    """What is wrong with the entry of a network; empty if nothing is."""
    if not isinstance(entry, dict) or entry.keys() != _FIELDS:
        return f"it has not the fields {', '.join(sorted(_FIELDS))}"
    accuracies = entry["test_acc"]
    if not isinstance(accuracies, list) or len(accuracies) != TRIALS:
        return f"test_acc is no list of {TRIALS} accuracies"
    numbers = [*accuracies, entry["mean_acc"], entry["std"]]
    if not all(isinstance(number, float | int) and not isinstance(number, bool) for number in numbers):
        return "an accuracy is no number"
    if not all(0 <= accuracy <= 100 for accuracy in accuracies):
        return "an accuracy is outside 0 to 100"
    mean = sum(accuracies) / TRIALS
    deviation = math.sqrt(sum((accuracy - mean) ** 2 for accuracy in accuracies) / TRIALS)
    for name, value in (("mean_acc", mean), ("std", deviation)):
        # Compared before anything is computed: an integer of JSON can be too large for a float.
        if not value - _ROUNDING <= entry[name] <= value + _ROUNDING:
            return f"{name} is {entry[name]}, and the trials give {value:.6f}"
    recipe = _official()
    for name, count in (
        ("params", complexity.parameters(network, recipe)),
        ("flops", complexity.macs(network, recipe)),
    ):
        if entry[name] != count:
            return f"{name} is {entry[name]}, and the network has {count}"
    return ""


def _official() -> NetworkRecipe:
    from .space import NasBenchMacro

    return NasBenchMacro.recipes["official"]
