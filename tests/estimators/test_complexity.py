"""params and flops are the space's own counts for the network of the task."""

from __future__ import annotations

import pytest
from estimator_bench.estimators.complexity import Flops, Parameters

from estimator_bench import Protocol
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.problem import make_problem

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
"""The cell of the specification's table (C.2), with its published sizes."""


@pytest.mark.parametrize(
    ("task", "params", "macs"),
    [
        ("nb201/cifar10@nats", 1_288_506, 184_730_240),
        ("nb201/cifar100@nats", 1_294_356, 184_736_000),
        ("nb201/imagenet16-120@nats", 1_295_656, 46_190_080),
    ],
)
def test_the_sizes_are_those_of_the_task_s_network(task: str, params: int, macs: int) -> None:
    problem = make_problem(task, Protocol())
    arch = problem.space.parse(CELL)
    assert Parameters().score(problem, None, [arch]) == [params]
    assert Flops().score(problem, None, [arch]) == [macs]
    assert Flops("official").score(problem, None, [arch]) == [macs + problem.task.recipe.classes]
    assert Flops("naslib").score(problem, None, [arch])[0] > macs + problem.task.recipe.classes


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("task", ["toy/quality", "nb201/digits"])
def test_the_sizes_are_those_of_what_is_built(task: str) -> None:
    problem = make_problem(task, Protocol())
    archs = list(problem.unlabelled(5))
    networks = [problem.network(arch) for arch in archs]
    shape = problem.task.recipe.input_shape
    assert Parameters().score(problem, None, archs) == [count_parameters(network) for network in networks]
    assert Flops().score(problem, None, archs) == [count_macs(network, shape) for network in networks]


def test_the_convention_is_a_parameter_on_the_command_line() -> None:
    assert make_estimator("flops:convention=naslib") == Flops("naslib")
