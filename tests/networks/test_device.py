"""Everything happens on the device of the batch: no pass and no estimator makes a tensor on the default one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

import pytest
import torch

from estimator_bench import NetworkPasses, Pass, Problem, Protocol, ZeroCostEstimator, registry, single_thread
from estimator_bench.guard import Failure
from estimator_bench.networks.batch import make_batch
from estimator_bench.networks.guarded import seeded, settings_kept
from estimator_bench.networks.passes import with_prerequisites
from estimator_bench.problem import make_problem

pytestmark = pytest.mark.usefixtures("toy")


def built_in() -> list[ZeroCostEstimator]:
    classes = [registry.load("estimator", name) for name in registry.names("estimator")]
    return [one() for one in classes if issubclass(one, ZeroCostEstimator)]


def scores(problem: Problem, default: str, estimators: Sequence[ZeroCostEstimator]) -> Mapping[str, object]:
    """Scores or failures on a CPU, while what names no device is made on the default one."""
    arch = next(iter(problem.unlabelled(1)))
    passes = NetworkPasses(problem, arch, make_batch(problem))
    found: dict[str, object] = {}
    with single_thread(), torch.device(default):
        for name in with_prerequisites(set().union(*(one.needs for one in estimators))):
            passes.run(name)
        for one in estimators:
            found[one.name], _ = passes.measured(one.name, partial(one.measure, passes), with_prerequisites(one.needs))
    return found


class Astray(ZeroCostEstimator):
    """Forgets the device."""

    name: ClassVar[str] = "astray"
    needs: ClassVar[frozenset[Pass]] = frozenset({"jacobian"})

    def measure(self, passes: NetworkPasses) -> float:
        jacobian = passes["jacobian"]
        return float((jacobian @ torch.ones(jacobian.shape[1])).sum())


def test_no_estimator_makes_a_tensor_on_the_default_device() -> None:
    problem = make_problem("nb201/digits@mini", Protocol(batch_size=6))
    expected, found = (scores(problem, default, built_in()) for default in ("cpu", "meta"))
    assert not any(isinstance(score, Failure) for score in expected.values())
    assert {name: str(score) for name, score in found.items()} == {name: str(each) for name, each in expected.items()}


def test_an_estimator_that_forgets_the_device_is_noticed() -> None:
    problem = make_problem("toy/quality", Protocol(batch_size=6))
    assert isinstance(scores(problem, "cpu", [Astray()])["astray"], float)
    assert isinstance(scores(problem, "meta", [Astray()])["astray"], Failure)


def test_network_and_batch_lie_on_the_device_of_the_protocol() -> None:
    problem = make_problem("nb201/digits@mini", Protocol(batch_size=6, device="meta"))
    network = problem.network(next(iter(problem.unlabelled(1))))
    assert {tensor.device.type for tensor in (*network.parameters(), *network.buffers())} == {"meta"}
    assert {tensor.device.type for tensor in make_batch(problem)} == {"meta"}


def test_gpus_compute_in_float32_and_in_one_order_during_a_computation_and_as_before_after_it() -> None:
    def kernels() -> list[object]:
        backend = torch.backends.cudnn
        precision = torch.get_float32_matmul_precision()
        return [backend.allow_tf32, backend.deterministic, backend.benchmark, precision]

    problem = make_problem("toy/quality", Protocol(batch_size=6))
    passes = NetworkPasses(problem, next(iter(problem.unlabelled(1))), make_batch(problem))
    with settings_kept():
        torch.set_float32_matmul_precision("medium")
        before = kernels()
        assert passes.measured("kernels", kernels, [])[0] == [False, True, False, "highest"]
        assert kernels() == before


def test_computations_on_a_cpu_start_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object) -> object:
        raise AssertionError("a GPU was started")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_rng_state", started)
    problem = make_problem("toy/quality", Protocol(batch_size=6))
    assert NetworkPasses(problem, next(iter(problem.unlabelled(1))), make_batch(problem)).fresh_network()
    with seeded("anything"):
        first = torch.rand(3)
    with seeded("anything"):
        assert torch.equal(first, torch.rand(3))
