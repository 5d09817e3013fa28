"""Weights are drawn by the scheme that is named, and by nothing else."""

from __future__ import annotations

import copy
from typing import get_args

import pytest
import torch
from torch import nn

from estimator_bench.networks.initialise import Initialisation, reinitialise

SCHEMES = [scheme for scheme in get_args(Initialisation) if scheme != "as-built"]


def network() -> nn.Sequential:
    layers = (
        nn.Conv2d(8, 64, 3, groups=2),
        nn.BatchNorm2d(64),
        nn.GroupNorm(4, 64),
        nn.BatchNorm2d(64, affine=False),
        nn.Flatten(),
        nn.Linear(64, 40),
    )
    built = nn.Sequential(*layers)
    for parameter in built.parameters():
        nn.init.uniform_(parameter, 2, 3)
    return built


def drawn(scheme: Initialisation, built: nn.Module | None = None) -> dict[str, torch.Tensor]:
    built = built or network()
    torch.manual_seed(0)
    reinitialise(built, scheme)
    return built.state_dict()


@pytest.mark.parametrize(
    ("scheme", "convolution", "linear"),
    [
        ("normal", 1, 1),
        ("kaiming-fan-in", 2 / (4 * 9), 2 / 64),
        ("kaiming-fan-out", 2 / (64 * 9), 2 / 40),
    ],
)
def test_weights_have_the_variance_of_their_scheme(scheme: Initialisation, convolution: float, linear: float) -> None:
    found = drawn(scheme)
    for name, variance in (("0.weight", convolution), ("5.weight", linear)):
        assert found[name].var().item() == pytest.approx(variance, rel=0.1)
        assert abs(found[name].mean().item()) < 0.1 * variance**0.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_biases_and_offsets_become_0_and_factors_of_normalisations_1(scheme: Initialisation) -> None:
    found = drawn(scheme)
    assert all(not found[name].any() for name in ("0.bias", "1.bias", "2.bias", "5.bias"))
    assert all(bool((found[name] == 1).all()) for name in ("1.weight", "2.weight"))


def test_a_network_stays_as_it_was_built() -> None:
    built = network()
    before, state = copy.deepcopy(built.state_dict()), torch.random.get_rng_state()
    reinitialise(built, "as-built")
    assert all(torch.equal(before[name], value) for name, value in built.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_precision_and_layout_do_not_change_the_numbers(scheme: Initialisation) -> None:
    other = network().to(dtype=torch.float64, memory_format=torch.channels_last)
    for name, value in drawn(scheme).items():
        assert torch.equal(drawn(scheme, other)[name].float(), value.float())
    assert all(tensor.dtype == torch.float64 for tensor in other.parameters())


def test_frozen_weights_are_drawn_too_and_stay_frozen() -> None:
    frozen = network().requires_grad_(False)
    assert torch.equal(drawn("normal", frozen)["0.weight"], drawn("normal")["0.weight"])
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
