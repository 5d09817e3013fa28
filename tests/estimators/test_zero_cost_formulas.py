"""The zero-cost proxies are their formulas, and keep the identities that follow from them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import reference_proxies as reference
import torch
from estimator_bench.estimators.fisher import Fisher
from estimator_bench.estimators.grad_norm import GradNorm
from estimator_bench.estimators.grasp import Grasp
from estimator_bench.estimators.plain import Plain
from estimator_bench.estimators.relu_logdet import ReluLogdet
from estimator_bench.estimators.snip import Snip
from reference_proxies import Case, case, score_all
from torch import nn

from estimator_bench import Architecture, Pass, Problem, Protocol, ZeroCostEstimator, single_thread
from estimator_bench.networks.passes import PASSES, with_prerequisites
from estimator_bench.problem import make_problem

pytestmark = pytest.mark.usefixtures("toy")

MIXED = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_3x3~2|"
POOLED = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
DEAD_ENDS = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
NETWORKS = [
    ("toy/quality", "wide-skip-narrow-wide", 8),
    ("toy/quality", "skip-skip-skip-wide", 2),
    ("nb201/digits@mini", MIXED, 6),
    ("nb201/digits@mini", DEAD_ENDS, 6),
    ("nb201/imagenet16-120@nats", MIXED, 4),
    ("nb201/cifar10@nats", POOLED, 4),
]
FORMULAS: dict[str, Callable[[Case], float]] = {
    "grad_norm": reference.grad_norm,
    "snip": reference.snip,
    "fisher": reference.fisher,
    "relu_logdet": reference.relu_logdet,
    "l2_norm": reference.l2_norm,
}
"""Those in which float32 loses little; plain and grasp are differences of large sums."""


def chosen(task: str, text: str, size: int) -> tuple[Problem, Architecture]:
    problem = make_problem(task, Protocol(batch_size=size, seed=3))
    return problem, problem.space.parse(text)


@cache
def packaged(task: str, text: str, size: int) -> dict[str, float]:
    found = score_all(*chosen(task, text, size))
    assert all(scored.failures == {} for scored in found.values())
    return {name: scored.components.values.item() for name, scored in found.items()}


class Passed(dict[Pass, object]):
    """The passes over a network of any precision."""

    def __init__(self, given: Case) -> None:
        super().__init__()
        self.network, self.inputs, self.targets = given.network, given.images, given.targets

    def fresh_network(self) -> nn.Module:
        return copy.deepcopy(self.network)


def in_double(estimator: ZeroCostEstimator, given: Case) -> float:
    """The package's score of a network of any precision: its passes on a copy, one after the other."""
    results = Passed(given)
    for name in with_prerequisites(estimator.needs):
        results[name] = PASSES[name].compute(results)  # type: ignore[arg-type]
    return float(estimator.measure(results))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- formulas


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(("task", "text", "size"), [*NETWORKS[:4], NETWORKS[5]])
def test_a_score_is_the_formula_in_double_precision(name: str, task: str, text: str, size: int) -> None:
    expected = FORMULAS[name](case(*chosen(task, text, size)))
    assert expected > 0
    assert packaged(task, text, size)[name] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_deep_network_s_score_is_the_formula_in_the_network_s_own_precision(name: str) -> None:
    """Float32 itself turns the sign of a few units there, and 0.1% of fisher with them; so do sums over threads."""
    found, network = packaged(*NETWORKS[4])[name], chosen(*NETWORKS[4])
    with single_thread():
        expected = FORMULAS[name](case(*network, dtype=torch.float32))
    assert found == pytest.approx(expected, rel=1e-4)
    assert found == pytest.approx(FORMULAS[name](case(*network)), rel=0.02)


@pytest.mark.parametrize(("task", "text", "size"), NETWORKS)
def test_plain_and_grasp_are_their_formulas_up_to_what_cancels_in_float32(task: str, text: str, size: int) -> None:
    """Compared with the size of the terms that are added up."""
    given, found = case(*chosen(task, text, size)), packaged(task, text, size)
    assert found["plain"] == pytest.approx(reference.plain(given), abs=1e-5 * found["snip"])
    if "@nats" not in task:  # whose double Hessian takes seconds
        terms = sum(map(abs, reference.curvature(given).values()))
        assert found["grasp"] == pytest.approx(reference.grasp(given), abs=1e-4 * terms)


