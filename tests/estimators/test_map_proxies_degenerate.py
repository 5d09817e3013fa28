"""zen, meco, swap and az_nas on networks that lack what they look at, and az_nas's ranks in a population."""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.nb201.cell import CONV_3X3, NONE, SKIP, Cell
from estimator_bench.estimators.az_nas import AzNas
from estimator_bench.estimators.meco import Meco
from estimator_bench.estimators.swap import Swap
from estimator_bench.estimators.zen import Zen
from harness import run
from odd_networks import changed, of, stack, statuses
from reference_proxies import Given, score_all
from torch import nn

from estimator_bench import Architecture, Components, Problem, Protocol, UsageError
from estimator_bench.problem import make_problem

pytestmark = pytest.mark.usefixtures("toy")

THREE = (Zen(), Meco(), Swap(repeats=2, images=6))
"""Those that ask nothing of a network but global pooling."""

INPUTS = ("gaussian", "digits")


def mini(size: int = 6) -> Problem:
    return make_problem("nb201/digits@mini", Protocol(batch_size=size))


def components(problem: Problem, arch: Architecture, estimator: AzNas | None = None) -> dict[str, float]:
    (scored,) = score_all(problem, arch, [estimator or AzNas()]).values()
    assert scored.failures == {}
    return dict(zip(scored.components.names, scored.components.values[0, 0].tolist(), strict=True))


# ---------------------------------------------------------------------------------------------- no path


def test_maps_that_do_not_depend_on_the_image_have_no_zen_score() -> None:
    for variance in ("running", "batch"):
        (scored,) = score_all(mini(), Cell((NONE,) * 6), [Zen(variance=variance)]).values()  # type: ignore[arg-type]
        assert scored.components.values.item() == -math.inf


def test_empty_cells_express_nothing() -> None:
    """Zeros have no entropy, and a gradient of zero is as far from 1 as it can be."""
    found = components(mini(), Cell((NONE,) * 6))
    assert (found["expressivity"], found["progressivity"]) == (-math.inf, -math.inf)
    assert -1e6 < found["trainability"] < -5e5
    assert found["complexity"] > 0


def test_without_a_path_the_stem_and_residual_blocks_still_have_patterns_and_eigenvalues() -> None:
    found = of(score_all(mini(), Cell((NONE,) * 6), [Meco(), THREE[2]]))
    assert found["meco"] > 0
    assert found["swap"] == 1, "all units that are there are off"


def test_blocks_that_do_nothing_cannot_be_trained_or_are_left_out() -> None:
    idle = Cell((NONE, NONE, NONE, SKIP, NONE, NONE))
    assert components(mini(), idle)["trainability"] == -math.inf
    assert components(mini(), idle, AzNas(idle="skipped"))["trainability"] > -10
    assert math.isfinite(components(mini(), idle)["expressivity"])


def test_a_network_whose_maps_are_all_constant_scores_0() -> None:
    """Its image is what does not vary: all weights of the stem are 0."""

    def silence(network: nn.Module) -> None:
        nn.init.zeros_(cast(nn.Conv2d, network.get_submodule("0")).weight)

    assert of(changed(silence, [Meco()]))["meco"] == 0


# ---------------------------------------------------------------------------------------------- missing parts


def test_without_activations_and_normalisation() -> None:
    found = score_all(*stack("skip-skip-skip-skip"), THREE)
    assert set(statuses(found).values()) == {"ok"}
    assert of(found)["swap"] == 0


def test_without_normalisation_zen_is_its_first_term() -> None:
    """Linear maps of one image: the mean over images of the sum of |w| times how far pixels move."""
    problem, arch = stack("skip-skip-skip-skip")
    few, far = (of(score_all(problem, arch, [Zen(mixup=mixup)]))["zen"] for mixup in (0.01, 0.1))
    assert far - few == pytest.approx(math.log(10), rel=1e-4)


def test_layers_without_running_statistics_count_like_others() -> None:
    def forget(network: nn.Module) -> None:
        for norm in network.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.track_running_stats, norm.running_mean, norm.running_var = False, None, None

    assert of(changed(forget, [Zen()])) == of(changed(lambda _: None, [Zen()]))


def test_layers_without_scale_and_offset_are_no_obstacle() -> None:
    def strip(network: nn.Module) -> None:
        for norm in network.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.affine, norm.weight, norm.bias = False, None, None

    assert of(changed(strip, THREE)) == of(changed(lambda _: None, THREE))


@pytest.mark.parametrize("text", ["wide-narrow-wide-narrow", "skip-wide-skip-skip"])
def test_a_batch_of_two_is_enough(text: str) -> None:
    three = (Zen(), Meco(), Swap(repeats=2, images=2))
    assert list(statuses(score_all(*stack(text, size=2), three)).values()) == ["ok"] * 3
    assert all(map(math.isfinite, components(mini(2), Cell((CONV_3X3,) * 6)).values()))


