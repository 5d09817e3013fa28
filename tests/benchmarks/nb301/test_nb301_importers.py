"""The published table becomes a table with its known values; a file that is not what it says it is becomes none."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from estimator_bench.benchmarks.nb301.importers import SuiteZeroPredictions
from nb301_genotypes import KEY

from estimator_bench.errors import CorruptDataError

HEADER = "genotype,cifar10_valid,mflops,mparams,source"
TURNED = KEY.replace("(0, 0), (1, 5)", "(1, 5), (0, 0)")
ROW = f'"{KEY}",93.32,153.499136,0.856298,a'


def file(folder: Path, *lines: str) -> Path:
    path = folder / "accuracies.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def test_the_table_has_its_known_rows(shared_data: Path) -> None:
    importer = SuiteZeroPredictions()
    found = importer.find(shared_data / "nb301")
    assert found is not None
    columns = importer.read(found).columns
    assert columns["architecture"][0] == KEY
    assert {name: len(column) for name, column in columns.items()} == dict.fromkeys(columns, 1_218)
    assert [(columns["source"] == source).sum() for source in "ab"] == [725, 493]
    assert (columns["cifar10_valid"].min().round(3), columns["cifar10_valid"].max().round(3)) == (90.728, 94.489)


def test_no_configuration_is_in_both_files_or_twice_in_one(shared_data: Path) -> None:
    columns = SuiteZeroPredictions().read(shared_data / "nb301" / "accuracies.csv.gz").columns
    assert len(np.unique(columns["key"])) == len(np.unique(columns["cifar10_valid"])) == 1_218
    assert np.mean(columns["key"] != columns["architecture"]) > 0.9, "they are written with pairs in any order"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ((HEADER.replace("source", "file"), ROW), "has the columns genotype"),
        ((HEADER, ROW, ROW.replace(",a", "")), "row of index 1: it has 4 fields; expected 5"),
        ((HEADER, ROW.replace(",a", ",c")), "row of index 0: 'c' in column source is none of a, b"),
        ((HEADER, ROW.replace("93.32", "193.32")), "193.32 in column cifar10_valid is no value from 0 to 100"),
        ((HEADER, ROW.replace("93.32", "nan")), "nan in column cifar10_valid is no value"),
        ((HEADER, ROW.replace("0.856298", "")), "'' in column mparams is no number"),
        ((HEADER, ROW, ROW.replace("(3, 6)", "(3, 9)")), "row of index 1: .*names operation 9.*get the file again"),
        ((HEADER, ROW, ROW.replace(KEY, TURNED)), "row of index 1: .*same architecture as the row of index 0; get the"),
    ],
)
def test_a_file_with_other_content_is_refused(tmp_path: Path, lines: tuple[str, ...], problem: str) -> None:
    with pytest.raises(CorruptDataError, match=problem):
        SuiteZeroPredictions().read(file(tmp_path, *lines))
