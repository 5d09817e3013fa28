"""Networks without paths, activations, normalisation or numbers get scores that say so, or named errors."""

from __future__ import annotations

import math
from typing import cast

import pytest
import torch
from estimator_bench.benchmarks.nb201.cell import CONV_1X1, CONV_3X3, NONE, Cell
from odd_networks import changed, of, stack, statuses
from reference_proxies import NINE, Given, score_all
from torch import nn

from estimator_bench import Protocol
from estimator_bench.estimator import Scored
from estimator_bench.problem import make_problem

pytestmark = pytest.mark.usefixtures("toy")

NAMES = [one.name for one in NINE]
PATHLESS = {"synflow": 0.0, "snip": 0.0, "grad_norm": 0.0, "plain": 0.0, "grasp": 0.0}


# ---------------------------------------------------------------------------------------------- no path


@pytest.mark.parametrize("task", ["nb201/digits@mini", "nb201/imagenet16-120@nats"])
def test_a_network_without_a_path_scores_as_published(task: str) -> None:
    """NASLib's row of such a cell (B.20): zeros, -inf for nwot, no number for jacov, and a small fisher."""
    found = score_all(make_problem(task, Protocol(batch_size=6)), Cell((NONE,) * 6))
    scores = of(found)
    assert {name: scores[name] for name in PATHLESS} == PATHLESS
    assert math.copysign(1, scores["grasp"]) == 1, "0, not -0"
    assert (scores["relu_logdet"], math.isnan(scores["jacov"])) == (-math.inf, True)
    assert scores["l2_norm"] > 0
    assert statuses(found) == {**dict.fromkeys(NAMES, "ok"), "relu_logdet": "inf", "jacov": "nan"}


def test_without_a_path_fisher_holds_what_the_classifier_owes_to_its_bias() -> None:
    problem, cell = make_problem("nb201/digits@mini", Protocol(batch_size=6)), Cell((NONE,) * 6)
    network = problem.network(cell)
    head = next(module for module in network.modules() if isinstance(module, nn.Linear))
    assert 0 < of(score_all(problem, cell))["fisher"] < 0.01
    nn.init.zeros_(head.bias)
    assert of(score_all(Given(problem, network), cell))["fisher"] == 0.0


def test_dead_ends_still_weigh_and_switch() -> None:
    problem = make_problem("nb201/digits@mini", Protocol(batch_size=6))
    empty, ends = (
        of(score_all(problem, Cell(ops))) for ops in ((NONE,) * 6, (CONV_3X3, NONE, NONE, NONE, NONE, CONV_1X1))
    )
    assert {name: ends[name] for name in PATHLESS} == PATHLESS
    assert ends["l2_norm"] > empty["l2_norm"]
    assert ends["relu_logdet"] > empty["relu_logdet"] == -math.inf


# ---------------------------------------------------------------------------------------------- missing parts


def test_without_relu_modules_and_normalisation_codes_and_gradients_do_not_differ() -> None:
    """The network is linear in the mean of its image: jacov has no gradient that varies."""
    found = score_all(*stack("skip-skip-skip-skip"))
    assert of(found)["relu_logdet"] == -math.inf
    assert statuses(found) == {**dict.fromkeys(NAMES, "ok"), "relu_logdet": "inf", "jacov": "nan"}


@pytest.mark.parametrize("text", ["wide-narrow-wide-narrow", "skip-wide-skip-skip"])
def test_a_batch_of_two_is_enough(text: str) -> None:
    found = score_all(*stack(text, size=2))
    assert set(statuses(found).values()) == {"ok"}
    assert len(statuses(found)) == 9


def test_frozen_weights_score_like_others() -> None:
    assert of(changed(lambda network: network.requires_grad_(False))) == of(changed(lambda _: None))


def test_relus_in_place_score_like_others() -> None:
    def set_inplace(network: nn.Module) -> None:
        relus = [module for module in network.modules() if isinstance(module, nn.ReLU)]
        assert relus
        for relu in relus:
            relu.inplace = True

    assert of(changed(set_inplace)) == of(changed(lambda _: None))


def test_unused_layers_weigh_and_change_nothing_else() -> None:
    unused = nn.Conv2d(2, 2, 3)
    more = of(changed(lambda network: network.get_submodule("0").register_module("unused", unused)))
    plain = of(changed(lambda _: None))
    assert more.pop("l2_norm") == pytest.approx(plain.pop("l2_norm") + unused.weight.norm().item(), rel=1e-6)
    assert more == plain


@pytest.mark.parametrize(("value", "infinite"), [(math.nan, ()), (math.inf, ("synflow", "l2_norm"))])
def test_weights_that_are_no_numbers_give_no_number_and_no_error(value: float, infinite: tuple[str, ...]) -> None:
    found = changed(lambda network: nn.init.constant_(network.get_parameter("0.weight"), value))
    assert statuses(found) == {**dict.fromkeys(NAMES, "nan"), **dict.fromkeys(infinite, "inf")}


# ---------------------------------------------------------------------------------------------- refused


class Residual(nn.Module):
    """Adds its input to the output of its layer, in place or not."""

    def __init__(self, layer: nn.Module, inplace: bool) -> None:
        super().__init__()
        self.layer, self._inplace = layer, inplace

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        output = cast(torch.Tensor, self.layer(maps))
        if not self._inplace:
            return output + maps
        output += maps
        return output


def residual(inplace: bool) -> dict[str, Scored]:
    def wrap(network: nn.Module) -> None:
        name, conv = [(name, one) for name, one in network.named_children() if isinstance(one, nn.Conv2d)][1]
        network.register_module(name, Residual(conv, inplace))

    return changed(wrap)


def test_an_output_that_is_added_to_in_place_is_a_named_error_where_it_is_read_and_no_wrong_number() -> None:
    expected, found = of(residual(inplace=False)), residual(inplace=True)
    for name in ("snip", "fisher", "grad_norm", "plain"):
        (reason,) = found.pop(name).failures.values()
        assert "the network overwrites the output of a layer in place: write x = x + y, not x += y" in reason
    scores = of(found)
    assert scores == {name: expected[name] for name in scores}
