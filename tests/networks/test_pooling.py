"""Mean poolings that are computed as convolutions give what they gave."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from estimator_bench import Protocol
from estimator_bench.networks.pooling import convolve_means
from estimator_bench.problem import make_problem

LARGE, DEEP, FLAT = (64, 16, 16, 16), (64, 64, 16, 16), (64, 32, 8, 8)


def pool(**changed: object) -> nn.AvgPool2d:
    settings = {"kernel_size": 3, "stride": 1, "padding": 1, "count_include_pad": False, **changed}
    return nn.AvgPool2d(**settings)  # type: ignore[arg-type]


def convolves(module: nn.Module, maps: torch.Tensor) -> bool:
    with FlopCounterMode(display=False) as counter:
        module(maps)
    return counter.get_total_flops() > 0


@pytest.mark.parametrize("shape", [LARGE, (20, 5, 50, 60), (1, 3, 300, 300)])
def test_values_and_gradients_are_those_of_the_mean(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    maps = torch.randn(shape).to(memory_format=torch.channels_last).requires_grad_()
    found, expected = convolve_means(nn.Sequential(pool()))(maps), pool()(maps)
    torch.testing.assert_close(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)
    cotangent = torch.randn_like(found)
    slopes = [
        torch.autograd.grad(pooled.square().sum() + (pooled * cotangent).sum(), maps) for pooled in (found, expected)
    ]
    torch.testing.assert_close(*slopes, rtol=1e-5, atol=1e-5)


def test_only_large_maps_of_few_channels_are_convolved() -> None:
    network = convolve_means(nn.Sequential(pool()))
    assert convolves(network, torch.randn(LARGE))
    for shape in (DEEP, FLAT, (1, *LARGE[1:])):
        assert not convolves(network, torch.randn(shape))
    assert not convolves(network, torch.randn(LARGE, dtype=torch.float64))
    assert not convolves(network, torch.randn(LARGE).to("meta"))


@pytest.mark.parametrize(
    "other",
    [{"stride": 2}, {"kernel_size": 2}, {"count_include_pad": True}, {"divisor_override": 4}, {"padding": 0}],
    ids=str,
)
def test_other_poolings_stay(other: dict[str, object]) -> None:
    network = convolve_means(nn.Sequential(pool(**other)))
    assert not convolves(network, torch.randn(LARGE))


def test_a_pooling_keeps_its_hooks_and_its_kind() -> None:
    seen: list[torch.Size] = []
    one = pool(kernel_size=(3, 3), padding=(1, 1))
    one.register_forward_hook(lambda _module, _inputs, output: seen.append(output.shape))
    network = convolve_means(nn.Sequential(one))
    assert network[0] is one
    assert type(one) is nn.AvgPool2d, "estimators may tell layers apart by it"
    assert convolves(network, torch.randn(LARGE))
    assert seen == [torch.Size(LARGE)]


def test_the_networks_of_a_problem_convolve_their_means() -> None:
    problem = make_problem("nb201/cifar10@nats", Protocol(batch_size=64))
    arch = problem.space.parse("|avg_pool_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|")
    first = next(module for module in problem.network(arch).modules() if isinstance(module, nn.AvgPool2d))
    assert convolves(first, torch.randn(64, 16, 32, 32))
    assert not convolves(first, torch.randn(64, 64, 8, 8))
