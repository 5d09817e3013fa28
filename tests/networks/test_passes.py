"""Passes are their formulas, run once for all who need them, and nobody leaves a trace in what others see."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from estimator_bench.estimators.jacov import Jacov
from estimator_bench.estimators.synflow import Synflow
from torch import nn

from estimator_bench import (
    Architecture,
    NetworkPasses,
    Pass,
    PluginError,
    Problem,
    Protocol,
    ZeroCostEstimator,
    single_thread,
    zero_cost,
)
from estimator_bench.estimator import Scored
from estimator_bench.networks import passes
from estimator_bench.networks.batch import make_batch
from estimator_bench.networks.passes import jacobian, score_networks, synaptic_flow
from estimator_bench.problem import make_problem

pytestmark = pytest.mark.usefixtures("toy")

TEXTS = ("wide-skip-narrow-wide", "narrow-narrow-wide-skip", "wide-wide-wide-wide")


@pytest.fixture
def problem(toy: str) -> Problem:
    assert toy
    return make_problem("toy/quality", Protocol(batch_size=8))


def archs(problem: Problem) -> list[Architecture]:
    return [problem.space.parse(text) for text in TEXTS]


def scores(problem: Problem, *estimators: ZeroCostEstimator) -> list[Scored]:
    return score_networks(problem, archs(problem), [(one, range(3)) for one in estimators])


def values(scored: Scored) -> list[float]:
    return scored.components.values[:, 0, 0].tolist()


# ---------------------------------------------------------------------------------------------- the passes


def test_the_jacobian_holds_a_row_per_image_of_a_linear_network() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 5))
    found = jacobian(network, torch.randn(4, 3, 2, 2))
    assert found.shape == (4, 12)
    weight = network.get_submodule("1").weight
    torch.testing.assert_close(found, weight.sum(0).detach().expand(4, -1))


def test_the_jacobian_is_the_slope_of_the_sum_of_all_logits_in_train_mode() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4)).double()
    images = torch.randn(5, 2, 4, 4, dtype=torch.float64)
    found = jacobian(network.eval(), images)
    assert network.training
    step = 1e-6
    for image, pixel in ((0, 3), (2, 17), (4, 31)):
        moved = torch.zeros_like(images)
        moved[image].view(-1)[pixel] = step
        slope = (network(images + moved).sum() - network(images - moved).sum()).item() / (2 * step)
        assert found[image, pixel].item() == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_the_jacobian_leaves_the_images_and_the_gradients_alone() -> None:
    network, images = nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), torch.randn(4, 3, 2, 2)
    jacobian(network, images)
    assert not images.requires_grad
    assert all(parameter.grad is None for parameter in network.parameters())


def test_synaptic_flow_of_two_layers_by_hand() -> None:
    """R = 4 |w| |v| on the four ones of a 2x2 image, so that dR/d|w| = 4 |v| and dR/d|v| = 4 |w|."""
    first, second = nn.Conv2d(1, 1, 1, bias=False), nn.Linear(4, 1, bias=False)
    nn.init.constant_(first.weight, -3)
    nn.init.constant_(second.weight, -0.5)
    network = nn.Sequential(first, nn.BatchNorm2d(1), nn.ReLU(), nn.Flatten(), second)
    (conv, into_conv), (linear, into_linear) = synaptic_flow(network, torch.randn(7, 1, 2, 2))
    assert conv.dtype == into_linear.dtype == torch.float64
    assert (conv.item(), into_conv.item()) == (3, 2)
    assert linear.tolist() == [[0.5] * 4]
    assert into_linear.tolist() == [[3.0] * 4]


def test_synaptic_flow_takes_biases_by_their_size_too() -> None:
    """A negative one would close the ReLU behind it."""
    conv, head = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)
    for tensor, value in ((conv.weight, 2), (conv.bias, -10), (head.weight, 3), (head.bias, -1)):
        assert tensor is not None
        nn.init.constant_(tensor, value)
    flows = synaptic_flow(nn.Sequential(conv, nn.ReLU(), head), torch.zeros(1, 1, 1, 1))
    assert [(weight.item(), gradient.item()) for weight, gradient in flows] == [(2, 3), (3, 12)]


def test_synaptic_flow_leaves_out_what_the_output_does_not_depend_on() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Conv2d(1, 2, 1), nn.Conv2d(1, 2, 1)

        def forward(self, maps: torch.Tensor) -> Any:
            return self.used(maps)

    network = Idle()
    ((weight, _),) = synaptic_flow(network, torch.zeros(1, 1, 2, 2))
    assert torch.equal(weight, network.used.weight)


def test_synaptic_flow_holds_what_float32_cannot() -> None:
    chain = [nn.Conv2d(1, 1, 1, bias=False) for _ in range(5)]
    for conv in chain:
        nn.init.constant_(conv.weight, 1e12)
    flows = synaptic_flow(nn.Sequential(*chain), torch.zeros(1, 1, 1, 1))
    assert [float(weight * gradient) for weight, gradient in flows] == pytest.approx([1e60] * 5)


# ---------------------------------------------------------------------------------------------- sharing


@dataclass(frozen=True)
class Needs(ZeroCostEstimator):
    """Sums up everything a pass gives."""

    name: ClassVar[str] = "needs-jacobian"
    needs: ClassVar[frozenset[Pass]] = frozenset({"jacobian"})

    def measure(self, passes: NetworkPasses) -> float:
        return float(passes["jacobian"].abs().sum())


class Undeclared(ZeroCostEstimator):
    """Reads a pass that it does not name."""

    name = "undeclared"

    def measure(self, passes: NetworkPasses) -> float:
        return float(passes["jacobian"].sum())


def count(monkeypatch: pytest.MonkeyPatch, fail: str = "") -> Counter[str]:
    """Counts the passes from now on; one of them may fail."""
    calls: Counter[str] = Counter()

    def counted(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        def call(network: nn.Module, inputs: torch.Tensor) -> Any:
            calls[name] += 1
            if name == fail:
                raise MemoryError("no room")
            return run(network, inputs)

        return call

    monkeypatch.setattr(passes, "PASSES", {name: counted(name, run) for name, run in passes.PASSES.items()})
    return calls


def test_a_pass_runs_once_per_network_whoever_needs_it(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count(monkeypatch)
    scores(problem, Jacov(), Needs(), Jacov(k=0.1))
    assert calls == {"jacobian": 3}
    scores(problem, Jacov(), Synflow())
    assert calls == {"jacobian": 6, "synaptic_flow": 3}


def test_a_network_runs_only_what_is_wanted_for_it(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count(monkeypatch)
    jacov, synflow = score_networks(problem, archs(problem), [(Jacov(), [2]), (Synflow(), [0, 2])])
    assert calls == {"jacobian": 1, "synaptic_flow": 2}
    assert [len(one.components.values) for one in (jacov, synflow)] == [1, 2]
    every_jacov, every_synflow = scores(problem, Jacov(), Synflow())
    assert values(jacov) == [values(every_jacov)[2]]
    assert values(synflow) == [values(every_synflow)[place] for place in (0, 2)]


def test_scores_are_bit_equal_in_any_company_and_order(problem: Problem) -> None:
    together = dict(zip("sjn", map(values, scores(problem, Synflow(), Jacov(), Needs())), strict=True))
    reverse = dict(zip("njs", map(values, scores(problem, Needs(), Jacov(), Synflow())), strict=True))
    assert together == reverse
    for letter, one in (("s", Synflow()), ("j", Jacov()), ("n", Needs())):
        assert values(scores(problem, one)[0]) == together[letter]
        (backwards,) = score_networks(problem, archs(problem)[::-1], [(one, range(3))])
        assert values(backwards)[::-1] == together[letter]


def test_costs_alone_hold_a_shared_pass_and_marginal_ones_do_not(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    jacobian_pass = passes.PASSES["jacobian"]

    def slow(network: nn.Module, inputs: torch.Tensor) -> Any:
        time.sleep(0.2)
        return jacobian_pass(network, inputs)

    monkeypatch.setattr(passes, "PASSES", {**passes.PASSES, "jacobian": slow})

    def costs(*estimators: ZeroCostEstimator) -> list[tuple[float, float]]:
        scored = score_networks(problem, archs(problem)[:1], [(one, [0]) for one in estimators])
        return [(one.wall.item(), one.marginal.item()) for one in scored]

    for (wall, marginal), needed in zip(costs(Jacov(), Synflow()), (True, False), strict=True):
        assert (wall >= 0.2, marginal >= 0.2) == (needed, needed)
        assert 0 < marginal < wall, "the network is built for all"
    for wall, marginal in costs(Jacov(), Needs()):
        assert wall >= 0.2 > marginal, "the pass runs anyway, for the other"


def test_an_undeclared_pass_is_a_named_mistake_of_the_one_that_reads_it(problem: Problem) -> None:
    undeclared, synflow = scores(problem, Undeclared(), Synflow())
    assert set(undeclared.failures) == {0, 1, 2}
    assert "PluginError: the pass 'jacobian' was not run: name it in `needs`" in undeclared.failures[0]
    assert np.isnan(values(undeclared)).all()
    assert synflow.failures == {}
    with pytest.raises(PluginError):
        NetworkPasses(problem, archs(problem)[0], make_batch(problem))["jacobian"]


def test_a_failing_pass_costs_those_who_need_it_only(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = values(scores(problem, Synflow())[0])
    count(monkeypatch, fail="jacobian")
    jacov, synflow = scores(problem, Jacov(), Synflow())
    assert jacov.failures[1] == "RuntimeError: the pass 'jacobian' failed: MemoryError: no room"
    assert (synflow.failures, values(synflow)) == ({}, expected)


# ---------------------------------------------------------------------------------------------- users' functions


@zero_cost()
def piling(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
    """What the anchors' code does: asks for gradients of the batch it was given, and reads them there."""
    inputs.requires_grad_()
    model(inputs).square().sum().backward()
    assert inputs.grad is not None
    return float(inputs.grad.abs().sum())


