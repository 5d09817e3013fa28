"""The batch of zero-cost estimators: one for all architectures, drawn by the seed, never smaller than asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from estimator_bench import Protocol, UsageError, load_images
from estimator_bench.errors import MissingDataError, UnknownNameError
from estimator_bench.networks.batch import Batch, make_batch
from estimator_bench.problem import make_problem


def batch(task: str = "nb201/digits", **conditions: int | str) -> Batch:
    return make_batch(make_problem(task, Protocol(**conditions)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("task", "shape", "classes"),
    [("nb201/digits", (1, 8, 8), 10), ("nb201/imagenet16-120@nats", (3, 16, 16), 120)],
)
def test_gaussian_images_fit_the_recipe(task: str, shape: tuple[int, ...], classes: int) -> None:
    images, targets = batch(task, batch_size=500)
    assert (images.shape, images.dtype) == ((500, *shape), torch.float32)
    assert (targets.shape, targets.dtype) == ((500,), torch.int64)
    assert 0 <= targets.min() <= targets.max() < classes
    assert len(targets.unique()) > 0.9 * classes
    assert images.is_contiguous(memory_format=torch.channels_last)


def test_gaussian_images_are_standard_normal_and_independent() -> None:
    images = batch(batch_size=400)[0].numpy()
    assert kstest(images.ravel(), "norm").pvalue > 0.01
    pixels = images.reshape(400, -1)
    for one in (pixels, pixels.T):
        correlation = np.corrcoef(one) - np.eye(len(one))
        # Pairs of n independent values correlate with a standard deviation of 1 / sqrt(n).
        assert np.sqrt((correlation**2).mean() * one.shape[1]) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("inputs", ["gaussian", "digits"])
def test_the_seed_alone_draws_the_batch(inputs: str) -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = batch(inputs=inputs, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    again, labelled, other = (
        batch(inputs=inputs, seed=3),
        batch(inputs=inputs, seed=3, labels=7),
        batch(inputs=inputs, seed=4),
    )
    for part in (0, 1):
        assert torch.equal(first[part], again[part])
        assert torch.equal(first[part], labelled[part])
    assert not torch.equal(first[0], other[0])


@pytest.mark.usefixtures("toy")
def test_equal_recipes_of_different_spaces_see_the_same_images() -> None:
    toy = make_problem("toy/quality", Protocol())
    mini = replace(toy, task=replace(toy.task, recipe=toy.space.recipes["mini"]))
    assert torch.equal(make_batch(mini)[0], batch()[0])


@pytest.mark.parametrize("inputs", ["gaussian", "digits"])
def test_further_batches_hold_other_images_and_are_equal_at_every_call(inputs: str) -> None:
    problem = make_problem("nb201/digits", Protocol(inputs=inputs, batch_size=20))
    batches = [make_batch(problem, number) for number in range(4)]
    assert all(torch.equal(*pair) for pair in zip(batches[2], make_batch(problem, 2), strict=True))
    assert torch.equal(batches[0][0], make_batch(problem)[0])
    images = torch.cat([batch[0] for batch in batches]).flatten(1)
    assert len(images.unique(dim=0)) == len(images) == 80


def test_the_next_batch_of_a_data_set_goes_on_where_a_batch_ends() -> None:
    problem = make_problem("nb201/digits", Protocol(inputs="digits", batch_size=25))
    images, targets = batch(inputs="digits", batch_size=100)
    for number in range(4):
        drawn = make_batch(problem, number)
        assert torch.equal(drawn[0], images[25 * number : 25 * (number + 1)])
        assert torch.equal(drawn[1], targets[25 * number : 25 * (number + 1)])
    with pytest.raises(UsageError, match="5 batches of 25 images cannot be drawn from the 100 training images"):
        make_batch(problem, 4)


def test_a_smaller_batch_of_a_data_set_begins_a_larger_one() -> None:
    small, large = batch(inputs="digits", batch_size=8), batch(inputs="digits", batch_size=64)
    assert torch.equal(small[0], large[0][:8])
    assert torch.equal(small[1], large[1][:8])


@pytest.mark.parametrize("size", [2, 64, 100])
def test_images_of_a_data_set_are_different_training_images_with_their_labels(size: int) -> None:
    images, targets = batch(inputs="digits", batch_size=size)
    everything, labels = load_images("digits", "train", (1, 8, 8))
    places = [int((everything == image).flatten(1).all(1).nonzero()) for image in images]
    assert len(set(places)) == size
    assert torch.equal(labels[places], targets)


def test_all_training_images_come_up_and_in_no_fixed_order() -> None:
    first = [tuple(batch(inputs="digits", batch_size=2, seed=seed)[0][0].flatten().tolist()) for seed in range(60)]
    assert len(set(first)) > 30


def test_images_are_brought_to_the_recipe_and_the_shared_ones_stay_as_they_are() -> None:
    everything, _ = load_images("digits", "train", (3, 32, 32))
    before = everything.clone()
    images, targets = batch("nb201/cifar10@nats", inputs="digits", batch_size=100)
    assert images.shape == (100, 3, 32, 32)
    assert images.mean().item() == pytest.approx(0, abs=1e-5)
    assert images.std(correction=0).item() == pytest.approx(1, abs=1e-5)
    assert torch.bincount(targets).tolist() == [10] * 10
    images.zero_()
    assert torch.equal(everything, before)


def test_more_images_than_there_are_is_an_error_and_no_smaller_batch() -> None:
    with pytest.raises(UsageError, match="101 images cannot be drawn from the 100 training images of 'digits'"):
        batch(inputs="digits", batch_size=101)


@pytest.mark.usefixtures("toy")
def test_labels_that_the_network_has_no_output_for_are_refused_and_spare_outputs_are_not() -> None:
    with pytest.raises(UsageError, match=r"10 classes, and the networks of this task tell 3 apart: choose a task"):
        batch("toy/quality", inputs="digits")
    _, targets = batch("nb201/imagenet16-120@nats", inputs="digits")
    assert targets.max() == 9


def test_images_that_were_not_imported_are_named_with_the_command() -> None:
    with pytest.raises(MissingDataError, match="data import cifar10"):
        batch("nb201/cifar10@nats", inputs="cifar10")


def test_an_unknown_data_set_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean digits"):
        batch(inputs="digit")
