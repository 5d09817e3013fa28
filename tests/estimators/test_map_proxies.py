"""zen, meco, swap and az_nas are their formulas."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import reference_maps as reference
import torch
from estimator_bench.estimators import az_nas, swap
from estimator_bench.estimators.az_nas import AzNas
from estimator_bench.estimators.meco import Meco
from estimator_bench.estimators.swap import Swap
from estimator_bench.estimators.zen import Zen
from hypothesis import given
from hypothesis import strategies as st
from reference_proxies import score_all

from estimator_bench import Architecture, Problem, Protocol, ZeroCostEstimator, single_thread
from estimator_bench.problem import make_problem

pytestmark = pytest.mark.usefixtures("toy")

NETWORKS = {
    "toy/quality": "wide-skip-narrow-wide",
    "nb201/digits@mini": "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_3x3~2|",
    "nb101/digits@mini": None,
    "nb301/digits@mini": None,
    "nds-resnet/digits@mini": None,
    "two-path/digits@mini": None,
}
"""An architecture of each task; None for a random one."""

NARROW = ("toy/quality", "nb101/digits@mini")
"""Those that take the least time."""

BLOCKS = {
    "nb201/digits@mini": r"layers\.\d+",
    "nb101/digits@mini": r"layers\.[1-9]\d*",
    "nb301/digits@mini": r"cells\.\d+",
    "nds-resnet/digits@mini": r"stage\d\.\d+",
}
"""The names of blocks, where they are in one row."""


@cache
def chosen(task: str, size: int = 6) -> tuple[Problem, Architecture]:
    problem = make_problem(task, Protocol(batch_size=size, seed=3))
    text = NETWORKS[task]
    return problem, problem.space.parse(text) if text else problem.space.sample(np.random.default_rng(2))


def packaged(estimator: ZeroCostEstimator, task: str, size: int = 6) -> dict[str, float]:
    """By the name of the component."""
    (scored,) = score_all(*chosen(task, size), [estimator]).values()
    assert scored.failures == {}
    return dict(zip(scored.components.names, scored.components.values[0, 0].tolist(), strict=True))


# ---------------------------------------------------------------------------------------------- zen


@pytest.mark.parametrize(
    ("task", "variance", "repeats"),
    [
        *((task, "running", 1) for task in NETWORKS),
        *((task, variance, 2) for task in NARROW for variance in ("running", "restarted", "batch")),
    ],
)
def test_zen_is_the_formula_in_double_precision(task: str, variance: str, repeats: int) -> None:
    expected = reference.zen(reference.started(*chosen(task), "zen"), repeats, variance=variance)
    found = packaged(Zen(repeats=repeats, variance=variance), task)  # type: ignore[arg-type]
    assert found["score"] == pytest.approx(expected, rel=1e-5, abs=1e-4)


# ---------------------------------------------------------------------------------------------- meco


@pytest.mark.parametrize("task", NETWORKS)
@pytest.mark.parametrize(
    ("estimator", "noise", "leaves"), [(Meco(), True, False), (Meco(inputs="batch", modules="leaves"), False, True)]
)
def test_meco_is_the_formula_in_double_precision(estimator: Meco, noise: bool, leaves: bool, task: str) -> None:
    expected = reference.meco(reference.started(*chosen(task), "meco"), noise=noise, leaves=leaves)
    assert expected > 0
    assert packaged(estimator, task)["score"] == pytest.approx(expected, rel=1e-4)


def test_fewer_channels_than_are_looked_at_make_no_difference_to_meco() -> None:
    """The maps of the toy space have two channels."""
    assert packaged(Meco(channels=8), "toy/quality") == packaged(Meco(), "toy/quality")


def test_some_channels_are_less_dependent_than_all_of_them() -> None:
    """The smallest eigenvalue of a principal submatrix is at least that of the matrix."""
    some, every = (packaged(Meco(channels=count), "nb201/digits@mini")["score"] for count in (2, 0))
    assert some > every


# ---------------------------------------------------------------------------------------------- swap


@pytest.mark.parametrize("task", NETWORKS)
def test_swap_counts_the_patterns_of_units(task: str) -> None:
    """Float32 itself turns the signs of a few units, so that the reference looks at the same precision."""
    with single_thread():
        expected = reference.swap(reference.started(*chosen(task, 16), "swap", dtype=torch.float32), repeats=2)
    assert expected > 1
    assert packaged(Swap(repeats=2), task, 16)["score"] == pytest.approx(expected, rel=1e-4)


def test_swap_of_few_images_is_bounded_by_their_patterns() -> None:
    assert packaged(Swap(repeats=1, images=3), "nb201/digits@mini")["score"] == 2**3


def test_swap_punishes_other_sizes() -> None:
    problem, cell = chosen("nb101/digits@mini")
    thousands = problem.space.parameters(cell, problem.task.recipe) / 1000
    plain, punished = (
        packaged(one, "nb101/digits@mini")["score"]
        for one in (Swap(repeats=1, images=6), Swap(repeats=1, images=6, mu=10, sigma=50))
    )
    assert punished == pytest.approx(plain * math.exp(-((thousands - 10) ** 2) / 50))


# ---------------------------------------------------------------------------------------------- az_nas


@pytest.mark.parametrize("task", BLOCKS)
def test_the_components_of_az_nas_are_the_formulas_in_double_precision(task: str) -> None:
    expected = reference.az_nas(reference.started(*chosen(task), "az_nas"), BLOCKS[task])
    found = packaged(AzNas(), task)
    problem, arch = chosen(task)
    assert list(found) == ["expressivity", "progressivity", "trainability", "complexity"]
    assert found["expressivity"] == pytest.approx(expected.expressivity, rel=1e-4)
    assert found["progressivity"] == pytest.approx(expected.progressivity, abs=1e-5 * max(expected.entropies))
    assert found["trainability"] == pytest.approx(expected.trainability, rel=1e-4)
    assert found["complexity"] == problem.space.flops(arch, problem.task.recipe)


def test_rows_of_blocks_side_by_side_begin_with_the_same_maps() -> None:
    """Maps that both paths read count once; what follows is each path's own."""
    task = "two-path/digits@mini"
    found = packaged(AzNas(), task)
    rows = [reference.az_nas(reference.started(*chosen(task), "az_nas"), rf"paths\.{row}\.\d+") for row in (0, 1)]
    both = sum(row.expressivity for row in rows) - rows[0].entropies[0]
    assert found["expressivity"] == pytest.approx(both, rel=1e-4)
    assert found["progressivity"] == pytest.approx(min(row.progressivity for row in rows), abs=1e-4)


