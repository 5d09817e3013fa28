"""The authors' files become tables, those of one setting tasks; what is something else is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estimator_bench.benchmarks.nds_cells.architecture import Cells
from estimator_bench.benchmarks.nds_cells.importers import CellRecords
from estimator_bench.benchmarks.nds_cells.space import NdsCells
from nds_cell_architectures import NAMES, net, records, space
from scipy.stats import kendalltau, spearmanr

from estimator_bench.data.manage import import_tables
from estimator_bench.errors import CorruptDataError
from estimator_bench.registry import find_task

ROWS = {"nds-darts": 121, "nds-nasnet": 122, "nds-amoeba": 124, "nds-pnas": 119, "nds-enas": 117}


def record(of: NdsCells, arch: Cells, errors: list[float], **optim: float) -> dict[str, Any]:
    """A record of the authors' form about a network for CIFAR-10, with its test errors by epoch."""
    return {
        "job_id": "1",
        "rng_seed": 1,
        "params": of.parameters(arch, of.recipes["official"]),
        "flops": 12_345,
        "net": net(arch, of.design),
        "optim": {"base_lr": 0.1, "wd": 0.0005, "max_ep": 100, "lr_policy": "cos", **optim},
        "min_test_top1": min(errors),
        "test_ep_top1": errors,
    }


def drawn(of: NdsCells, count: int) -> list[Cells]:
    rng = np.random.default_rng(0)
    return [of.sample(rng) for _ in range(count)]


def importer(of: NdsCells, table: str) -> CellRecords:
    (found,) = (one for one in of.importers() if one.table == table)
    assert isinstance(found, CellRecords)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_files_for_cifar_become_the_default_task(name: str, tmp_path: Path, data_home: Path) -> None:
    of = space(name)
    one, other, absent = drawn(of, 3)
    rows = [record(of, one, [40.0, 6.5, 7.0]), record(of, other, [9.0, 8.0])]
    (tmp_path / f"{of.files}.json").write_text(json.dumps(rows))
    (done,) = import_tables(of, tmp_path, data_home)
    assert done.manifest.rows == 2
    _, truth, best = find_task(name)
    _, _, last = find_task(f"{name}/cifar10-last-epoch")
    assert str(best) == f"{name}/cifar10@nds"
    assert best.recipe.name == "official"
    assert list(truth.population(best) or []) == [one, other]
    np.testing.assert_array_equal(truth.trials(best, [other, absent, one]).values, [[92.0], [np.nan], [93.5]])
    np.testing.assert_array_equal(truth.trials(last, [one]).values, [[93.0]])


@pytest.mark.parametrize("name", NAMES)
def test_the_real_files_become_tasks_and_no_two_trainings_are_mixed(
    name: str, shared_data: Path, data_home: Path
) -> None:
    of = space(name)
    done = {one.manifest.table: one.manifest.rows for one in import_tables(of, shared_data / "nds", data_home)}
    assert done.pop("nds-imagenet") == ROWS[name]
    installed = [task for truth in of.ground_truths() if truth.installed for task in truth.tasks]
    tasks = {str(task) for task in installed if task.label != "mini"}
    expected = {f"{name}/imagenet@nds", f"{name}/imagenet-last-epoch@nds"}
    if name == "nds-darts":
        assert done == {"fix-w-d-imagenet": 499, "lr-wd-imagenet": 515}
        expected |= {f"{name}/imagenet-5ep@nds-fix-w-d", f"{name}/imagenet-5ep-last-epoch@nds-fix-w-d"}
    else:
        assert done == {}
    assert tasks == expected


