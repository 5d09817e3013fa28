"""epe_nas, zico, gradsign, ntk and linear_regions are their formulas, and keep what follows from them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
import reference_data_proxies as reference
import torch
from estimator_bench.estimators import ntk as ntk_module
from estimator_bench.estimators.epe_nas import EpeNas
from estimator_bench.estimators.gradsign import Gradsign
from estimator_bench.estimators.linear_regions import LinearRegions
from estimator_bench.estimators.ntk import Ntk
from estimator_bench.estimators.te_nas import TeNas
from estimator_bench.estimators.zico import Zico
from reference_data_proxies import Given, in_double
from reference_proxies import Given as Fixed
from reference_proxies import score_all
from torch import nn

from estimator_bench import Components, Initialisation, NetworkRecipe, Pass, Protocol, UsageError, ZeroCostEstimator
from estimator_bench.cli.asked import check_inputs
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.problem import make_problem
from estimator_bench.repeat import Repeat
from estimator_bench.runs.plan import Plan, Request, make_plan

MIXED = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_3x3~2|"
NETWORKS = [
    ("toy/quality", "wide-skip-narrow-wide", 8),
    ("nb201/digits@mini", MIXED, 6),
    ("nb101/digits@mini", None, 4),
    ("nb301/digits@mini", None, 4),
    ("nds-resnet/digits@mini", None, 5),
    ("mnasnet/digits@mini", None, 4),
    ("two-path/digits@mini", None, 4),
]
pytestmark = pytest.mark.usefixtures("toy")


def given(task: str, text: str | None, size: int, inputs: str = "gaussian") -> Given:
    """A network by its text, or one drawn from the space."""
    problem = make_problem(task, Protocol(batch_size=size, seed=3, inputs=inputs))
    return Given(problem, problem.space.parse(text) if text else problem.unlabelled(1)[0])


def packaged(one: Given, estimator: ZeroCostEstimator) -> float:
    """What the package makes of the network as it is, in float32."""
    scored = score_all(one.problem, one.arch, [estimator])[estimator.name]
    assert scored.failures == {}
    return float(scored.components.values.item())


# ---------------------------------------------------------------------------------------------- formulas


def total_agreement(one: Given) -> float:
    return float(reference.gradsign(one).sum())


@pytest.mark.parametrize(
    ("estimator", "formula", "networks", "exactly"),
    [
        (EpeNas(), reference.epe_nas, (1, 2, 3, 6), 1e-9),
        (Zico(), reference.zico, (0, 2, 3, 6), 1e-9),
        (
            Zico(batches=3, gradients="accumulated"),
            lambda one: reference.zico(one, 3, accumulated=True),
            (0, 2, 4),
            1e-9,
        ),
        (Gradsign(), total_agreement, (2, 5, 6), 1e-9),
        (Ntk(), reference.ntk, (1, 2, 3, 6), 1e-9),
        (LinearRegions(samples=200), lambda one: reference.linear_regions(one, 200), (0, 1, 2, 4), 1e-9),
    ],
    ids=["epe_nas", "zico", "zico-accumulated", "gradsign", "ntk", "linear_regions"],
)
def test_a_score_is_the_formula_in_double_precision_and_to_nine_digits_on_a_double_network(
    estimator: ZeroCostEstimator, formula: Callable[[Given], float], networks: Sequence[int], exactly: float
) -> None:
    for number in networks:
        one = given(*NETWORKS[number])
        expected = formula(one)
        assert in_double(one.problem, one.arch, estimator) == pytest.approx(expected, rel=exactly), NETWORKS[number]
        assert packaged(one, estimator) == pytest.approx(expected, rel=1e-4), NETWORKS[number]


@pytest.mark.parametrize(("number", "most"), [(1, 3e-3), (5, 0.03)])
def test_where_rounding_decides_zico_and_gradsign_are_nearly_the_formula(number: int, most: float) -> None:
    """Two gradients that nearly agree, and gradients near zero: in float32 1.2% of zico and 0.14% of gradsign."""
    one = given(*NETWORKS[number])
    steadiness, agreement = reference.zico(one), total_agreement(one)
    assert in_double(one.problem, one.arch, Zico()) == pytest.approx(steadiness, rel=1e-9)
    assert in_double(one.problem, one.arch, Gradsign()) == pytest.approx(agreement, rel=1e-4)
    assert packaged(one, Zico()) == pytest.approx(steadiness, rel=most)
    assert packaged(one, Gradsign()) == pytest.approx(agreement, rel=3e-3)


# ---------------------------------------------------------------------------------------------- epe_nas


def test_with_more_than_a_hundred_outputs_classes_are_compared_with_each_other() -> None:
    problem = make_problem("nb201/imagenet16-120@nats", Protocol(batch_size=24, seed=1))
    small = replace(
        problem.task, recipe=replace(problem.task.recipe, input_shape=(3, 8, 8), settings=(("width", 4), ("cells", 1)))
    )
    one = Given(replace(problem, task=small), problem.space.parse(MIXED))
    targets = one.batch()[1]
    assert 2 <= (targets.bincount() > 1).sum() < (targets.bincount() > 0).sum(), "some classes have one image"
    expected = reference.epe_nas(one, many=True)
    assert in_double(one.problem, one.arch, EpeNas()) == pytest.approx(expected, rel=1e-9)
    assert packaged(one, EpeNas()) == pytest.approx(expected, rel=1e-4)
    assert packaged(one, EpeNas(count="present")) == pytest.approx(reference.epe_nas(one), rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_epe_nas_does_not_depend_on_the_order_of_images_or_the_names_of_classes(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    rows, targets = torch.randn(30, 40, generator=generator), torch.randint(5, (30,), generator=generator)
    for outputs in (10, 200):
        order, names = torch.randperm(30, generator=generator), torch.randperm(5, generator=generator)
        before, after = epe(rows, targets, outputs), epe(rows[order], names[targets[order]], outputs)
        assert after == pytest.approx(before, rel=1e-9)


def test_epe_nas_of_one_class_is_that_of_the_whole_correlation_matrix() -> None:
    rows = torch.randn(8, 50, generator=torch.Generator().manual_seed(1))
    expected = abs(np.log(np.abs(np.corrcoef(rows.double().numpy())) + 1e-5).sum())
    assert epe(rows, torch.full((8,), 3), 10) == pytest.approx(expected, rel=1e-9)


def test_a_class_with_one_image_adds_next_to_nothing_and_a_class_without_images_nothing() -> None:
    rows = torch.randn(9, 50, generator=torch.Generator().manual_seed(1))
    pairs = torch.tensor([0, 0, 0, 0, 4, 4, 4, 4, 9])
    more = epe(rows, pairs, 10) - epe(rows[:8], pairs[:8], 10)
    assert more == pytest.approx(math.log1p(1e-5), rel=1e-6)
    assert epe(rows, pairs, 200) == epe(rows[:8], pairs[:8], 200)


@pytest.mark.parametrize(
    ("targets", "outputs", "telling"),
    [([0, 1, 2, 3], 10, "0 of 4"), ([0, 1, 2, 3], 101, "0 of 4"), ([0, 0, 2, 3], 101, "1 of 3")],
)
def test_a_batch_that_would_score_all_networks_alike_is_a_named_error(
    targets: list[int], outputs: int, telling: str
) -> None:
    rows = torch.randn(4, 20, generator=torch.Generator().manual_seed(1))
    with pytest.raises(UsageError, match=f"{telling} classes have two images in the batch.*enlarge --batch-size"):
        epe(rows, torch.tensor(targets), outputs)


def test_two_images_of_one_class_are_enough_for_the_first_form() -> None:
    rows = torch.randn(4, 20, generator=torch.Generator().manual_seed(1))
    assert epe(rows, torch.tensor([0, 0, 2, 3]), 10) > 0.1


def epe(rows: torch.Tensor, targets: torch.Tensor, outputs: int) -> float:
    """epe_nas of input gradients."""

    class Rows(dict[Pass, object]):
        pass

    passes = Rows({"jacobian": rows})
    passes.targets = targets  # type: ignore[attr-defined]
    passes.problem = SimpleNamespace(task=SimpleNamespace(recipe=SimpleNamespace(classes=outputs)))  # type: ignore[attr-defined]
    return EpeNas().measure(passes)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- zico


def test_zico_takes_the_gradient_that_others_share_and_those_of_further_images() -> None:
    one = given(*NETWORKS[1], inputs="digits")
    network = one.network()
    first, second = (reference.gradients(network, one.batch(number)) for number in range(2))
    expected = sum(
        math.log((np.abs(a) + np.abs(b))[a != b] @ (1 / np.abs(a - b)[a != b]))
        for a, b in zip(first, second, strict=True)
        if (a != b).any()
    )
    assert in_double(one.problem, one.arch, Zico()) == pytest.approx(expected, rel=1e-9)


def test_zico_does_not_depend_on_the_scale_of_normalised_layers() -> None:
    """The gradient of such a layer shrinks as its weights grow, in all batches alike."""
    one = given(*NETWORKS[0])
    network = one.problem.network(one.arch)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-30
    grown = copy.deepcopy(network)
    with torch.no_grad():
        for conv, norm in pairwise(grown):  # type: ignore[arg-type]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                conv.weight *= 4
    before, after = (packaged(Given(Fixed(one.problem, net), one.arch), Zico()) for net in (network, grown))
    assert after == pytest.approx(before, rel=1e-4)


def test_more_batches_are_other_images_each_and_give_another_score() -> None:
    one = given(*NETWORKS[2])
    scores = {packaged(one, Zico(batches=number)) for number in (2, 3, 4)}
    assert len(scores) == 3
    assert packaged(one, Zico()) != packaged(one, Zico(gradients="accumulated"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Zico(batches=1), "at least 2 batches, not 1"),
        (lambda: Gradsign(images=0), "at least 1 image"),
        (lambda: Ntk(images=1), "at least 2 images"),
        (lambda: LinearRegions(samples=1), "at least 2 samples"),
        (lambda: LinearRegions(side=0), "^linear_regions: images have a side of at least 1 pixel, not of 0$"),
        (lambda: LinearRegions(side=-3), "^linear_regions: images have a side of at least 1 pixel, not of -3$"),
    ],
)
def test_too_few_of_what_is_compared_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def test_images_for_all_batches_are_counted_before_anything_is_scored() -> None:
    def plan(*estimators: str) -> Plan:
        return make_plan(Request("nb201/digits@mini", estimators, Protocol(batch_size=40, inputs="digits")))

    check_inputs(plan("snip", "zico"))
    with pytest.raises(UsageError, match="3 batches of 40 images cannot be drawn from the 100 training images"):
        check_inputs(plan("snip", "zico:batches=3"))


@pytest.mark.parametrize("spec", ["gradsign:images=5", "ntk:images=5", "te-nas:of=[ntk:images=5]", "swap:images=5"])
def test_more_images_than_the_batch_has_are_refused_before_anything_is_scored(spec: str) -> None:
    def plan(**conditions: Any) -> Plan:
        return make_plan(Request("nb201/digits@mini", ["snip", spec], Protocol(**conditions)))

    name = next(name for name in ("gradsign", "ntk", "swap") if name in spec)
    message = f"^'{name}' takes 5 images of the batch, which has 4: enlarge --batch-size, or let it take fewer$"
    check_inputs(plan(batch_size=5))
    for conditions in ({"batch_size": 4}, {"batch_size": 6, "repeat": Repeat.parse("batch-size=6|4")}):
        with pytest.raises(UsageError, match=message):
            check_inputs(plan(**conditions))
    with pytest.raises(UsageError, match=message):
        packaged(given("nb201/digits@mini", MIXED, 4), make_estimator(f"{name}:images=5"))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- gradsign


def test_gradsign_is_the_mean_times_the_number_of_weights() -> None:
    one = given(*NETWORKS[2])
    agreement = reference.gradsign(one)
    assert packaged(one, Gradsign(aggregate="mean")) == pytest.approx(agreement.mean(), rel=1e-4)
    assert packaged(one, Gradsign()) == pytest.approx(
        packaged(one, Gradsign(aggregate="mean")) * len(agreement), rel=1e-9
    )


@pytest.mark.parametrize("images", [1, 3])
def test_gradsign_takes_as_many_images_as_it_is_told(images: int) -> None:
    one = given(*NETWORKS[2])
    agreement = reference.gradsign(one, images)
    assert 0 < agreement.max() == images
    assert packaged(one, Gradsign(images=images)) == pytest.approx(agreement.sum(), rel=1e-4)
    assert packaged(one, Gradsign(images=4)) == packaged(one, Gradsign()), "all there are"


# ---------------------------------------------------------------------------------------------- ntk


def test_a_kernel_made_in_groups_of_layers_is_the_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    one = given(*NETWORKS[1])
    whole = packaged(one, Ntk())
    monkeypatch.setattr(ntk_module, "KEPT", 6 * 2000)
    assert packaged(one, Ntk()) == pytest.approx(whole, rel=1e-12)


def test_ntk_takes_as_many_images_as_it_is_told() -> None:
    one = given(*NETWORKS[2])
    assert packaged(one, Ntk(images=2)) == pytest.approx(reference.ntk(one, 2), rel=1e-4)
    assert packaged(one, Ntk(images=4)) == packaged(one, Ntk()), "all there are"


def test_ntk_of_weights_as_built_is_another_one_than_of_drawn_weights() -> None:
    one = given(*NETWORKS[2])
    assert len({packaged(one, Ntk(init=init)) for init in get_args(Initialisation)}) == 4


@pytest.mark.parametrize("precise", [False, True])
def test_a_singular_kernel_is_minus_infinity_and_no_ratio_of_rounding(precise: bool) -> None:
    """Behind a normalisation and the mean, logits add up to a constant over a batch."""
    one = line(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8))
    found = in_double(one.problem, one.arch, Ntk()) if precise else packaged(one, Ntk())
    assert found == -math.inf
    assert abs(reference.ntk(one)) > 1e20


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_gradsign_counts_no_signs_of_rounding(precise: bool, shift: float) -> None:
    """Behind a normalisation and the mean an image alone is like any other: only the classifier sees the shift."""
    norm = nn.BatchNorm2d(8)
    nn.init.constant_(norm.bias, shift)
    one = line(nn.Conv2d(1, 8, 3, padding=1), norm)
    targets = one.batch()[1]
    found = in_double(one.problem, one.arch, Gradsign()) if precise else packaged(one, Gradsign())
    if not shift:
        assert found == 0
    else:  # each weight of a class goes up for the images of that class, and down for all others
        assert found == 8 * sum(abs(len(targets) - 2 * int((targets == number).sum())) for number in range(3))
    assert total_agreement(one) > found, "the formula sees rounding"


# ---------------------------------------------------------------------------------------------- linear_regions


def line(*layers: nn.Module) -> Given:
    """A stack of layers on grey images, between a convolution and a classifier."""
    problem = make_problem("toy/quality", Protocol())
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    return Given(Fixed(problem, network), problem.space.parse("skip-skip-skip-skip"))


def test_the_units_of_one_layer_cut_a_line_where_each_of_them_switches() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 8, 1)
    with torch.no_grad():
        conv.bias.copy_(-conv.weight.flatten() * torch.linspace(-0.7, 0.7, 8))  # type: ignore[union-attr]
    assert packaged(line(conv, nn.ReLU()), LinearRegions(samples=500, init="as-built")) == 9
    assert packaged(line(conv, nn.ReLU6()), LinearRegions(samples=500)) == 2, "drawn anew, biases are 0"
    assert packaged(line(conv, nn.ReLU()), LinearRegions(samples=2, init="as-built")) <= 2


def test_a_network_without_relu_modules_has_one_region() -> None:
    assert packaged(line(nn.Conv2d(1, 8, 3), nn.Hardswish()), LinearRegions()) == 1


def test_units_after_the_maps_do_not_count() -> None:
    flat = nn.Sequential(
        nn.Conv2d(1, 8, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.ReLU(), nn.Unflatten(1, (8, 1, 1))
    )
    assert packaged(line(flat), LinearRegions()) == 1


def test_images_with_independent_pixels_share_no_pattern() -> None:
    one = given(*NETWORKS[1])
    assert packaged(one, LinearRegions(samples=50, inputs="gaussian")) == 50
    assert 100 < packaged(one, LinearRegions(samples=1000)) < 990


@pytest.mark.parametrize(("pixels", "side", "expected"), [(16, None, 8), (96, None, 32), (96, 5, 5)])
def test_images_are_small_but_for_networks_that_halve_them_often(pixels: int, side: int | None, expected: int) -> None:
    seen: list[torch.Tensor] = []
    conv = nn.Conv2d(1, 8, 1)
    conv.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    one = line(conv, nn.ReLU())
    recipe = NetworkRecipe("other", (1, pixels, pixels), 3)
    object.__setattr__(one.problem, "task", replace(one.problem.task, recipe=recipe))
    packaged(one, LinearRegions(side=side))
    (images,) = seen
    assert tuple(images.shape) == (1000, 1, expected, expected)
    assert (images == images[:, :, :1, :1]).all()
    assert abs(images[:, 0, 0, 0].mean().item()) < 0.15 > abs(images[:, 0, 0, 0].std().item() - 1)


# ---------------------------------------------------------------------------------------------- te-nas


def test_te_nas_ranks_by_the_sum_of_two_ranks() -> None:
    values = np.array([[-3.0, 40], [-2, 30], [-math.inf, 50], [-5, 30]])[:, None]
    found = TeNas().combine(Components(values, names=("ntk", "linear_regions")))
    assert found.tolist() == [(3 + 3) / 8, (4 + 1.5) / 8, (1 + 4) / 8, (2 + 1.5) / 8]


def test_te_nas_takes_members_with_parameters() -> None:
    spec = "te-nas:of=[ntk:images=16]+[linear_regions:samples=300]"
    estimator = make_estimator(spec)
    assert estimator.members == ("ntk:images=16", "linear_regions:samples=300")
    assert spec_of(estimator) == spec
    assert make_estimator("te-nas").members == ("ntk", "linear_regions")
