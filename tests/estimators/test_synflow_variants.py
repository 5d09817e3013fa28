"""synflow_bn and logsynflow are their formulas, and say so where these have no value."""

from __future__ import annotations

import math

import numpy as np
import pytest
import reference_flows as reference
import torch
from estimator_bench.benchmarks.nb201.cell import CONV_1X1, CONV_3X3, NONE, Cell
from estimator_bench.estimators.logsynflow import LogSynflow
from estimator_bench.estimators.synflow import Synflow
from estimator_bench.estimators.synflow_bn import SynflowBN
from odd_networks import changed, of, stack, statuses
from reference_proxies import Given, score_all
from scipy.stats import spearmanr
from torch import nn

from estimator_bench import Architecture, Problem, Protocol, UsageError, ZeroCostEstimator
from estimator_bench.estimator_spec import make_estimator
from estimator_bench.problem import make_problem

BOTH: tuple[ZeroCostEstimator, ...] = (SynflowBN(), LogSynflow())
MIXED = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_3x3~2|"
DEAD_ENDS = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
NETWORKS = [
    ("nb201/digits@mini", MIXED),
    ("nb201/digits@mini", DEAD_ENDS),
    ("nb201/imagenet16-120@nats", MIXED),
    ("nb101/digits@mini", "pool(0)-1x1(0)-3x3(12)-out(23)"),
    ("nb301/digits@mini", ""),
    ("nds-resnet/digits@mini", "2x16-1x32-2x24"),
]
"""Without a text the architecture is a random one."""


def chosen(task: str, text: str) -> tuple[Problem, Architecture]:
    problem = make_problem(task, Protocol(seed=3, batch_size=2))
    return problem, problem.space.parse(text) if text else problem.space.sample(np.random.default_rng(3))


def score(
    estimator: ZeroCostEstimator, problem: Problem, arch: Architecture, network: nn.Module | None = None
) -> float:
    given = problem if network is None else Given(problem, network)
    return float(estimator.score(given, None, [arch]).values.item())


# ---------------------------------------------------------------------------------------------- formulas


