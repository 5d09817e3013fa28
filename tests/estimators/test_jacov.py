"""jacov is its formula on the gradients of a batch, and keeps to its bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.nb201.cell import NONE, Cell
from estimator_bench.estimators.jacov import Jacov
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from estimator_bench import Architecture, Problem, Protocol
from estimator_bench.networks.batch import make_batch
from estimator_bench.problem import make_problem

MIXED = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_3x3~2|"
POOLED = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"


def jacov(problem: Problem, arch: Architecture, k: float = 1e-5) -> float:
    return float(Jacov(k).score(problem, None, [arch]).values.item())


def of_rows(rows: NDArray[np.float64], k: float = 1e-5) -> float:
    """The score of given gradients, (images, inputs)."""
    return Jacov(k).measure({"jacobian": torch.from_numpy(rows)})  # type: ignore[arg-type]


def formula(rows: NDArray[np.float64], k: float = 1e-5) -> float:
    """B.4 in the form the anchors have it: numpy's correlation and its general eigensolver."""
    eigenvalues = np.linalg.eig(np.corrcoef(rows))[0]
    return -float(sum(math.log(value.real + k) + 1 / (value.real + k) for value in eigenvalues))


def gradient_rows(problem: Problem, arch: Architecture) -> NDArray[np.float64]:
    """(images, inputs) in float64: the logits of one image after the other differentiated, and all added up.

    Batch statistics let every image reach the logits of the others, so a row holds more than those of its own.
    """
    images = make_batch(problem)[0].double().requires_grad_()
    logits = problem.network(arch).double().train()(images)
    rows = np.zeros((len(images), images[0].numel()))
    for image in logits:
        (gradient,) = torch.autograd.grad(image.sum(), images, retain_graph=True)
        rows += gradient.flatten(1).numpy()
    return rows


@pytest.mark.parametrize("k", [1e-5, 0.1])
@pytest.mark.parametrize("text", [MIXED, POOLED])
@pytest.mark.parametrize("task", ["nb201/digits@mini", "nb201/imagenet16-120@nats"])
def test_it_is_the_formula_on_gradients_taken_one_by_one(task: str, text: str, k: float) -> None:
    problem = make_problem(task, Protocol(batch_size=6, seed=2))
    arch = problem.space.parse(text)
    assert jacov(problem, arch, k) == pytest.approx(formula(gradient_rows(problem, arch), k), rel=1e-4)


@given(st.integers(2, 12), st.integers(2, 30), st.integers(0, 2**32 - 1), st.sampled_from([1e-5, 1e-3, 1.0]))
@settings(deadline=None)
def test_no_gradients_score_above_minus_the_batch_size(images: int, inputs: int, seed: int, k: float) -> None:
    """Each of the B terms is at least 1, since ln u + 1 / u is 1 at its lowest, u = 1."""
    score = of_rows(np.random.default_rng(seed).normal(size=(images, inputs)), k)
    assert score <= -images + 1e-9


def test_uncorrelated_gradients_reach_the_bound() -> None:
    rows = np.linalg.qr(np.c_[np.ones(9), np.random.default_rng(0).normal(size=(9, 5))])[0].T[1:]
    assert np.allclose(np.corrcoef(rows), np.eye(5))
    assert of_rows(rows) == pytest.approx(-5, abs=1e-8)


@pytest.mark.parametrize("k", [1e-5, 1e-2, 0.5])
@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.3])
def test_two_images_have_a_closed_form_in_which_k_stands_twice(correlation: float, k: float) -> None:
    one, other = np.array([1.0, -1, 1, -1]), np.array([1.0, 1, -1, -1])
    rows = np.stack([one, correlation * one + math.sqrt(1 - correlation**2) * other])
    shifted = [1 + correlation + k, 1 - correlation + k]
    assert of_rows(rows, k) == pytest.approx(-sum(math.log(value) + 1 / value for value in shifted), rel=1e-9)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-100, 100))
@settings(deadline=None)
def test_scale_and_shift_of_an_image_s_gradient_do_not_matter(seed: int, scale: float, shift: float) -> None:
    rows = np.random.default_rng(seed).normal(size=(4, 20))
    changed = rows.copy()
    changed[2] = scale * rows[2] + shift
    assert of_rows(changed) == pytest.approx(of_rows(rows), rel=1e-6)


def test_a_gradient_that_does_not_vary_gives_nan() -> None:
    assert math.isnan(of_rows(np.array([[1.0, 2, 3], [5, 5, 5]])))


@pytest.mark.parametrize("task", ["nb201/digits@mini", "nb201/imagenet16-120@nats"])
def test_a_network_without_a_path_gives_nan(task: str) -> None:
    assert math.isnan(jacov(make_problem(task, Protocol(batch_size=4)), Cell((NONE,) * 6)))


def test_the_scale_follows_the_batch_size_so_that_sizes_must_not_be_compared() -> None:
    """Twice the images, about twice the score, for the same network: far more than networks differ."""
    space = make_problem("nb201/imagenet16-120@nats", Protocol()).space
    scores = {
        size: [
            jacov(make_problem("nb201/imagenet16-120@nats", Protocol(batch_size=size)), space.parse(text))
            for text in (MIXED, POOLED)
        ]
        for size in (4, 8, 16)
    }
    for size, found in scores.items():
        assert -2 * size < min(found) <= max(found) <= -size
    assert min(scores[4]) > max(scores[8])
    assert min(scores[8]) > max(scores[16])


def test_images_beyond_the_number_of_inputs_cost_one_over_k_each() -> None:
    """Centred rows of 16 inputs span 15 dimensions: of 20 eigenvalues 5 are zero, whatever the network."""
    rows = np.random.default_rng(0).normal(size=(20, 16))
    fixed = 5 * (1e5 + math.log(1e-5))
    assert of_rows(rows) < -fixed - 15
    assert of_rows(rows[:15]) > -fixed
