"""How the authors' labels become tables."""

from __future__ import annotations

import json
from abc import abstractmethod
from pathlib import Path
from typing import Any, cast

import numpy as np

from estimator_bench.data.compressed import read_compressed
from estimator_bench.data.csv_importer import KEY_COLUMNS
from estimator_bench.data.importer import Importer
from estimator_bench.data.json_file import parse_json
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError, MalformedArchitectureError
from estimator_bench.space import Architecture

from .configs import hiaml_network, inception_network, two_path_network
from .hiaml import HiAml
from .inception import Inception, without_order_of_paths
from .layers import CITATION
from .two_path import TwoPath

SIZE_LIMIT = 1 << 29
"""Most bytes that are read; the files hold a computation graph of every network beside its label."""

GRAPHS = ("cg",)
"""Fields that are not kept, since those of all networks together would take gigabytes of memory."""


class Labels(Importer):
    """The accuracies of the networks of one family, from JSON.

    The file is an object whose values have a `net_config`, the authors' description of the network, and a `max_perf`,
    the best accuracy of its training in %. What else a value holds is not read.

    Attributes:
        names: those that the authors' programs give to such files, the one with graphs first.
    """

    table = "gennape"
    source = "https://github.com/Ascend-Research/GENNAPE (CG_data.zip, by way of its README)"
    licence = "MIT"
    citation = CITATION

    @abstractmethod
    def network(self, config: Any) -> Architecture:
        """The network of a `net_config`.

        Raises:
            MalformedArchitectureError: it has another form, or stands for no network of the family.
        """

    def canonical(self, network: Any) -> Architecture:
        """The same for all networks that the authors hold to be the same; every one by itself by default."""
        return cast(Architecture, network)

    def read(self, path: Path) -> Table:
        """The table, one row per network in the order of their texts."""
        rows: dict[str, tuple[str, float]] = {}
        for name, entry in self._entries(path).items():
            network, accuracy = self._row(path, name, entry)
            key = str(self.canonical(network))
            if key in rows:
                raise _bad_entry(path, name, f"it is about {network}, as an earlier one is")
            rows[key] = str(network), accuracy
        keys = sorted(rows)
        texts, accuracies = zip(*(rows[key] for key in keys), strict=True)
        descriptions = {
            "architecture": KEY_COLUMNS["architecture"],
            "key": KEY_COLUMNS["key"],
            "cifar10": "% of the images, the best of one training, as the authors rounded it",
        }
        columns = {"architecture": np.array(texts), "key": np.array(keys), "cifar10": np.array(accuracies)}
        return Table(self.manifest(descriptions, path), columns)

    def _entries(self, path: Path) -> dict[str, Any]:
        found = parse_json(path, read_compressed(path, SIZE_LIMIT), without=GRAPHS)
        if not isinstance(found, dict) or not found:
            raise CorruptDataError(f"{path} is no JSON object with networks in it; get the file again")
        return found

    def _row(self, path: Path, name: str, entry: Any) -> tuple[Architecture, float]:
        if not isinstance(entry, dict) or not {"net_config", "max_perf"} <= entry.keys():
            raise _bad_entry(path, name, "it has not the fields net_config and max_perf")
        accuracy = entry["max_perf"]
        if isinstance(accuracy, bool) or not isinstance(accuracy, float | int):
            raise _bad_entry(path, name, f"max_perf is {json.dumps(accuracy)[:40]}, which is no number")
        if not 0 <= accuracy <= 100:
            raise _bad_entry(path, name, f"max_perf is {str(accuracy)[:40]}, outside 0 to 100 %")
        if accuracy <= 1:
            raise _bad_entry(path, name, f"max_perf is {accuracy}, which looks like a share; the authors' are in %")
        try:
            return self.network(entry["net_config"]), float(accuracy)
        except MalformedArchitectureError as error:
            raise _bad_entry(path, name, f"net_config is no network of {self.space}: {error}") from None


class HiAmlLabels(Labels):
    """The labels of HiAML."""

    space = "hiaml"
    expects = "gpi_test_hiaml_cifar10_labelled_cg_data.json"
    names = (expects, "gpi_test_hiaml_cifar10_eval_results.json")

    def network(self, config: Any) -> HiAml:
        """The network of four names."""
        return hiaml_network(config)


class TwoPathLabels(Labels):
    """The labels of Two-Path."""

    space = "two-path"
    expects = "gpi_test_two_path_cifar10_labelled_cg_data.json"
    names = (expects, "gpi_test_two_path_cifar10_eval_results.json")

    def network(self, config: Any) -> TwoPath:
        """The network of the blocks of two paths."""
        return two_path_network(config)


class InceptionLabels(Labels):
    """The labels of Inception."""

    space = "inception"
    expects = "inception_cifar10_labelled_cg_data.json"
    names = (expects, "inception_cifar10_eval_results.json")

    def network(self, config: Any) -> Inception:
        """The network of four stages."""
        return inception_network(config)

    def canonical(self, network: Inception) -> Inception:
        """The network with the paths of each block sorted."""
        return without_order_of_paths(network)


def _bad_entry(path: Path, name: str, reason: str) -> CorruptDataError:
    return CorruptDataError(f"{path}, entry '{name[:40]}': {reason}; get the file again")