@pytest.mark.parametrize(
    ("task", "params", "flops"),
    [
        ("nds-darts/imagenet@nds", (0.8212, 0.6609), (0.8097, 0.6388)),
        ("nds-nasnet/imagenet@nds", (0.5423, 0.4252), (0.5410, 0.4103)),
        ("nds-amoeba/imagenet@nds", (0.4014, 0.3095), (0.4914, 0.3639)),
        ("nds-pnas/imagenet@nds", (0.5646, 0.4127), (0.6106, 0.4531)),
        ("nds-enas/imagenet@nds", (0.8027, 0.6206), (0.7869, 0.6050)),
        ("nds-darts/imagenet-5ep@nds-fix-w-d", (-0.1081, -0.0727), (-0.1135, -0.0764)),
    ],
)
def test_sizes_of_the_records_rank_the_networks_as_the_page_says(
    task: str, params: tuple[float, float], flops: tuple[float, float], shared_data: Path, data_home: Path
) -> None:
    """Against the columns of the files: what is tested is that every accuracy stands with its own network."""
    name, _, rest = task.partition("/")
    of = space(name)
    import_tables(of, shared_data / "nds", data_home)
    _, truth, found = find_task(task)
    archs = list(truth.population(found) or [])
    accuracies = truth.trials(found, archs).mean()
    file = f"{of.files}{'_fix-w-d' if 'fix' in rest else ''}"
    rows = records(shared_data, file)
    for sizes, published in (
        ([of.parameters(arch, found.recipe) for arch in archs], ("params", params)),
        ([of.flops(arch, found.recipe) for arch in archs], ("flops", flops)),
    ):
        column, expected = published
        assert (spearmanr(sizes, accuracies).statistic, kendalltau(sizes, accuracies).statistic) == pytest.approx(
            expected, abs=5e-5
        )
        if column == "params":
            own = [(row["params"], 100 - row["min_test_top1"]) for row in rows]
            assert sorted(own) == sorted(zip(sizes, accuracies.tolist(), strict=True))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda row: row.update(params=1), "params is 1, and the network"),
        (lambda row: row["net"]["genotype"].update(normal_concat=[2]), "record of index 1: 'net' describes no"),
        (lambda row: row["net"].update(width=12), "width 12 is no multiple of 8"),
        (lambda row: row["optim"].update(base_lr=0.05), "rank no architectures"),
        (lambda row: row.update(net=None), "no net"),
    ],
)
def test_a_file_of_something_else_is_refused_with_its_reason(
    change: Callable[[dict[str, Any]], None], reason: str, tmp_path: Path
) -> None:
    of = space("nds-amoeba")
    rows = [record(of, arch, [9.0]) for arch in drawn(of, 2)]
    change(rows[1])
    (tmp_path / "Amoeba.json").write_text(json.dumps(rows))
    with pytest.raises(CorruptDataError, match=reason):
        importer(of, "nds").read(tmp_path / "Amoeba.json")


def test_flops_are_compared_for_imagenet_alone(shared_data: Path, tmp_path: Path) -> None:
    of = space("nds-enas")
    rows = records(shared_data, "ENAS")[:2]
    rows[1]["flops"] += 1
    (tmp_path / "ENAS_in.json").write_text(json.dumps(rows))
    with pytest.raises(CorruptDataError, match="flops is"):
        importer(of, "nds-imagenet").read(tmp_path / "ENAS_in.json")


def test_varied_learning_rates_are_kept_with_their_trainings_and_never_a_task(
    shared_data: Path, data_home: Path
) -> None:
    of = space("nds-darts")
    table = importer(of, "lr-wd-imagenet").read(shared_data / "nds" / "DARTS_lr-wd_in.json.gz")
    assert len(set(table.columns["learning_rate"].tolist())) > 400
    assert {"architecture", "weight_decay", "test_best", "test_last"} < table.columns.keys()
    import_tables(of, shared_data / "nds", data_home)
    assert [truth.tasks for truth in of.ground_truths() if getattr(truth, "table", "").startswith("lr-wd")] == [[], []]


def test_a_file_of_varied_learning_rates_is_refused_as_a_ranking_task(shared_data: Path, tmp_path: Path) -> None:
    disguised = tmp_path / "DARTS_in.json.gz"
    disguised.write_bytes((shared_data / "nds" / "DARTS_lr-wd_in.json.gz").read_bytes())
    with pytest.raises(CorruptDataError, match="rank no architectures"):
        importer(space("nds-darts"), "nds-imagenet").read(disguised)
