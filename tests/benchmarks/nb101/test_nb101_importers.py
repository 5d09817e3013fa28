"""Tables about NAS-Bench-101 from CSV files: what they hold, and files that are not what they say they are."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from estimator_bench.benchmarks.nb101.importers import MeanAccuracies, ValidByEpochs
from nb101_rows import rows

from estimator_bench.analysis.ceiling import NoiseModel
from estimator_bench.data.manage import import_tables
from estimator_bench.errors import CorruptDataError, MissingDataError, UndefinedError
from estimator_bench.registry import find_space, find_task

MEANS, EPOCHS = MeanAccuracies.expects, ValidByEpochs.expects
ROWS = 500


def head(path: Path, count: int) -> list[str]:
    with gzip.open(path, "rt") as file:
        return [line.rstrip("\n") for line in islice(file, count + 1)]


def pack(path: Path, lines: list[str]) -> Path:
    path.write_bytes(gzip.compress("\n".join(lines).encode(), 1))
    return path


@pytest.fixture(scope="module")
def beginning(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the beginning of both files, which are sorted by hash."""
    folder = tmp_path_factory.mktemp("nb101")
    means = head(shared_data / "nb101" / MEANS, ROWS)
    last = means[-1].split(",")[0]
    epochs = head(shared_data / "nb101" / EPOCHS, ROWS)
    pack(folder / MEANS, means)
    pack(folder / EPOCHS, [epochs[0], *(line for line in epochs[1:] if line.split(",")[0] <= last)])
    return folder


def test_a_folder_of_both_files_answers_their_tasks(beginning: Path, data_home: Path, shared_data: Path) -> None:
    space = find_space("nb101")
    assert [done.folder.name for done in import_tables(space, beginning, data_home)] == ["means", "epochs"]
    _, truth, task = find_task("nb101")
    assert (str(task), task.unit) == ("nb101/cifar10@means", "%")
    known = list(islice(rows(shared_data), ROWS))
    population = truth.population(task)
    assert [str(cell) for cell in population] == [str(row.cell) for row in known]
    trials = truth.trials(task, [space.representative(row.cell, "official") for row in known])
    assert trials.values[:, 0].tolist() == [row.test for row in known]
    with pytest.raises(UndefinedError, match="means only"):
        NoiseModel.fit(trials)


def test_single_trials_are_no_means_and_cost_is_a_cost(beginning: Path, data_home: Path) -> None:
    import_tables(find_space("nb101"), beginning, data_home)
    values = {}
    for name in ("cifar10-valid-4ep", "cifar10-valid-12ep", "cifar10-valid-36ep", "cifar10-valid"):
        _, truth, task = find_task(f"nb101/{name}@epochs")
        trials = truth.trials(task, truth.population(task))
        assert not trials.means_only
        assert trials.values.shape[1] == 1
        values[name] = trials.mean()
    means = [float(one.mean()) for one in values.values()]
    assert means == sorted(means)
    with pytest.raises(UndefinedError, match="0 architectures with two trials"):
        NoiseModel.fit(trials)
    _, _, seconds = find_task("nb101/cifar10-train-seconds")
    assert (seconds.quantity, seconds.unit, seconds.higher_is_better) == ("cost", "s", False)


def test_a_cell_that_the_table_lacks_has_no_value(beginning: Path, data_home: Path) -> None:
    import_tables(find_space("nb101"), beginning / MEANS, data_home)
    space, truth, task = find_task("nb101/cifar10@means")
    assert np.isnan(truth.trials(task, [space.parse("out(0)")]).values).all()


def test_the_two_vertex_cell_has_no_operations_and_is_read_as_text(shared_data: Path, tmp_path: Path) -> None:
    with gzip.open(shared_data / "nb101" / MEANS, "rt") as file:
        header = next(file).rstrip("\n")
        line = next(line.rstrip("\n") for line in file if ",2,1,," in line)
    table = MeanAccuracies().read(pack(tmp_path / MEANS, [header, line]))
    assert table.columns["architecture"].tolist() == [b"out(0)"]
    assert table.columns["cifar10_test"].tolist() == [83.7707]


def test_hashes_alone_need_the_cells_first(beginning: Path) -> None:
    with pytest.raises(MissingDataError, match=r"import accuracies\.csv\.gz or an official tfrecord first"):
        ValidByEpochs().read(beginning / EPOCHS)


def test_a_hash_that_no_table_knows_is_refused(beginning: Path, data_home: Path, tmp_path: Path) -> None:
    import_tables(find_space("nb101"), beginning / MEANS, data_home)
    header, first, *_ = head(beginning / EPOCHS, 1)
    for unknown in ("0" * 32, "f" * 32):
        lines = [header, first, first.replace(first.split(",")[0], unknown)]
        with pytest.raises(CorruptDataError, match=f"row of index 1: no cell is known with the hash {unknown}"):
            ValidByEpochs().read(pack(tmp_path / EPOCHS, lines))
    with pytest.raises(CorruptDataError, match="row of index 0: 'zz' is no hash"):
        ValidByEpochs().read(pack(tmp_path / EPOCHS, [header, first.replace(first.split(",")[0], "zz")]))


def test_a_file_about_a_cell_twice_leaves_the_table_that_is_there(
    beginning: Path, data_home: Path, tmp_path: Path
) -> None:
    space = find_space("nb101")
    import_tables(space, beginning, data_home)
    lines = head(beginning / EPOCHS, 3)
    with pytest.raises(CorruptDataError, match="index 3: it is about the same architecture as the row of index 0; get"):
        import_tables(space, pack(tmp_path / EPOCHS, [*lines, lines[1]]), data_home)
    _, truth, task = find_task("nb101/cifar10-valid@epochs")
    population = truth.population(task)
    assert population is not None
    assert len(population) > len(lines)


def field(place: int, value: str) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        fields = lines[2].split(",")
        fields[place] = value
        return [*lines[:2], ",".join(fields), *lines[3:]]

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (field(0, "0" * 32), "index 1: it gives the hash 0+ to .*, whose hash is 0000718c96730a92"),
        (field(1, "8"), "index 1: '8', .* are no number of vertices"),
        (field(1, "6"), "index 1: '6', .* are no number of vertices"),
        (field(1, "-7"), "index 1: '-7', .* are no number of vertices"),
        (field(2, "1"), "index 1: '7', '1', .* are no number of vertices"),
        (field(2, "1" * 21), "index 1: .*it has 21 edges"),
        (field(2, "0" * 21), "index 1: .*vertex 1 reads nothing"),
        (field(3, "01013"), "index 1: .* are no number of vertices"),
        (field(3, "11111"), "index 1: it gives the hash"),
        (field(4, "5878155"), "index 1: it gives 5878155 parameters to .*, which has 5,878,154"),
        (field(5, "100.1"), "index 1: 100.1 in column cifar10_test"),
        (field(5, "nan"), "index 1: nan in column cifar10_test"),
        (lambda lines: [*lines, lines[2]], "index 3: it is about the same architecture as the row of index 1; get the"),
        (lambda lines: [lines[0].replace("ops", "labels"), *lines[1:]], "columns"),
    ],
)
def test_a_changed_file_is_refused_with_row_and_reason(
    change: Callable[[list[str]], list[str]], reason: str, beginning: Path, tmp_path: Path
) -> None:
    path = pack(tmp_path / MEANS, change(head(beginning / MEANS, 3)))
    with pytest.raises(CorruptDataError, match=reason):
        MeanAccuracies().read(path)
