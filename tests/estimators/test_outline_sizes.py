"""relu, activations, depth and live_params are counts of the network on every space, and alike within classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.nb201.cell import CONV_3X3, NONE, Cell
from estimator_bench.benchmarks.nb201.cell import SKIP as SKIP_CONNECT
from estimator_bench.estimators.complexity import Parameters
from estimator_bench.estimators.outline import Activations, Depth, LiveParameters, ReluCount
from reference_outline import counted, live_parameters

from estimator_bench import Architecture, Problem, Protocol, SearchSpace, ZeroCostEstimator, registry, single_thread
from estimator_bench.estimator import oriented
from estimator_bench.networks.outline import Outline, outline
from estimator_bench.networks.scoring import score_networks
from estimator_bench.problem import make_problem

SIZES: tuple[ZeroCostEstimator, ...] = (ReluCount(), Activations(), Depth(), LiveParameters())
SPACES = sorted(set(registry.names("space")) - {"toy"})
MERGING = [name for name in SPACES if type(registry.find_space(name)).representative is not SearchSpace.representative]
"""Those with classes of more than one architecture."""


def sizes(problem: Problem, *texts: str) -> list[list[float]]:
    """(architectures, sizes) in the order of `SIZES`."""
    archs = [problem.space.parse(text) for text in texts]
    found = score_networks(problem, archs, [(one, range(len(archs))) for one in SIZES])
    assert all(scored.failures == {} for scored in found)
    return np.stack([scored.components.values[:, 0, 0] for scored in found], axis=1).tolist()


def in_mini(space: Any, arch: Architecture) -> Outline:
    recipe = space.recipes["mini"]
    return outline(space.build(arch, recipe), torch.zeros(1, *recipe.input_shape))


@pytest.mark.parametrize("name", SPACES)
def test_on_every_space_they_are_what_other_means_count(name: str) -> None:
    space: Any = registry.find_space(name)
    recipe, arch = space.recipes["mini"], space.sample(np.random.default_rng(5))
    torch.manual_seed(0)
    with single_thread():
        found = in_mini(space, arch)
        relus, elements, depth = counted(space.build(arch, recipe), recipe.input_shape)
        live = live_parameters(space.build(arch, recipe), recipe.input_shape)
    assert found == Outline(relus, elements, depth, live)
    assert 0 < found.live_parameters <= space.parameters(arch, recipe)


@pytest.mark.parametrize("name", MERGING)
def test_functional_classes_have_one_depth_and_one_size(name: str) -> None:
    space: Any = registry.find_space(name)
    rng = np.random.default_rng(0)
    drawn = [(arch, space.representative(arch, "functional")) for arch in (space.sample(rng) for _ in range(60))]
    pairs = [(arch, standing) for arch, standing in drawn if arch != standing][:2]
    assert len(pairs) == 2
    for arch, standing in pairs:
        one, other = in_mini(space, arch), in_mini(space, standing)
        assert (one.depth, one.live_parameters) == (other.depth, other.live_parameters)


DENSE, SKIP, NOTHING = Cell((CONV_3X3,) * 6), Cell((NONE, NONE, NONE, SKIP_CONNECT, NONE, NONE)), Cell((NONE,) * 6)
DEAD_ENDS = Cell((CONV_3X3, NONE, NONE, SKIP_CONNECT, NONE, CONV_3X3))
"""A convolution that nothing reads, and one that reads nothing."""


def test_cells_of_nas_bench_201_by_hand() -> None:
    """Stem, five cells in each of three stages, two residual blocks of two convolutions each, normalised head."""
    problem = make_problem("nb201/cifar10@nats", Protocol(batch_size=2))
    dense, skip, nothing, dead_ends = sizes(problem, *map(str, (DENSE, SKIP, NOTHING, DEAD_ENDS)))
    maps = [16 * 32 * 32, 32 * 16 * 16, 64 * 8 * 8]
    around = maps[0] + 3 * (maps[1] + maps[2])
    assert dense == [6 * 15 + 5, around + 5 * 6 * sum(maps), 1 + 3 * 15 + 2 * 2 + 1, 1_531_546]
    assert nothing == [5, around, 0, 0]
    params = Parameters().score(problem, None, [SKIP, DEAD_ENDS])
    assert skip == [5, around, 1 + 2 * 2 + 1, params[0]]
    assert dead_ends == [5 + 2 * 15, around + 5 * 2 * sum(maps), 6, params[0]]
    assert params[1] > params[0]


def test_depth_is_what_residual_networks_are_named_by() -> None:
    problem = make_problem("nds-resnet/cifar10", Protocol(batch_size=2))
    (twenty,) = sizes(problem, "3x16-3x32-3x64")
    assert twenty == [
        19,
        7 * (16 * 32 * 32 + 32 * 16 * 16 + 64 * 8 * 8),
        20,
        problem_parameters(problem, "3x16-3x32-3x64"),
    ]


def problem_parameters(problem: Problem, text: str) -> int:
    return int(Parameters().score(problem, None, [problem.space.parse(text)])[0])


def test_efficientnet_b0_has_its_published_activations_and_parameters() -> None:
    """6.7 million in pycls, whose authors made the measure, and 5.3 million parameters."""
    space: Any = registry.find_space("mnasnet")
    recipe = space.recipes["official"]
    arch = space.parse("e1k3l1se-e6k3l2se-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se")
    found = outline(space.build(arch, recipe), torch.zeros(1, *recipe.input_shape))
    assert found.activations == pytest.approx(6.7e6, rel=0.01)
    assert found.live_parameters == 5_288_548
    # Stem, 16 blocks of expansion (but for the first), depthwise, two of squeeze-excite, projection; head, classifier.
    assert found.depth == 1 + 16 * 5 - 1 + 2


@pytest.mark.usefixtures("toy")
def test_neither_seeds_nor_images_matter() -> None:
    protocols = [Protocol(), Protocol(seed=7, batch_size=3)]
    texts = ("wide-skip-narrow-wide", "skip-skip-skip-skip")
    one, other = (sizes(make_problem("toy/quality", protocol), *texts) for protocol in protocols)
    assert one == other == [[3, 32 * 4, 5, 2 + 40 + 8 + 40 + 9], [0, 32, 2, 2 + 9]]
    assert all(estimator.conditions == frozenset() for estimator in SIZES)


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(("task", "sign"), [("toy/quality", 1), ("toy/loss", 1), ("toy/latency", -1)])
def test_high_sizes_promise_quality_and_cost(task: str, sign: int) -> None:
    for estimator in SIZES:
        assert estimator.kind == "complexity"
        assert oriented(np.array([5.0]), estimator, make_problem(task, Protocol()).task) == [sign * 5]