@pytest.mark.parametrize("component", ["expressivity", "progressivity", "trainability", "complexity"])
def test_a_component_alone_is_that_of_all(component: str) -> None:
    alone = packaged(AzNas(component=component), "nb101/digits@mini")  # type: ignore[arg-type]
    assert alone == {component: packaged(AzNas(), "nb101/digits@mini")[component]}


# ---------------------------------------------------------------------------------------------- identities


@given(st.integers(1, swap.MOST_IMAGES), st.integers(1, 40), st.integers(0, 10**6))
def test_units_are_told_apart_by_the_images_they_are_on_for(images: int, units: int, seed: int) -> None:
    on = np.random.default_rng(seed).integers(0, 2, (images, 1, 1, units)).astype(np.float32)
    patterns = swap._patterns(torch.from_numpy(on)).unique()
    assert len(patterns) == len(np.unique(on.reshape(images, units), axis=1).T)
    turned = np.random.default_rng(seed).permutation(on)
    assert len(swap._patterns(torch.from_numpy(turned)).unique()) == len(patterns), "whatever the order of the images"


@given(st.integers(2, 6), st.integers(0, 10**6))
def test_entropy_knows_neither_the_size_nor_the_names_of_channels(channels: int, seed: int) -> None:
    maps = torch.randn(3, channels, 4, 4, generator=torch.Generator().manual_seed(seed))
    entropy = az_nas._entropy(maps)
    assert 0 < entropy < math.log(channels)
    assert az_nas._entropy(maps.flip(1) * 7 + 3) == pytest.approx(entropy, rel=1e-5)


@pytest.mark.parametrize("factor", [-3.0, 0.5, 2.0])
def test_a_block_that_scales_one_channel_is_as_trainable_as_its_factor_is_near_1(factor: float) -> None:
    maps = torch.randn(4, 1, 3, 3, requires_grad=True)
    assert az_nas._largest_singular_value(maps, maps * factor) == pytest.approx(abs(factor))
    assert az_nas._largest_singular_value(maps, maps * 1) is None


def test_a_block_that_averages_squares_of_pixels_halves_gradients() -> None:
    """Four pixels with a quarter each: the length of (1/4, 1/4, 1/4, 1/4)."""
    maps = torch.randn(4, 1, 6, 6, requires_grad=True)
    pooled = torch.nn.functional.avg_pool2d(maps, 2)
    assert az_nas._largest_singular_value(maps, pooled) == pytest.approx(0.5)
