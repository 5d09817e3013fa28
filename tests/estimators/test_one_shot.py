"""one-shot trains one supernet per key, bit for bit the same however often it is killed, and scores its paths."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, BinaryIO

import forked
import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.nb201.cell import NONE, Cell
from estimator_bench.estimators.one_shot import OneShot

from estimator_bench import Components, CorruptDataError, Problem, Protocol, UsageError, load_images
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.problem import make_problem

TINY = OneShot(epochs=4, checkpoints=2)
TASK = "nb201/digits@mini"
MIXED = Cell.parse("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_3x3~2|")
EMPTY = Cell((NONE,) * 6)


def problem(seed: int = 0) -> Problem:
    return make_problem(TASK, Protocol(seed=seed))


def folders(home: Path) -> list[Path]:
    return sorted((home / "artifacts").glob("one-shot-*"))


def checkpoint(home: Path, epoch: int) -> dict[str, Any]:
    (folder,) = folders(home)
    saved: dict[str, Any] = torch.load(folder / f"epoch-{epoch}.pt", weights_only=True)
    return saved


def weights(home: Path, epoch: int) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = checkpoint(home, epoch)["weights"]
    return found


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Turns to another empty folder for user data."""

    def turn(name: str) -> Path:
        monkeypatch.setenv("ESTIMATOR_BENCH_DATA", str(tmp_path / name))
        return tmp_path / name

    return turn


def test_each_checkpoint_is_a_replicate_and_the_last_is_the_score() -> None:
    given = problem()
    archs = [MIXED, EMPTY, *given.unlabelled(3)]
    components = TINY.score(given, TINY.prepare(given), archs)
    assert components.values.shape == (5, 2, 1)
    assert (components.replicates, components.names) == (("epoch 2", "epoch 4"), ("accuracy",))
    assert ((components.values >= 0) & (components.values <= 100)).all()
    assert np.array_equal(TINY.combine(components), components.values[:, 1, 0])
    assert np.array_equal(TINY.combine(components.replicate(0)), components.values[:, 0, 0])


def test_a_score_is_the_share_of_validation_images_the_path_gets_right(data_home: Path) -> None:
    given = problem()
    components = TINY.score(given, TINY.prepare(given), [MIXED, EMPTY])
    images, labels = load_images("digits", "valid", (1, 8, 8))
    supernet = given.space.supernet(given.space.recipes["mini"])
    for column, epoch in enumerate((2, 4)):
        supernet.load_state_dict(weights(data_home, epoch))
        logits = supernet(images, MIXED).detach().numpy()
        assert components.values[0, column, 0] == pytest.approx(100 * np.mean(logits.argmax(1) == labels.numpy()))
        # Without a path every image gets the answer of all others.
        assert np.isclose(components.values[1, column, 0], 100 * np.bincount(labels) / len(labels)).any()


def test_it_learns(data_home: Path) -> None:
    given, longer = problem(), OneShot(epochs=60, checkpoints=1)
    archs = [arch for arch in given.unlabelled(40) if "nor_conv_3x3" in str(arch)][:5]
    early, late = (np.median(one.combine(one.score(given, one.prepare(given), archs))) for one in (TINY, longer))
    assert late > early + 20, data_home


def test_scores_do_not_depend_on_the_chunk() -> None:
    given = problem()
    state, archs = TINY.prepare(given), list(given.unlabelled(4))
    whole = TINY.score(given, state, archs).values
    alone = [TINY.score(given, state, [arch]).values[0] for arch in archs[::-1]][::-1]
    assert np.array_equal(whole, np.stack(alone))


def test_training_gives_the_same_bits_again(elsewhere: Callable[[str], Path]) -> None:
    homes = []
    for name in ("one", "two"):
        homes.append(elsewhere(name))
        torch.manual_seed(len(name))
        torch.rand(len(homes))
        TINY.prepare(problem())
    for epoch in (2, 4):
        assert same(weights(homes[0], epoch), weights(homes[1], epoch))
    assert not same(weights(homes[0], 2), weights(homes[0], 4))


