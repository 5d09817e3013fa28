"""The published values of seven tasks, and what keeps other files out."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from estimator_bench.benchmarks.transnas.importers import FinalValues, MacroValues, MicroValues
from estimator_bench.benchmarks.transnas.truth import METRICS, SMALL
from scipy.stats import spearmanr

from estimator_bench.data.manage import import_tables
from estimator_bench.data.table import Table
from estimator_bench.errors import CorruptDataError, MissingDataError
from estimator_bench.metrics.kendall import tau
from estimator_bench.registry import find_space, find_task

SPACES = ("transnas-micro", "transnas-macro")


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("transnas-home")
    for name in SPACES:
        import_tables(find_space(name), shared_data / "transnas", home)
    return home


@pytest.fixture
def tables(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", str(imported))


@pytest.mark.parametrize("name", SPACES)
def test_the_tasks_are_known_without_any_table(name: str) -> None:
    tasks = [task for truth in find_space(name).ground_truths() for task in truth.tasks]
    assert [str(task) for task in tasks[:2]] == [f"{name}/class_scene@final", f"{name}/class_object@final"]
    assert len({str(task) for task in tasks}) == len(tasks) == 7 + 6 + 1
    assert all(task.higher_is_better and task.quantity == "quality" for task in tasks)
    units = {task.name: task.unit for task in tasks if task.label == "final"}
    assert units == {task: unit for task, (unit, _) in METRICS.items()}
    assert [units[task] for task in ("jigsaw", "room_layout", "normal")] == ["%", "negative loss", "SSIM"]


def test_a_task_without_its_table_says_how_to_get_it() -> None:
    _, truth, task = find_task("transnas-micro/jigsaw")
    with pytest.raises(MissingDataError, match=r"python -m estimator_bench data import transnas-micro PATH") as missing:
        truth.population(task)
    assert "room_layout@final and 10 more tasks, is not here" in str(missing.value)
    assert "data list transnas-micro" in str(missing.value)


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("class_scene@final", (3, 256, 256), 47),
        ("class_object@final", (3, 256, 256), 75),
        ("room_layout@final", (3, 256, 256), 9),
        ("jigsaw@final", (3, 192, 192), 1000),
        ("segmentsemantic@final", (3, 256, 256), 17),
        (f"normal@final-{SMALL}px", (3, 64, 64), 3),
        ("digits@mini", (1, 8, 8), 10),
    ],
)
def test_the_recipe_is_the_network_that_was_trained(name: str, shape: tuple[int, int, int], classes: int) -> None:
    recipe = find_task(f"transnas-micro/{name}")[2].recipe
    assert (recipe.input_shape, recipe.classes) == (shape, classes)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("task", "best", "arch"),
    [
        ("transnas-micro/class_scene", 54.94, "64-41414-3_32_132"),
        ("transnas-micro/class_object", 46.32, "64-41414-3_03_122"),
        ("transnas-micro/jigsaw", 95.37, "64-41414-3_30_132"),
        ("transnas-micro/room_layout", -0.5938, "64-41414-3_11_131"),
        ("transnas-macro/class_scene", 57.48, "64-224131-basic"),
        (f"transnas-macro/class_scene@final-{SMALL}px", 57.48, "64-224131-basic"),
    ],
)
def test_the_best_architectures_are_the_published_ones(task: str, best: float, arch: str) -> None:
    space, truth, found = find_task(task)
    value = truth.trials(found, [space.parse(arch)])
    everything = truth.trials(found, space.architectures()).values
    assert value.means_only
    assert value.values[0, 0] == np.nanmax(everything) == pytest.approx(best, abs=5e-3)


@pytest.mark.usefixtures("tables")
def test_the_skeleton_without_values_is_outside_the_population() -> None:
    space, truth, task = find_task("transnas-macro/jigsaw")
    missing = space.parse("64-113444-basic")
    population = truth.population(task)
    assert population is not None
    assert len(population) == 3255
    assert set(space.architectures()) - set(population) == {missing}
    assert np.isnan(truth.trials(task, [missing]).values).all()


@pytest.mark.usefixtures("tables")
def test_equal_values_stay_inside_functional_classes() -> None:
    space = find_space("transnas-micro")
    truth = space.ground_truths()[0]
    rows = [truth.trials(task, space.architectures()).values[:, 0] for task in truth.tasks if task.label == "final"]
    tuples: dict[tuple[float, ...], set[str]] = {}
    for arch, values in zip(space.architectures(), zip(*rows, strict=True), strict=True):
        tuples.setdefault(values, set()).add(str(space.representative(arch, "functional")))
    assert len(tuples) == 2994
    assert all(len(classes) == 1 for classes in tuples.values())


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("task", "params", "flops"),
    [
        ("transnas-micro/class_scene", (0.6331, 0.4515), (0.6472, 0.4625)),
        ("transnas-micro/autoencoder", (-0.0364, -0.0264), (-0.0460, -0.0332)),
        ("transnas-macro/class_scene", (0.3267, 0.2232), (0.8555, 0.6651)),
        ("transnas-macro/autoencoder", (-0.1842, -0.1244), (0.7767, 0.5728)),
    ],
)
def test_sizes_rank_all_architectures_as_measured(
    task: str, params: tuple[float, float], flops: tuple[float, float]
) -> None:
    """Measured here, so that a change is noticed; near what NASLib's subsets give, whose metrics partly differ."""
    space, truth, found = find_task(task)
    population = truth.population(found)
    assert population is not None
    values = truth.trials(found, population).mean()
    for size, expected in ((space.parameters, params), (space.flops, flops)):
        scores = np.array([size(arch, found.recipe) for arch in population], dtype=float)
        assert (spearmanr(scores, values)[0], tau(scores, values)) == pytest.approx(expected, abs=5e-5)