@pytest.mark.parametrize(
    ("estimator", "formula"),
    [
        (Plain(), reference.plain),
        (Grasp(), reference.grasp),
        (GradNorm(), reference.grad_norm),
        (Snip(), reference.snip),
        (Fisher(), reference.fisher),
        (ReluLogdet(), reference.relu_logdet),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
@pytest.mark.parametrize(("task", "text", "size"), NETWORKS[:3])
def test_on_a_double_network_the_passes_are_the_formula_to_nine_digits(
    estimator: ZeroCostEstimator, formula: Callable[[Case], float], task: str, text: str, size: int
) -> None:
    given = case(*chosen(task, text, size))
    assert in_double(estimator, given) == pytest.approx(formula(given), rel=1e-9, abs=1e-12)


def test_plain_is_the_slope_of_the_loss_when_all_weights_grow_alike() -> None:
    given = case(*chosen(*NETWORKS[2]))

    def loss(scale: float) -> float:
        return given.loss({name: layer.weight.detach() * scale for name, layer in given.layers.items()}).item()

    slope = (loss(1 + 1e-6) - loss(1 - 1e-6)) / 2e-6
    assert in_double(Plain(), given) == pytest.approx(slope, rel=1e-6)


def test_grasp_is_the_change_of_plain_s_gradient_along_itself() -> None:
    """-theta . (H g) by the difference of two gradients, without any second derivative."""
    given = case(*chosen(*NETWORKS[0]))
    before, gradients = given.weights(), given.gradients()
    step = 1e-6

    def moved(sign: int) -> dict[str, np.ndarray]:
        there = copy.deepcopy(given)
        with torch.no_grad():
            for name, layer in there.layers.items():
                layer.weight += sign * step * torch.from_numpy(gradients[name])
        return there.gradients()

    plus, minus = moved(1), moved(-1)
    product = sum(float((before[name] * (plus[name] - minus[name])).sum()) for name in before) / (2 * step)
    assert in_double(Grasp(), given) == pytest.approx(-product, rel=1e-5)


@pytest.mark.parametrize(("task", "text", "size"), [NETWORKS[0], NETWORKS[2]])
def test_fisher_is_made_of_the_slopes_of_gates_one_per_image_and_channel(task: str, text: str, size: int) -> None:
    """A gate z = 1 that multiplies the whole map of one channel for one image: dL/dz = sum_hw a dL/da."""
    given = case(*chosen(task, text, size))
    gates: dict[str, torch.Tensor] = {}

    def gated(name: str, output: torch.Tensor) -> torch.Tensor:
        shape = (*output.shape[:2], *[1] * (output.dim() - 2))
        gates[name] = torch.ones(shape, dtype=output.dtype, requires_grad=True)
        return output * gates[name]

    for name, layer in given.layers.items():
        layer.register_forward_hook(lambda _module, _inputs, output, name=name: gated(name, output))
    given.loss().backward()
    expected = 0.0
    for name, gate in gates.items():
        slopes = np.zeros(tuple(gate.shape)) if gate.grad is None else gate.grad.numpy()
        weights = given.layers[name].weight
        expected += weights.numel() / len(weights) * float((slopes**2).mean(0).sum()) / 2
    assert in_double(Fisher(), case(*chosen(task, text, size))) == pytest.approx(expected, rel=1e-9)


def test_double_calls_of_a_layer_add_up() -> None:
    """Fisher adds calls, and so does the gradient that the others read; l2_norm counts the weights once."""

    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shared, self.relu, self.head = nn.Conv2d(2, 2, 3, padding=1), nn.ReLU(), nn.Linear(32, 3)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            maps = self.relu(self.shared(self.relu(self.shared(images))))
            found: torch.Tensor = self.head(maps.flatten(1))
            return found

    torch.manual_seed(2)
    looped = Case(Loop().double(), torch.randn(5, 2, 4, 4).double(), torch.arange(5) % 3)
    for estimator, formula in (
        *((Fisher(), reference.fisher), (Snip(), reference.snip), (GradNorm(), reference.grad_norm)),
        *((Plain(), reference.plain), (Grasp(), reference.grasp), (ReluLogdet(), reference.relu_logdet)),
    ):
        assert in_double(estimator, looped) == pytest.approx(formula(looped), rel=1e-9)
    assert in_double(Fisher(), looped) > 0


# ---------------------------------------------------------------------------------------------- batch normalisation

NORMED = [NETWORKS[0], NETWORKS[2], NETWORKS[3]]


def normed(given: Case) -> set[str]:
    """The names of the weights whose output goes into batch normalisation and nowhere else."""
    found = set()
    for name, module in given.network.named_modules():
        children = list(module.named_children()) if isinstance(module, nn.Sequential) else []
        for (first, one), (_, other) in pairwise(children):
            if isinstance(one, nn.Conv2d) and isinstance(other, nn.BatchNorm2d):
                found.add(f"{name}.{first}.weight".lstrip("."))
    return found


@pytest.mark.parametrize(("task", "text", "size"), NORMED)
def test_plain_is_made_by_the_layers_without_normalisation(task: str, text: str, size: int) -> None:
    """The loss does not depend on the scale of the others (specification B.1)."""
    given = case(*chosen(task, text, size), eps=1e-30)
    weights, gradients = given.weights(), given.gradients()
    terms = {name: float((weights[name] * gradients[name]).sum()) for name in weights}
    scale_free = normed(given)
    assert 0 < len(scale_free) < len(terms)
    for name in scale_free:
        assert abs(terms[name]) <= 1e-10 * np.abs(weights[name] * gradients[name]).sum()
    rest = sum(value for name, value in terms.items() if name not in scale_free)
    assert in_double(Plain(), given) == pytest.approx(rest, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("task", "text", "size"), NORMED)
def test_grasp_is_the_gradient_s_length_where_a_layer_is_normalised(task: str, text: str, size: int) -> None:
    """-theta . (H g) of such a layer is ||g||^2 (specification B.2)."""
    given = case(*chosen(task, text, size), eps=1e-30)
    curved = reference.curvature(given)
    lengths = {name: float(np.square(gradient).sum()) for name, gradient in given.gradients().items()}
    for name in normed(given):
        assert -curved[name] == pytest.approx(lengths[name], rel=1e-7, abs=1e-12)
    expected = sum(lengths[name] if name in normed(given) else -value for name, value in curved.items())
    assert in_double(Grasp(), given) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("estimator", [Plain(), Snip(), Fisher(), ReluLogdet(), GradNorm()], ids=lambda one: one.name)
def test_the_scale_of_normalised_layers_matters_to_grad_norm_alone(estimator: ZeroCostEstimator) -> None:
    given = case(*chosen(*NETWORKS[2]), eps=1e-30)
    grown = copy.deepcopy(given)
    with torch.no_grad():
        for name in normed(grown):
            grown.layers[name].weight *= 3
    before, after = (in_double(estimator, one) for one in (given, grown))
    if isinstance(estimator, GradNorm):
        assert after < 0.9 * before
    else:
        assert after == pytest.approx(before, rel=1e-8)


# ---------------------------------------------------------------------------------------------- declarations


def test_each_proxy_needs_no_more_than_it_reads() -> None:
    class Noted(Passed):
        def __getitem__(self, name: Pass) -> object:
            read.add(name)
            return super().__getitem__(name)

    read: set[Pass] = set()
    run = Noted(case(*chosen(*NETWORKS[0])))
    for estimator in reference.NINE[:-1]:
        for name in with_prerequisites(estimator.needs):
            run.setdefault(name, PASSES[name].compute(run))  # type: ignore[arg-type]
        read.clear()
        estimator.measure(run)  # type: ignore[arg-type]
        assert read == estimator.needs
    assert not reference.NINE[-1].needs


def test_two_images_that_switch_all_units_alike_have_no_log_determinant() -> None:
    """Elimination leaves rounding where equal rows stand among many others, which is no score."""
    for seed in range(20):
        on = np.random.default_rng(seed).integers(0, 2, (64, 3000)).astype(np.float64)
        on[41] = on[7]
        agreement = torch.from_numpy(on @ on.T + (1 - on) @ (1 - on).T)
        assert ReluLogdet().measure({"activation_agreement": agreement}) == -np.inf  # type: ignore[arg-type]
