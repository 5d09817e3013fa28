"""zico, gradsign, epe_nas, ntk and linear_regions of odd networks: scores that say so, or named errors."""

from __future__ import annotations

import math

import pytest
import torch
from estimator_bench.benchmarks.nb201.cell import NONE, Cell
from estimator_bench.estimators.epe_nas import EpeNas
from estimator_bench.estimators.gradsign import Gradsign
from estimator_bench.estimators.linear_regions import LinearRegions
from estimator_bench.estimators.ntk import Ntk
from estimator_bench.estimators.zico import Zico
from odd_networks import changed, of, stack, statuses
from reference_proxies import Given, score_all
from torch import nn

from estimator_bench import Protocol
from estimator_bench.problem import make_problem

pytestmark = pytest.mark.usefixtures("toy")

FIVE = (EpeNas(), Zico(), Gradsign(), Ntk(init="as-built"), LinearRegions(samples=40, init="as-built"))


def test_a_network_without_a_path_has_no_number_where_there_is_nothing_to_compare() -> None:
    problem = make_problem("nb201/digits@mini", Protocol(batch_size=6))
    found = of(score_all(problem, Cell((NONE,) * 6), FIVE))
    assert math.isnan(found["epe_nas"])
    assert found["zico"] == -math.inf
    assert found["gradsign"] == 0
    assert math.isnan(found["ntk"])
    assert found["linear_regions"] == 1, "all images look alike behind the first cell"


def test_normalisation_can_be_missing() -> None:
    def strip(network: nn.Module) -> None:
        for name, module in network.named_children():
            if isinstance(module, nn.BatchNorm2d):
                network.register_module(name, nn.Identity())

    problem, arch = stack("skip-skip-skip-wide")
    network = problem.network(arch)
    strip(network)
    found = score_all(Given(problem, network), arch, FIVE)
    assert statuses(found) == dict.fromkeys((one.name for one in FIVE), "ok")


def test_without_relu_modules_and_normalisation_there_is_one_region_and_no_gradient_that_varies() -> None:
    """The network is linear in the mean of its image, so that its gradients are multiples of one."""
    found = score_all(*stack("skip-skip-skip-skip"), FIVE)
    assert statuses(found) == {**dict.fromkeys((one.name for one in FIVE), "ok"), "epe_nas": "nan", "ntk": "inf"}
    assert of(found)["linear_regions"] == 1


@pytest.mark.parametrize("change", ["frozen", "in place", "unused"])
def test_what_computes_the_same_scores_alike(change: str) -> None:
    def modify(network: nn.Module) -> None:
        if change == "frozen":
            network.requires_grad_(False)
        elif change == "unused":
            network.get_submodule("0").register_module("unused", nn.Conv2d(2, 2, 3))
        else:
            for module in network.modules():
                if isinstance(module, nn.ReLU):
                    module.inplace = True

    found, expected = of(changed(modify, FIVE)), of(changed(lambda _: None, FIVE))
    assert found == expected
    assert all(map(math.isfinite, found.values()))


class DeadEnd(nn.Module):
    """A layer beside a branch that runs and leads nowhere, as NAS-Bench-201 has them."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.dead = layer, nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU(), nn.BatchNorm2d(2))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.layer(maps) + 0 * self.dead(maps)
        return output


def test_a_dead_end_counts_for_linear_regions_alone() -> None:
    def branch(network: nn.Module) -> None:
        name, conv = [(name, one) for name, one in network.named_children() if isinstance(one, nn.Conv2d)][1]
        torch.manual_seed(3)
        network.register_module(name, DeadEnd(conv))

    found, expected = of(changed(branch, FIVE)), of(changed(lambda _: None, FIVE))
    assert found.pop("linear_regions") > expected.pop("linear_regions")
    assert found == pytest.approx(expected, rel=1e-6)


def test_unused_weights_thin_out_the_mean_of_gradsign() -> None:
    unused = nn.Conv2d(2, 2, 3, bias=False)
    add = lambda network: network.get_submodule("0").register_module("unused", unused)  # noqa: E731
    mean = (Gradsign(aggregate="mean"),)
    before, after = of(changed(lambda _: None, mean))["gradsign"], of(changed(add, mean))
    problem, arch = stack()
    weights = sum(p.numel() for name, p in problem.network(arch).named_parameters() if p.dim() > 1)
    assert after["gradsign"] == pytest.approx(before * weights / (weights + unused.weight.numel()), rel=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_no_numbers_give_no_number_and_no_error(value: float) -> None:
    found = changed(lambda network: nn.init.constant_(network.get_parameter("0.weight"), value), FIVE)
    assert statuses(found) == {one.name: "nan" for one in FIVE}


def test_weights_that_are_drawn_anew_are_numbers_whatever_they_were() -> None:
    def spoil(network: nn.Module) -> None:
        nn.init.constant_(network.get_parameter("0.weight"), math.nan)

    found = of(changed(spoil, [Ntk(), LinearRegions(samples=40)]))
    assert found == of(changed(lambda _: None, [Ntk(), LinearRegions(samples=40)]))
    assert all(map(math.isfinite, found.values()))


def test_a_batch_of_two_is_enough_but_for_two_classes() -> None:
    found = score_all(*stack(size=2), FIVE)
    (reason,) = found.pop("epe_nas").failures.values()
    assert reason.startswith("UsageError: 0 of 2 classes have two images in the batch, too few for a score: enlarge")
    assert statuses(found) == dict.fromkeys(("zico", "gradsign", "ntk", "linear_regions"), "ok")


def test_one_image_cannot_be_normalised_at_one_pixel_and_gradsign_says_so() -> None:
    def shrink(network: nn.Module) -> None:
        network.register_module("1", nn.Sequential(nn.AvgPool2d(4), nn.BatchNorm2d(2)))

    found = changed(shrink, FIVE)
    (reason,) = found.pop("gradsign").failures.values()
    assert reason.startswith("UsageError: gradsign runs one image at a time: Expected more than 1 value per channel")
    assert "choose a task with images large enough" in reason
    assert len(statuses(found)) == 4


def test_an_output_that_is_added_to_in_place_is_no_obstacle_but_for_the_shared_gradient_of_zico() -> None:
    class Shifted(nn.Module):
        def __init__(self, conv: nn.Module) -> None:
            super().__init__()
            self.conv = conv

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            output: torch.Tensor = self.conv(maps)
            output += maps
            return output

    def wrap(network: nn.Module) -> None:
        name, conv = [(name, one) for name, one in network.named_children() if isinstance(one, nn.Conv2d)][1]
        network.register_module(name, Shifted(conv))

    found = changed(wrap, FIVE)
    (reason,) = found.pop("zico").failures.values()
    assert "the network overwrites the output of a layer in place" in reason
    assert len(statuses(found)) == 4


def test_one_network_scores_alike_whatever_is_scored_beside_it() -> None:
    problem, arch = stack()
    together = score_all(problem, arch, FIVE)
    for one in FIVE:
        alone = score_all(problem, arch, [one])[one.name].components.values.item()
        assert alone == together[one.name].components.values.item()
