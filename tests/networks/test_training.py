"""One trainer for every network: the optimiser's formula, determinism, and counts after every epoch."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from estimator_bench.networks.training import Labelled, TrainingRecipe, count_correct, train

RECIPE = TrainingRecipe(epochs=3, batch_size=4, learning_rate=0.1, momentum=0.9, weight_decay=0.01)


def labelled(count: int, seed: int = 0) -> Labelled:
    """Two classes of images that differ in their mean."""
    labels = torch.arange(count) % 2
    noise = torch.randn(count, 2, 4, 4, generator=torch.Generator().manual_seed(seed))
    return noise + 2 * labels[:, None, None, None] - 1, labels


def network(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        body = [nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(16, 2)]
        return nn.Sequential(*body)


def test_two_steps_follow_nesterov_sgd_on_a_cosine() -> None:
    images, labels = labelled(6)
    layer = nn.Linear(32, 2, bias=False)
    weight = layer.weight.detach().clone()
    velocity = torch.zeros_like(weight)
    for rate in (0.1, 0.1 * (1 + math.cos(math.pi / 2)) / 2):
        weight.requires_grad_(True)
        (slope,) = torch.autograd.grad(F.cross_entropy(images.flatten(1) @ weight.T, labels), weight)
        slope, weight = slope + 0.01 * weight.detach(), weight.detach()
        velocity = 0.9 * velocity + slope
        weight = weight - rate * (slope + 0.9 * velocity)
    recipe = replace(RECIPE, epochs=2, batch_size=6)
    train(nn.Sequential(nn.Flatten(), layer), (images, labels), labelled(2), recipe, seed=0)
    assert torch.allclose(layer.weight, weight, atol=1e-6)


def test_a_network_learns_what_can_be_learned() -> None:
    correct = train(network(), labelled(64), labelled(700, seed=1), replace(RECIPE, epochs=10), seed=0)
    assert correct.shape == (10,)
    assert correct.dtype == np.uint16
    assert 650 < correct[-1] <= 700


def test_equal_seeds_give_equal_bits_and_others_do_not() -> None:
    weights = []
    for seed in (0, 0, 1):
        trained = network()
        train(trained, labelled(16), labelled(2), RECIPE, seed)
        weights.append(trained.state_dict()["5.weight"])
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_global_generator_is_left_alone() -> None:
    state = torch.get_rng_state()
    train(network(), labelled(8), labelled(2), RECIPE, seed=3)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("count", "steps"), [(8, 2), (11, 2), (3, 1)])
def test_an_epoch_is_as_many_whole_batches_as_there_are(count: int, steps: int) -> None:
    trained = network()
    train(trained, labelled(count), labelled(2), RECIPE, seed=0)
    assert trained.state_dict()["1.num_batches_tracked"] == RECIPE.epochs * steps


def test_the_last_count_is_that_of_the_trained_network_in_evaluation_mode() -> None:
    trained, test = network(), labelled(1100, seed=2)
    correct = train(trained, labelled(16), test, RECIPE, seed=0)
    trained.eval()
    expected = int((trained(test[0]).argmax(1) == test[1]).sum())
    assert correct[-1] == expected == count_correct(trained, test)