@pytest.mark.parametrize(("task", "text"), NETWORKS)
def test_synflow_bn_is_its_formula(task: str, text: str) -> None:
    expected = reference.synflow_bn(*chosen(task, text))
    assert expected > 1e-3
    assert score(SynflowBN(), *chosen(task, text)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("task", "text", "shift"), [*((*one, 1.0) for one in NETWORKS), *((*one, 1e-6) for one in NETWORKS[:2])]
)
def test_logsynflow_is_its_formula(task: str, text: str, shift: float) -> None:
    expected = reference.logsynflow(*chosen(task, text), shift)
    assert expected > 1
    assert score(LogSynflow(shift), *chosen(task, text)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's own use of it
@pytest.mark.parametrize(("task", "text"), NETWORKS[3:])
def test_synflow_is_the_derivative_of_the_output_along_the_weights_in_other_spaces(task: str, text: str) -> None:
    problem, arch = chosen(task, text)
    network = reference.absolute(problem.network(arch), lambda _: nn.Identity())
    layers = {name: one for name, one in network.named_modules() if isinstance(one, nn.Conv2d | nn.Linear)}
    weights = {f"{name}.weight": layer.weight.detach() for name, layer in layers.items()}
    ones = torch.ones(1, *problem.task.recipe.input_shape, dtype=torch.float64)
    _, slope = torch.func.jvp(
        lambda moved: torch.func.functional_call(network, moved, ones).sum(), (weights,), (weights,)
    )
    assert score(Synflow(), problem, arch) == pytest.approx(float(slope), rel=1e-9)


AUTHORS = (685400.37, 4164552.43, 1936170.74, 51996.61, 931051.44, 1872970.50, 0.0)
"""Of the cells 0 to 5 and 10 of NAS-Bench-201 on ImageNet16-120, from the file that came with the authors' program."""


def test_logsynflow_ranks_as_the_authors_scores_do() -> None:
    """Their initial weights are others, and about three times as large."""
    problem = make_problem("nb201/imagenet16-120@nats", Protocol(batch_size=2))
    cells = problem.space.architectures()
    assert cells is not None
    ours = [score(LogSynflow(), problem, cells[index]) for index in (*range(6), 10)]
    assert spearmanr(ours, AUTHORS).statistic == 1
    assert ours[-1] == AUTHORS[-1]


# ---------------------------------------------------------------------------------------------- what does not matter


@pytest.mark.parametrize("estimator", BOTH, ids=lambda one: one.name)
def test_the_signs_of_the_weights_and_the_batch_do_not_matter(estimator: ZeroCostEstimator) -> None:
    problem, arch = chosen(*NETWORKS[0])
    turned = problem.network(arch)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in turned.parameters():
            parameter *= torch.randint(0, 2, parameter.shape) * 2 - 1
    expected = score(estimator, problem, arch)
    assert score(estimator, problem, arch, turned) == expected
    assert score(estimator, make_problem(NETWORKS[0][0], Protocol(seed=3, batch_size=5)), arch) == expected


@pytest.mark.parametrize("estimator", [*BOTH, LogSynflow(1e-6)], ids=str)
def test_dead_branches_add_nothing(estimator: ZeroCostEstimator) -> None:
    problem = make_problem("nb201/digits@mini", Protocol(batch_size=2))
    live, ends = Cell((NONE, NONE, NONE, CONV_1X1, NONE, NONE)), Cell((CONV_3X3, NONE, NONE, CONV_1X1, NONE, CONV_3X3))
    pruned, full = problem.network(live), problem.network(ends)
    pruned.load_state_dict({name: full.state_dict()[name] for name in pruned.state_dict()})
    assert score(estimator, problem, live, pruned) == pytest.approx(score(estimator, problem, ends, full), rel=1e-12)


def test_the_scale_of_normalised_layers_matters_to_logsynflow_alone() -> None:
    problem, arch = chosen(*NETWORKS[0])
    grown = problem.network(arch)
    with torch.no_grad():
        for name, module in grown.named_modules():
            if isinstance(module, nn.Conv2d) and name.startswith("stem"):
                module.weight *= 1e6  # so that eps does not matter beside the variance, before or after
    larger = Given(problem, grown).network(arch)
    with torch.no_grad():
        larger.get_parameter("stem.0.weight").mul_(3)
    one, other = (score(SynflowBN(), problem, arch, network) for network in (grown, larger))
    assert one == pytest.approx(other, rel=1e-6)
    assert score(LogSynflow(), problem, arch, larger) > 1.01 * score(LogSynflow(), problem, arch, grown)


# ---------------------------------------------------------------------------------------------- no value


def test_without_a_path_nothing_flows() -> None:
    found = score_all(make_problem("nb201/digits@mini", Protocol(batch_size=2)), Cell((NONE,) * 6), BOTH)
    assert of(found) == {"synflow_bn": 0.0, "logsynflow": 0.0}


def test_the_mean_of_normalised_maps_is_no_score_of_rounding_but_zero() -> None:
    problem = make_problem("transnas-micro/digits@mini", Protocol(batch_size=2))
    archs = [problem.space.sample(np.random.default_rng(seed)) for seed in range(3)]
    assert [score(SynflowBN(), problem, arch) for arch in archs] == [0.0] * 3
    assert all(score(LogSynflow(), problem, arch) > 0 for arch in archs)


@pytest.mark.parametrize("text", ["1x1(0)-pool(1)-out(12)", "1x1(0)-pool(0)-1x1(0)-pool(123)-out(14)"])
def test_constant_maps_are_normalised_to_zeros_without_rounding(text: str) -> None:
    """Which would be divided by the root of eps in every layer, and come out as a score of 1e-3."""
    problem, arch = chosen("nb101/digits@mini", text)
    assert score(SynflowBN(), problem, arch) == reference.synflow_bn(problem, arch) == 0.0


def test_maps_of_one_pixel_cannot_be_normalised_by_one_image() -> None:
    """The recipe halves its 8x8 images three times before the last normalisation."""
    problem = make_problem("ofa-resnet50/digits@mini", Protocol(batch_size=2))
    arch = problem.space.sample(np.random.default_rng(0))
    found = score_all(problem, arch, BOTH)
    (reason,) = found["synflow_bn"].failures.values()
    assert "more than one pixel, and would let nothing through: choose a recipe with larger images" in reason
    assert found["logsynflow"].failures == {}


@pytest.mark.usefixtures("toy")
def test_frozen_and_in_place_and_unused_layers_change_nothing() -> None:
    def in_place(network: nn.Module) -> None:
        for module in network.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = True

    def unused(network: nn.Module) -> None:
        network.get_submodule("0").register_module("unused", nn.Conv2d(2, 2, 3))

    expected = of(changed(lambda _: None, BOTH))
    for change in (in_place, unused, lambda network: network.requires_grad_(False)):
        assert of(changed(change, BOTH)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(("value", "status"), [(math.nan, "nan"), (math.inf, "inf")])
def test_weights_that_are_no_numbers_give_no_number_and_no_error(value: float, status: str) -> None:
    found = changed(lambda network: nn.init.constant_(network.get_parameter("0.weight"), value), BOTH)
    assert statuses(found) == {"synflow_bn": "nan", "logsynflow": status}


@pytest.mark.usefixtures("toy")
def test_flows_beyond_double_precision_are_infinite() -> None:
    """The zeros around the maps, times an infinite gradient, would make them NaN."""

    def enlarge(network: nn.Module) -> None:
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.constant_(module.weight, 1e120)

    found = changed(lambda network: enlarge(network.double()), (Synflow(), LogSynflow()))
    assert statuses(found) == {"synflow": "inf", "logsynflow": "inf"}


def test_a_shift_must_be_positive() -> None:
    assert make_estimator("logsynflow:shift=1e-6") == LogSynflow(1e-6)
    for shift in ("0", "-1", "nan"):
        with pytest.raises(UsageError, match="'logsynflow' needs a shift above 0"):
            make_estimator(f"logsynflow:shift={shift}")


@pytest.mark.usefixtures("toy")
def test_a_batch_of_two_is_enough() -> None:
    assert statuses(score_all(*stack(size=2), BOTH)) == {"synflow_bn": "ok", "logsynflow": "ok"}
