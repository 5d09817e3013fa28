"""The batch that zero-cost estimators look at."""

from __future__ import annotations

from typing import TypeAlias

import torch

from estimator_bench.data.images import load_images
from estimator_bench.errors import UsageError
from estimator_bench.problem import Problem
from estimator_bench.protocol import Protocol, derive_seed
from estimator_bench.space import NetworkRecipe

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""Images (B, C, H, W) and class indices (B,)."""


def make_batch(problem: Problem) -> Batch:
    """The batch of the protocol, drawn by the run seed alone.

    `gaussian` images are independent N(0, 1) with uniform labels; any other name is a data set, from whose training
    split B images are drawn without replacement, standardised and resized to the recipe.

    Raises:
        UnknownNameError: there is no such data set.
        UsageError: its training split has fewer than B images.
    """
    protocol, recipe = problem.protocol, problem.task.recipe
    generator = torch.Generator().manual_seed(derive_seed(protocol.seed, "batch"))
    if protocol.inputs == "gaussian":
        images = torch.randn(protocol.batch_size, *recipe.input_shape, generator=generator)
        targets = torch.randint(recipe.classes, (protocol.batch_size,), generator=generator)
    else:
        images, targets = images_of(protocol, recipe)
        drawn = torch.randperm(len(images), generator=generator)[: protocol.batch_size]
        images, targets = images[drawn], targets[drawn]
    device = torch.device(protocol.device)
    return images.to(device, memory_format=torch.channels_last), targets.to(device)


def images_of(protocol: Protocol, recipe: NetworkRecipe) -> Batch:
    """All training images a batch of a data set is drawn from; errors as `make_batch`."""
    images, targets = load_images(protocol.inputs, "train", recipe.input_shape)
    if protocol.batch_size > len(images):
        raise UsageError(
            f"a batch of {protocol.batch_size} images cannot be drawn from the {len(images)} training images of "
            f"'{protocol.inputs}': choose a smaller --batch-size"
        )
    return images, targets