@zero_cost()
def vandal(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """Destroys everything it is given."""
    before = float(inputs.sum() + targets.sum() + sum(parameter.detach().sum() for parameter in model.parameters()))
    with torch.no_grad():
        for tensor in (inputs, targets, *model.parameters()):
            tensor.zero_()
    model.eval()
    return before


@zero_cost()
def mode(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """1 if it gets a network to train, without gradients, and the batch."""
    clean = all(parameter.grad is None for parameter in model.parameters())
    return float(model.training and clean and not inputs.requires_grad and len(inputs) == len(targets) == 8)


def test_a_function_scores_a_network_alike_whatever_was_scored_before(problem: Problem) -> None:
    for function in (piling, vandal, mode):
        estimator = function.estimator()
        alone = [values(score_networks(problem, [arch], [(estimator, [0])])[0])[0] for arch in archs(problem)]
        assert values(scores(problem, estimator)[0]) == alone


def test_a_function_may_do_anything_to_what_it_is_given(problem: Problem) -> None:
    quiet = [values(one) for one in scores(problem, Synflow(), Jacov(), mode.estimator())]
    loud = scores(problem, vandal.estimator(), piling.estimator(), Synflow(), Jacov(), mode.estimator())
    assert [values(one) for one in loud[2:]] == quiet
    assert quiet[2] == [1.0] * 3


def test_every_copy_of_a_network_is_the_network_of_the_problem(problem: Problem) -> None:
    arch = archs(problem)[0]
    given = NetworkPasses(problem, arch, make_batch(problem))
    given.run("synaptic_flow")
    given.run("jacobian")
    one, other = given.fresh_network(), given.fresh_network()
    assert one is not other
    expected = problem.network(arch).state_dict()
    for network in (one, other):
        assert all(torch.equal(tensor, expected[name]) for name, tensor in network.state_dict().items())
    assert given.inputs is not given.inputs
    assert torch.equal(given.inputs, make_batch(problem)[0])
    assert torch.equal(given.targets, make_batch(problem)[1])


# ---------------------------------------------------------------------------------------------- threads


def threads_inside(problem: Problem) -> Sequence[float]:
    @zero_cost()
    def threads(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
        return torch.get_num_threads()

    return values(scores(problem, threads.estimator())[0])


def test_networks_run_on_one_thread_and_the_setting_comes_back(problem: Problem) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert threads_inside(problem) == [1.0] * 3
        assert torch.get_num_threads() == 2
        with pytest.raises(ValueError, match="broken"), single_thread():
            raise ValueError("broken")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