def changed(importer: FinalValues, data: Path, tmp_path: Path, change: Callable[[list[str]], object]) -> Table:
    lines = gzip.decompress((data / "transnas" / importer.expects).read_bytes()).decode().splitlines()
    change(lines)
    path = tmp_path / importer.expects
    path.write_bytes(gzip.compress("\n".join(lines).encode(), 1))
    return importer.read(path)


def replaced(row: int, old: str, new: str) -> Callable[[list[str]], object]:
    def change(lines: list[str]) -> None:
        assert old in lines[row + 1]
        lines[row + 1] = lines[row + 1].replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("importer", "change", "reason"),
    [
        (MicroValues(), lambda lines: lines.pop(), "4,095 rows; expected 4,096"),
        (MicroValues(), lambda lines: lines.append(lines[-1]), "4,097 rows; expected 4,096"),
        (MicroValues(), lambda lines: lines.clear(), "no CSV file"),
        (MicroValues(), lambda lines: lines.insert(5, lines.pop(3)), "index 2: it is about '64-41414-0_00_003'"),
        (MicroValues(), replaced(0, "64-41414-0_00_000", "64-4111-basic"), "index 0: it is about '64-4111-basic'"),
        (MicroValues(), replaced(0, "14.15207", "114.15207"), "114.15207 in column class_scene is no value"),
        (MicroValues(), replaced(0, "14.15207", ""), "'' in column class_scene is no number"),
        (MicroValues(), replaced(0, "14.15207", "nan"), "nan in column class_scene is no value"),
        (MicroValues(), replaced(0, "-1.09005", "1.09005"), "1.09005 in column room_layout is no value"),
        (MicroValues(), replaced(0, "-1.09005", "-inf"), "-inf in column room_layout is no value"),
        (MicroValues(), replaced(0, "0.052281", "1.5"), "1.5 in column autoencoder is no value from -1 to 1"),
        (MacroValues(), lambda lines: lines.pop(), "3,254 rows; expected 3,255"),
        (MacroValues(), lambda lines: lines.pop(9), "index 8: it is about"),
    ],
)
def test_a_changed_file_is_refused_with_row_and_reason(
    importer: FinalValues, change: Callable[[list[str]], object], reason: str, shared_data: Path, tmp_path: Path
) -> None:
    with pytest.raises(CorruptDataError, match=reason):
        changed(importer, shared_data, tmp_path, change)


def test_a_file_under_the_name_of_the_other_space_is_refused(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "micro.csv.gz"
    path.write_bytes((shared_data / "transnas" / "macro.csv.gz").read_bytes())
    with pytest.raises(CorruptDataError, match="it is about '64-4111-basic'; the order of transnas-micro has"):
        MicroValues().read(path)


def test_a_file_that_has_the_missing_skeleton_is_taken(shared_data: Path, tmp_path: Path) -> None:
    index = MacroValues.expected.index("64-113444-basic")

    def complete(lines: list[str]) -> None:
        lines.insert(index + 1, lines[index].replace(lines[index].split(",")[0], "64-113444-basic"))

    table = changed(MacroValues(), shared_data, tmp_path, complete)
    assert table.columns["index"].tolist() == list(range(3256))
