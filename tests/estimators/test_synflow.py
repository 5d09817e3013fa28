"""synflow is its formula, whatever it is computed beside."""

from __future__ import annotations

from functools import reduce
from pathlib import Path

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.nb201.cell import CONV_1X1, CONV_3X3, NONE, SKIP, Cell
from estimator_bench.estimators.synflow import Synflow
from harness import run
from reference_flows import absolute
from reference_proxies import Given
from torch import nn

from estimator_bench import Architecture, Problem, Protocol
from estimator_bench.problem import make_problem

MIXED = Cell.parse("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_3x3~2|")
DENSE = Cell((CONV_3X3,) * 6)
LINEAR = Cell((NONE, NONE, NONE, SKIP, NONE, NONE))
POOLED = Cell.parse("|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|")
DEAD_ENDS = Cell((CONV_3X3, NONE, NONE, CONV_1X1, NONE, CONV_3X3))
NETWORKS = [
    *[(task, str(cell)) for task in ("nb201/cifar10@nats", "nb201/digits@mini") for cell in (MIXED, POOLED, DEAD_ENDS)],
    ("nb201/digits@mini", str(DENSE)),
    ("nb201/imagenet16-120@nats", str(LINEAR)),
    *[("toy/quality", text) for text in ("skip-skip-skip-skip", "wide-skip-narrow-wide", "narrow-wide-wide-wide")],
]


def synflow(problem: Problem, arch: Architecture, network: nn.Module | None = None) -> float:
    given = problem if network is None else Given(problem, network)
    return float(Synflow().score(given, None, [arch]).values.item())


def positive(problem: Problem, arch: Architecture) -> tuple[nn.Module, dict[str, torch.Tensor], torch.Tensor]:
    """The network of B.3, its convolution and linear weights by name, and its input."""
    network = absolute(problem.network(arch), lambda _: nn.Identity())
    layers = [(name, module) for name, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    weights = {f"{name}.weight": module.weight.detach() for name, module in layers}
    return network, weights, torch.ones(1, *problem.task.recipe.input_shape, dtype=torch.float64)


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(("task", "text"), NETWORKS)
def test_it_is_the_sum_of_weight_times_gradient_over_the_layers(task: str, text: str) -> None:
    problem = make_problem(task, Protocol(seed=3))
    arch = problem.space.parse(text)
    network, weights, ones = positive(problem, arch)
    network(ones).sum().backward()
    expected = 0.0
    for name, parameter in network.named_parameters():
        if name in weights and parameter.grad is not None:
            expected += float(np.abs(parameter.detach().numpy() * parameter.grad.numpy()).sum())
    assert expected > 0
    assert synflow(problem, arch) == pytest.approx(expected, rel=1e-6)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's own use of it
@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(("task", "text"), NETWORKS)
def test_it_is_the_derivative_of_the_output_along_the_weights(task: str, text: str) -> None:
    problem = make_problem(task, Protocol(seed=3))
    arch = problem.space.parse(text)
    network, weights, ones = positive(problem, arch)
    _, slope = torch.func.jvp(
        lambda changed: torch.func.functional_call(network, changed, ones).sum(), (weights,), (weights,)
    )
    assert synflow(problem, arch) == pytest.approx(float(slope), rel=1e-9)


@pytest.mark.usefixtures("toy")
def test_each_layer_of_a_chain_passes_the_whole_output_on() -> None:
    """Every path crosses every layer, so that without the head's bias the score is layers times R."""
    problem = make_problem("toy/quality", Protocol())
    arch = problem.space.parse("wide-narrow-wide-skip")
    unbiased = problem.network(arch)
    nn.init.zeros_(unbiased.get_submodule("12").bias)  # type: ignore[arg-type]
    network, weights, ones = positive(Given(problem, unbiased), arch)
    assert len(weights) == 5
    assert synflow(problem, arch, unbiased) == pytest.approx(5 * network(ones).sum().item(), rel=1e-9)


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(("task", "text"), [NETWORKS[3], NETWORKS[-1]])
def test_the_signs_of_the_weights_do_not_matter(task: str, text: str) -> None:
    problem = make_problem(task, Protocol())
    arch = problem.space.parse(text)
    turned, before = problem.network(arch), problem.network(arch)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in turned.parameters():
            parameter *= torch.randint(0, 2, parameter.shape) * 2 - 1
    pairs = zip(turned.parameters(), before.parameters(), strict=True)
    assert not all(torch.equal(*pair) for pair in pairs)
    assert synflow(problem, arch, turned) == synflow(problem, arch)


@pytest.mark.usefixtures("toy")
def test_normalisation_and_the_batch_do_not_matter() -> None:
    problem = make_problem("toy/quality", Protocol())
    arch = problem.space.parse("wide-wide-narrow-wide")
    changed = problem.network(arch)
    for module in changed.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                nn.init.uniform_(tensor, 1, 2)  # type: ignore[arg-type]
    assert synflow(problem, arch, changed) == synflow(problem, arch)
    other = make_problem("toy/quality", Protocol(batch_size=5))
    assert synflow(other, arch) == synflow(problem, arch)


@pytest.mark.parametrize("task", ["nb201/cifar10@nats", "nb201/digits@mini"])
@pytest.mark.parametrize("cell", [Cell((NONE,) * 6), Cell((CONV_3X3, NONE, NONE, NONE, NONE, CONV_1X1))])
def test_a_network_without_a_path_has_no_flow(task: str, cell: Cell) -> None:
    assert synflow(make_problem(task, Protocol()), cell) == 0.0


def test_dead_branches_add_nothing() -> None:
    problem = make_problem("nb201/digits@mini", Protocol())
    live = Cell((NONE, NONE, NONE, CONV_1X1, NONE, NONE))
    pruned, full = problem.network(live), problem.network(DEAD_ENDS)
    assert len(list(full.parameters())) > len(list(pruned.parameters()))
    pruned.load_state_dict({name: full.state_dict()[name] for name in pruned.state_dict()})
    assert synflow(problem, live, pruned) == synflow(problem, DEAD_ENDS, full)


@pytest.mark.usefixtures("toy")
def test_all_members_of_a_functional_class_have_one_score(tmp_path: Path) -> None:
    archs, scores, _ = run(tmp_path, "toy/quality", "synflow")["synflow"]
    by_class: dict[tuple[str, ...], set[float]] = {}
    for arch, score in zip(archs, scores, strict=True):
        by_class.setdefault(tuple(op for op in arch.split("-") if op != "skip"), set()).add(score)
    assert len(by_class) == 31
    assert all(len(found) == 1 for found in by_class.values())
    assert len(reduce(set.union, by_class.values())) == 31


@pytest.mark.usefixtures("toy")
def test_it_is_bit_equal_beside_other_estimators(tmp_path: Path) -> None:
    _, alone, _ = run(tmp_path / "alone", "toy/quality", "synflow")["synflow"]
    _, beside, _ = run(tmp_path / "beside", "toy/quality", "jacov", "rank-average", "synflow")["synflow"]
    assert np.array_equal(alone, beside)