def test_training_on_a_cpu_leaves_torch_as_it_was_and_starts_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda _: pytest.fail("a GPU was started"))
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    TINY.prepare(problem())
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_each_step_changes_the_weights_of_one_path_only(data_home: Path) -> None:
    """With a learning rate of zero the checkpoint holds the initial weights."""

    def trained(steps: int, learning_rate: float) -> dict[str, torch.Tensor]:
        one = OneShot(epochs=1, checkpoints=1, batch_size=100 // steps, learning_rate=learning_rate)
        given = problem()
        folder = given.artifacts.root
        before = set(folder.glob("*"))
        one.prepare(given)
        (made,) = set(folder.glob("*")) - before
        found: dict[str, torch.Tensor] = torch.load(made / "epoch-1.pt", weights_only=True)["weights"]
        return found

    for steps in (1, 2):
        initial, after = trained(steps, 0.0), trained(steps, 0.05)
        changed = {name for name in initial if not torch.equal(initial[name], after[name])}
        # layers.3.edges.0to1.nor_conv_3x3.1.weight: the operations that changed, by layer and edge
        ops: dict[tuple[str, str], set[str]] = {}
        for name in initial:
            if ".edges." in name:
                _, layer, _, edge, op, *_ = name.split(".")
                ops.setdefault((edge, layer), set()).update({op} if name in changed else set())
        edges = {edge: {frozenset(found) for (other, _), found in ops.items() if other == edge} for edge, _ in ops}
        assert len(edges) == 6
        assert all(len(found) == 1 for found in edges.values()), "all cells follow one architecture"
        assert all(len(op) <= steps for found in edges.values() for op in found)
        assert any(found != {frozenset()} for found in edges.values())
        assert {name for name in initial if ".edges." not in name} - changed == set(), "the skeleton is on every path"
    assert len(folders(data_home)) == 4


def test_the_score_and_the_artifact_are_those_of_the_key(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[tuple[OneShot, Problem]] = [
        (TINY, problem()),
        (TINY, problem(seed=1)),
        (OneShot(epochs=4, checkpoints=1), problem()),
        (OneShot(epochs=4, checkpoints=2, weight_decay=0.0), problem()),
    ]
    for count, (one, given) in enumerate(others, 1):
        one.prepare(given)
        assert len(folders(data_home)) == count
    TINY.prepare(make_problem("nb201/cifar10@nats", Protocol(labels=7, batch_size=9)))
    assert len(folders(data_home)) == 4, "what does not enter the training does not make another supernet"
    monkeypatch.setattr(Problem, "code_of", lambda _self, _estimator: {"estimators.one_shot": "changed"})
    TINY.prepare(problem())
    assert len(folders(data_home)) == 5
    found = [torch.load(folder / "epoch-4.pt", weights_only=True)["weights"] for folder in folders(data_home)]
    alike = sorted(sum(same(one, other) for other in found) for one in found)
    assert alike == [1, 1, 3, 3, 3], "the seed and the weight decay change the weights, and nothing else here does"


def test_its_code_reaches_down_to_the_supernet_and_the_images() -> None:
    code = problem().code_of(TINY)
    for module in ("estimators.one_shot", "benchmarks.nb201.supernet", "benchmarks.nb201.network", "data.images"):
        assert f"estimator_bench.{module}" in code


def test_a_trained_supernet_is_found_again(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TINY.prepare(problem())
    monkeypatch.setattr(OneShot, "_train", lambda *_: pytest.fail("trained again"))
    assert len(TINY.prepare(problem())) == 2
    assert len(folders(data_home)) == 1


def test_an_interrupted_training_goes_on_from_its_checkpoint(
    elsewhere: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = elsewhere("whole")
    TINY.prepare(problem())

    broken = elsewhere("broken")
    save = torch.save
    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            TINY.prepare(problem())
        assert not list(folders(broken)[0].glob("epoch-*")), "killed before the first checkpoint"

        def save_early(saved: Any, file: BinaryIO) -> None:
            if (folders(broken)[0] / "epoch-2.pt").exists():
                file.write(b"torn")
                raise KeyboardInterrupt
            save(saved, file)

        patch.setattr(torch, "save", save_early)
        with pytest.raises(KeyboardInterrupt):
            TINY.prepare(problem())
    (folder,) = folders(broken)
    assert {path.name for path in folder.iterdir()} == {"lock", "epoch-2.pt", "seconds.json"}
    written = (folder / "epoch-2.pt").stat().st_mtime_ns

    epochs: list[int] = []
    train_epoch = OneShot._train_epoch

    def counted(self: OneShot, given: Problem, epoch: int, *rest: Any) -> None:
        epochs.append(epoch)
        train_epoch(self, given, epoch, *rest)

    monkeypatch.setattr(OneShot, "_train_epoch", counted)
    TINY.prepare(problem())
    assert epochs == [2, 3]
    assert (folder / "epoch-2.pt").stat().st_mtime_ns == written
    assert all(same(weights(whole, epoch), weights(broken, epoch)) for epoch in (2, 4))
    assert checkpoint(whole, 4)["schedule"] == checkpoint(broken, 4)["schedule"]


@pytest.mark.parametrize("content", [b"", b"torn", bytes(4096)])
def test_a_training_whose_checkpoints_a_power_cut_tore_goes_on_from_the_last_whole_one(
    data_home: Path, content: bytes
) -> None:
    TINY.prepare(problem())
    (folder,) = folders(data_home)
    whole, written = weights(data_home, 4), (folder / "epoch-2.pt").stat().st_mtime_ns
    (folder / "key.json").unlink()
    (folder / "epoch-4.pt").write_bytes(content)
    TINY.prepare(problem())
    assert same(weights(data_home, 4), whole)
    assert (folder / "epoch-2.pt").stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", [lambda whole: whole[:0], lambda whole: whole[:1000], lambda whole: b"x" + whole])
def test_a_damaged_checkpoint_of_a_trained_supernet_is_named(data_home: Path, damage: Callable[[bytes], bytes]) -> None:
    TINY.prepare(problem())
    (folder,) = folders(data_home)
    path = folder / "epoch-2.pt"
    path.write_bytes(damage(path.read_bytes()))
    message = rf"^{path} is no checkpoint of a supernet \(\w+\); delete {folder}, and the next run trains it again$"
    with pytest.raises(CorruptDataError, match=message):
        TINY.prepare(problem())


def start(estimator: OneShot, home: Path, log: Path) -> BaseProcess:
    return forked.start(prepare_and_log, spec_of(estimator), log, variables={"ESTIMATOR_BENCH_DATA": str(home)})


def test_a_killed_training_is_finished_to_the_same_bits(elsewhere: Callable[[str], Path], tmp_path: Path) -> None:
    long = OneShot(epochs=12, checkpoints=6, batch_size=100)
    killed = elsewhere("killed")
    process = start(long, killed, tmp_path / "log")
    deadline = time.monotonic() + 100
    while not list(killed.glob("artifacts/*/epoch-*")):
        assert time.monotonic() < deadline
        assert process.exitcode is None
        time.sleep(0.02)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (folders(killed)[0] / "key.json").exists()
    long.prepare(problem())
    whole = elsewhere("whole")
    long.prepare(problem())
    assert same(weights(whole, 12), weights(killed, 12))


def test_two_processes_that_ask_at_once_train_once(data_home: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    processes = [start(TINY, data_home, log) for _ in range(2)]
    for process in processes:
        process.join(200)
    assert [process.exitcode for process in processes] == [0, 0]
    words = [line.split() for line in log.read_text().splitlines()]
    assert sorted(word for word, *_ in words) == ["asked", "asked", "got", "got", "trained"]
    assert len({state for word, *rest in words if word == "got" for state in rest}) == 1, "both got the same weights"


@pytest.mark.parametrize("counts", [{"checkpoints": 0}, {"epochs": 3}, {"epochs": 0, "checkpoints": 0}])
def test_checkpoints_that_cannot_be_kept_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="checkpoints"):
        OneShot(**counts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parameters", "given"),
    [
        ("batch_size=0", "0, 0.05 and 0.0005"),
        ("batch_size=-5", "-5, 0.05 and 0.0005"),
        ("learning_rate=-1", "50, -1.0 and 0.0005"),
        ("learning_rate=nan", "50, nan and 0.0005"),
        ("learning_rate=inf", "50, inf and 0.0005"),
        ("weight_decay=-0.1", "50, 0.05 and -0.1"),
    ],
)
def test_parameters_that_nothing_can_be_trained_with_are_refused(parameters: str, given: str) -> None:
    message = (
        "^'one-shot' needs at least 1 image per step, and a learning rate and a weight decay of 0 or more, not "
        f"{given}$"
    )
    with pytest.raises(UsageError, match=message):
        make_estimator(f"one-shot:{parameters}")


def test_an_unknown_recipe_is_refused_with_those_that_are_like_it(data_home: Path) -> None:
    with pytest.raises(UsageError, match=r"^unknown network recipe of 'nb201' 'minni': did you mean mini\?$"):
        OneShot(recipe="minni").prepare(problem())
    assert folders(data_home) == []


def test_uneven_checkpoints_end_with_the_last_epoch() -> None:
    given, uneven = problem(), OneShot(epochs=5, checkpoints=3)
    components = uneven.score(given, uneven.prepare(given), [MIXED])
    assert isinstance(components, Components)
    assert components.replicates == ("epoch 1", "epoch 3", "epoch 5")


def prepare_and_log(spec: str, log: Path) -> None:
    """What a worker does, with a line for each step."""

    def note(text: str) -> None:
        with log.open("a") as file:
            file.write(text + "\n")

    train = OneShot._train

    def noted(self: OneShot, given: Problem, folder: Path) -> None:
        train(self, given, folder)
        note("trained")

    train_epoch = OneShot._train_epoch

    def slow(self: OneShot, *rest: Any) -> None:
        time.sleep(0.3)  # leaves time to kill a training before its end
        train_epoch(self, *rest)

    OneShot._train, OneShot._train_epoch = noted, slow  # type: ignore[method-assign]
    note("asked")
    state = make_estimator(spec).prepare(problem())
    note(f"got {sum(parameter.detach().double().sum().item() for parameter in state[-1].supernet.parameters())!r}")
