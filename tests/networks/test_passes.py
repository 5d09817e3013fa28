"""Passes run after those they read, and nobody who works on a network leaves a trace in what others see of it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import cast

import pytest
import torch
from stacks import Given, archs, toy_problem
from torch import nn

from estimator_bench import NetworkPasses, Pass, PluginError, Problem, single_thread
from estimator_bench.guard import Failure
from estimator_bench.networks.batch import make_batch
from estimator_bench.networks.passes import PASSES, with_prerequisites

pytestmark = pytest.mark.usefixtures("toy")


@pytest.fixture
def problem(toy: str) -> Problem:
    assert toy
    return toy_problem()


def passes_of(problem: Problem) -> NetworkPasses:
    return NetworkPasses(problem, archs(problem)[0], make_batch(problem))


def state(network: nn.Module) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in network.state_dict().values()]


def equal(one: Iterable[torch.Tensor], other: Iterable[torch.Tensor]) -> bool:
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


# ---------------------------------------------------------------------------------------------- prerequisites


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        ([], []),
        (["forward"], ["forward"]),
        (["loss_gradients"], ["forward", "loss_gradients"]),
        (["jacobian", "loss_gradients", "forward"], ["forward", "loss_gradients", "jacobian"]),
        (["synaptic_flow"], ["synaptic_flow"]),
        (["synaptic_flow", "hessian_weights"], ["hessian_weights", "synaptic_flow"]),
        (["activation_agreement"] * 2, ["forward", "activation_agreement"]),
    ],
)
def test_passes_come_once_each_with_what_they_read_before_them(needs: list[Pass], expected: list[Pass]) -> None:
    assert with_prerequisites(needs) == with_prerequisites(reversed(needs)) == expected


def test_every_pass_stands_after_the_one_it_reads() -> None:
    names = list(PASSES)
    for name, one in PASSES.items():
        assert one.after is None or names.index(one.after) < names.index(name)
    assert with_prerequisites(names) == names


def test_a_pass_says_truly_what_it_reads(problem: Problem) -> None:
    for name in PASSES:
        alone = passes_of(problem)
        for one in with_prerequisites([name]):
            alone.run(one)
        assert alone[name] is not None
        assert list(alone.seconds) == with_prerequisites([name])


def test_a_pass_without_what_it_reads_fails_by_name(problem: Problem) -> None:
    passes = passes_of(problem)
    passes.run("jacobian")
    reason = "the pass 'jacobian' failed: PluginError: the pass 'forward' was not asked for: name it in `needs`"
    with pytest.raises(RuntimeError, match=reason):
        passes["jacobian"]


def test_a_computation_sees_the_passes_it_reads_and_no_others(problem: Problem) -> None:
    passes = passes_of(problem)
    for name in ("forward", "jacobian"):
        passes.run(name)
    found, _ = passes.measured("mine", lambda: passes["jacobian"].shape, ["jacobian"])
    assert found == (8, 16)
    hidden, _ = passes.measured("mine", lambda: passes["jacobian"].shape, [])
    assert hidden == Failure("PluginError: the pass 'jacobian' was not asked for: name it in `needs`")
    with pytest.raises(PluginError, match="'synaptic_flow' was not asked for"):
        passes["synaptic_flow"]
    assert passes["jacobian"].shape == (8, 16), "between computations, all that was run"


# ---------------------------------------------------------------------------------------------- copies


def test_every_copy_of_a_network_is_the_network_of_the_problem(problem: Problem) -> None:
    passes = passes_of(problem)
    for name in PASSES:
        passes.run(name)
    expected = state(problem.network(passes.arch))
    one, other = passes.fresh_network(), passes.fresh_network()
    assert one is not other
    for network in (one, other, passes.network):
        assert equal(state(network), expected)
        assert not any(module._forward_hooks for module in network.modules())
    assert passes.inputs is not passes.inputs
    assert torch.equal(passes.inputs, make_batch(problem)[0])
    assert torch.equal(passes.targets, make_batch(problem)[1])


# ---------------------------------------------------------------------------------------------- promises to only read


def weight(network: nn.Module) -> nn.Parameter:
    return network.get_parameter("0.weight")


def norm(network: nn.Module) -> nn.BatchNorm2d:
    return next(module for module in network.modules() if isinstance(module, nn.BatchNorm2d))


def forward_in_train_mode(network: nn.Module) -> object:
    return network(torch.ones(8, 1, 4, 4))


def in_place(network: nn.Module) -> object:
    with torch.no_grad():
        return weight(network).zero_()


def through_data(network: nn.Module) -> object:
    return weight(network).data.mul_(2)


def order_of_weights(network: nn.Module) -> object:
    """Which keeps their sum."""
    with torch.no_grad():
        return weight(network).copy_(weight(network).flip(0))


def gradients(network: nn.Module) -> object:
    return weight(network).sum().backward()


def frozen(network: nn.Module) -> object:
    return weight(network).requires_grad_(False)


def evaluation_mode(network: nn.Module) -> object:
    return network.eval()


def evaluation_mode_of_one_layer(network: nn.Module) -> object:
    return norm(network).eval()


def forward_hook(network: nn.Module) -> object:
    return norm(network).register_forward_hook(lambda _module, _inputs, output: 2 * output)


def backward_hook(network: nn.Module) -> object:
    return norm(network).register_full_backward_hook(lambda _module, _into, _out: None)


def other_forward(network: nn.Module) -> None:
    """As NASLib leaves out batch normalisation."""
    setattr(norm(network), "forward", lambda maps: maps)  # noqa: B010 - a method


def other_setting(network: nn.Module) -> None:
    norm(network).eps = 0.1


def other_layer(network: nn.Module) -> None:
    network.register_module("0", nn.Conv2d(1, 2, 1))


def other_weight(network: nn.Module) -> None:
    network.get_submodule("0").weight = nn.Parameter(weight(network).detach().clone())


def kept_output(network: nn.Module) -> None:
    """A tensor with a graph, which no copy of the network could be made with."""
    vars(network)["kept"] = weight(network) * 2


CHANGES = [
    *(forward_in_train_mode, in_place, through_data, order_of_weights, gradients, frozen, evaluation_mode),
    *(evaluation_mode_of_one_layer, forward_hook, backward_hook, other_forward, other_setting, other_layer),
    *(other_weight, kept_output),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("raises", [False, True])
def test_whoever_changes_what_it_may_only_read_fails_by_name_and_others_get_it_as_it_was(
    problem: Problem, change: Callable[[nn.Module], object], raises: bool
) -> None:
    passes = passes_of(problem)
    expected, built = state(passes.network), passes.network

    def compute() -> float:
        change(passes.network)
        if raises:
            raise ValueError("and then this")
        return 1.0

    found, _ = passes.measured("culprit", compute, [])
    assert isinstance(found, Failure)
    assert found.reason.startswith("PluginError: culprit says that it only reads the network, and has changed it:")
    assert passes.network is not built
    for network in (passes.network, passes.fresh_network()):
        assert equal(state(network), expected)
        assert all(module.training for module in network.modules())
        assert not any(module._forward_hooks or module._backward_hooks for module in network.modules())
        assert all(parameter.grad is None and parameter.requires_grad for parameter in network.parameters())
    assert passes.measured("innocent", lambda: weight(passes.network)[0].shape[0], [])[0] == 1


def test_whoever_only_reads_is_believed(problem: Problem) -> None:
    def read() -> float:
        network = passes.network
        (slope,) = torch.autograd.grad(weight(network).square().sum(), weight(network))
        copied = copy.deepcopy(network).eval()
        return float(
            slope.sum() + copied(passes.inputs).sum().detach() + sum(module.training for module in network.modules())
        )

    passes = passes_of(problem)
    built = passes.network
    found, _ = passes.measured("reader", read, [])
    assert isinstance(found, float)
    assert passes.network is built


def test_nan_weights_are_no_change() -> None:
    network = toy_problem().network(archs(toy_problem())[0])
    nn.init.constant_(weight(network), math.nan)
    passes = passes_of(Given(network))
    assert passes.measured("reader", lambda: len(list(passes.network.modules())), [])[0] == 14


def test_a_copy_may_be_changed_at_will(problem: Problem) -> None:
    passes = passes_of(problem)
    expected = state(passes.fresh_network())
    for change in CHANGES:
        found, _ = passes.measured("free", partial(change, passes.fresh_network()), [])
        assert not isinstance(found, Failure)
    assert equal(state(passes.network), expected)


# ---------------------------------------------------------------------------------------------- seeds and threads


def test_a_computation_draws_numbers_of_its_own(problem: Problem) -> None:
    def draw() -> list[float]:
        return cast(list[float], torch.randn(3).tolist())

    torch.manual_seed(7)
    before = draw()
    torch.manual_seed(7)
    passes = passes_of(problem)
    one, again, other = (passes.measured(name, draw, [])[0] for name in ("one", "one", "other"))
    assert one == again != other
    assert draw() == before, "the generators of everybody else are put back"


def test_networks_run_on_one_thread_and_the_setting_comes_back() -> None:
    def broken() -> None:
        with single_thread():
            raise ValueError(torch.get_num_threads())

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(ValueError, match="1"):
            broken()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