def test_frozen_weights_relus_in_place_and_unused_layers_make_no_difference() -> None:
    def disturb(network: nn.Module) -> None:
        network.requires_grad_(False)
        for module in network.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = True

    assert of(changed(disturb, THREE)) == of(changed(lambda _: None, THREE))
    problem, cell = mini(), Cell((CONV_3X3,) * 6)
    network = problem.network(cell)
    disturb(network)
    assert components(Given(problem, network), cell) == components(problem, cell)


def test_broken_weights_matter_where_they_are_kept() -> None:
    """zen, swap and az_nas draw their own."""

    def break_one(network: nn.Module) -> None:
        with torch.no_grad():
            cast(nn.Conv2d, network.get_submodule("0")).weight[0] = math.nan

    assert statuses(changed(break_one, THREE)) == {"zen": "ok", "meco": "nan", "swap": "ok"}


class Unsettled(nn.Module):
    """A scale of its own, which no initialisation knows, before what it does."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.scale, self.network = nn.Parameter(torch.tensor(math.nan)), network

    @property
    def blocks(self) -> object:
        return self.network.blocks

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(images * self.scale)
        return found


def test_maps_without_numbers_are_no_numbers_anywhere() -> None:
    problem, cell = mini(), Cell((CONV_3X3,) * 6)
    given = Given(problem, Unsettled(problem.network(cell)))
    assert set(statuses(score_all(given, cell, THREE)).values()) == {"nan"}
    found = components(given, cell)
    assert [name for name, value in found.items() if math.isnan(value)] == [
        *("expressivity", "progressivity", "trainability")
    ]


def test_what_a_network_must_have_is_said() -> None:
    problem, arch = stack()
    flat = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    found = score_all(Given(problem, flat), arch, [Zen(), AzNas()])
    assert "PluginError: the network has no last maps" in found["zen"].failures[0]
    assert "PluginError: the network does not say what its blocks are" in found["az_nas"].failures[0]


def test_a_block_that_makes_maps_larger_is_refused_and_one_that_halves_odd_ones_is_not() -> None:
    class Row(nn.Sequential):
        @property
        def blocks(self) -> list[nn.Module]:
            return list(self)[1:3]

    problem, arch = stack()
    ends = nn.Conv2d(1, 2, 2), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    for change, failed in ((nn.Conv2d(2, 2, 3, 2, padding=1), False), (nn.Upsample(scale_factor=2), True)):
        row = Row(ends[0], nn.Conv2d(2, 2, 1), change, ends[1])
        (scored,) = score_all(Given(problem, row), arch, [AzNas(component="trainability")]).values()
        assert bool(scored.failures) == failed
        assert np.isfinite(scored.components.values).all() or failed


@pytest.mark.parametrize(
    "make",
    [
        *(lambda: Zen(repeats=0), lambda: Zen(images=-1), lambda: Meco(channels=-1), lambda: Swap(repeats=0)),
        *(lambda: Swap(images=21), lambda: Swap(images=0), lambda: Swap(sigma=0.0)),
    ],
)
def test_settings_that_make_no_sense_are_refused(make: type[Zen]) -> None:
    with pytest.raises(UsageError, match=r"needs at least|must not be negative"):
        make()


# ---------------------------------------------------------------------------------------------- conditions, population


def test_what_looks_at_no_data_says_so() -> None:
    for one in (Zen(), Meco(), AzNas()):
        assert "inputs" not in one.conditions
        assert "batch" not in one.conditions
    assert {"inputs", "batch"} <= Meco(inputs="batch").conditions & Swap().conditions
    noise, digits = (make_problem("nb101/digits@mini", Protocol(batch_size=6, inputs=one)) for one in INPUTS)
    cell = noise.space.sample(np.random.default_rng(0))
    assert of(score_all(noise, cell, [Zen(), Meco()])) == of(score_all(digits, cell, [Zen(), Meco()]))
    assert components(noise, cell) == components(digits, cell)


def test_ranks_are_added_up_as_logarithms_of_shares() -> None:
    nan, inf = math.nan, math.inf
    values = np.array([[1, 4, -inf, 2], [2, 4, nan, 2], [3, 1, 0, 2], [nan] * 4])
    names = ("expressivity", "progressivity", "trainability", "complexity")
    found = AzNas().combine(Components(values[:, None, :], names=names))
    ranks = np.array([[1, 2.5, 1.5, 2], [2, 2.5, 1.5, 2], [3, 1, 3, 2]])
    assert found[:3] == pytest.approx(np.log(ranks / 3).sum(axis=1))
    assert math.isnan(found[3]), "a network without components has no rank"


def test_a_run_ranks_its_population(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "nb101/digits@mini",
        "az_nas",
        *("az_nas:component=expressivity", "az_nas:component=complexity", "flops"),
        protocol=Protocol(batch_size=4),
        limit="5",
    )
    scores = {spec: row[1] for spec, row in found.items()}
    assert (scores["az_nas"] < 0).all()
    assert len(set(scores["az_nas"])) > 1
    assert scores["az_nas:component=complexity"].tolist() == scores["flops"].tolist()
