"""How the official file of Accel-NASBench becomes a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.csv_importer import KEY_COLUMNS
from estimator_bench.data.download import Download
from estimator_bench.data.importer import Importer, listing_digest
from estimator_bench.data.table import Table

from .record_files import ARCHIVE, find_records, read_records
from .records import QUANTITIES, read_record
from .stages import CITATION


class AcceleratorRecords(Importer):
    """Accuracies and hardware measurements, one JSON record per training, from the archive or from its folder.

    An architecture that was trained more than once has several trials.
    """

    space = "mnasnet"
    table = "anb"
    expects = ARCHIVE
    source = "https://github.com/afzalxo/Accel-NASBench @ 42603572d5: anb_dataset"
    licence = "Apache-2.0"
    citation = CITATION
    downloads = (
        Download(
            file=ARCHIVE,
            urls=(f"https://raw.githubusercontent.com/afzalxo/Accel-NASBench/master/anb_dataset/{ARCHIVE}",),
            sha256="3520992d42e368b7c08c99fc3f6612855b5b366bf98668a7f19d49f3131aa4ae",
            size=1_173_570,
        ),
    )

    def find(self, path: Path) -> Path | None:
        """`path` itself or the archive in it; or the folder of records that `path` is, or holds."""
        return find_records(path)

    def read(self, path: Path) -> Table:
        """The table: a row for each architecture in the order of the records, (rows, trials) for each quantity."""
        contents = read_records(path)
        trials: dict[str, list[Mapping[str, float]]] = {}
        for name, content in contents.items():
            arch, values = read_record(path / name, content)
            trials.setdefault(str(arch), []).append(values)
        most = max(map(len, trials.values()))
        columns: dict[str, NDArray[Any]] = {"architecture": np.array(list(trials))}
        for name in QUANTITIES:
            columns[name] = np.full((len(trials), most), np.nan)
            for row, found in zip(columns[name], trials.values(), strict=True):
                row[: len(found)] = [values[name] for values in found]
        descriptions = {"architecture": KEY_COLUMNS["architecture"], **QUANTITIES}
        digest = listing_digest(contents.items()) if path.is_dir() else None
        return Table(self.manifest(descriptions, path, digest), columns)


IMPORTERS: tuple[Importer, ...] = (AcceleratorRecords(),)
